"""A film of an episode, drawn in the browser: the pendulum, which inputs are on, and its height."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

SCRIPT = Path(__file__).with_suffix(".js").read_text("utf-8")


def film(
    key: str,
    name: str,
    poses: Sequence[float],
    worth: Sequence[float],
    inputs: Sequence[str],
    start: int,
    seconds: float,
    sensors: Sequence[Mapping[str, str]],
    colours: Mapping[str, str],
    words: Mapping[str, str],
    label: str,
) -> None:
    """Play it from step `start` on, once per `name`.

    poses: angles in radians, one more than steps; worth: the sum of the rewards at each of them; inputs: per step, what
    there was; colours: by that; sensors: name, letter, label and colour of each input; label: for who cannot see it.
    """
    data: dict[str, Any] = {
        "id": name,
        "poses": [round(float(pose), 4) for pose in poses],
        "worth": [round(float(each), 1) for each in worth],
        "inputs": [key.split("-") for key in inputs],
        "from": start,
        "seconds": seconds,
        "sensors": [dict(each) for each in sensors],
        "colours": {",".join(key.split("-")): colour for key, colour in colours.items()},
        "words": dict(words),
        "label": label,
    }
    st.components.v2.component("mmlab_film", js=SCRIPT, isolate_styles=False)(key=key, data=data)
