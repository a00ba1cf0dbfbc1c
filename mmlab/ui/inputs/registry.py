"""The registry of input controls: each is a file in `inputs/`, and a kind of modality names those that fit it
(`ModalityKind.ways`); a task may have its own for one of its inputs.

A control hands what it gets to `draft`; a file is the same for every kind but for its endings:

>>> @control("camera", "Camera")
... def camera(task, modality, key): st.camera_input("A photo", key=key, on_change=partial(arrived, ...))
>>> @way("opinion.face", "Draw")                # of one input of one task: stands before the ways of its kind
>>> @together("sensor table")                   # one control for all inputs of a kind, where a task has several
>>> @whole("objects")                           # one control for all inputs of one task
>>> @adjustment("objects")                      # what can still be changed of what was given: under the bar
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import TypeVar

import streamlit as st

from mmlab.core.errors import UnknownName
from mmlab.core.modality import Modality
from mmlab.core.modality_kinds import modality_kind
from mmlab.core.phrases import phrase, say
from mmlab.core.task import Task, takes_files, upload_kind
from mmlab.ui.session import upload_draft, uploads
from mmlab.ui.text.markdown import plain

T = TypeVar("T")
Way = Callable[[Task, Modality, str], None]
SharedControl = Callable[[Task, Sequence[Modality], str], None]
Adjustment = Callable[[Task, str], None]
FILE = phrase("File")

_CONTROLS: dict[str, tuple[str, Way]] = {}
_WAYS: dict[str, dict[str, Way]] = {}
_TOGETHER: dict[str, SharedControl] = {}
_WHOLE: dict[str, SharedControl] = {}
_ADJUSTMENTS: dict[str, Adjustment] = {}


def control(name: str, label: str) -> Callable[[Way], Way]:
    """Decorator that files `(task, modality, key)` as a control that kinds of modality can name.

    `key` is the one to use for the control; `label` says what the person does.
    """

    def decorate(show: Way) -> Way:
        _CONTROLS[name] = (label, show)
        return show

    return decorate


def way(place: str, label: str) -> Callable[[Way], Way]:
    """Decorator that files a control for one input (`task.modality`). What is filed first is offered first."""

    def decorate(show: Way) -> Way:
        _WAYS.setdefault(place, {})[label] = show
        return show

    return decorate


def together(name: str) -> Callable[[SharedControl], SharedControl]:
    """Decorator that files `(task, modalities, key)`: one control for all inputs of a kind."""

    def decorate(show: SharedControl) -> SharedControl:
        _TOGETHER[name] = show
        return show

    return decorate


def whole(task_name: str) -> Callable[[SharedControl], SharedControl]:
    """Decorator that files `(task, modalities, key)`: one control for all inputs of this task."""

    def decorate(show: SharedControl) -> SharedControl:
        _WHOLE[task_name] = show
        return show

    return decorate


def adjustment(task_name: str) -> Callable[[Adjustment], Adjustment]:
    """Decorator that files `(task, sample)`: what can be changed of an upload of this task while it is looked at."""

    def decorate(show: Adjustment) -> Adjustment:
        _ADJUSTMENTS[task_name] = show
        return show

    return decorate


def adjust(task: Task, sample: str) -> None:
    """Show the adjustments of this upload; most tasks have none."""
    _discover()
    if task.name in _ADJUSTMENTS:
        _ADJUSTMENTS[task.name](task, sample)


def ways(task: Task, modality: Modality) -> dict[str, Way]:
    """The controls for this input, by label. Raises UnknownName for one that does not exist."""
    _discover()
    own = _WAYS.get(f"{task.name}.{modality.name}", {})
    kind = upload_kind(task, modality)
    names = modality_kind(kind).ways if kind else ("file",)
    return {**own, **dict(_found(_CONTROLS, name) for name in names)}


def shared(task: Task) -> list[tuple[SharedControl, list[Modality]]]:
    """The controls that give several inputs of this task at once, with these inputs."""
    _discover()
    whole = [item for item in task.info.modalities if upload_kind(task, item) == item.kind]
    able = [item for item in whole if takes_files(task, item.name)]
    by_kind = {kind: [item for item in able if item.kind == kind] for kind in dict.fromkeys(i.kind for i in able)}
    names = {kind: modality_kind(kind).shared_way for kind, items in by_kind.items() if len(items) > 1}
    own = [(_WHOLE[task.name], list(task.info.modalities))] if task.name in _WHOLE else []
    return own + [(_found(_TOGETHER, name), by_kind[kind]) for kind, name in names.items() if name]


def _found(controls: Mapping[str, T], name: str) -> T:
    if name not in controls:
        raise UnknownName(
            say("There is no way '{name}' to give an input.", name=name),
            say("There are: {names}.", names=", ".join(sorted(controls))),
        )
    return controls[name]


def arrived(task_name: str, modality: str, key: str) -> None:
    """Callback of a control that holds a file: it was given or taken away."""
    upload_draft.give(task_name, modality, held(key))
    upload_draft.use(task_name)


def held(key: str) -> uploads.UploadedFile | None:
    """The file in an upload control."""
    file = st.session_state.get(key)
    return uploads.UploadedFile(file.getvalue(), file.name) if file is not None else None


@control("file", FILE)
def _file(task: Task, modality: Modality, key: str) -> None:
    """A file with one of the endings of its kind; any where the kind names none."""
    kind = upload_kind(task, modality)
    st.file_uploader(
        say("A file for the {input}", input=plain(modality.spoken)),
        type=(list(modality_kind(kind).endings) if kind else None) or None,
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
