"""An introduction and three ways in, below the Bench with which the app opens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from mmlab.core.phrases import phrase, say
from mmlab.ui.components import page_frame

ABOUT = phrase(
    "A model that sees, hears and feels must often do with less: a camera is covered, a microphone dies. Take inputs "
    "away from trained models, and see what they answer, how sure they are, where they look, and which input really "
    "decides."
)
FOUR = {"task": "digits", "on": "image-pen", "methods": "joint.dropout.dmrnet.gmd"}


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
        phrase("I study such models"),
        phrase("Compare published methods on the same samples, combination by combination, and see where they part."),
        (
            Link(phrase("Four methods on one sample"), "predict", FOUR),
            Link(phrase("All methods, all combinations"), "compare", {"task": "digits"}),
        ),
    ),
    Way(
        phrase("I build with sensors"),
        phrase("Corrupt or drop a sensor: does the prediction hold, and does the model know when it does not?"),
        (
            Link(phrase("A noisy microphone"), "predict", {"task": "digits", "damage": "sound:noise:4"}),
            Link(phrase("What counts without the picture"), "explain", {"task": "digits", "on": "sound-pen"}),
        ),
    ),
    Way(
        phrase("I teach"),
        phrase(
            "Let people guess first, then switch an input off. Draw a digit or say one, and share the view as a link."
        ),
        (
            Link(phrase("Start with a single input"), "predict", {"task": "digits", "on": "image"}),
            Link(phrase("How each method works"), "methods", {"task": "digits"}),
        ),
    ),
)


def show() -> None:
    """A sentence, and a card per person."""
    st.html(f'<p class="mm-hero">{say(ABOUT)}</p>')
    for i, (column, way) in enumerate(zip(st.columns(len(WAYS), gap="medium"), WAYS, strict=True)):
        with column, st.container(border=True, height="stretch", key=f"mm-go-way-{i}"):
            st.html(f'<div class="mm-way"><h3>{say(way.who)}</h3><p>{say(way.text)}</p></div>')
            for link in way.links:
                page_frame.page_link(link.page, f"**{say(link.label)} →**", link.view)
