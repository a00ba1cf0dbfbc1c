"""Whether a sweep can be used, and for which task: small files and large folders get the same checks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.core.results import Sweep
from mmlab.core.task import TaskInfo

PART = 2**22  # numbers that are looked at together


def misfit(found: Sweep, info: TaskInfo | None) -> str:
    """Why a sweep cannot be that of a task, or of any where none is given; empty where it can."""
    if found.variance is not None and not all(bool((part >= 0).all()) for part in parts(found.variance)):
        return "a variance in it is negative or no number"
    return misfit_of_answers(found, info)


def misfit_of_answers(found: Sweep, info: TaskInfo | None) -> str:
    """The same without a look at the embeddings, which of a large sweep are not read unless somebody needs them."""
    counted = (values for values in (found.logits, found.target) if values.dtype.kind == "f")
    if not all(bool(np.isfinite(part).all()) for values in counted for part in parts(values)):
        return "an answer in it is not a finite number"
    if found.drawn_from and found.drawn_from < len(found.ids):
        return "it holds more samples than those it is drawn from"
    if len(set(found.combinations)) != len(found.combinations):
        return "a combination stands in it twice"
    return "" if info is None else _not_of(found, info)


def parts(values: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """All numbers in their order, some at a time, none of them held twice."""
    flat = values.reshape(-1)
    return (flat[start : start + PART] for start in range(0, flat.size, PART))


def _not_of(found: Sweep, info: TaskInfo) -> str:
    """Why it is not one of this task; empty where it is."""
    keys = tuple(combination.key for combination in info.modalities.subsets())
    if found.combinations != keys or found.present.shape[1] != len(info.modalities):
        return "it was made for other inputs than the task has"
    channels = info.output.channels
    if found.logits.shape[2] != channels:
        return "it was made for other answers than the task has"
    if found.target.shape[1:] != info.output.stored_target_shape:
        return "its right answers are not of the task's kind"
    if info.output.class_names and found.target.dtype.kind not in "iu":
        return "its right answers are not classes"
    several = found.target.ndim == 1 and found.target.dtype.kind in "iu"
    if several and len(found.target) and not 0 <= found.target.min() <= found.target.max() < max(2, channels):
        return "a right answer in it is none of the task's"
    return ""
