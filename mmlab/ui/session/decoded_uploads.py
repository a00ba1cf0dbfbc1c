"""Decoded recordings of uploads, decoded once per session."""

from __future__ import annotations

import hashlib
import json

import streamlit as st

from mmlab.core.errors import DataError, UnknownName
from mmlab.core.recordings import Raw
from mmlab.core.task import Task
from mmlab.ui.session.uploads import UploadedFile

STORE, KEPT = "mmlab.decoded", 24


def decoded(task: Task, modality: str, part: UploadedFile) -> Raw:
    """The recording in a file, decoded with its options. Raises DataError, also for an invalid option."""
    said = dict(part.options)
    digest = hashlib.sha256(part.content).hexdigest()
    key = (task.name, modality, digest, part.name, json.dumps(said, sort_keys=True))
    store: dict[tuple[str, ...], tuple[Task, Raw]] = st.session_state.setdefault(STORE, {})
    reader, raw = store.pop(key, (None, None))
    if raw is None or reader is not task:  # a task whose file has changed reads anew
        try:  # a task that knows of no options need not take any
            raw = task.read(modality, part.content, part.name, *([said] if said else []))
        except UnknownName as error:
            raise DataError(error.message, error.hint) from error
    store[key] = (task, raw)
    while len(store) > KEPT:
        store.pop(next(iter(store)))
    return raw
