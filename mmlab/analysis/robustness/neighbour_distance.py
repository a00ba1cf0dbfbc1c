"""How far a sample is from the training data: the distance to its nearest neighbours, and how rare such a distance is.

Deep nearest neighbours (Sun et al., Out-of-Distribution Detection with Deep Nearest Neighbors, ICML 2022), with two
departures: the threshold is no constant but a p-value against held-out samples, and several views of the same thing
may be asked, of which the one in which it lies farthest counts. Of several held-out splits, such as those of other
people, the one among which it is least rare counts.

>>> test = NeighbourTest.learn([training], [[validation], [held_out]])   # rows [R, D], and per split [N, D]; by view
>>> test.of([row]).p                                         # share of samples like the held-out ones that lie as far
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from mmlab.core.errors import DataError
from mmlab.core.spans import divisor

Rows = NDArray[np.floating]
NEIGHBOURS = 10
LEVEL = 0.01
FEWEST = round(1 / LEVEL) - 1  # held-out samples: with fewer, no p-value can be as small as LEVEL
AT_ONCE = 512  # rows whose distances are in memory together


@dataclass(frozen=True)
class NeighbourDistance:
    """distance: in units of what 99 % of the held-out samples stay below. p: the share of samples like the held-out
    ones that lie at least as far, never 0 (conformal). nearer: the share of the held-out samples that lie nearer; of
    several splits the one that says so least."""

    distance: float
    p: float
    nearer: float

    @property
    def is_far(self) -> bool:
        """Whether at most LEVEL of what is like the held-out samples lies as far."""
        return self.p <= LEVEL


@dataclass(frozen=True)
class NeighbourTest:
    """What distances are compared with: per view the rows that were learned from and the unit of its distances, and
    per split the distances of the held-out samples, in order."""

    banks: tuple[Rows, ...]
    units: tuple[float, ...]
    held_out: tuple[Rows, ...]

    @classmethod
    def learn(cls, banks: Sequence[Rows], splits: Sequence[Sequence[Rows]]) -> Self:
        """From rows `[R, D]` that a model learned from, one per view, and per held-out split such rows `[N, D]`.

        Splits of fewer than FEWEST samples are left out. Raises DataError where none is left, and for no more than
        NEIGHBOURS rows to learn from.
        """
        large = [split for split in splits if len(split[0]) >= FEWEST]
        if not large or len(banks[0]) <= NEIGHBOURS:
            most = max((len(split[0]) for split in splits), default=0)
            raise DataError(
                f"{len(banks[0])} training and {most} held-out samples are too few to say what lies far.",
                f"It takes more than {NEIGHBOURS} and at least {FEWEST}.",
            )
        distances = [[to_neighbours(rows, bank) for rows, bank in zip(split, banks, strict=True)] for split in large]
        units = [divisor(float(np.quantile(np.concatenate(view), 1 - LEVEL))) for view in zip(*distances, strict=True)]
        farthest = [np.max([view / unit for view, unit in zip(split, units, strict=True)], 0) for split in distances]
        return cls(tuple(banks), tuple(units), tuple(np.sort(each) for each in farthest))

    def of(self, views: Sequence[Rows]) -> NeighbourDistance:
        """How far one thing lies: its rows `[D]`, one per view."""
        asked = zip(views, self.banks, self.units, strict=True)
        distance = max(float(to_neighbours(row[None], bank)[0]) / unit for row, bank, unit in asked)
        ranks = [(int(np.searchsorted(each, distance, side="left")), len(each)) for each in self.held_out]
        p = max((1 + count - nearer) / (1 + count) for nearer, count in ranks)
        return NeighbourDistance(distance, p, min(nearer / count for nearer, count in ranks))


def to_neighbours(rows: Rows, bank: Rows, neighbours: int = NEIGHBOURS) -> Rows:
    """The Euclidean distance of each row `[N, D]` to the last of its nearest `neighbours` in `bank` `[R, D]`: `[N]`."""
    wide, there = rows.astype(np.float64), bank.astype(np.float64)
    lengths = (there**2).sum(1)
    found = []
    for start in range(0, len(wide), AT_ONCE):
        part = wide[start : start + AT_ONCE]
        squares = (part**2).sum(1)[:, None] + lengths - 2 * part @ there.T
        found.append(np.partition(squares, neighbours - 1, 1)[:, neighbours - 1])
    return np.sqrt(np.maximum(np.concatenate(found), 0.0))
