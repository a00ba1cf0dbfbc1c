"""Statistics of sequence arrays: the number of valid steps of each sample, and of non-finite numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.modalities.array_file import members, stored_array
from mmlab.tasks.official.plain_arrays import NOT_FINITE

AT_ONCE = 64  # samples


@dataclass(frozen=True)
class Steps:
    """Of one input, over all splits.

    longest: steps of the array. least, middle, most: how many of them are there, of the samples that have any. none:
    samples that have no step. filled: numbers that were not finite in the download, for which `data convert` wrote 0.
    not_finite: numbers that still are not.
    """

    longest: int
    least: int
    middle: float
    most: int
    none: int
    filled: int
    not_finite: int

    @property
    def sentence(self) -> str:
        """The same in words."""
        parts = [f"{self.least} to {self.most} of {self.longest} steps are there, {self.middle:g} in the middle"]
        if self.none:
            parts.append(f"samples without any: {self.none:,}")
        if self.filled:
            parts.append(f"not finite in the download, and 0 since the file was converted: {self.filled:,}")
        if self.not_finite:
            parts.append(f"not finite, so that the mean of their column takes the place: {self.not_finite:,}")
        return "; ".join(parts)


def steps_of(places: list[tuple[Path, str]]) -> Steps:
    """Of the arrays `[samples, steps, features]` of these names in these archives. Raises DataError."""
    longest, filled, wrong = 0, 0, 0
    lengths: list[NDArray[np.int64]] = []
    for file, name in places:
        longest = max(longest, stored_array(file, name).shape[1])
        counted = f"{name}{NOT_FINITE}"
        filled += int(_mapped(file, counted).sum()) if counted in members(file) else 0
        for part in _in_parts(_mapped(file, name)):
            wrong += int((~np.isfinite(part)).sum())
            lengths.append((part != 0).any(2).sum(1))
    found = np.concatenate(lengths)
    there = found[found > 0] if found.any() else np.zeros(1, np.int64)
    none = int((found == 0).sum())
    return Steps(longest, int(there.min()), float(np.median(there)), int(there.max()), none, filled, wrong)


def _mapped(file: Path, name: str) -> NDArray[Any]:
    found = stored_array(file, name)
    return np.memmap(file, found.dtype, "r", found.start, found.shape)


def _in_parts(values: NDArray[Any]) -> Iterator[NDArray[Any]]:
    for start in range(0, len(values), AT_ONCE):
        yield np.asarray(values[start : start + AT_ONCE])
