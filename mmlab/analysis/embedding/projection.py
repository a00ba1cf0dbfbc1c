"""The embeddings of every combination in one projection: PCA, projected variances, and new embeddings placed in it.

One picture holds all combinations, fitted once on their union: a point never moves because another combination is
shown. UMAPs are made beforehand by `mmlab.analysis.embedding.umap_worker` and read by `mmlab.analysis.embedding.maps`;
nothing here imports umap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmlab.core.method import Method
from mmlab.core.modality import Combination
from mmlab.core.results import Floats, Projection, Sweep
from mmlab.inference.sweep import fuse_all

NEIGHBOURS = 8
SPARE = 4  # more candidates than are kept, where the fast form may take one for another
ROWS = 2048  # queries at a time, so that a table of distances stays small

Points = NDArray[np.float32]


@dataclass(frozen=True)
class Axes:
    """A linear picture: `centre` [D], orthonormal `rows` [d, D], the part of the variance on each, `explained` [d]."""

    centre: NDArray[np.float64]
    rows: NDArray[np.float64]
    explained: NDArray[np.float64]

    def points(self, mean: Floats) -> Points:
        """`[..., D]` to `[..., d]`."""
        return ((mean - self.centre) @ self.rows.T).astype(np.float32)

    def spread(self, variance: Floats) -> Points:
        """A diag(variance) A^T: `[..., D]` to the covariances `[..., d, d]`, exact for a linear picture."""
        return np.einsum("id,...d,jd->...ij", self.rows, variance, self.rows).astype(np.float32)


@dataclass(frozen=True)
class Placed:
    """Where new embeddings lie: `points` [Q, d], `distance` [Q] to the nearest known embedding."""

    points: Points
    distance: Points


def valid(found: Sweep) -> NDArray[np.bool_]:
    """Which samples really have all modalities of a combination: bool `[K, N]`."""
    names = max(found.combinations, key=len).split("-")
    if len(names) != found.present.shape[1]:
        names = list(dict.fromkeys(name for key in found.combinations for name in key.split("-")))
    needed = np.array([[name in key.split("-") for name in names] for key in found.combinations])
    return (found.present[None] | ~needed[:, None, :]).all(2)


def axes(embeddings: Floats, dimensions: int = 2) -> Axes:
    """The principal axes of `[P, D]`. Signs are fixed: the largest loading of each axis is positive.

    Axes beyond D are zero: all points lie at 0 on them.
    """
    centre = embeddings.astype(np.float64).mean(0)
    shifted = embeddings - centre
    values, vectors = np.linalg.eigh(shifted.T @ shifted / max(len(embeddings) - 1, 1))
    order = np.argsort(values)[::-1][:dimensions]
    rows = vectors[:, order].T
    largest = np.abs(rows).argmax(1)
    rows = rows * np.sign(rows[np.arange(len(rows)), largest])[:, None]
    explained = values[order] / max(values.sum(), 1e-30)
    missing = dimensions - len(rows)
    return Axes(centre, np.pad(rows, ((0, missing), (0, 0))), np.pad(explained, (0, missing)))


def pca(found: Sweep, dimensions: int = 2) -> Projection:
    """All combinations in one PCA, variances carried over exactly."""
    there = valid(found)
    fitted = axes(found.mean[there], dimensions)
    points = np.where(there[..., None], fitted.points(found.mean), np.nan).astype(np.float32)
    spread = None if found.variance is None else fitted.spread(found.variance)
    explained = {f"explained_{i + 1}": float(part) for i, part in enumerate(fitted.explained)}
    return Projection(points, spread, "pca", explained, found.digest)


def nearest(queries: Floats, known: Floats, count: int) -> tuple[NDArray[np.int64], Points]:
    """The `count` nearest rows of `known` [P, D] to each of `queries` [Q, D]: indices and Euclidean distances.

    Candidates come from the fast product form, about the middle of `known`, since it is off by some thousandths of
    the rows' length; those are measured again by differences, so that an embedding is exactly 0 away from itself.
    """
    table = torch.from_numpy(np.ascontiguousarray(known, dtype=np.float32))
    middle = table.mean(0)
    about = table - middle
    indices, distances = [], []
    for start in range(0, len(queries), ROWS):
        rows = torch.from_numpy(np.ascontiguousarray(queries[start : start + ROWS], dtype=np.float32))
        near = torch.cdist(rows - middle, about).topk(min(count + SPARE, len(table)), largest=False).indices
        exact = torch.stack([(table[column] - rows).square().sum(1) for column in near.T], 1).sqrt()
        kept = exact.topk(min(count, len(table)), largest=False)
        indices.append(near.gather(1, kept.indices).numpy())
        distances.append(kept.values.numpy())
    return np.concatenate(indices), np.concatenate(distances)


def place(queries: Floats, known: Floats, points: Points, neighbours: int = NEIGHBOURS) -> Placed:
    """Put new embeddings `[Q, D]` into a finished picture of `known` [P, D] at `points` [P, d].

    Each lands at the mean of its nearest neighbours' points, weighted by 1 / distance^2; a known embedding lands
    exactly on itself (on the middle of those that are equal to it). The fit never moves. How good this is stands in
    `Map.error`.
    """
    indices, distances = nearest(queries, known, neighbours)
    return Placed(_average(indices, distances, points), distances[:, 0])


def rank(placed: Placed, distances: Floats) -> Points:
    """Which share of the map's own samples lie nearer to another sample than the placed ones do: `[Q]` in [0, 1]."""
    return np.asarray(np.searchsorted(distances, placed.distance).clip(0, 100) / 100, np.float32)


