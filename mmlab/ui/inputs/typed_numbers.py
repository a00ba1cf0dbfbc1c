"""A vector, typed."""

from __future__ import annotations

from functools import partial

import streamlit as st

from mmlab.core.modality import Modality
from mmlab.core.phrases import phrase, say
from mmlab.core.task import Task
from mmlab.ui.inputs.registry import control
from mmlab.ui.session import upload_draft, uploads


@control("typed numbers", phrase("Type"))
def numbers(task: Task, modality: Modality, key: str) -> None:
    """A field for all numbers of the row."""
    count = modality.shape[0]
    st.text_input(
        say("1 number") if count == 1 else say("{count} numbers with spaces between them", count=count),
        key=key,
        max_chars=2_000,
        on_change=partial(_typed, task.name, modality.name, key),
    )


def _typed(task_name: str, modality: str, key: str) -> None:
    text = st.session_state.get(key, "").strip()
    upload_draft.give(task_name, modality, uploads.UploadedFile(text.encode(), "") if text else None)
    upload_draft.use(task_name)
