"""Whether an incomplete sample stays close to the complete one, in all dimensions of the embedding.

`alignment` compares each combination with complete input; `align` lays one picture over another (Procrustes).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmlab.analysis.embedding.projection import valid
from mmlab.core.errors import DataError
from mmlab.core.results import Floats, Sweep

Table = NDArray[np.float64]


@dataclass(frozen=True)
class Alignment:
    """Every combination but the complete one, K of them, against complete input.

    own, other: cosine of a sample's embedding with the complete one of the same sample, and on average with those of
    other samples of its class (of all, where answers are no classes), `[K, N]`; NaN for incomplete samples.
    Embeddings are centred first: 0 is nothing in common.
    distance: `[K]`, between the centres of both, in units of the complete embeddings' spread (root mean square).
    gap: `[K]`, between the centres after all embeddings were brought to length 1, at most 2.
    """

    combinations: tuple[str, ...]
    own: Table
    other: Table
    distance: Table
    gap: Table

    @property
    def means(self) -> tuple[Table, Table]:
        """The means of `own` and `other` over complete samples, `[K]` each."""
        return np.nanmean(self.own, 1), np.nanmean(self.other, 1)


def alignment(found: Sweep) -> Alignment:
    """Cosines, distance of the centres, and the modality gap (Liang et al., Mind the Gap, NeurIPS 2022).

    Raises DataError where fewer than two samples are complete.
    """
    whole = max(range(len(found.combinations)), key=lambda row: found.combinations[row].count("-"))
    there = valid(found) & found.present.all(1)
    rows = np.flatnonzero(there[whole])
    if len(rows) < 2:
        raise DataError("Too few test samples have every input.", "This view compares complete samples.")
    mean = found.mean[:, rows].astype(np.float64)
    complete = mean[whole]
    origin = complete.mean(0)
    spread = float(np.sqrt(((complete - origin) ** 2).sum(1).mean())) or 1.0
    others = [row for row in range(len(found.combinations)) if row != whole]
    centred, straight = _unit(mean - origin), _unit(mean)
    rest = _others(centred[whole], found.target[rows])
    own = np.full((len(others), len(found.ids)), np.nan)
    other = own.copy()
    own[:, rows] = (centred[others] * centred[whole]).sum(2)
    other[:, rows] = (centred[others] * rest).sum(2)
    apart = np.linalg.norm(mean[others].mean(1) - origin, axis=1) / spread
    gap = np.linalg.norm(straight[others].mean(1) - straight[whole].mean(0), axis=1)
    return Alignment(tuple(found.combinations[row] for row in others), own, other, apart, gap)


def _others(unit: Table, target: NDArray[np.generic]) -> Table:
    """The mean of the rows `[N, D]` of the other samples of one's class; of all others where there are no classes."""
    classes = target.ndim == 1 and np.issubdtype(target.dtype, np.integer)
    labels = target if classes else np.zeros(len(unit), np.int64)
    result = np.zeros_like(unit)
    for label in np.unique(labels):
        members = labels == label
        result[members] = (unit[members].sum(0) - unit[members]) / max(int(members.sum()) - 1, 1)
    return result


def to_class_centres(found: Sweep) -> Table:
    """Cosine of each embedding with the centre of its class, `[K, N]`: for heads that have no weight per class.

    Centres are those of the complete embeddings, the sample itself left out; everything is centred first. NaN where a
    sample lacks a modality or is alone in its class. Raises DataError as `alignment` does.
    """
    whole = max(range(len(found.combinations)), key=lambda row: found.combinations[row].count("-"))
    there = valid(found)
    rows = np.flatnonzero(there[whole])
    if len(rows) < 2:
        raise DataError("Too few test samples have every input.", "This view compares complete samples.")
    mean = found.mean.astype(np.float64) - found.mean[whole, rows].astype(np.float64).mean(0)
    result = np.full(there.shape, np.nan)
    for label in np.unique(found.target[rows]):
        members = rows[found.target[rows] == label]
        if len(members) < 2:
            continue
        total = mean[whole, members].sum(0)
        centres = _unit((total - mean[whole, members]) / (len(members) - 1))
        result[:, members] = (_unit(mean[:, members]) * centres).sum(2)
    return np.where(there, result, np.nan)


def align(points: Floats, onto: Floats) -> tuple[NDArray[np.float32], float]:
    """Turn, mirror, shift and bring to one size `points` `[..., d]` to lie over `onto`: points and disparity.

    Both get the same size (root mean square), as the best fit would shrink what is not alike. Rows that are not finite
    in both are carried along. The disparity is the squared distance that is left, as a part
    of the spread: 0 is the same shape, 1 nothing in common. Source: Gower, Generalized Procrustes analysis, 1975.
    """
    flat, goal = points.reshape(-1, points.shape[-1]).astype(float), onto.reshape(-1, onto.shape[-1]).astype(float)
    both = np.isfinite(flat).all(1) & np.isfinite(goal).all(1)
    if both.sum() < 2:
        return points.astype(np.float32), 1.0
    centre, target = flat[both].mean(0), goal[both].mean(0)
    first, second = flat[both] - centre, goal[both] - target
    size, width = np.linalg.norm(first), np.linalg.norm(second)
    if size == 0 or width == 0:
        return points.astype(np.float32), 1.0
    left, strengths, right = np.linalg.svd((first / size).T @ (second / width))
    turned = (flat - centre) @ (left @ right) * width / size + target
    disparity = max(0.0, 1 - float(strengths.sum()) ** 2)
    return turned.reshape(points.shape).astype(np.float32), disparity


def _unit(values: Table) -> Table:
    return values / np.maximum(np.linalg.norm(values, axis=-1, keepdims=True), 1e-12)
