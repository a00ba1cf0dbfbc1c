"""The eight kinds of object: a body of the same range of sizes for all, one of six fronts, and one of five rears.

A monitor and a tube television have the same front, and so have a washing machine and a tumble dryer: the rear tells
them apart. A washing machine and a dishwasher have the same rear, and so have the three pieces of furniture: there the
front tells. What is seen from the side tells nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mmlab.tasks.generators.objects.solids import Solid

Generator = np.random.Generator
KINDS = {  # name: front, rear
    "monitor": ("screen", "slots"),
    "tube television": ("screen", "tube"),
    "washing machine": ("porthole", "pipes"),
    "tumble dryer": ("porthole", "hose"),
    "dishwasher": ("panel", "pipes"),
    "wardrobe": ("doors", "wall"),
    "chest of drawers": ("drawers", "wall"),
    "bookcase": ("shelves", "wall"),
}


@dataclass(frozen=True)
class Body:
    """Half the width, depth and height of a body, and its shade."""

    wide: float
    deep: float
    high: float
    shade: float


def build(kind: str, rng: Generator) -> list[Solid]:
    """An object of a kind, about the origin, as its parts. Proportions, shades and details are drawn."""
    body = Body(rng.uniform(0.5, 0.66), rng.uniform(0.3, 0.45), rng.uniform(0.5, 0.72), rng.uniform(0.45, 0.9))
    front, rear = KINDS[kind]
    whole = Solid("box", (0, 0, 0), (body.wide, body.deep, body.high), body.shade)
    return [whole, *FRONTS[front](body, rng), *REARS[rear](body, rng)]


def _other(shade: float, rng: Generator) -> float:
    """A shade that stands out from another, a little or much."""
    contrast = rng.uniform(0.15, 0.4)
    return float(shade - contrast if shade > 0.6 or (shade > 0.45 and rng.random() < 0.5) else shade + contrast)


def _on_front(body: Body, at: tuple[float, float], half: tuple[float, float], shade: float, out: float = 0.02) -> Solid:
    """A plate on the front: its middle and half its size as shares of half the width and height of the body."""
    middle = (at[0] * body.wide, -body.deep, at[1] * body.high)
    return Solid("box", middle, (half[0] * body.wide, out, half[1] * body.high), shade)


def _screen(body: Body, rng: Generator) -> list[Solid]:
    size = rng.uniform(0.66, 0.86), rng.uniform(0.5, 0.7)
    return [_on_front(body, (0, 0.9 - size[1]), size, rng.uniform(0.05, 0.2))]


def _porthole(body: Body, rng: Generator) -> list[Solid]:
    radius = rng.uniform(0.5, 0.72) * body.wide
    at, shade = (0.0, -body.deep, rng.uniform(-0.15, 0.05) * body.high), _other(body.shade, rng)
    ring = Solid("cylinder-y", at, (radius, 0.05, radius), shade)
    glass = Solid("cylinder-y", at, (radius * 0.72, 0.06, radius * 0.72), rng.uniform(0.05, 0.25))
    return [ring, glass, _on_front(body, (0, 0.87), (0.9, 0.07), _other(body.shade, rng))]


def _panel(body: Body, rng: Generator) -> list[Solid]:
    handle = _on_front(body, (0, 0.58), (rng.uniform(0.5, 0.75), 0.05), _other(body.shade, rng), 0.08)
    return [_on_front(body, (0, 0.86), (0.92, 0.1), _other(body.shade, rng)), handle]


def _doors(body: Body, rng: Generator) -> list[Solid]:
    shade, high = _other(body.shade, rng), rng.uniform(0.15, 0.3)
    gap = _on_front(body, (0, 0), (0.035, 0.92), body.shade * 0.3)
    knobs = [_on_front(body, (side * 0.17, rng.uniform(-0.05, 0.1)), (0.05, high), shade, 0.07) for side in (-1, 1)]
    return [gap, *knobs]


def _drawers(body: Body, rng: Generator) -> list[Solid]:
    count, shade = int(rng.integers(3, 5)), _other(body.shade, rng)
    parts = []
    for row in range(count):
        at = -1 + (2 * row + 1) / count
        parts.append(_on_front(body, (0, at), (0.9, 0.84 / count), body.shade * 0.85, 0.03))
        parts.append(_on_front(body, (0, at), (0.2, 0.05), shade, 0.07))
    return parts


def _shelves(body: Body, rng: Generator) -> list[Solid]:
    count = int(rng.integers(3, 5))
    parts = []
    for row in range(count):
        at = -1 + (2 * row + 1) / count
        parts.append(_on_front(body, (0, at), (0.9, 0.8 / count), body.shade * 0.35))
        filled = rng.uniform(0.3, 0.8)  # books, from the left
        books, shade = (filled - 0.9, at - 0.12 / count), rng.uniform(0.3, 0.9)
        parts.append(_on_front(body, books, (filled, 0.6 / count), shade, 0.03))
    return parts


def _on_rear(body: Body, at: tuple[float, float], half: tuple[float, float], shade: float, out: float = 0.02) -> Solid:
    """As `_on_front`, on the rear."""
    middle = (at[0] * body.wide, body.deep, at[1] * body.high)
    return Solid("box", middle, (half[0] * body.wide, out, half[1] * body.high), shade)


def _slots(body: Body, rng: Generator) -> list[Solid]:
    top, count, shade = rng.uniform(0.4, 0.75), int(rng.integers(3, 5)), _other(body.shade, rng)
    return [_on_rear(body, (0, top - 0.22 * row), (0.55, 0.05), shade) for row in range(count)]


def _tube(body: Body, rng: Generator) -> list[Solid]:
    size = rng.uniform(0.5, 0.75)
    half = (size * body.wide, rng.uniform(0.2, 0.35), size * body.high)
    return [Solid("ellipsoid", (0, body.deep, rng.uniform(0, 0.2) * body.high), half, body.shade * 0.9)]


def _pipes(body: Body, rng: Generator) -> list[Solid]:
    apart, thick, shade = rng.uniform(0.25, 0.5), rng.uniform(0.04, 0.06), _other(body.shade, rng)
    high, low = rng.uniform(0.55, 0.8) * body.high, rng.uniform(-0.3, 0.1) * body.high
    return [
        Solid("cylinder-z", (side * apart * body.wide, body.deep + 0.06, low), (thick, thick, high), shade)
        for side in (-1, 1)
    ]


def _hose(body: Body, rng: Generator) -> list[Solid]:
    radius, shade = rng.uniform(0.16, 0.24), _other(body.shade, rng)
    at = (rng.uniform(-0.4, 0.4) * body.wide, body.deep, rng.uniform(-0.6, 0.1) * body.high)
    hole = Solid("cylinder-y", at, (radius * 0.65, 0.16, radius * 0.65), 0.1)
    return [Solid("cylinder-y", at, (radius, 0.15, radius), shade), hole]


def _wall(body: Body, rng: Generator) -> list[Solid]:
    return [_on_rear(body, (0, 0), (0.92, 0.92), body.shade * rng.uniform(0.8, 0.95), 0.01)]


Part = Callable[[Body, Generator], list[Solid]]
FRONTS: dict[str, Part] = {
    "screen": _screen,
    "porthole": _porthole,
    "panel": _panel,
    "doors": _doors,
    "drawers": _drawers,
    "shelves": _shelves,
}
REARS: dict[str, Part] = {"slots": _slots, "tube": _tube, "pipes": _pipes, "hose": _hose, "wall": _wall}
