"""The steps of an input, such as the frames of a clip: stepped through or played by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from mmlab.core.phrases import say

SCRIPT = Path(__file__).with_suffix(".js").read_text("utf-8")


@dataclass(frozen=True)
class Step:
    """One picture as an address (`Drawing.data_uri`), and when it is, in words; empty where not known."""

    source: str
    when: str = ""


def player(steps: Sequence[Step], label: str, key: str) -> None:
    """Show one step at a time, with buttons for the next and the one before, a slider, and one that plays them all."""
    words = {
        "before": say("The frame before"),
        "next": say("The next frame"),
        "play": say("Play"),
        "stop": say("Stop"),
        "told": say("Frame {place} of {count}"),
    }
    data = {"steps": [{"source": each.source, "when": each.when} for each in steps], "words": words, "label": label}
    st.components.v2.component("mmlab_player", js=SCRIPT, isolate_styles=False)(key=key, data=data)
