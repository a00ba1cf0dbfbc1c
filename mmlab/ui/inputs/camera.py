"""A photo, taken with the camera."""

from __future__ import annotations

from functools import partial

import streamlit as st

from mmlab.core.modality import Modality
from mmlab.core.phrases import phrase
from mmlab.core.task import Task
from mmlab.ui.inputs.registry import arrived, control


@control("camera", phrase("Camera"))
def camera(task: Task, modality: Modality, key: str) -> None:
    """A photo, taken here."""
    taken = partial(arrived, task.name, modality.name, key)
    st.camera_input("A photo", key=key, label_visibility="collapsed", on_change=taken)
