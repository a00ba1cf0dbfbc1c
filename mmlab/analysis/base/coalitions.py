"""All combinations by bit mask: row `s` of `[2**M, ...]` is the combination of modalities whose bits are set in `s`.

Bit m stands for modality m, so row 0 is nothing present and the last row complete input. A sweep has no row for nothing
present; `lift` puts one in by a rule that it states.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations as choose
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_softmax

from mmlab.analysis.base.array_checks import Flags, Labels, Numbers, finite, labels_of, modality_count
from mmlab.core.errors import DataError
from mmlab.core.phrases import phrase, say
from mmlab.core.results import Floats, Sweep


@lru_cache
def membership(count: int) -> Flags:
    """Which modalities each combination has: read-only bool `[2**M, M]`."""
    table = (np.arange(2**count)[:, None] >> np.arange(count) & 1).astype(bool)
    table.flags.writeable = False
    return table


@lru_cache
def masks_by_size(count: int) -> tuple[int, ...]:
    """The masks in the order of `Modalities.subsets`: by size, then in the task's order; without the empty set."""
    sets = (chosen for size in range(1, count + 1) for chosen in choose(range(count), size))
    return tuple(sum(1 << m for m in chosen) for chosen in sets)


@dataclass(frozen=True)
class Lattice:
    """A sweep by bit mask, the samples with gaps left out.

    names:  of the modalities, by bit; keys: of the combinations (`image-sound`), by mask, empty for row 0.
    logits: `[2**M, N, ...]`; target: `[N, ...]`; ids, groups: one per sample.
    rule:   how row 0, the answer to nothing, was made: for people.
    """

    names: tuple[str, ...]
    keys: tuple[str, ...]
    logits: Floats
    target: NDArray[np.generic]
    ids: tuple[str, ...]
    groups: tuple[str, ...]
    rule: str

    def at(self, rows: Sequence[int]) -> Lattice:
        """The lattice of the samples at `rows`, in that order."""
        kept = np.asarray(rows, np.int64)
        ids, groups = (tuple(every[row] for row in rows) for every in (self.ids, self.groups))
        return replace(self, logits=self.logits[:, kept], target=self.target[kept], ids=ids, groups=groups)


def sweep_to_coalitions(found: Sweep, empty: ArrayLike | None = None) -> Lattice:
    """The sweep by bit mask, with the logits `empty` (`[C]` for classes) as the answer to nothing.

    Without them, row 0 knows only how often each answer is right among these samples: the logarithm of the class
    frequencies (each class counted once more, so that none is impossible), the mean of the numbers, or the log-odds
    of each region or label. Raises DataError where combinations are missing, answers are not finite or no sample is
    complete.
    """
    names = tuple(key for key in found.combinations if "-" not in key)
    masks = {key: sum(1 << names.index(n) for n in key.split("-") if n in names) for key in found.combinations}
    if sorted(masks.values()) != list(range(1, 2 ** len(names))):
        raise DataError(say("The sweep does not hold every combination."), "Run `python -m mmlab evaluate --save`.")
    rows = np.flatnonzero(found.present.all(1))
    if not len(rows):
        raise DataError(say("No test sample has every input."), say("These measures compare complete samples."))
    target = found.target[rows]
    logits = np.empty((2 ** len(names), len(rows), *found.logits.shape[2:]), found.logits.dtype)
    for row, mask in enumerate(masks.values()):
        logits[mask] = found.logits[row][rows]
    if not np.isfinite(logits[1:]).all():
        raise DataError(
            say("The model's answers are not all finite numbers."),
            say("Look for what makes them infinite: numbers that overflow, inputs that are not normalised."),
        )
    prior, rule = _prior(target, logits.shape) if empty is None else (np.asarray(empty), "given")
    logits[0] = prior
    by_mask = {mask: key for key, mask in masks.items()}
    keys = ("", *(by_mask[mask] for mask in range(1, len(logits))))
    ids, groups = (tuple(every[row] for row in rows) for every in (found.ids, found.groups))
    return Lattice(names, keys, logits, target, ids, groups, rule)


def _prior(target: NDArray[Any], shape: tuple[int, ...]) -> tuple[Numbers, str]:
    """What is answered to nothing, for logits `[2**M, N, ...]`, and the rule in words."""
    if shape[2:] == (1,):
        return np.array([target.mean()]), phrase("the mean of these samples")
    if len(shape) == 3 and target.ndim == 2:
        there = target.astype(bool).sum(0) + 1
        return np.log(there / (len(target) + 2 - there)), phrase("the label frequencies of these samples")
    if len(shape) == 3:
        counts = np.bincount(labels_of(target, shape[1], shape[2]), minlength=shape[2]) + 1
        return np.log(counts / counts.sum()), phrase("the class frequencies of these samples")
    if len(shape) != 5:
        raise ValueError(f"Answers of the shape {shape[2:]} are no classes, number or regions: give `empty`.")
    found = target.astype(bool).sum((0, 2, 3)) + 1
    pixels = target.size // shape[2] + 2
    return np.log(found / (pixels - found))[:, None, None], phrase("the region frequencies of these samples")


def answers_of(logits: ArrayLike) -> Labels:
    """The class that is answered, `[2**M, N]` from logits `[2**M, N, C]`; the first where several are best."""
    array = finite(logits, "logits", 3)
    modality_count(array, "logits")
    return array.argmax(2)


def right(logits: ArrayLike, labels: ArrayLike) -> Flags:
    """Whether each combination's answer is right, bool `[2**M, N]`; its mean over samples is the accuracy."""
    array = finite(logits, "logits", 3)
    return answers_of(array) == labels_of(labels, array.shape[1], array.shape[2])


def log_probability_of_right(logits: ArrayLike, labels: ArrayLike) -> Numbers:
    """The log probability (nats) that each combination gives the right class, `[2**M, N]`."""
    array = finite(logits, "logits", 3)
    modality_count(array, "logits")
    chosen = labels_of(labels, array.shape[1], array.shape[2])
    return log_softmax(array, 2)[:, np.arange(len(chosen)), chosen]
