"""A recording, made with the microphone."""

from __future__ import annotations

from functools import partial

import streamlit as st

from mmlab.core.modality import Modality
from mmlab.core.phrases import phrase
from mmlab.core.task import Task
from mmlab.ui.inputs.registry import arrived, control


@control("microphone", phrase("Microphone"))
def microphone(task: Task, modality: Modality, key: str) -> None:
    """A recording, made here."""
    recorded = partial(arrived, task.name, modality.name, key)
    st.audio_input("A recording", key=key, label_visibility="collapsed", on_change=recorded)
