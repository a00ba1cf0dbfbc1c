"""A room recorded by a colour and a depth camera at the same position: rays, one lamp, shadows, noise and holes.

Nothing here is a model of a real device; the shape of the depth camera's errors follows what is published of the first
Kinect: noise that grows with the square of the distance (Khoshelham and Elberink, Sensors 2012), no return from dark,
shiny and slanted surfaces and from beyond its range, and a shadow beside what is near.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mmlab.tasks.generators.rooms import finishes
from mmlab.tasks.generators.rooms.layouts import FACES, Room
from mmlab.tasks.generators.rooms.solids import Floats, RayHit, Solids, leave_room

Generator = np.random.Generator
SIDE = 48  # pixels of a picture
NEAR, RANGE = 0.4, 4.0  # metres that the depth camera measures
ACROSS = (0, 1, 0)  # by the axis of a side: which axes its pattern runs along
UPWARDS = (2, 2, 1)
SWAPPED = (1, 0, 0)
NOISE = (0.01, 0.04)  # standard deviation of a colour
WHITE = 0.05  # by how much the light's red and blue are off
DEPTH_NOISE = (0.05, 0.12)  # metres at a distance of two metres
BLOT = 1.5  # pixels over which holes are alike
COARSE = 1.1  # pixels over which the depth camera takes its mean, across edges, too
SLANTED, DARK = 0.15, 0.22  # cosine, and share of light, below which hardly anything comes back


@dataclass(frozen=True)
class View:
    """Where the cameras stand and look, and the light: place and lamp `[3]`; radians; white: of the light, `[3]`.

    reach: half the width of a picture one metre away.
    """

    place: Floats
    aside: float
    down: float
    reach: float
    lamp: Floats
    direct: float
    ambient: float
    white: Floats
    noise: float
    depth_noise: float

    @classmethod
    def drawn(cls, room: Room, rng: Generator) -> View:
        """Any that the task has: from the near wall, across the room."""
        width, _, height = (float(each) for each in room.size)
        where = rng.uniform(0.2, 0.8)
        lamp = (rng.uniform(0.15, 0.85) * width, rng.uniform(0.15, 0.85) * room.size[1], height - 0.1)
        warm = rng.normal(0, WHITE)
        return cls(
            place=np.array((where * width, rng.uniform(0.1, 0.4), rng.uniform(1.2, 1.8)), np.float32),
            aside=(0.5 - where) * rng.uniform(0.4, 1.4) + rng.normal(0, 0.12),
            down=rng.uniform(0.12, 0.42),
            reach=rng.uniform(0.55, 0.8),
            lamp=np.array(lamp, np.float32),
            direct=rng.uniform(0.5, 1.6),
            ambient=rng.uniform(0.25, 0.55),
            white=np.array((1 + warm, 1, 1 - warm), np.float32),
            noise=rng.uniform(*NOISE),
            depth_noise=rng.uniform(*DEPTH_NOISE),
        )


@dataclass(frozen=True)
class Recorded:
    """What both cameras recorded, uint8 `[SIDE, SIDE, 3]` and `[SIDE, SIDE]`, and the region of each pixel.

    depth: nearness, 255 at `NEAR`, 1 at `RANGE`, 0 where nothing came back.
    """

    color: NDArray[np.uint8]
    depth: NDArray[np.uint8]
    regions: NDArray[np.uint8]


@dataclass(frozen=True)
class _Seen:
    """Surfaces along the rays `[R]`: distance ahead, region, normal `[3, R]`, albedo `[3, R]`, shine, glow, place."""

    ahead: Floats
    regions: NDArray[np.uint8]
    normal: Floats
    albedo: Floats
    shine: Floats
    glow: Floats
    place: Floats


def record(room: Room, view: View, rng: Generator) -> Recorded:
    """Both pictures of a room and its regions."""
    ways = _ways(view)
    solids = Solids(room.parts)
    seen = _see(room, solids, view, ways)
    color = _colour(seen, solids, view, rng)
    depth = _depth(seen, ways / np.sqrt((ways * ways).sum(0)), view, rng)
    return Recorded(color, depth, seen.regions.reshape(SIDE, SIDE))


def _ways(view: View) -> Floats:
    """The ways of the rays, `[3, R]`, row by row, one metre ahead each."""
    steps = (np.arange(SIDE, dtype=np.float32) + 0.5) / SIDE * 2 - 1
    right, down = (part.ravel() * view.reach for part in np.meshgrid(steps, steps))
    ahead = np.array(
        (np.sin(view.aside) * np.cos(view.down), np.cos(view.aside) * np.cos(view.down), -np.sin(view.down))
    )
    sideways = np.array((np.cos(view.aside), -np.sin(view.aside), 0.0))
    above = np.cross(sideways, ahead)
    return np.asarray(ahead[:, None] + right * sideways[:, None] - down * above[:, None], np.float32)


def _see(room: Room, solids: Solids, view: View, ways: Floats) -> _Seen:
    """The nearest surface along each ray, of a thing or of the room itself."""
    shell, thing = leave_room(room.size, view.place, ways), solids.meet(view.place, ways)
    before = thing.way < shell.way
    met = RayHit(*(np.where(before, one, other) for one, other in zip(_parts(thing), _parts(shell), strict=True)))
    which = np.where(before, thing.which + len(FACES), shell.which)
    looks = [*room.faces, *(part.finish for part in room.parts)]
    owners = np.array([*FACES, *(part.region for part in room.parts)], np.uint8)
    rays = np.arange(ways.shape[1])
    swapped = np.array([look.pattern in ("planks",) for look in looks])[which] & (met.axis < 2)
    first, second = np.asarray(SWAPPED)[met.axis], np.asarray(UPWARDS)[met.axis]
    across, up = met.place[first, rays], met.place[second, rays]
    albedo = finishes.colours(looks, which, np.where(swapped, up, across), np.where(swapped, across, up))
    shine, glow = (np.array([getattr(look, name) for look in looks], np.float32)[which] for name in ("shine", "glow"))
    place = view.place[:, None] + met.way * ways
    return _Seen(met.way, owners[which], met.normal, albedo, shine, glow, place)


def _parts(met: RayHit) -> tuple[NDArray[np.generic], ...]:
    return met.way, met.which, met.axis, met.place, met.normal


def _colour(seen: _Seen, solids: Solids, view: View, rng: Generator) -> NDArray[np.uint8]:
    """Lambert's law with one lamp, its shadows and light from everywhere; a camera with an exposure of its own."""
    towards = view.lamp[:, None] - seen.place
    square = (towards * towards).sum(0)
    facing = np.maximum((towards * seen.normal).sum(0), 0) / np.sqrt(square)
    lit = np.where(solids.between(seen.place + 2e-3 * seen.normal, view.lamp), 0, facing) * 4 / (1 + square)
    light = (view.ambient + view.direct * lit) * view.white[:, None] + seen.glow
    pixels = np.sqrt(np.clip(seen.albedo * light, 0, 1))  # as files keep brightness
    noisy = pixels + rng.normal(0, view.noise, pixels.shape)
    return np.round(noisy.clip(0, 1) * 255).astype(np.uint8).T.reshape(SIDE, SIDE, 3)


