"""What this is and three ways in, below the Bench that the app opens on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from mmlab.ui.components import page_frame

ABOUT = (
    "A model that sees, hears and feels must often do with less: a camera is covered, a microphone dies. Take inputs "
    "away from trained models, and see what they answer, how sure they are, where they look, and which input really "
    "decides."
)


@dataclass(frozen=True)
class Link:
    """A page with the view that a person lands on."""

    label: str
    page: str
    view: Mapping[str, str]


@dataclass(frozen=True)
class Way:
    """A way in: who it is for, what they find, and where it starts."""

    who: str
    text: str
    links: tuple[Link, ...]


WAYS = (
    Way(
        "I study such models",
        "Compare published methods on the same samples, combination by combination, and see where they part.",
        (
            Link("Four methods on one sample", "predict", {"task": "digits", "on": "image-pen"}),
            Link("All methods, all combinations", "compare", {"task": "digits"}),
        ),
    ),
    Way(
        "I build with sensors",
        "Corrupt or drop a sensor: does the prediction hold, and does the model know when it does not?",
        (
            Link("A noisy microphone", "predict", {"task": "digits", "damage": "sound:noise:4"}),
            Link("What counts without the picture", "explain", {"task": "digits", "on": "sound-pen"}),
        ),
    ),
    Way(
        "I teach",
        "Let people guess first, then switch an input off. Draw a digit or say one, and share the view as a link.",
        (
            Link("Start with a single input", "predict", {"task": "digits", "on": "image"}),
            Link("How each method works", "methods", {"task": "digits"}),
        ),
    ),
)


def show() -> None:
    """A sentence, and a card per person."""
    st.html(f'<p class="mm-hero">{ABOUT}</p>')
    for i, (column, way) in enumerate(zip(st.columns(len(WAYS), gap="medium"), WAYS, strict=True)):
        with column, st.container(border=True, height="stretch", key=f"mm-go-way-{i}"):
            st.html(f'<div class="mm-way"><h3>{way.who}</h3><p>{way.text}</p></div>')
            for link in way.links:
                page_frame.page_link(link.page, f"**{link.label} →**", link.view)
