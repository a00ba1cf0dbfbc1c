"""Finished maps, and one sample in a map under each of its combinations. Their files:
`mmlab.analysis.embedding.map_file`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmlab.analysis.embedding.projection import (
    Points,
    axes,
    correct,
    held_out,
    pca,
    place,
    projected_covariances,
    rank,
    similarity_to_complete,
    valid,
)
from mmlab.core.options import option
from mmlab.core.phrases import phrase
from mmlab.core.results import Projection, Sweep

DRAWS = 64


@dataclass(frozen=True)
class MapSettings:
    """How a UMAP is made. The defaults are those of the shipped maps."""

    neighbours: int = option(15, phrase("Neighbours per point (n_neighbors); more shows the coarse shape"), 2, 200)
    minimum_distance: float = option(0.1, phrase("Minimum distance between points (min_dist)"), 0.0, 0.99)
    metric: str = option("euclidean", phrase("Distance between embeddings"), choices=("euclidean", "cosine"))
    epochs: int = option(200, phrase("Steps of the layout"), 10, 2000)
    solid: bool = option(True, phrase("Also fit it in three dimensions"))
    again: bool = option(True, phrase("Also fit it with another seed, to see how much of it is chance"))
    draws: int = option(
        16, phrase("Draws per embedding that carry its variance into the picture; 0 leaves it out"), 0, 256
    )
    seed: int = option(0, phrase("Same seed, same map, on the same machine"), 0)


@dataclass(frozen=True)
class Map:
    """A picture and what is needed to place new embeddings in it.

    distances: 101 quantiles of how far each sample's embedding is from the nearest one of another sample.
    error: a sample that is placed by its neighbours lands in the median this far from where the fit put it,
    as a part of the picture's width.
    overlap: which share of a point's neighbours are its neighbours when the picture is made with another seed.
    solid: the same in three dimensions, without spreads. Both None where they were not made.
    """

    projection: Projection
    distances: Points
    error: float
    overlap: float | None = None
    solid: Map | None = None


@dataclass(frozen=True)
class Places:
    """One sample in a map, a row per combination.

    points:   `[K, d]`; spread: `[K, d, d]`, None for a method without variance.
    variance: `[K]`, the mean over the embedding's dimensions, or None.
    similarity: `[K]`, the cosine of the embedding with that from complete input.
    right:    bool `[K]`, None where it is not known here.
    far:      `[K]` in [0, 1]: which share of the known samples lie nearer to another one. 0 for a known sample.
    """

    keys: tuple[str, ...]
    points: Points
    spread: Points | None
    variance: Points | None
    similarity: Points
    right: NDArray[np.bool_] | None
    far: Points
    known: bool


def of_pca(found: Sweep, dimensions: int = 2) -> Map:
    """The PCA of a sweep as a map."""
    projected = pca(found, dimensions)
    return Map(projected, *held_out(found, projected.points))


def known_places(found: Sweep, made: Map, row: int) -> Places:
    """A sample of the sweep: its own points."""
    kept = valid(found)[:, row]
    keys = tuple(key for key, there in zip(found.combinations, kept, strict=True) if there)
    right, picture = correct(found), made.projection
    return Places(
        keys=keys,
        points=picture.points[kept, row],
        spread=None if picture.spread is None else picture.spread[kept, row],
        variance=None if found.variance is None else found.variance[kept, row].mean(1),
        similarity=similarity_to_complete(found.mean[kept, row]),
        right=None if right is None else right[kept, row],
        far=np.zeros(len(keys), np.float32),
        known=True,
    )


def new_places(found: Sweep, made: Map, keys: Sequence[str], mean: Points, variance: Points | None) -> Places:
    """A sample that is not in the sweep, from its embeddings `[K, D]`: exact in a PCA, by its neighbours otherwise."""
    there, picture = valid(found), made.projection
    known, points = found.mean[there], picture.points[there]
    placed = place(mean, known, points)
    if picture.kind == "pca":
        fitted = axes(known, points.shape[1])
        known_too = (placed.distance == 0)[:, None]
        landed = np.where(known_too, placed.points, fitted.points(mean))
        spread = None if variance is None else fitted.spread(variance)
    else:
        landed = placed.points
        spread = None if variance is None else projected_covariances(mean, variance, known, points, DRAWS, seed=0)
    return Places(
        keys=tuple(keys),
        points=landed,
        spread=spread,
        variance=None if variance is None else variance.mean(1),
        similarity=similarity_to_complete(mean),
        right=None,
        far=rank(placed, made.distances),
        known=False,
    )
