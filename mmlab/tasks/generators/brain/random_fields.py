"""Smooth random fields in three dimensions: normal values on coarse knots, joined by cubic B-splines."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
SPREAD = 0.479**0.5  # standard deviation that one axis of cubic B-splines leaves of unit knots, averaged over phases


def smooth_field(axes: tuple[Floats, Floats, Floats], spacing: float, rng: np.random.Generator) -> Floats:
    """A field of mean 0 and spread about 1 at the grid of `axes` (mm each), `[Z, Y, X]`; knots `spacing` mm apart.

    The same generator state gives the same field wherever it is looked at, as long as the ends of the axes agree.
    """
    matrices = [_weights(axis, spacing) for axis in axes]
    knots = rng.normal(0, SPREAD**-3, [matrix.shape[1] for matrix in matrices])
    return np.einsum("zk,yj,xi,kji->zyx", *matrices, knots, optimize=True)


def _weights(places: Floats, spacing: float) -> Floats:
    """What each knot adds to each place: `[places, knots]`, rows sum to 1."""
    along = (places - places.min()) / spacing
    first = np.floor(along).astype(int)
    share = along - first
    pieces = np.stack(
        [(1 - share) ** 3, 3 * share**3 - 6 * share**2 + 4, -3 * share**3 + 3 * share**2 + 3 * share + 1, share**3], 1
    )
    weights = np.zeros((len(places), int(first.max()) + 4))
    np.put_along_axis(weights, first[:, None] + np.arange(4), pieces / 6, 1)
    return weights
