"""Handwritten digits as pen strokes, from our own generator: a few ways to write each digit, with natural variation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mmlab.core.recordings import Strokes

Points = NDArray[np.float32]
SIZE = 100.0

# A way to write a digit: strokes of control points x, y in the unit square, y downwards. The curve runs smoothly
# through them; a point written twice is a corner.
Way = tuple[tuple[tuple[float, float], ...], ...]

_SEVEN: tuple[tuple[float, float], ...] = ((0.1, 0.05), (0.88, 0.04), (0.88, 0.04), (0.55, 0.5), (0.35, 1))
_FIVE = (
    (0.25, 0.03),
    (0.2, 0.45),
    (0.2, 0.45),
    (0.55, 0.38),
    (0.85, 0.62),
    (0.7, 0.92),
    (0.35, 1),
    (0.1, 0.88),
)
_NINE = ((0.8, 0.2), (0.5, 0.02), (0.18, 0.2), (0.25, 0.46), (0.6, 0.45), (0.8, 0.18), (0.8, 0.18))
_ROUND = (
    (0.55, 0.02),
    (0.2, 0.15),
    (0.08, 0.5),
    (0.2, 0.88),
    (0.5, 0.98),
    (0.82, 0.85),
    (0.92, 0.5),
    (0.8, 0.15),
)

WAYS: tuple[tuple[Way, ...], ...] = (
    (
        ((*_ROUND, (0.5, 0.02)),),
        ((*reversed(_ROUND), (0.82, 0.2)),),
    ),
    (
        (((0.5, 0), (0.5, 0.5), (0.5, 1)),),
        (((0.25, 0.28), (0.55, 0), (0.55, 0), (0.5, 1)),),
        (((0.25, 0.25), (0.52, 0), (0.52, 0), (0.5, 1)), ((0.2, 1), (0.8, 0.98))),
    ),
    (
        (
            (
                (0.12, 0.25),
                (0.32, 0.03),
                (0.68, 0.04),
                (0.82, 0.28),
                (0.6, 0.62),
                (0.12, 0.97),
                (0.12, 0.97),
                (0.92, 0.95),
            ),
        ),
        (
            (
                *(
                    (0.12, 0.25),
                    (0.35, 0.02),
                    (0.7, 0.05),
                    (0.78, 0.32),
                    (0.5, 0.7),
                    (0.22, 0.95),
                    (0.08, 0.85),
                ),
                *((0.25, 0.76), (0.52, 0.9), (0.92, 0.95)),
            ),
        ),
    ),
    (
        (
            (
                *(
                    (0.15, 0.12),
                    (0.45, 0),
                    (0.8, 0.14),
                    (0.74, 0.38),
                    (0.42, 0.46),
                    (0.42, 0.46),
                    (0.82, 0.58),
                ),
                *((0.86, 0.84), (0.5, 1), (0.1, 0.88)),
            ),
        ),
        (
            (
                *((0.15, 0.03), (0.8, 0.03), (0.8, 0.03), (0.45, 0.4), (0.45, 0.4), (0.84, 0.58), (0.8, 0.9)),
                *((0.42, 1), (0.1, 0.9)),
            ),
        ),
    ),
    (
        (((0.35, 0), (0.1, 0.6), (0.1, 0.6), (0.92, 0.6)), ((0.66, 0.28), (0.62, 1))),
        (((0.68, 0), (0.08, 0.66), (0.08, 0.66), (0.95, 0.66)), ((0.68, 0.02), (0.66, 1))),
        (
            (
                (0.28, 0.02),
                (0.14, 0.5),
                (0.14, 0.5),
                (0.76, 0.48),
                (0.76, 0.48),
                (0.8, 0.04),
                (0.8, 0.04),
                (0.7, 1),
            ),
        ),
        (((0.68, 1), (0.7, 0), (0.7, 0), (0.08, 0.66), (0.08, 0.66), (0.95, 0.66)),),
    ),
    (
        (_FIVE, ((0.25, 0.03), (0.85, 0.02))),
        (((0.85, 0.02), (0.27, 0.03), (0.27, 0.03), *_FIVE[1:]),),
        (
            (
                (0.85, 0.03),
                (0.55, 0.04),
                (0.3, 0.12),
                (0.3, 0.42),
                (0.75, 0.55),
                (0.8, 0.82),
                (0.5, 1),
                (0.1, 0.93),
            ),
        ),
    ),
    (
        (
            (
                (0.7, 0.02),
                (0.35, 0.25),
                (0.12, 0.65),
                (0.3, 0.97),
                (0.7, 0.95),
                (0.82, 0.7),
                (0.55, 0.52),
                (0.2, 0.72),
            ),
        ),
        (
            (
                (0.55, 0),
                (0.22, 0.4),
                (0.15, 0.8),
                (0.45, 1),
                (0.78, 0.85),
                (0.65, 0.6),
                (0.35, 0.65),
                (0.22, 0.85),
            ),
        ),
    ),
    (
        (_SEVEN,),
        (_SEVEN, ((0.25, 0.5), (0.8, 0.47))),
        (((0.12, 0.22), (0.12, 0.04), (0.12, 0.04), (0.88, 0.04), (0.88, 0.04), (0.4, 1)),),
    ),
    (
        (
            (
                *((0.75, 0.15), (0.5, 0), (0.2, 0.15), (0.3, 0.4), (0.7, 0.6), (0.82, 0.82), (0.5, 1)),
                *((0.18, 0.82), (0.32, 0.6), (0.7, 0.38), (0.78, 0.15)),
            ),
        ),
        (
            (
                *((0.5, 0.48), (0.2, 0.25), (0.5, 0), (0.8, 0.25), (0.5, 0.48), (0.15, 0.75), (0.5, 1)),
                *((0.85, 0.75), (0.5, 0.48)),
            ),
        ),
        (
            (
                *((0.25, 0.12), (0.3, 0.38), (0.7, 0.6), (0.8, 0.85), (0.5, 1), (0.2, 0.84), (0.4, 0.55)),
                *((0.75, 0.3), (0.7, 0.06), (0.3, 0.05)),
            ),
        ),
    ),
    (
        ((*_NINE, (0.8, 0.55), (0.68, 1)),),
        ((*_NINE, (0.84, 0.6), (0.62, 0.96), (0.2, 0.95)),),
        (((0.75, 0.1), (0.35, 0.05), (0.2, 0.3), (0.55, 0.45), (0.78, 0.15), (0.75, 0.5), (0.6, 1)),),
    ),
)


def write_digit(digit: int, rng: np.random.Generator) -> Strokes:
    """One hand's way of writing `digit`: whole numbers in 0..100, y downwards, 8 to 24 points a stroke."""
    ways = WAYS[digit]
    way = ways[int(rng.integers(len(ways)))]
    matrix = _hand(rng)
    wobble = 0.02 + 0.035 * rng.random()
    strokes = tuple(_curve(stroke, wobble, rng) @ matrix for stroke in way)
    points = np.concatenate(strokes)
    low, span = points.min(0), np.ptp(points, axis=0).max()
    return Strokes(tuple(np.round((stroke - low) / span * SIZE).astype(np.float32) for stroke in strokes))