def projected_covariances(
    mean: Floats, variance: Floats, known: Floats, points: Points, draws: int, seed: int
) -> NDArray[np.float32]:
    """Covariances `[Q, d, d]` in a picture that is not linear: draws of each embedding, pushed through the map.

    Draws of N(mean, diag(variance)) come in pairs on either side of the mean; each is placed by its neighbours
    and the placed points' covariance about their own mean is taken. The neighbours of a wide embedding lie all
    over the map, so its ellipse never leaves the map, as it would with a local slope.
    """
    generator = np.random.default_rng(seed)
    pairs = max(1, draws // 2)
    spread = np.empty((len(mean), points.shape[1], points.shape[1]), np.float32)
    for start in range(0, len(mean), ROWS):
        rows = slice(start, start + ROWS)
        noise = generator.standard_normal((pairs, *mean[rows].shape), np.float32) * np.sqrt(variance[rows])
        cloud = np.concatenate((mean[rows] + noise, mean[rows] - noise))
        landed = place(cloud.reshape(-1, mean.shape[1]), known, points).points.reshape(*cloud.shape[:2], -1)
        off = landed - landed.mean(0)
        spread[rows] = np.einsum("sqi,sqj->qij", off, off) / (len(landed) - 1)
    return spread


def held_out(found: Sweep, points: Points, neighbours: int = NEIGHBOURS, most: int = 2000) -> tuple[Points, float]:
    """`distances` and `error` of a map (`mmlab.analysis.embedding.maps`): every sample looked up among the *other*
    ones.

    points: `[K, N, d]`. At most `most` embeddings are looked up, evenly spread.
    """
    there = valid(found)
    known, places = found.mean[there], points[there]
    samples = np.broadcast_to(np.arange(there.shape[1]), there.shape)[there]
    asked = np.unique(np.linspace(0, len(known) - 1, min(most, len(known))).astype(int))
    indices, distances = nearest(known[asked], known, neighbours + len(there))
    distances = np.where(samples[indices] == samples[asked][:, None], np.inf, distances)
    order = np.argsort(distances, 1, kind="stable")[:, :neighbours]
    indices, distances = np.take_along_axis(indices, order, 1), np.take_along_axis(distances, order, 1)
    other = np.isfinite(distances[:, 0])
    if not other.any():
        return np.zeros(101, np.float32), 0.0
    landed = _average(indices[other], distances[other], places)
    width = float(np.ptp(places, axis=0).max()) or 1.0
    error = float(np.median(np.linalg.norm(landed - places[asked][other], axis=1))) / width
    return np.quantile(distances[other, 0], np.linspace(0, 1, 101)).astype(np.float32), error


@torch.inference_mode()
def embed(
    method: Method, inputs: Mapping[str, Tensor], combinations: Sequence[Combination]
) -> tuple[Points, Points | None]:
    """The embedding of one sample `[*shape]` under each combination: mean and variance `[K, D]`."""
    device = method.device
    rows = {m.name: inputs.get(m.name, torch.zeros(m.shape)).float()[None].to(device) for m in method.modalities}
    fused = fuse_all(method, rows, combinations)
    mean = torch.cat([each.mean for each in fused]).float().cpu().numpy()
    if fused[0].variance is None:
        return mean, None
    return mean, torch.cat([each.variance for each in fused if each.variance is not None]).float().cpu().numpy()


def similarity_to_complete(mean: Floats) -> Points:
    """Cosine of each row `[K, D]` with the last one, complete input."""
    unit = mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-12)
    return np.asarray(unit @ unit[-1], np.float32)


def correct(found: Sweep) -> NDArray[np.bool_] | None:
    """Whether each answer is right, bool `[K, N]`; None where answers are not classes."""
    if found.logits.ndim != 3 or not np.issubdtype(found.target.dtype, np.integer):
        return None
    return found.logits.argmax(2) == found.target


def by_class(points: Points, labels: NDArray[np.generic]) -> dict[int, tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """The centre `[d]` and covariance `[d, d]` of each class in a picture `[K, N, d]`, over all its combinations."""
    table = {}
    for label in np.unique(labels):
        rows = points[:, labels == label].reshape(-1, points.shape[2])
        rows = rows[np.isfinite(rows).all(1)]
        if len(rows) > 1:
            table[int(label)] = (rows.mean(0), np.cov(rows.T).astype(np.float32))
    return table


def _average(indices: NDArray[np.int64], distances: Floats, points: Points) -> Points:
    known = distances == 0
    weights = np.where(known.any(1, keepdims=True), known, 1 / np.maximum(distances.astype(np.float64), 1e-6) ** 2)
    weights /= weights.sum(1, keepdims=True)
    return np.einsum("qk,qkd->qd", weights, points[indices]).astype(np.float32)
