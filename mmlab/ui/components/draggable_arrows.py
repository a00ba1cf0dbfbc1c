"""The drawing of `viz.dominance.gradient_arrows`, with heads that can be dragged: sums follow in the browser at once,
and the page hears of the new arrows meanwhile and at the end.

The projection here moves the picture only; every number on the page is computed by the code that trains GMD.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import streamlit as st

Pair = tuple[float, float]

SCRIPT = Path(__file__).with_suffix(".js").read_text("utf-8")


def arrows(html: str, key: str, longest: float, on_move: Callable[[Pair, Pair], None]) -> None:
    """Show the drawing; `on_move` gets both arrows before the page (or its panel) runs again."""

    def moved() -> None:
        both = parsed(getattr(st.session_state.get(key), "moved", None), longest)
        if both is not None:
            on_move(*both)

    component = st.components.v2.component("mmlab_arrows", js=SCRIPT, isolate_styles=False)
    component(key=key, data={"html": html, "longest": longest}, on_moved_change=moved)


def parsed(text: object, longest: float) -> tuple[Pair, Pair] | None:
    """Both arrows from what the browser sends; nothing where it is something else."""
    try:
        numbers = [float(each) for each in str(text).split()]
    except ValueError:
        return None
    if len(numbers) != 4 or not all(math.isfinite(each) and abs(each) <= 2 * longest for each in numbers):
        return None
    return (numbers[0], numbers[1]), (numbers[2], numbers[3])
