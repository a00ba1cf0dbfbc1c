"""An object seen from the front and from the rear: parallel rays, one lamp, a grey wall, and the noise of a camera."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmlab.tasks.generators.objects.solids import FAR, Floats, Solid, meet

SIDE = 32  # pixels of a view
FINER = 2  # rays of a pixel, along each side
RAYS = SIDE * FINER
STEPS = (np.arange(RAYS, dtype=np.float32) + 0.5) / RAYS * 2 - 1  # where they are, from side to side
EXTENT = 1.05  # what half a side of a picture shows, in units of the objects
AMBIENT = 0.35  # of the light comes from everywhere
TURN, LIFT = 32.0, (4.0, 26.0)  # degrees that a camera stands aside, and above
NOISE = (0.02, 0.08)  # standard deviation of a pixel, from a good to a dim picture


@dataclass(frozen=True)
class Camera:
    """Where a view is taken from: degrees aside of straight ahead and above, what half its side shows, its light.

    lamp: direction towards the light, as the camera has it (right, up, towards the camera); wall: shade behind.
    """

    aside: float
    above: float
    extent: float
    lamp: tuple[float, float, float]
    wall: float
    noise: float

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Camera:
        """Any camera and lamp that the task has."""
        return cls(
            aside=rng.uniform(-TURN, TURN),
            above=rng.uniform(*LIFT),
            extent=EXTENT * rng.uniform(0.9, 1.1),
            lamp=(rng.uniform(-0.8, 0.8), rng.uniform(0.1, 0.9), 1.0),
            wall=rng.uniform(0.1, 0.9),
            noise=rng.uniform(*NOISE),
        )


@dataclass(frozen=True)
class Sight:
    """How a camera stands to an object: right, up and towards the camera, and to its lamp, as the object has them."""

    right: Floats
    up: Floats
    towards: Floats
    lamp: Floats

    @classmethod
    def of(cls, camera: Camera, rear: bool) -> Sight:
        """What a camera sees of the front of an object, or of its rear."""
        right, up, towards = _axes(camera, rear)
        lamp = np.asarray(camera.lamp, np.float32) @ np.stack([right, up, towards])
        return cls(right, up, towards, lamp / np.linalg.norm(lamp))


def render(parts: list[Solid], camera: Camera, rear: bool, rng: np.random.Generator) -> NDArray[np.uint8]:
    """The picture uint8 `[SIDE, SIDE]` of an object from its front, or from its rear."""
    sight = Sight.of(camera, rear)
    across, down = np.meshgrid(STEPS * camera.extent, -STEPS * camera.extent)
    origins = across.reshape(-1, 1) * sight.right + down.reshape(-1, 1) * sight.up + 5 * sight.towards
    nearest = np.full(RAYS * RAYS, FAR, np.float32)
    light = np.full(RAYS * RAYS, camera.wall, np.float32)
    for part in parts:
        way, normals = meet(part, origins.astype(np.float32), -sight.towards)
        seen = way < nearest
        light[seen] = lit(part.shade, normals[seen], sight)
        nearest[seen] = way[seen]
    return taken(light, camera, rng)


def lit(shade: float | Floats, normals: Floats, sight: Sight) -> Floats:
    """How bright places with these normals `[R, 3]` are under the lamp, `[R]`."""
    falling = np.maximum(normals @ sight.lamp, 0)
    return np.asarray(shade * (AMBIENT + (1 - AMBIENT) * falling), np.float32)


def taken(light: Floats, camera: Camera, rng: np.random.Generator) -> NDArray[np.uint8]:
    """The picture uint8 `[SIDE, SIDE]` that a camera takes of the light `[RAYS * RAYS]` along its rays."""
    pixels = light.reshape(SIDE, FINER, SIDE, FINER).mean((1, 3))
    noisy = pixels + camera.noise * rng.standard_normal((SIDE, SIDE))
    return np.round(noisy.clip(0, 1) * 255).astype(np.uint8)


def _axes(camera: Camera, rear: bool) -> tuple[Floats, Floats, Floats]:
    """Right, up and towards the camera, as the object has them."""
    aside, above = np.radians(camera.aside + (180 if rear else 0)), np.radians(camera.above)
    towards = np.array([np.sin(aside) * np.cos(above), -np.cos(aside) * np.cos(above), np.sin(above)])
    right = np.array([np.cos(aside), np.sin(aside), 0.0])
    up = np.cross(towards, right)
    return right.astype(np.float32), up.astype(np.float32), towards.astype(np.float32)
