"""The ways to give an input: by its kind, and a task's own for one of its inputs. Each kind is a file in `inputs/`.

A way draws its control and hands what it gets to `draft`; files are the same for every kind but for their endings:

>>> @way("image", "Camera")
... def camera(task, modality, key): st.camera_input("A photo", key=key, on_change=partial(arrived, ...))
>>> file_way("image", "png", "jpg")
>>> @way("opinion.face", "Sliders")             # of one input of one task: stands before the ways of its kind
>>> @together("series")                         # one control for all inputs of a kind, where a task has several
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from functools import cache, partial

import streamlit as st

from mmlab.core.modality import Modality
from mmlab.core.task import Task, takes_files
from mmlab.ui.session import upload_draft, uploads

Way = Callable[[Task, Modality, str], None]
Together = Callable[[Task, Sequence[Modality], str], None]
FILE = "File"

_WAYS: dict[str, dict[str, Way]] = {}
_TOGETHER: dict[str, Together] = {}


def way(place: str, label: str) -> Callable[[Way], Way]:
    """Decorator that files `(task, modality, key)` as a way to give inputs of a kind, or of one (`task.modality`).

    What is filed first is offered first. `key` is the one to use for the control; `label` says what the person does.
    """

    def decorate(show: Way) -> Way:
        _WAYS.setdefault(place, {})[label] = show
        return show

    return decorate


def file_way(place: str, *endings: str) -> None:
    """A file with one of these endings as a way to give it."""
    way(place, FILE)(partial(_file, endings))


def together(kind: str) -> Callable[[Together], Together]:
    """Decorator that files `(task, modalities, key)`: one control for all inputs of a kind."""

    def decorate(show: Together) -> Together:
        _TOGETHER[kind] = show
        return show

    return decorate


def ways(task: Task, modality: Modality) -> dict[str, Way]:
    """The ways to give this input, by label; any file where its kind has none."""
    _discover()
    own = _WAYS.get(f"{task.name}.{modality.name}", {})
    return {**own, **_WAYS.get(modality.kind, {})} or {FILE: partial(_file, ())}


def shared(task: Task) -> list[tuple[Together, list[Modality]]]:
    """The controls that give several inputs of this task at once, with these inputs."""
    _discover()
    able = [item for item in task.info.modalities if takes_files(task, item.name)]
    by_kind = {kind: [item for item in able if item.kind == kind] for kind in _TOGETHER}
    return [(_TOGETHER[kind], items) for kind, items in by_kind.items() if len(items) > 1]


def arrived(task_name: str, modality: str, key: str) -> None:
    """Callback of a control that holds a file: it was given or taken away."""
    upload_draft.give(task_name, modality, held(key))
    upload_draft.use(task_name)


def held(key: str) -> uploads.UploadedFile | None:
    """The file that a control holds."""
    file = st.session_state.get(key)
    return uploads.UploadedFile(file.getvalue(), file.name) if file is not None else None


def _file(endings: Sequence[str], task: Task, modality: Modality, key: str) -> None:
    st.file_uploader(
        f"A file for the {modality.spoken}",
        type=list(endings) or None,
        key=key,
        max_upload_size=upload_draft.MEGABYTES,
        label_visibility="collapsed",
        on_change=partial(arrived, task.name, modality.name, key),
    )


@cache
def _discover() -> None:
    """Import every file of `inputs/` once; each files its ways."""
    import mmlab.ui.inputs as package

    for found in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{found.name}")
