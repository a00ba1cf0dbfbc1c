"""How far a projection of embeddings can be trusted, and how well the embeddings themselves separate classes.

Everything is on plain arrays: `original` `[P, D]` are embeddings, `picture` `[P, d]` the same points drawn. Distances
are Euclidean. Where there are many points, only `most` of them, evenly spread, ask for their neighbours among all.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mmlab.analysis.base.ranking import pearson

Floats = NDArray[np.floating]
Table = NDArray[np.float64]
Rows = NDArray[np.int64]
NEIGHBOURS = 15
CHUNK = 512  # rows of a table of distances at a time


def trustworthiness(original: Floats, picture: Floats, neighbours: int = NEIGHBOURS, most: int | None = None) -> float:
    """How many neighbours in the picture are true ones, weighted by how far the false ones are: 1 is all of them.

    Points that are equally far share the mean of their ranks, which scikit-learn's arbitrary order among them gives on
    average. Raises ValueError where half of the points are neighbours.
    Source: Venna and Kaski, Neighborhood preservation in nonlinear projection methods, ICANN 2001.
    """
    count = len(original)
    if neighbours >= count / 2:
        raise ValueError(f"{neighbours} neighbours are too many for {count} points.")
    asked = spread_out(count, most)
    penalty = 0.0
    for rows, truly in _distances(original, asked):
        drawn = _table(picture[rows], picture)
        drawn[np.arange(len(rows)), rows] = np.inf
        near = np.argpartition(drawn, neighbours, axis=1)[:, :neighbours]
        for place in near.T:
            reach = truly[np.arange(len(rows)), place]
            rank = (truly < reach[:, None]).sum(1) + ((truly == reach[:, None]).sum(1) + 1) / 2
            penalty += float(np.maximum(rank - neighbours, 0).sum())
    return 1 - penalty * 2 / (len(asked) * neighbours * (2 * count - 3 * neighbours - 1))


def continuity(original: Floats, picture: Floats, neighbours: int = NEIGHBOURS, most: int | None = None) -> float:
    """How many true neighbours are still neighbours in the picture: trustworthiness the other way round."""
    return trustworthiness(picture, original, neighbours, most)


def neighbour_overlap(one: Floats, other: Floats, neighbours: int = NEIGHBOURS, most: int | None = None) -> float:
    """Which share of a point's neighbours in one picture are its neighbours in another one, on average."""
    asked = spread_out(len(one), most)
    near, also = (nearest_others(points, neighbours, asked=asked) for points in (one, other))
    shared = [len(np.intersect1d(a, b)) for a, b in zip(near, also, strict=True)]
    return float(np.mean(shared)) / neighbours


def neighbour_accuracy(
    points: Floats, labels: NDArray[np.generic], neighbours: int = NEIGHBOURS, owners: NDArray[np.generic] | None = None
) -> float:
    """How often most of a point's neighbours have its label (leave one out; the lowest label where there is a tie).

    owners: `[P]`; points of one owner, such as one sample under several combinations, do not count as neighbours.
    """
    names, codes = np.unique(labels, return_inverse=True)
    near = nearest_others(points, neighbours, owners)
    votes = np.stack([(codes[near] == label).sum(1) for label in range(len(names))], 1)
    return float((votes.argmax(1) == codes).mean())


def neighbour_correlation(points: Floats, values: Floats, neighbours: int = NEIGHBOURS) -> float:
    """Pearson's r between the number of a point and its neighbours' mean; NaN where either is constant."""
    own = values.astype(np.float64)
    return pearson(own[nearest_others(points, neighbours)].mean(1), own)


def silhouette(points: Floats, labels: NDArray[np.generic]) -> float:
    """How much nearer a point is to its own class than to the nearest other one, on average: 1 is apart, 0 is mixed.

    A class of one point counts 0. Source: Rousseeuw, Silhouettes, 1987. Raises ValueError for a single class.
    """
    names, codes, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    if len(names) < 2:
        raise ValueError("A silhouette needs two classes.")
    member = (codes[:, None] == np.arange(len(names))).astype(np.float64)
    found = []
    for rows, table in _distances(points, np.arange(len(points)), own=0.0):
        means = table @ member
        own = means[np.arange(len(rows)), codes[rows]] / np.maximum(sizes[codes[rows]] - 1, 1)
        means /= sizes
        means[np.arange(len(rows)), codes[rows]] = np.inf
        other = means.min(1)
        score = (other - own) / np.maximum(np.maximum(own, other), 1e-300)
        found.append(np.where(sizes[codes[rows]] > 1, score, 0.0))
    return float(np.concatenate(found).mean())


def nearest_others(
    points: Floats, count: int, owners: NDArray[np.generic] | None = None, asked: Rows | None = None
) -> Rows:
    """The `count` nearest other points of each point (or of those `asked` for), nearest first: `[Q, count]`."""
    rows = np.arange(len(points)) if asked is None else asked
    found = []
    for part, table in _distances(points, rows):
        if owners is not None:
            table[owners[part][:, None] == owners[None]] = np.inf
        near = np.argpartition(table, min(count, table.shape[1] - 1), axis=1)[:, :count]
        order = np.argsort(np.take_along_axis(table, near, 1), 1, kind="stable")
        found.append(np.take_along_axis(near, order, 1))
    return np.concatenate(found)


def spread_out(count: int, most: int | None) -> Rows:
    """At most `most` of `count` rows, evenly spread."""
    return np.arange(count) if most is None or count <= most else np.linspace(0, count - 1, most).astype(np.int64)


def _distances(points: Floats, asked: Rows, own: float = np.inf) -> Iterator[tuple[Rows, Table]]:
    """Rows of the table of distances, a chunk at a time; `own` stands for the distance of a point to itself."""
    for start in range(0, len(asked), CHUNK):
        rows = asked[start : start + CHUNK]
        table = _table(points[rows], points)
        table[np.arange(len(rows)), rows] = own
        yield rows, table


def _table(queries: Floats, points: Floats) -> Table:
    first, second = queries.astype(np.float64), points.astype(np.float64)
    squares = (first**2).sum(1)[:, None] + (second**2).sum(1) - 2 * first @ second.T
    return np.sqrt(np.maximum(squares, 0))
