"""Optical flow from two frames: Lucas and Kanade's method on a pyramid, with a window about every pixel.

Each pass bends the second frame by what is known of the flow so far and solves for the rest, by least squares of
what changed within a Gaussian window (Lucas & Kanade, IJCAI 1981; dense and iterated as by Le Besnerais &
Champagnat, ICIP 2005). Where nothing has an edge, the answer tends to what the level above says.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.floating[Any]]
LEVELS, LEAST = 3, 8  # of the pyramid, and the pixels that the coarsest has at least
PASSES = 3  # per level
SMOOTH, WINDOW = 0.7, 1.8  # pixels: radius of the smoothing of frames, and of the window
REGULARISATION = 8e-4  # of the squared change of brightness per pixel, from which on a place has an edge


def estimated_flow(first: Floats, second: Floats) -> Floats:
    """How far, `[2, H, W]` in pixels to the right and down, what the first grey frame `[H, W]` shows has gone in the
    second. Brightness is in [0, 1].
    """
    pyramid = [(np.asarray(first, np.float32), np.asarray(second, np.float32))]
    while len(pyramid) < LEVELS and min(pyramid[-1][0].shape) >= 2 * LEAST:
        pyramid.append((_halved(pyramid[-1][0]), _halved(pyramid[-1][1])))
    flow = np.zeros((2, *pyramid[-1][0].shape), np.float32)
    for one, other in reversed(pyramid):
        flow = _enlarged(flow, one.shape)
        smooth = [ndimage.gaussian_filter(each, SMOOTH, mode="nearest") for each in (one, other)]
        for _ in range(PASSES):
            flow = _better(smooth[0], smooth[1], flow)
    return flow


def _better(first: Floats, second: Floats, flow: Floats) -> Floats:
    """One pass."""
    rows, columns = np.mgrid[: first.shape[0], : first.shape[1]].astype(np.float32)
    bent = ndimage.map_coordinates(second, [rows + flow[1], columns + flow[0]], order=1, mode="nearest")
    down, right = np.gradient((bent + first) / 2)
    left_over = first - bent + right * flow[0] + down * flow[1]
    products = np.stack([right * right, right * down, down * down, right * left_over, down * left_over])
    xx, xy, yy, xt, yt = ndimage.gaussian_filter(products, (0, WINDOW, WINDOW), mode="nearest")
    # what the window does not tell stays as it was
    xx, yy, xt, yt = (
        xx + REGULARISATION,
        yy + REGULARISATION,
        xt + REGULARISATION * flow[0],
        yt + REGULARISATION * flow[1],
    )
    inverse = 1 / (xx * yy - xy * xy)
    found = np.stack([(yy * xt - xy * yt) * inverse, (xx * yt - xy * xt) * inverse])
    return ndimage.median_filter(found, (1, 3, 3), mode="nearest")


def _halved(frame: Floats) -> Floats:
    smooth = ndimage.gaussian_filter(frame, 1.0, mode="nearest")
    height, width = (side // 2 * 2 for side in frame.shape)
    return smooth[:height, :width].reshape(height // 2, 2, width // 2, 2).mean((1, 3))


def _enlarged(flow: Floats, shape: tuple[int, ...]) -> Floats:
    """Flow of a smaller frame as that of a larger one."""
    scale = np.array(shape) / np.array(flow.shape[1:])
    if (scale == 1).all():
        return flow
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    places = [(rows + 0.5) / scale[0] - 0.5, (columns + 0.5) / scale[1] - 0.5]
    larger = [ndimage.map_coordinates(plane, places, order=1, mode="nearest") for plane in flow]
    return np.stack([larger[0] * scale[1], larger[1] * scale[0]]).astype(np.float32)
