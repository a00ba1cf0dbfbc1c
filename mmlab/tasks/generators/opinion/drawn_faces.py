"""Drawn faces: head, hair, brows, eyes and mouth, from an identity and an expression. Simulated, and a drawing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmlab.core.recordings import Picture
from mmlab.core.task import Split

Floats = NDArray[np.float64]
SIDE = 40
SEED = 31
IDENTITIES: dict[Split, tuple[int, int]] = {"train": (0, 400), "valid": (400, 460), "test": (460, 580)}
_ROWS, _COLUMNS = (grid.astype(np.float64) for grid in np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j])
_SOFT = 1.4 / SIDE  # half the width of an edge


@dataclass(frozen=True)
class Identity:
    """Who it is: sizes as shares of half the picture, greys from 0 (black) to 1 (white)."""

    width: float
    height: float
    skin: float
    paper: float
    ink: float
    hair: float
    hair_line: float
    eye_distance: float
    eye_size: float
    brow_thickness: float
    mouth_width: float
    mouth_height: float


@dataclass(frozen=True)
class Expression:
    """What the face does, each from -1 (very negative) to 1 (very positive)."""

    mouth: float
    brows: float
    eyes: float


@dataclass(frozen=True)
class Pose:
    """Where the head is: shifts as shares of half the picture, and a turn in radians."""

    right: float = 0.0
    down: float = 0.0
    turn: float = 0.0


def identity(number: int) -> Identity:
    """The person of this number, always the same."""
    rng = np.random.default_rng((SEED, number))
    skin = rng.uniform(0.55, 0.95)
    paper = rng.uniform(0.15, 1.0)
    if abs(paper - skin) < 0.15:
        paper = skin - 0.3
    return Identity(
        width=rng.uniform(0.6, 0.78),
        height=rng.uniform(0.74, 0.9),
        skin=skin,
        paper=paper,
        ink=rng.uniform(0.0, 0.2),
        hair=rng.uniform(0.0, 0.5),
        hair_line=rng.uniform(-0.95, -0.5),
        eye_distance=rng.uniform(0.24, 0.36),
        eye_size=rng.uniform(0.09, 0.13),
        brow_thickness=rng.uniform(0.03, 0.06),
        mouth_width=rng.uniform(0.26, 0.4),
        mouth_height=rng.uniform(0.4, 0.48),
    )


def pose(rng: np.random.Generator) -> Pose:
    """Where a head happens to be."""
    return Pose(rng.uniform(-0.12, 0.12), rng.uniform(-0.1, 0.1), rng.normal(0, 0.08))


def draw(who: Identity, what: Expression, at: Pose, grain: Floats | None = None) -> Picture:
    """Grey `[40, 40]` in sixteen steps. `grain` `[40, 40]` is added, 1 being from black to white."""
    x, y = _turned(at)
    grey = np.full((SIDE, SIDE), who.paper)
    head = np.hypot(x / who.width, y / who.height) - 1
    grey = _over(grey, head * min(who.width, who.height), who.skin)
    grey = _over(grey, np.maximum(head * who.height, y - who.hair_line * who.height - 0.25 * x**2), who.hair)
    for side in (-1, 1):
        grey = _over(grey, _eye(who, what, x - side * who.eye_distance, y), who.ink)
        grey = _over(grey, _brow(who, what, side * x - who.eye_distance, y), who.ink)
    grey = _over(grey, _mouth(who, what, x, y), who.ink)
    if grain is not None:
        grey = grey + grain
    return Picture((np.round(np.clip(grey, 0, 1) * 15) * 17).astype(np.uint8))


def _turned(at: Pose) -> tuple[Floats, Floats]:
    """Coordinates in the head's own frame."""
    x, y = _COLUMNS - at.right, _ROWS - at.down
    return x * np.cos(at.turn) + y * np.sin(at.turn), y * np.cos(at.turn) - x * np.sin(at.turn)


def _over(grey: Floats, distance: Floats, colour: float) -> Floats:
    """Painted where a signed distance is negative, with a soft edge."""
    share = np.clip(0.5 - distance / (2 * _SOFT), 0, 1)
    return grey + share * (colour - grey)


def _eye(who: Identity, what: Expression, x: Floats, y: Floats) -> Floats:
    """Distance to an ellipse that opens with the expression."""
    high = who.eye_size * (0.75 + 0.5 * what.eyes)
    return (np.hypot(x / who.eye_size, (y + 0.12) / high) - 1) * high


def _brow(who: Identity, what: Expression, x: Floats, y: Floats) -> Floats:
    """Distance to a line above the eye; `x` runs outwards. The inner end sinks with a bad mood."""
    line = -0.34 - 0.05 * what.brows + 0.5 * what.brows * x
    return np.maximum(np.abs(y - line) - who.brow_thickness, np.abs(x) - 1.4 * who.eye_size)


def _mouth(who: Identity, what: Expression, x: Floats, y: Floats) -> Floats:
    """About the distance to a bow whose ends rise with a good mood."""
    bow, along = 0.17 * what.mouth, x / who.mouth_width
    away = np.abs(y - who.mouth_height - bow * (0.5 - along**2))
    slope = 2 * bow * along / who.mouth_width
    return np.maximum(away / np.sqrt(1 + slope**2) - 0.045, np.abs(x) - who.mouth_width)
