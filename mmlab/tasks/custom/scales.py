"""Standardisation of user data: mean and standard deviation over the training samples, for any unit and offset."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from mmlab.core.folder_input import FolderInput

FARTHEST = 10.0  # standard deviations: what lies beyond is cut, so that half precision holds it
RESOLUTION = 16 * float(np.finfo(np.float64).eps)  # of the largest number: what adding up may move a constant by
FEW_DIGITS = 1000  # steps of the resolution in a spread: with fewer, rounding is a part of what is seen
Floats = NDArray[np.float64]
MOST_KEPT = 2**23  # numbers of which quartiles are taken: of more, those of samples drawn by chance
NORMAL = 1.3489795003921634  # interquartile range of numbers of spread 1, as a normal distribution has it
Scale = tuple[Floats, ...]  # mean and spread of each row of a tensor; a third of ones where `asinh` follows


@dataclass
class Moments:
    """Count, mean, summed squares of deviations and extremes of each row, `[C]`, in double precision.

    Added up sample by sample (Chan, Golub & LeVeque, 1983), so that an offset costs no digits and no memory is taken
    for all samples at once.
    """

    rows: int
    count: int = 0

    def __post_init__(self) -> None:
        self.mean, self.squares = np.zeros(self.rows), np.zeros(self.rows)
        self.low, self.high = np.full(self.rows, np.inf), np.full(self.rows, -np.inf)

    def add(self, values: torch.Tensor) -> None:
        """The numbers of one sample, `[C, ...]`, of which there may be none."""
        if not values.numel():
            return
        part = values.double().numpy().reshape(self.rows, -1)
        count, mean = part.shape[1], part.mean(1)
        apart, total = mean - self.mean, self.count + count
        self.squares += np.square(part - mean[:, None]).sum(1) + np.square(apart) * (self.count * count / total)
        self.mean += apart * (count / total)
        self.low, self.high = np.minimum(self.low, part.min(1)), np.maximum(self.high, part.max(1))
        self.count = total

    def merge(self, other: Moments) -> None:
        """What other samples hold, added up elsewhere."""
        if other.count:
            apart, total = other.mean - self.mean, self.count + other.count
            self.squares = self.squares + other.squares + np.square(apart) * (self.count * other.count / total)
            self.mean = self.mean + apart * (other.count / total)
            self.low, self.high = np.minimum(self.low, other.low), np.maximum(self.high, other.high)
            self.count = total

    @property
    def spread(self) -> Floats:
        """Standard deviation of each row, 0 before anything was added."""
        return np.sqrt(self.squares / max(self.count, 1))

    @property
    def step(self) -> Floats:
        """What numbers as large as those of each row can be told apart by, `[C]`."""
        size = np.maximum(np.abs(self.low), np.abs(self.high)) if self.count else np.zeros(self.rows)
        return RESOLUTION * size

    @property
    def is_constant(self) -> NDArray[np.bool_]:
        """Which rows hold one number, but for rounding, `[C]`."""
        return self.spread <= self.step

    @property
    def is_coarse(self) -> NDArray[np.bool_]:
        """Which rows differ in their last digits only, `[C]`: so far from 0 that rounding is a part of what is seen."""
        return (self.spread <= FEW_DIGITS * self.step) & ~self.is_constant

    def scale(self) -> Scale:
        """Mean and spread; a spread of 1 where all numbers are the same."""
        return self.mean.copy(), np.where(self.is_constant, 1.0, self.spread)


class Quartiles:
    """Median and interquartile range of each row, `[C]`, over samples `[C]`, and their moments.

    Exact for as many samples as hold `MOST_KEPT` numbers; beyond, over that many drawn by chance, each as likely (a
    reservoir, Vitter, 1985) under a fixed seed.
    """

    def __init__(self, rows: int) -> None:
        self.moments, self._most = Moments(rows), max(MOST_KEPT // max(rows, 1), 100)
        self._kept: list[Floats] = []
        self._seen, self._rng = 0, np.random.default_rng(0)

    def add(self, values: torch.Tensor) -> None:
        """The numbers of one sample, `[C]`."""
        self.moments.add(values)
        self._seen += 1
        if len(self._kept) < self._most:
            self._kept.append(values.double().numpy())
        elif (place := int(self._rng.integers(self._seen))) < self._most:
            self._kept[place] = values.double().numpy()

    def scale(self) -> Scale:
        """Median and the spread that a normal distribution of that interquartile range has.

        Where more than half of all numbers are the same one, as with counts, the range is 0 and the standard deviation
        takes its place; a spread of 1 where all are the same.
        """
        if not self._kept:
            return (*self.moments.scale(), np.ones(self.moments.rows))
        low, middle, high = np.quantile(np.stack(self._kept), (0.25, 0.5, 0.75), axis=0)
        spread = (high - low) / NORMAL
        usable = spread > self.moments.step
        return middle, np.where(usable, spread, self.moments.scale()[1]), np.ones(self.moments.rows)


def measured(kind: FolderInput, values: torch.Tensor) -> torch.Tensor:
    """Of a prepared tensor `[C, ...]` the numbers that a scale is made of, `[scaled rows, ...]`."""
    rows, there = values[: kind.scaled_rows], kind.measured(values)
    return rows if there is None else rows[:, there]


def scaled(values: torch.Tensor, scale: Scale | None, there: torch.Tensor | None = None) -> torch.Tensor:
    """`values [C, ...]` with mean 0 and spread 1 in each row of the scale, as in training, rounded to half precision.

    Of a robust scale the inverse hyperbolic sine: as it is near 0, the logarithm far off, so that nothing is cut. Rows
    behind those of the scale stay as they are, and so do places where nothing is `there`, bool `[...]`.
    """
    if scale is not None:
        mean, spread, *bent = (torch.from_numpy(part).view(-1, *([1] * (values.dim() - 1))) for part in scale)
        rows = len(mean)
        found = (values[:rows].double() - mean) / spread
        found = found.asinh() if bent else found.clamp(-FARTHEST, FARTHEST)
        found = found if there is None else torch.where(there, found, values[:rows].double())
        values = torch.cat([found, values[rows:].double()]) if rows < len(values) else found
    return values.half().float()
