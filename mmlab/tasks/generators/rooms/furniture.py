"""The objects in the rooms of the task `rooms`, made of boxes and spheres, with random proportions, colours and
details.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from mmlab.tasks.generators.rooms.finishes import CLOTHS, LACQUERS, PAINTS, WOODS, Colour, Finish, Generator, of
from mmlab.tasks.generators.rooms.solids import Place, Solid

REGIONS = ("wall", "floor", "ceiling", "picture", "rug", "bed", "chair", "table", "cupboard", "lamp")
INDEX = {name: place for place, name in enumerate(REGIONS)}
PALE: tuple[Colour, ...] = (PAINTS[0], PAINTS[1], CLOTHS[5])
THIN = 0.006  # metres, half of what a rug or a picture stands out: less than a depth camera can tell


@dataclass(frozen=True)
class Furniture:
    """A thing about the middle of its foot, its front towards negative y: half its width and depth, and its parts."""

    wide: float
    deep: float
    parts: tuple[Solid, ...]

    def at(self, x: float, y: float, turn: float) -> list[Solid]:
        """Its parts where it stands in a room, turned by so many radians."""
        cos, sin = float(np.cos(turn)), float(np.sin(turn))

        def moved(middle: Place) -> Place:
            return x + cos * middle[0] - sin * middle[1], y + sin * middle[0] + cos * middle[1], middle[2]

        return [replace(part, middle=moved(part.middle), turn=part.turn + turn) for part in self.parts]


def _box(name: str, middle: Place, half: Place, finish: Finish) -> Solid:
    return Solid(middle, half, INDEX[name], finish)


def _legs(name: str, wide: float, deep: float, high: float, thick: float, finish: Finish) -> list[Solid]:
    """Four legs up to a height, at the corners."""
    places = [(x * (wide - thick), y * (deep - thick)) for x in (-1, 1) for y in (-1, 1)]
    return [_box(name, (x, y, high / 2), (thick, thick, high / 2), finish) for x, y in places]


def bed(rng: Generator) -> Furniture:
    """A frame with a mattress under a cover, a pillow, and often a board at the head."""
    wide, deep, high = rng.uniform(0.45, 0.8), rng.uniform(0.9, 1.02), rng.uniform(0.2, 0.3)
    wood = of(WOODS, "plain", 1.0, rng)
    cover = of(
        (*PALE, *CLOTHS[1:4]), str(rng.choice(["plain", "stripes", "checks"])), rng.uniform(0.15, 0.35), rng, 0.4
    )
    pillow = of(PALE, "plain", 1.0, rng)
    parts = [
        _box("bed", (0, 0, high / 2 + 0.04), (wide, deep, high / 2 - 0.04), wood),
        _box("bed", (0, -0.02, high + 0.1), (wide - 0.02, deep - 0.04, 0.1), cover),
        _box("bed", (0, deep - 0.28, high + 0.25), (wide * 0.7, 0.18, 0.06), pillow),
    ]
    if rng.random() < 0.7:
        parts.append(_box("bed", (0, deep, rng.uniform(0.4, 0.55)), (wide, 0.03, 0.4), wood))
    return Furniture(wide, deep, tuple(parts))


def table(rng: Generator, low: bool = False) -> Furniture:
    """A top on four legs."""
    wide, deep = rng.uniform(0.45, 0.85), rng.uniform(0.32, 0.45)
    high = rng.uniform(0.36, 0.48) if low else rng.uniform(0.68, 0.78)
    wood = of(WOODS, str(rng.choice(["plain", "planks"])), rng.uniform(0.08, 0.16), rng)
    wood = replace(wood, shine=float(rng.choice([0.0, 0.0, 0.6])))
    top = _box("table", (0, 0, high), (wide, deep, 0.035), wood)
    return Furniture(wide, deep, (top, *_legs("table", wide, deep, high, 0.035, wood)))


def chair(rng: Generator) -> Furniture:
    """A seat on four legs, with a back."""
    half, seat, top = rng.uniform(0.2, 0.25), rng.uniform(0.42, 0.48), rng.uniform(0.8, 1.0)
    wood, cloth = of(WOODS, "plain", 1.0, rng), of(CLOTHS[:5], "plain", 1.0, rng)
    back = _box("chair", (0, half, (seat + top) / 2), (half, 0.03, (top - seat) / 2), cloth if half > 0.22 else wood)
    parts = (
        _box("chair", (0, 0, seat), (half, half, 0.04), cloth),
        back,
        *_legs("chair", half, half, seat, 0.03, wood),
    )
    return Furniture(half, half, parts)


def armchair(rng: Generator) -> Furniture:
    """A deep seat between two arms and a back, down to the floor."""
    wide, deep, seat = rng.uniform(0.36, 0.5), rng.uniform(0.36, 0.44), rng.uniform(0.36, 0.46)
    cloth = of(CLOTHS[:5], str(rng.choice(["plain", "specks"])), 0.12, rng, 0.25)
    arms = [_box("chair", (x * (wide - 0.07), 0, 0.29), (0.07, deep, 0.29), cloth) for x in (-1, 1)]
    back = _box("chair", (0, deep - 0.08, 0.45), (wide, 0.08, 0.45), cloth)
    return Furniture(wide, deep, (_box("chair", (0, 0, seat / 2), (wide, deep, seat / 2), cloth), back, *arms))


def cupboard(rng: Generator, low: bool = False) -> Furniture:
    """A box with doors or drawers; lacquer and glass are shiny."""
    wide, deep = rng.uniform(0.4, 0.9), rng.uniform(0.2, 0.3)
    high = rng.uniform(0.35, 0.5) if low else rng.uniform(0.5, 1.05)
    front = of(LACQUERS, str(rng.choice(["panels", "panels", "plain"])), rng.uniform(0.35, 0.6), rng, 0.6)
    front = replace(front, shine=float(rng.choice([0.0, 0.0, 0.5, 0.9])))
    return Furniture(wide, deep, (_box("cupboard", (0, 0, high), (wide, deep, high), front),))


def lamp(rng: Generator) -> Furniture:
    """A foot, a pole and a ball of paper or glass, which may be lit."""
    high, ball = rng.uniform(1.0, 1.5), rng.uniform(0.2, 0.32)
    metal, shade = of((*WOODS, PAINTS[5], CLOTHS[6]), "plain", 1.0, rng), of(PALE, "plain", 1.0, rng)
    shade = replace(shade, glow=float(rng.choice([0.2, 0.5, 0.8])), shine=float(rng.choice([0.0, 0.5])))
    parts = (
        _box("lamp", (0, 0, 0.02), (0.14, 0.14, 0.02), metal),
        _box("lamp", (0, 0, high / 2), (0.04, 0.04, high / 2), metal),
        Solid((0, 0, high), (ball, ball, ball * rng.uniform(0.7, 1.1)), INDEX["lamp"], shade, 0.0, True),
    )
    return Furniture(ball, ball, parts)


def rug(rng: Generator) -> Furniture:
    """Thin enough to lie on the floor as far as distances go."""
    wide, deep = rng.uniform(0.6, 1.2), rng.uniform(0.45, 0.85)
    cloth = of(CLOTHS, str(rng.choice(["plain", "stripes", "checks", "specks"])), rng.uniform(0.15, 0.4), rng, 0.5)
    return Furniture(wide, deep, (_box("rug", (0, 0, THIN), (wide, deep, THIN), cloth),))


def picture(rng: Generator) -> Furniture:
    """Flat on a wall; behind glass it shines."""
    wide, high = rng.uniform(0.3, 0.7), rng.uniform(0.25, 0.5)
    painted = of((*CLOTHS, *PAINTS, *WOODS), str(rng.choice(["blocks", "plain", "specks"])), 0.17, rng, 0.8)
    painted = replace(painted, shine=float(rng.choice([0.0, 0.7])))
    return Furniture(wide, THIN, (_box("picture", (0, 0, rng.uniform(1.3, 1.65)), (wide, THIN, high), painted),))


MAKERS: dict[str, Callable[[Generator], Furniture]] = {
    "bed": bed,
    "table": table,
    "low table": lambda rng: table(rng, low=True),
    "chair": chair,
    "armchair": armchair,
    "cupboard": cupboard,
    "sideboard": lambda rng: cupboard(rng, low=True),
    "lamp": lamp,
}