def _hand(rng: np.random.Generator) -> NDArray[np.float64]:
    """Slant, turn and width of a hand, as a matrix for row vectors."""
    slant, turn, width = rng.normal(0.08, 0.18), rng.normal(0, 0.09), rng.uniform(0.5, 1.0)
    shear = np.array([[width, 0.0], [-slant, 1.0]])
    rotate = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return shear @ rotate


def _curve(stroke: tuple[tuple[float, float], ...], wobble: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Catmull-Rom curve through wobbled control points; corners stay corners."""
    control = np.array(stroke)
    corner = np.flatnonzero((control[1:] == control[:-1]).all(1))
    shift = rng.normal(0, wobble, control.shape)
    shift[corner + 1] = shift[corner]
    pieces = np.split(control + shift, corner + 1)
    return np.concatenate([_smooth(piece, max(4, round(24 * len(piece) / len(control)))) for piece in pieces])


def _smooth(control: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    if len(control) < 3:
        return np.linspace(control[0], control[-1], max(3, count // 2)) if len(control) == 2 else control
    padded = np.concatenate([2 * control[:1] - control[1:2], control, 2 * control[-1:] - control[-2:-1]])
    place = np.linspace(0, len(control) - 1 - 1e-9, count)
    step = place.astype(int)
    share = (place - step)[:, None]
    before, start, end, after = (padded[step + offset] for offset in range(4))
    return 0.5 * (
        2 * start
        + (end - before) * share
        + (2 * before - 5 * start + 4 * end - after) * share**2
        + (3 * start - before - 3 * end + after) * share**3
    )