def _depth(seen: _Seen, ways: Floats, view: View, rng: Generator) -> NDArray[np.uint8]:
    """Nearness with noise, and holes where hardly anything comes back."""
    ahead = seen.ahead.reshape(SIDE, SIDE)
    noise = rng.normal(0, 1, (2, SIDE, SIDE))
    smooth = ndimage.gaussian_filter(noise[1], BLOT) * (2 * np.sqrt(np.pi) * BLOT)
    coarse = ndimage.gaussian_filter(ahead, COARSE)
    measured = coarse + view.depth_noise * (ahead / 2) ** 2 * (0.5 * noise[0] + 0.85 * smooth)
    back = np.abs((ways * seen.normal).sum(0))
    bright = seen.albedo.mean(0) / DARK
    chance = np.clip(1.2 - np.minimum(bright, back / SLANTED), 0, 0.95)
    chance = np.maximum(np.maximum(chance, 0.9 * seen.shine), 0.04).reshape(SIDE, SIDE)
    blots = ndimage.gaussian_filter(rng.normal(0, 1, (SIDE, SIDE)), BLOT) * (2 * np.sqrt(np.pi) * BLOT)
    lost = 0.5 * (1 + np.tanh(0.8 * blots)) < chance  # nearly even over [0, 1]
    lost |= _shadowed(ahead) | (measured > RANGE) | (measured < NEAR)
    grey = np.round(1 + 254 * (RANGE - measured) / (RANGE - NEAR))
    return np.where(lost, 0, grey.clip(1, 255)).astype(np.uint8)


def _shadowed(ahead: Floats) -> NDArray[np.bool_]:
    """What the lamp of the depth camera, which stands to its right, does not reach: a pixel or two beside an edge."""
    lost = np.zeros(ahead.shape, bool)
    for step, least in ((1, 0.25), (2, 1.0)):
        lost[:, :-step] |= ahead[:, :-step] - ahead[:, step:] > least
    return lost
