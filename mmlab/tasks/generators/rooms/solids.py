"""Boxes and spheres in a room, and their intersections with rays: many rays and all solids at once, in NumPy.

Coordinates in metres: x to the right, y away from the wall behind the camera, z upwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmlab.tasks.generators.rooms.finishes import Finish

Floats = NDArray[np.float32]
Place = tuple[float, float, float]
FAR = np.float32(1e6)  # the way of a ray that meets nothing
TINY = np.float32(1e-6)
BESIDE = np.float32(1e-3)  # of the way to a lamp: a surface does not shade itself


@dataclass(frozen=True)
class Solid:
    """One part of a thing: a box, or a ball that fills it.

    middle, half: where it is and half of its size along its own axes, metres; turn: radians about the vertical;
    region: the index of what it belongs to.
    """

    middle: Place
    half: Place
    region: int
    finish: Finish
    turn: float = 0.0
    ball: bool = False


@dataclass(frozen=True)
class RayHit:
    """Where rays `[R]` end: way, the index of the solid (or face), the axis of the side, and place and normal there.

    place `[3, R]`: metres along the axes of what was met, about its middle; normal `[3, R]`: in the room's axes.
    """

    way: Floats
    which: NDArray[np.intp]
    axis: NDArray[np.intp]
    place: Floats
    normal: Floats


class Solids:
    """The solids of a room as arrays, to be asked about many rays at once."""

    def __init__(self, parts: Sequence[Solid]) -> None:
        self.middle = np.array([part.middle for part in parts], np.float32).T[:, :, None]
        self.half = np.array([part.half for part in parts], np.float32).T[:, :, None]
        turn = np.array([part.turn for part in parts])
        self.cos, self.sin = np.cos(turn).astype(np.float32)[:, None], np.sin(turn).astype(np.float32)[:, None]
        self.balls = np.flatnonzero([part.ball for part in parts])

    def meet(self, origin: Floats, ways: Floats) -> RayHit:
        """What rays from one place `[3]` along `ways` `[3, R]` meet first; `FAR` where that is nothing."""
        start, along = self._seen_by(origin[:, None], ways)
        enter, leave, axis = _slabs(start, along)
        self._round(start, along, enter, leave)
        enter = np.where((enter < leave) & (enter > TINY), enter, FAR)
        which = enter.argmin(0)
        rays = np.arange(ways.shape[1])
        way, side = enter[which, rays], axis[which, rays]
        picked = np.broadcast_to(start, along.shape)[:, which, rays] + way * along[:, which, rays]
        return RayHit(way, which, side, picked * self.half[:, which, 0], self._normals(picked, along, which, side))

    def between(self, places: Floats, lamp: Floats) -> NDArray[np.bool_]:
        """Whether any solid stands between each of the places `[3, R]` and the lamp `[3]`."""
        start, along = self._seen_by(places, lamp[:, None] - places)
        enter, leave, _ = _slabs(start, along)
        self._round(start, along, enter, leave)
        return np.asarray(((enter < leave) & (leave > BESIDE) & (enter < 1 - BESIDE) & (enter > BESIDE)).any(0))

    def _seen_by(self, origins: Floats, ways: Floats) -> tuple[Floats, Floats]:
        """Rays as each solid has them, `[3, P, R]`, in which it reaches from -1 to 1."""
        return self._turned(origins[:, None] - self.middle), self._turned(ways[:, None])

    def _turned(self, values: Floats) -> Floats:
        x, y, z = values
        across, deep = self.cos * x + self.sin * y, self.cos * y - self.sin * x
        return np.asarray(np.stack([across, deep, np.broadcast_to(z, across.shape)]) / self.half, np.float32)

    def _round(self, start: Floats, along: Floats, enter: Floats, leave: Floats) -> None:
        """Put where rays enter and leave the balls into the rows of these."""
        if not len(self.balls):
            return
        place, step = np.broadcast_to(start, along.shape)[:, self.balls], along[:, self.balls]
        square, mixed = (step * step).sum(0), (place * step).sum(0)
        root = mixed**2 - square * ((place * place).sum(0) - 1)
        far = np.sqrt(np.maximum(root, 0))
        enter[self.balls] = np.where(root > 0, (-mixed - far) / square, FAR)
        leave[self.balls] = np.where(root > 0, (-mixed + far) / square, -FAR)

    def _normals(self, picked: Floats, along: Floats, which: NDArray[np.intp], side: NDArray[np.intp]) -> Floats:
        rays = np.arange(len(which))
        own = np.zeros_like(picked)
        own[side, rays] = -np.sign(along[side, which, rays])
        ball = np.isin(which, self.balls)
        own[:, ball] = picked[:, ball] / self.half[:, which[ball], 0]
        own /= np.maximum(np.sqrt((own * own).sum(0)), TINY)
        cos, sin = self.cos[which, 0], self.sin[which, 0]
        return np.stack([cos * own[0] - sin * own[1], sin * own[0] + cos * own[1], own[2]])


def leave_room(size: Floats, origin: Floats, ways: Floats) -> RayHit:
    """Where rays from inside meet the walls, the floor (5) or the ceiling (4) of an empty room from 0 to `size`."""
    steps = np.where(np.abs(ways) < TINY, TINY, ways)
    out = (np.where(steps > 0, size[:, None], 0) - origin[:, None]) / steps
    axis = out.argmin(0)
    rays = np.arange(ways.shape[1])
    way, back = out[axis, rays], steps[axis, rays] < 0
    normal = np.zeros_like(ways)
    normal[axis, rays] = np.where(back, 1, -1)
    return RayHit(way, axis * 2 + back, axis, origin[:, None] + way * ways, normal)


def _slabs(start: Floats, along: Floats) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Where rays enter and leave what lies between -1 and 1 along all axes, and the axis of the side they enter by."""
    steps = np.where(np.abs(along) < TINY, TINY, along)
    first, last = (-1 - start) / steps, (1 - start) / steps
    near = np.minimum(first, last)
    return near.max(0), np.maximum(first, last).min(0), near.argmax(0)
