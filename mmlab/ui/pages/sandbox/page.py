"""The content of the Sandboxes page: data with known ground truth, or two gradients to drag."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from mmlab.core.phrases import phrase, say
from mmlab.ui.components import page_frame
from mmlab.ui.pages.sandbox import gradient_arrows, known_truth
from mmlab.ui.session import url_state


@dataclass(frozen=True)
class Sandbox:
    """Its name, the question that it answers, and what draws it."""

    title: str
    question: str
    show: Callable[[], None]


SANDBOXES: dict[str, Sandbox] = {
    "truth": Sandbox(
        phrase("Synthetic ground truth"),
        phrase("Do the measures find a dominance that is known?"),
        known_truth.show,
    ),
    "arrows": Sandbox(
        phrase("Gradient conflict"), phrase("What does it mean that two gradients conflict?"), gradient_arrows.show
    ),
}


@page_frame.panel
def show() -> None:
    """The choice of the sandbox, and the one that is open."""
    st.html(Path(__file__).with_name("sandbox.css"))
    st.html(f'<h2 class="mm-unseen">{say("Results")}</h2>')
    wanted = url_state.get("play")
    chosen = wanted if wanted in SANDBOXES else next(iter(SANDBOXES))
    st.pills(
        say("Sandbox"),
        list(SANDBOXES),
        required=True,
        format_func=lambda name: say(SANDBOXES[name].title),
        key=url_state.follow("sandbox.play", chosen),
        on_change=lambda: url_state.put(play=st.session_state["sandbox.play"]),
    )
    st.subheader(say(SANDBOXES[chosen].question), anchor=False)
    with page_frame.error_boundary():
        SANDBOXES[chosen].show()
