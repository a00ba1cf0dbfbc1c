"""Real anatomy: the shipped tissue maps of the MNI ICBM152 template, deformed into other heads.

The maps (nonlinear symmetric 2009a, averages of 152 people; Fonov et al., NeuroImage 54, 2011) come from the nilearn
package and are cut and coarsened to 2 mm by tools/make_brain.py. Axes x (to the right), y (to the front), z (up)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mmlab.core.errors import DataError
from mmlab.modalities.scan.grid import APART, PIXEL, SIDE
from mmlab.tasks.generators.brain.random_fields import smooth_field

Floats = NDArray[np.float64]
FOLDER = Path(__file__).resolve().parents[3] / "samples" / "brain"
FILE = FOLDER / "anatomy.npz"
STEP = 2.0  # mm per voxel of the maps
LEVELS = 63  # grey and white matter are kept in 6 bits
TISSUES = ("wm", "gm", "csf")


# How far heads differ. Ours: wider would leave the template's shape, narrower would be one head again
TURN, SIZE, TILT = 0.07, 0.08, 0.05  # radians (spread), share (largest), radians (spread)
WARP, WARP_SPACING = 3.2, 42.0  # mm: spread of a smooth displacement, and the distance of its knots


@dataclass(frozen=True)
class Head:
    """Slices of one head, `[Z, Y, X]`: rows from front to back, columns from left to right.

    tissue: shares of `TISSUES` that sum to 1 in the brain, `[3, Z, Y, X]`; depth: mm under the brain's surface.
    axes:   mm of slices, rows and columns from the middle of the field.
    """

    tissue: Floats
    brain: NDArray[np.bool_]
    depth: Floats
    axes: tuple[Floats, Floats, Floats]


@lru_cache(maxsize=1)
def maps() -> Floats:
    """Grey matter, white matter, brain and depth (mm) of the template, `[4, X, Y, Z]`. Raises DataError."""
    try:
        with np.load(FILE, allow_pickle=False) as stored:
            grey, white, brain = (stored[name].astype(np.float32) for name in ("gm", "wm", "brain"))
    except (OSError, KeyError, ValueError) as error:
        raise DataError("The brain's anatomy is missing or damaged.", "Run: python tools/make_brain.py") from error
    depth = ndimage.distance_transform_edt(brain) * STEP
    return np.stack([grey / LEVELS, white / LEVELS, brain, depth])


def axes_of(offsets: Floats) -> tuple[Floats, Floats, Floats]:
    """Millimetres of slices (`offsets` in slices from the middle one), of rows and of columns."""
    across = np.array([(place - (SIDE - 1) / 2) * PIXEL for place in range(SIDE)])
    return offsets * APART, across, across


def head(height: float, offsets: Floats, rng: np.random.Generator) -> Head:
    """Slices of a head of its own: turned, tilted, scaled, perhaps mirrored, and smoothly warped.

    height: where its middle slice lies in the template, 0 (lowest slice of the maps) to 1.
    """
    axes = axes_of(offsets)
    turn, tilt = rng.normal(0, TURN), rng.normal(0, TILT)
    scale = rng.uniform(1 - SIZE, 1 + SIZE, 3)
    mirror = 1 if rng.random() < 0.5 else -1
    warp = [WARP * smooth_field(axes, WARP_SPACING, rng) for _ in range(2)]
    up, back, right = np.meshgrid(*axes, indexing="ij")
    x = mirror * (np.cos(turn) * right - np.sin(turn) * back) * scale[0] + warp[0]
    y = -(np.sin(turn) * right + np.cos(turn) * back) * scale[1] + warp[1]
    z = up * scale[2] + np.tan(tilt) * back
    template = maps()
    middle = (np.array(template.shape[1:]) - 1) / 2
    places = [x / STEP + middle[0], y / STEP + middle[1], z / STEP + height * 2 * middle[2]]
    grey, white, whole, depth = (ndimage.map_coordinates(m, places, order=1, mode="constant") for m in template)
    brain = whole > 0.5
    csf = np.clip(1 - grey - white, 0, 1)
    tissue = np.stack([white, grey, csf])
    tissue = tissue / np.maximum(tissue.sum(0), 1e-6) * brain
    return Head(tissue, brain, depth, axes)
