"""Texts, typed."""

from __future__ import annotations

from functools import partial

import streamlit as st

from mmlab.core.modality import Modality
from mmlab.core.phrases import phrase, say
from mmlab.core.task import Task
from mmlab.ui.inputs.registry import control
from mmlab.ui.session import upload_draft, uploads


@control("typed text", phrase("Type"))
def words(task: Task, modality: Modality, key: str) -> None:
    """A field to type in."""
    typed = partial(_typed, task.name, modality.name, key)
    st.text_area(
        say("Words"),
        key=key,
        label_visibility="collapsed",
        max_chars=2_000,
        placeholder=say("A sentence or two, in English"),
        on_change=typed,
    )


def _typed(task_name: str, modality: str, key: str) -> None:
    text = st.session_state.get(key, "").strip()
    upload_draft.give(task_name, modality, uploads.UploadedFile(text.encode(), "") if text else None)
    upload_draft.use(task_name)
