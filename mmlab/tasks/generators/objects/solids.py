"""Simple solids and where straight rays meet them: boxes, cylinders and ellipsoids, in NumPy.

Coordinates: x to the right, y away from whoever stands before the front, z upwards.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
FAR = np.float32(1e6)  # the way of a ray that meets nothing
TINY = np.float32(1e-6)


@dataclass(frozen=True)
class Solid:
    """One part of an object: `kind` is `box`, `cylinder-x`, `cylinder-y`, `cylinder-z` or `ellipsoid`.

    middle, half: where it is and half of its size along x, y, z; shade: how much light it gives back, 0 to 1.
    """

    kind: str
    middle: tuple[float, float, float]
    half: tuple[float, float, float]
    shade: float


def meet(solid: Solid, origins: Floats, direction: Floats) -> tuple[Floats, Floats]:
    """How far parallel rays from `origins` `[R, 3]` go until they meet a solid, `[R]`, and its normals, `[R, 3]`."""
    half = np.asarray(solid.half, np.float32)
    start = (origins - np.asarray(solid.middle, np.float32)) / half  # the solid is of radius one here
    along: Floats = np.asarray(np.where(np.abs(direction) < TINY, TINY, direction) / half, np.float32)
    if solid.kind == "box":
        way, normals = _slabs(start, along, (0, 1, 2))
    elif solid.kind == "ellipsoid":
        way, _, normals = _round(start, along, (0, 1, 2))
    else:
        way, normals = _cylinder(start, along, "xyz".index(solid.kind[-1]))
    normals = normals / half
    return way, normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), TINY)


def _slabs(start: Floats, along: Floats, axes: tuple[int, ...]) -> tuple[Floats, Floats]:
    """Where rays enter what lies between -1 and 1 along each of the axes."""
    enter, leave, axis = _between(start, along, axes)
    normals = np.zeros_like(start)
    normals[np.arange(len(start)), axis] = -np.sign(along)[axis]
    return np.where(enter < leave, enter, FAR), normals


def _between(start: Floats, along: Floats, axes: tuple[int, ...]) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Where rays enter and leave, and through the side of which axis they enter."""
    first, last = (-1 - start[:, axes]) / along[list(axes)], (1 - start[:, axes]) / along[list(axes)]
    near = np.minimum(first, last)
    return near.max(1), np.maximum(first, last).min(1), np.asarray(axes)[near.argmax(1)]


def _round(start: Floats, along: Floats, axes: tuple[int, ...]) -> tuple[Floats, Floats, Floats]:
    """Where rays enter and leave a ball, or an endless cylinder, and the normals where they enter."""
    place, step = start[:, axes], along[list(axes)]
    square, mixed = (step * step).sum(), place @ step
    inside = mixed**2 - square * ((place * place).sum(1) - 1)
    root = np.sqrt(np.maximum(inside, 0))
    enter = np.where(inside > 0, (-mixed - root) / square, FAR)
    leave = np.where(inside > 0, (-mixed + root) / square, -FAR)
    normals = np.zeros_like(start)
    normals[:, axes] = place + enter[:, None] * step
    return enter, leave, normals


def _cylinder(start: Floats, along: Floats, axis: int) -> tuple[Floats, Floats]:
    """Where rays enter a cylinder along an axis: through its mantle, or through one of its ends."""
    others = tuple(each for each in range(3) if each != axis)
    enter, leave, normals = _round(start, along, others)
    end, last, _ = _between(start, along, (axis,))
    through_end = end > enter
    normals[through_end] = 0
    normals[through_end, axis] = -np.sign(along[axis])
    way = np.maximum(enter, end)
    return np.where(way < np.minimum(leave, last), way, FAR), normals
