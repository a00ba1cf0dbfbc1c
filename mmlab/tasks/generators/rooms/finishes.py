"""Surface finishes: two colours in a pattern, and specular reflection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Generator = np.random.Generator
Colour = tuple[float, float, float]

WOODS: tuple[Colour, ...] = ((0.78, 0.60, 0.38), (0.60, 0.40, 0.22), (0.40, 0.25, 0.14), (0.20, 0.13, 0.09))
PAINTS: tuple[Colour, ...] = (
    (0.92, 0.91, 0.88),
    (0.86, 0.82, 0.70),
    (0.70, 0.76, 0.80),
    (0.72, 0.80, 0.68),
    (0.85, 0.70, 0.66),
    (0.45, 0.50, 0.55),
)
CLOTHS: tuple[Colour, ...] = (
    (0.70, 0.20, 0.20),
    (0.20, 0.32, 0.62),
    (0.22, 0.50, 0.34),
    (0.82, 0.70, 0.30),
    (0.52, 0.30, 0.55),
    (0.88, 0.86, 0.82),
    (0.10, 0.10, 0.12),
)
LACQUERS: tuple[Colour, ...] = ((0.95, 0.95, 0.95), (0.30, 0.42, 0.52), (0.62, 0.72, 0.62), (0.60, 0.40, 0.22))
STONES: tuple[Colour, ...] = ((0.55, 0.55, 0.55), (0.72, 0.68, 0.62), (0.35, 0.36, 0.38))
SPECK = 0.04  # metres


@dataclass(frozen=True)
class Finish:
    """A surface: colour and second, shares of red, green and blue thrown back; pattern of the two, `scale` metres.

    shine: 0 matt to 1 glass; glow: light of its own.
    """

    colour: Colour
    second: Colour
    pattern: str = "plain"
    scale: float = 0.5
    shine: float = 0.0
    glow: float = 0.0


def of(colours: tuple[Colour, ...], pattern: str, scale: float, rng: Generator, contrast: float = 0.3) -> Finish:
    """A finish whose colour is near one of these, and whose second is lighter or darker by up to `contrast`."""
    base = np.asarray(colours[rng.integers(len(colours))]) * rng.uniform(0.8, 1.15) + rng.normal(0, 0.03, 3)
    second = base * (1 + rng.uniform(0.3, 1) * contrast * rng.choice([-1, 1]))
    first, other = (tuple(float(part) for part in value.clip(0.03, 0.97)) for value in (base, second))
    return Finish((first[0], first[1], first[2]), (other[0], other[1], other[2]), pattern, scale)


def colours(finishes: list[Finish], which: NDArray[np.intp], across: Floats, up: Floats) -> Floats:
    """The colours `[3, R]` of places across and up on surfaces, metres; which: of the finishes, `[R]`."""
    scale = np.array([each.scale for each in finishes], np.float32)[which]
    shares = np.zeros(len(which), np.float32)
    for name, pattern in PATTERNS.items():
        rows = np.flatnonzero(np.array([each.pattern == name for each in finishes])[which])
        if len(rows):
            shares[rows] = pattern(across[rows], up[rows], scale[rows], which[rows])
    first, second = (np.array([getattr(e, part) for e in finishes], np.float32)[which].T for part in FIELDS)
    return np.asarray(first + shares * (second - first))


def _chance(first: Floats, second: Floats, which: NDArray[np.intp]) -> Floats:
    """A number in [0, 1) per cell of a grid, always the same for the same cell of the same surface."""
    mixed = first.astype(np.int64) * 73856093 ^ second.astype(np.int64) * 19349663 ^ (which + 1) * 83492791
    mixed = (mixed ^ (mixed >> 13)) * 1274126177 & 0xFFFFFF
    return (mixed / 2**24).astype(np.float32)


def _stripes(across: Floats, up: Floats, scale: Floats, which: NDArray[np.intp]) -> Floats:
    return np.asarray((across / scale) % 1 < 0.5, np.float32)


def _checks(across: Floats, up: Floats, scale: Floats, which: NDArray[np.intp]) -> Floats:
    return np.asarray((np.floor(across / scale) + np.floor(up / scale)) % 2, np.float32)


def _planks(across: Floats, up: Floats, scale: Floats, which: NDArray[np.intp]) -> Floats:
    """Boards side by side, each of its own shade, cut at places of its own."""
    board = np.floor(across / scale)
    cut = np.floor(up / (6 * scale) + 7 * _chance(board, board, which))
    return _chance(board, cut, which)


def _specks(across: Floats, up: Floats, scale: Floats, which: NDArray[np.intp]) -> Floats:
    return _chance(np.floor(across / SPECK), np.floor(up / SPECK), which)


def _panels(across: Floats, up: Floats, scale: Floats, which: NDArray[np.intp]) -> Floats:
    """Doors or drawers: joints of the second colour between fields."""
    joints = [np.abs((place / scale) % 1 - 0.5) > 0.43 for place in (across, up)]
    return np.asarray(joints[0] | joints[1], np.float32)


def _blocks(across: Floats, up: Floats, scale: Floats, which: NDArray[np.intp]) -> Floats:
    """Rectangles here and there, as large as pictures and doors are."""
    return np.asarray(_chance(np.floor(across / scale), np.floor(up / (1.3 * scale)), which) < 0.25, np.float32)


FIELDS = ("colour", "second")
PATTERNS: dict[str, Callable[[Floats, Floats, Floats, NDArray[np.intp]], Floats]] = {
    "stripes": _stripes,
    "checks": _checks,
    "planks": _planks,
    "specks": _specks,
    "panels": _panels,
    "blocks": _blocks,
}
