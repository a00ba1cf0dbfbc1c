"""Two frames of a clip: a figure in front of a scene, through a panning camera; and the true motion between them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mmlab.tasks.generators.actions.figures import Capsules, Floats, Generator, Person, Pose, capsules
from mmlab.tasks.generators.actions.scenes import Scene

SIDE = 40  # pixels of a frame
FINER = 2  # points of a pixel, along each side
PAN = 0.012  # standard deviation of what the camera pans from one frame to the next
NOISE = (0.015, 0.05)  # standard deviation of a pixel, from a good to a dim picture


@dataclass(frozen=True)
class Camera:
    """Where the corner of the first frame is, how far the camera pans to the second, its light and its noise."""

    corner: Floats
    pan: Floats
    light: float
    noise: float

    @classmethod
    def drawn(cls, rng: Generator) -> Camera:
        """Any camera that the task has."""
        pan = PAN * rng.standard_normal(2)
        return cls(rng.uniform(-0.05, 0.05, 2), pan, rng.uniform(0.7, 1.2), rng.uniform(*NOISE))


def frame(scene: Scene, parts: Capsules, corner: Floats, camera: Camera, rng: Generator) -> NDArray[np.uint8]:
    """A picture uint8 `[SIDE, SIDE, 3]` from a corner of it."""
    places = _places(FINER) + corner
    pixels = scene.seen(places)
    which = _topmost(parts, places)
    pixels = np.where((which >= 0)[..., None], parts.colours[which], pixels) * camera.light
    small = pixels.reshape(SIDE, FINER, SIDE, FINER, 3).mean((1, 3))
    noisy = small + camera.noise * rng.standard_normal(small.shape)
    return np.round(noisy.clip(0, 1) * 255).astype(np.uint8)


def frames(
    scene: Scene, person: Person, poses: tuple[Pose, Pose], camera: Camera, rng: Generator
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Both pictures."""
    corners = camera.corner, camera.corner + camera.pan
    first, second = (
        frame(scene, capsules(person, pose), corner, camera, rng) for pose, corner in zip(poses, corners, strict=True)
    )
    return first, second


def true_motion(person: Person, poses: tuple[Pose, Pose], camera: Camera) -> Floats:
    """Where each pixel of the first frame went, `[2, SIDE, SIDE]` in pixels to the right and down."""
    places = _places(1) + camera.corner
    before, after = (capsules(person, pose) for pose in poses)
    which = _topmost(before, places)
    start, turned = before.ends[:, 0], _turns(before, after)
    carried = after.ends[which, 0] + np.einsum("hwij,hwj->hwi", turned[which], places - start[which])
    went = np.where((which >= 0)[..., None], carried - places, 0.0) - camera.pan
    return np.moveaxis(went * SIDE, -1, 0)


@lru_cache(maxsize=2)
def _places(finer: int) -> Floats:
    """The middles of pixels, or of their points, `[H, W, 2]`."""
    steps = (np.arange(SIDE * finer) + 0.5) / (SIDE * finer)
    return np.stack(np.meshgrid(steps, steps), -1)


def _topmost(parts: Capsules, places: Floats) -> NDArray[np.intp]:
    """Of each place the part that is in front there, -1 for none."""
    found = np.full(places.shape[:2], -1)
    columns, rows = places[0, :, 0], places[:, 0, 1]
    for number, ((start, end), radius) in enumerate(zip(parts.ends, parts.radii, strict=True)):
        (left, top), (right, bottom) = np.minimum(start, end) - radius, np.maximum(start, end) + radius
        near = slice(*np.searchsorted(rows, (top, bottom))), slice(*np.searchsorted(columns, (left, right)))
        way, offset = end - start, places[near] - start
        share = np.clip(offset @ way / max(way @ way, 1e-9), 0, 1)
        offset = offset - share[..., None] * way
        found[near][(offset * offset).sum(-1) < radius**2] = number
    return found


def _turns(before: Capsules, after: Capsules) -> Floats:
    """How each part turned, `[P, 2, 2]`."""
    one, other = (np.diff(each.ends, axis=1)[:, 0] for each in (before, after))
    angle = np.arctan2(other[:, 1], other[:, 0]) - np.arctan2(one[:, 1], one[:, 0])
    return np.stack([np.stack([np.cos(angle), -np.sin(angle)], -1), np.stack([np.sin(angle), np.cos(angle)], -1)], 1)
