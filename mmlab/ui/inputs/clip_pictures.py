"""A clip uploaded as several images, ordered by their names."""

from __future__ import annotations

from functools import partial

import streamlit as st

from mmlab.core.group_name import several
from mmlab.core.modality import Modality
from mmlab.core.phrases import phrase, say
from mmlab.core.task import Task
from mmlab.modalities.frames.pictures import ENDINGS, packed
from mmlab.ui.inputs.registry import control
from mmlab.ui.session import upload_draft, uploads
from mmlab.ui.text.markdown import plain


@control("pictures of a clip", phrase("Pictures"))
def clip_pictures(task: Task, modality: Modality, key: str) -> None:
    """Several pictures at once; 9.png comes before 10.png."""
    st.file_uploader(
        say("The pictures of the {input}", input=plain(modality.spoken)),
        type=list(ENDINGS),
        key=key,
        accept_multiple_files=True,
        max_upload_size=upload_draft.MEGABYTES,
        label_visibility="collapsed",
        on_change=partial(_arrived, task.name, modality.name, key),
    )
    st.caption(say("Several pictures of one size, in the order of their names: 9 comes before 10."))


def _arrived(task_name: str, modality: str, key: str) -> None:
    """Keep the pictures as one file, as the Bench keeps every input; where there is none, the input goes."""
    files = {file.name: file.getvalue() for file in st.session_state.get(key) or []}
    part = uploads.UploadedFile(packed(files), several(len(files), "picture")) if files else None
    upload_draft.give(task_name, modality, part)
    upload_draft.use(task_name)
