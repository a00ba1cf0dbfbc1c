"""Furnished rooms of four kinds: the position and the finish of everything."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mmlab.tasks.generators.rooms import furniture
from mmlab.tasks.generators.rooms.finishes import PAINTS, STONES, WOODS, Finish, Generator, of
from mmlab.tasks.generators.rooms.furniture import INDEX, THIN, Furniture
from mmlab.tasks.generators.rooms.solids import Floats, Solid

KINDS = {  # along the walls, then free in the room; how likely each is
    "bedroom": ((("bed", 1.0), ("cupboard", 0.8), ("lamp", 0.8), ("chair", 0.4)), ()),
    "study": ((("table", 1.0), ("cupboard", 0.9), ("cupboard", 0.4), ("lamp", 0.7)), (("chair", 1.0), ("chair", 0.3))),
    "dining room": (
        (("sideboard", 0.9), ("cupboard", 0.4), ("lamp", 0.6)),
        (("table", 1.0), ("chair", 1.0), ("chair", 0.9), ("chair", 0.7), ("chair", 0.5)),
    ),
    "lounge": (
        (("armchair", 1.0), ("sideboard", 0.8), ("lamp", 0.9), ("armchair", 0.6)),
        (("low table", 1.0), ("armchair", 0.5)),
    ),
}
RUG, PICTURES = 0.7, (1, 2, 2, 3)  # how likely a rug is; how many pictures there are
DISGUISED = 0.15  # of the things have the colours of the wall or the floor
TRIES = 25  # to find a place for a thing
FREE = 1.0  # metres before the wall behind the camera that stay empty
APART = 0.04  # metres between things


@dataclass(frozen=True)
class Room:
    """A room from 0 to `size`, what stands in it, and the finish of walls (two of each axis), floor and ceiling.

    faces: six finishes in the order of `leave_room`: right, left, far, near, ceiling, floor.
    """

    kind: str
    size: Floats
    parts: tuple[Solid, ...]
    faces: tuple[Finish, ...]


def furnished(kind: str, rng: Generator) -> Room:
    """A room of one of `KINDS`."""
    size = np.array([rng.uniform(2.8, 4.2), rng.uniform(3.4, 5.0), rng.uniform(2.3, 2.7)], np.float32)
    wall = of(PAINTS, str(rng.choice(["plain", "plain", "plain", "stripes", "blocks"])), rng.uniform(0.25, 0.6), rng)
    accent = wall if rng.random() < 0.6 else of(PAINTS, "plain", 1.0, rng)
    floor = of((*WOODS, *STONES), str(rng.choice(["planks", "planks", "checks", "specks"])), 0.3, rng, 0.4)
    ceiling = wall if rng.random() < 0.4 else of(PAINTS[:3], "plain", 1.0, rng)
    layout = _Layout(size, wall, floor, rng)
    along, free = KINDS[kind]
    for names, place in ((along, layout.by_wall), (free, layout.inside)):
        for name, likely in names:
            if rng.random() < likely:
                place(layout.disguised(furniture.MAKERS[name](rng)))
    if rng.random() < RUG:
        layout.lay(furniture.rug(rng))
    for _ in range(int(rng.choice(PICTURES))):
        layout.hang(furniture.picture(rng))
    return Room(kind, size, tuple(layout.parts), (wall, wall, accent, wall, ceiling, floor))


class _Layout:
    """The floor of a room while it fills."""

    def __init__(self, size: Floats, wall: Finish, floor: Finish, rng: Generator) -> None:
        self.width, self.length = float(size[0]), float(size[1])
        self.wall, self.floor, self.rng = wall, floor, rng
        self.parts: list[Solid] = []
        self.taken: list[tuple[float, float, float, float]] = []

    def disguised(self, thing: Furniture) -> Furniture:
        """The thing, or the same with the colours of the wall or the floor."""
        if self.rng.random() >= DISGUISED:
            return thing
        like = self.wall if self.rng.random() < 0.6 else self.floor
        parts = (
            replace(part, finish=replace(like, shine=part.finish.shine, glow=part.finish.glow)) for part in thing.parts
        )
        return replace(thing, parts=tuple(parts))

    def by_wall(self, thing: Furniture) -> None:
        """With its back to the far, the left or the right wall, where there is room for it."""
        for _ in range(TRIES):
            side = self.rng.choice(["far", "far", "left", "right"])
            deep = thing.deep + APART
            if side == "far":
                spot = self.rng.uniform(thing.wide, max(self.width - thing.wide, thing.wide + 0.01)), self.length - deep
                turn, half = 0.0, (thing.wide, thing.deep)
            else:
                along = self.rng.uniform(FREE + thing.wide, max(self.length - thing.wide, FREE + thing.wide + 0.01))
                spot = (deep if side == "left" else self.width - deep), along
                turn, half = (np.pi / 2 if side == "left" else -np.pi / 2), (thing.deep, thing.wide)
            if self._stands(thing, spot, turn, half):
                return

    def inside(self, thing: Furniture) -> None:
        """Anywhere that is free, turned at will."""
        reach = max(thing.wide, thing.deep)
        for _ in range(TRIES):
            spot = self.rng.uniform(reach, self.width - reach), self.rng.uniform(FREE + reach, self.length - reach)
            turn = self.rng.uniform(-np.pi, np.pi) if reach < 0.3 else self.rng.choice([0, np.pi / 2, np.pi])
            sideways = abs(np.sin(turn)) > 0.9
            half = (thing.deep, thing.wide) if sideways else (thing.wide, thing.deep)
            if self._stands(thing, spot, float(turn), (reach, reach) if reach < 0.3 else half):
                return

    def lay(self, thing: Furniture) -> None:
        """Flat on the floor, under whatever stands there."""
        x = self.rng.uniform(0.4, 0.6) * self.width
        self.parts += thing.at(x, self.rng.uniform(0.4, 0.7) * self.length, self.rng.normal(0, 0.15))

    def hang(self, thing: Furniture) -> None:
        """On the far, the left or the right wall."""
        side, wide = self.rng.choice(["far", "left", "right"]), thing.wide
        if side == "far":
            self.parts += thing.at(self.rng.uniform(wide, self.width - wide), self.length - THIN, 0.0)
        else:
            along = self.rng.uniform(FREE + wide, self.length - wide)
            self.parts += thing.at(THIN if side == "left" else self.width - THIN, along, np.pi / 2)

    def _stands(self, thing: Furniture, spot: tuple[float, float], turn: float, half: tuple[float, float]) -> bool:
        """Put it there, if nothing is in the way."""
        low, high = (tuple(at + sign * size for at, size in zip(spot, half, strict=True)) for sign in (-1, 1))
        if low[0] < 0 or low[1] < FREE or high[0] > self.width or high[1] > self.length:
            return False
        for x0, y0, x1, y1 in self.taken:
            if low[0] < x1 and high[0] > x0 and low[1] < y1 and high[1] > y0:
                return False
        self.taken.append((low[0] - APART, low[1] - APART, high[0] + APART, high[1] + APART))
        self.parts += thing.at(*spot, turn)
        return True


FACES = tuple(INDEX[name] for name in ("wall", "wall", "wall", "wall", "ceiling", "floor"))
