"""Images of digits to 28 x 28 bright ink on black, preprocessed as in MNIST.

The longer side of the box of the ink becomes 20 pixels; the centre of mass goes to the middle of pixel 14, 14.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from mmlab.core.errors import DataError
from mmlab.core.prepared_input import PreparedInput
from mmlab.core.recordings import Picture, Raw
from mmlab.modalities.reading import reading

Floats = NDArray[np.float32]
SIDE, INK_SIDE, WORK_SIDE = 28, 20, 128


def prepare_digit(picture: Raw) -> PreparedInput:
    """A picture of a digit as `[1, 28, 28]` in [0, 1], ink 1. Raises DataError for one without any contrast."""
    values, notes = find_ink(picture)
    return reading(values[None], notes)


def find_ink(picture: Raw) -> tuple[Floats, list[str]]:
    """The ink of a picture, `[28, 28]` in [0, 1], and what was done. Nearly the identity on MNIST's pictures.

    Raises DataError for a picture without any contrast.
    """
    if not isinstance(picture, Picture):
        raise DataError("This is not a picture.", "Use an image of a digit.")
    notes: list[str] = []
    grey = _grey(picture.pixels)
    if float(np.ptp(grey)) < 4 / 255:
        raise DataError(
            "The picture is blank.", "Use an image of a dark digit on light paper, or of a light one on dark."
        )
    smooth = ndimage.gaussian_filter(grey, max(0.6, max(grey.shape) / 60))
    bright = smooth > _otsu(smooth)
    light_paper = _paper_is(bright)
    ink, noise = _ink(grey, bright, light_paper)
    if light_paper:
        notes.append("Light paper: inverted to light ink on dark.")
    left, top, right, bottom = _box(ink, noise)
    scale = INK_SIDE / max(right - left, bottom - top)
    if 0.94 < scale < 1.07:
        scale = 1.0
    if picture.pixels.shape[:2] != (SIDE, SIDE) or scale != 1.0:
        height, width = picture.pixels.shape[:2]
        notes.append(f"Cropped the digit from an image of {width} × {height} and scaled it to 20 pixels.")
    box = ink[top:bottom, left:right]
    rows, columns = np.arange(top, bottom), np.arange(left, right)
    weight = max(float(box.sum()), 1e-6)
    middle = float((box.sum(1) @ rows) / weight) + 0.5, float((box.sum(0) @ columns) / weight) + 0.5
    values = _window(ink, middle, scale)
    peak = float(np.sort(values, axis=None)[-8])
    return (np.clip(values / max(peak, 0.05), 0, 1) if peak < 0.9 else values), notes


def _grey(pixels: NDArray[np.uint8]) -> Floats:
    """Grey in [0, 1], at most 128 pixels wide or high."""
    image = Image.fromarray(pixels)
    if image.mode != "L":
        image = image.convert("L")
    if max(image.size) > WORK_SIDE:
        image.thumbnail((WORK_SIDE, WORK_SIDE), Image.Resampling.BOX)
    return np.asarray(np.asarray(image, dtype=np.float32) / 255, dtype=np.float32)


def _otsu(values: Floats) -> float:
    """The threshold between two classes of grey that spreads them most (Otsu 1979)."""
    low, high = float(values.min()), float(values.max())
    counts = np.bincount(((values - low) * (63.999 / max(high - low, 1e-9))).astype(np.intp).ravel(), minlength=64)
    edges = np.linspace(low, high, 65)
    centres = (edges[1:] + edges[:-1]) / 2
    below = np.cumsum(counts)
    sums = np.cumsum(counts * centres)
    above = below[-1] - below
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    return float(edges[1 + int(np.nanargmax(between[:-1]))])


def _paper_is(bright: NDArray[np.bool_]) -> bool:
    """Whether the bright class is the paper: it then holds most of the rim and of the area."""
    rim = np.concatenate([bright[0], bright[-1], bright[:, 0], bright[:, -1]])
    return bool(0.7 * rim.mean() + 0.3 * bright.mean() > 0.5)


def _ink(grey: Floats, bright: NDArray[np.bool_], light_paper: bool) -> tuple[Floats, float]:
    """How much ink there is at each pixel, `[H, W]` in [0, 1], and the spread of what noise is left.

    The paper is a plane fitted where there is no ink, which takes the shade of a photo away.
    """
    paper = bright if light_paper else ~bright
    paper = ndimage.binary_erosion(paper, border_value=1) if paper.mean() > 0.5 else paper
    rows, columns = np.mgrid[-1 : 1 : grey.shape[0] * 1j, -1 : 1 : grey.shape[1] * 1j]
    basis = np.stack([np.ones_like(grey), rows, columns], -1).astype(np.float32)
    here = basis[paper] if paper.sum() > 30 else basis.reshape(-1, 3)
    values = grey[paper] if paper.sum() > 30 else grey.reshape(-1)
    plane = np.linalg.lstsq(here.T @ here + 1e-3 * np.eye(3), here.T @ values, rcond=None)[0]
    flat = (grey - basis @ plane.astype(np.float32)) * (-1.0 if light_paper else 1.0)
    level = max(float(np.percentile(flat[~paper], 95)) if (~paper).any() else 0.0, 4 / 255)
    noise = 1.48 * float(np.median(np.abs(flat[paper]))) / level if paper.any() else 0.0
    return np.clip(flat / level, 0, 1).astype(np.float32), noise


def _box(ink: Floats, noise: float) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the ink. Smoothed, and above the noise, so that specks do not count."""
    if noise < 0.01:
        solid = ink > 0.03
    else:
        smooth = ndimage.gaussian_filter(ink, max(ink.shape) / 28)
        solid = smooth > max(0.5 * _otsu(smooth) + 0.5 * float(smooth.max()) * 0.3, 0.1)
    labels, count = ndimage.label(solid, np.ones((3, 3)))
    if count == 0:
        return 0, 0, ink.shape[1], ink.shape[0]
    mass = ndimage.sum_labels(ink, labels, np.arange(1, count + 1))
    kept = np.isin(labels, 1 + np.flatnonzero(mass > 0.08 * mass.max()))
    rows, columns = np.flatnonzero(kept.any(1)), np.flatnonzero(kept.any(0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _window(ink: Floats, middle: tuple[float, float], scale: float) -> Floats:
    """The 28 x 28 window with `middle` (row, column) in the middle of pixel 14, 14, where MNIST has it.

    Antialiased; by whole pixels where nothing is scaled.
    """
    span, centre = SIDE / scale, (SIDE / 2 + 0.5) / scale
    top, left = middle[0] - centre, middle[1] - centre
    if scale == 1.0:
        top, left = round(top), round(left)
    pad = int(span) + 2
    padded = np.pad(ink, pad)
    box = (left + pad, top + pad, left + pad + span, top + pad + span)
    limit = (padded.shape[1], padded.shape[0])
    box = (max(box[0], 0), max(box[1], 0), min(box[2], limit[0]), min(box[3], limit[1]))
    if scale == 1.0:
        return padded[int(box[1]) : int(box[1]) + SIDE, int(box[0]) : int(box[0]) + SIDE]
    size = (SIDE, SIDE)
    return np.asarray(Image.fromarray(padded).resize(size, Image.Resampling.HAMMING, box=box), dtype=np.float32)
