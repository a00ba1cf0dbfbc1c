"""A triangle mesh rendered like the objects of the task `objects`: the same rays, lamp, wall and noise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mmlab.core.errors import DataError
from mmlab.core.options import option
from mmlab.core.recordings import Picture
from mmlab.modalities.mesh_file import SIMPLER, Mesh, read_mesh
from mmlab.tasks.generators.objects.views import EXTENT, LIFT, RAYS, Camera, Sight, lit, taken

WIDE, HIGH = (
    0.62,
    0.66,
)  # half of what a surface measures at most along x and y, and upwards: as our bodies with their parts
SHADE = 0.675  # of a surface without colours: in the middle of those of our bodies
SEED = 53  # of the noise: the same file gives the same picture
MOST_MET = 12_000_000  # places at which rays are compared with triangles: seconds of work
AT_ONCE = 500_000  # of these
KEPT = 2  # surfaces, of up to 15 MB each
AXES = ("", "y", "z")
NO_COLOURS = "The file has no colours: all of it is one grey, and much of what the models go by are shades."
FOREIGN = "The models know eight kinds of simple solids only, and name one of them whatever it is."
Doubles = NDArray[np.float64]
Places = NDArray[np.intp]


@dataclass(frozen=True)
class ViewOptions:
    """What a person can say of a surface that they bring: how it is turned, and which way is up."""

    azimuth: int = option(0, "Degrees by which the camera goes around the object, to the right", -180, 180)
    elevation: int = option(15, "Degrees that the camera stands above the object", int(LIFT[0]), int(LIFT[1]))
    up: str = option(
        "", "The axis of the file that points upwards; y in OBJ, z in OFF where nothing is said", choices=AXES
    )


def views_of(content: bytes, name: str, options: ViewOptions, rear: bool) -> Picture:
    """What is seen of the object in an OBJ or OFF file from the front, or from the rear. Raises DataError."""
    mesh = _read(content, name, options.up)
    pixels, is_seen = render_mesh(mesh, camera_at(options.azimuth, options.elevation), rear)
    notes = [
        f"Rendered from {mesh.vertices:,} vertices and {mesh.faces:,} faces, as the samples are, at an azimuth of "
        f"{options.azimuth}° and an elevation of {options.elevation}°.",
        *mesh.left_out,
        *([NO_COLOURS] if mesh.shades is None else []),
        *([] if is_seen else ["From here nothing of it is seen."]),
        FOREIGN,
    ]
    return Picture(pixels, " ".join(notes))


@lru_cache(maxsize=KEPT)
def _read(content: bytes, name: str, up: str) -> Mesh:
    """Both views, and every turn, are of the same surface."""
    return fitted(read_mesh(content, name, up))


def camera_at(azimuth: float, elevation: float) -> Camera:
    """A camera at these degrees aside and above, with everything else about as the task has it."""
    return Camera(azimuth, elevation, EXTENT, (0.3, 0.5, 1.0), wall=0.3, noise=0.035)


def fitted(mesh: Mesh) -> Mesh:
    """The same about the origin, as large as our objects are, whichever way it is turned."""
    corners = mesh.corners.reshape(-1, 3)
    low, high = corners.min(0), corners.max(0)
    half = (high - low) / 2
    scale = min(WIDE / max(half[0], half[1], 1e-12), HIGH / max(half[2], 1e-12))
    return replace(mesh, corners=(mesh.corners - (low + high) / 2) * scale)


def render_mesh(mesh: Mesh, camera: Camera, rear: bool) -> tuple[NDArray[np.uint8], bool]:
    """The picture uint8 `[SIDE, SIDE]` of a fitted surface, and whether any of it is seen.

    A triangle is lit on whichever side one sees: files do not agree on which is outside. Raises DataError for a
    surface that lies over itself so often that it would take minutes.
    """
    sight = Sight.of(camera, rear)
    met = _nearest(mesh, sight, camera.extent)
    light = np.full(RAYS * RAYS, camera.wall, np.float32)
    seen = met >= 0
    normals = _normals(mesh.corners[met[seen]])
    normals *= np.where(normals @ sight.towards < 0, -1, 1)[:, None]
    shades = np.full(len(mesh.corners), SHADE) if mesh.shades is None else mesh.shades
    light[seen] = lit(shades[met[seen]].astype(np.float32), normals.astype(np.float32), sight)
    return taken(light, camera, np.random.default_rng([SEED, int(rear)])), bool(seen.any())


def _normals(corners: Doubles) -> Doubles:
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return np.asarray(normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-300))


def _nearest(mesh: Mesh, sight: Sight, extent: float) -> Places:
    """Which triangle each ray meets first, `[RAYS * RAYS]` from the upper left; -1 for none."""
    on_screen = mesh.corners @ np.stack([sight.right, -sight.up, sight.towards], 1).astype(np.float64)
    places = (on_screen[..., :2] / extent + 1) / 2 * RAYS - 0.5  # in rays from the upper left
    first = np.clip(np.ceil(places.min(1)), 0, RAYS).astype(np.intp)
    last = np.clip(np.floor(places.max(1)), -1, RAYS - 1).astype(np.intp)
    size = np.maximum(last - first + 1, 0)
    count = size.prod(1)
    if count.sum() > MOST_MET:
        raise DataError("The faces of the object lie over each other too often to be drawn.", SIMPLER)
    nearest = np.full(RAYS * RAYS, -np.inf)
    met = np.full(RAYS * RAYS, -1, np.intp)
    for triangles in _portions(count):
        rays, which, depth = _covered(places[triangles], on_screen[triangles, :, 2], first[triangles], size[triangles])
        np.maximum.at(nearest, rays, depth)
        wins = depth == nearest[rays]
        met[rays[wins]] = triangles[which[wins]]
    return met


def _portions(count: Places) -> Iterator[Places]:
    """The triangles that any ray may meet, so many at once that the memory for it is bounded."""
    able = np.flatnonzero(count)
    if len(able):
        portion = np.cumsum(count[able]) // AT_ONCE
        yield from np.split(able, np.flatnonzero(np.diff(portion)) + 1)


def _covered(places: Doubles, depths: Doubles, first: Places, size: Places) -> tuple[Places, Places, Doubles]:
    """Where triangles `[T, 3, 2]` cover rays: which ray, which triangle, and how far towards the camera, `[C]` each.

    first, size: of the rectangle about each triangle, `[T, 2]` in rays.
    """
    count = size.prod(1)
    which = np.repeat(np.arange(len(count)), count)
    inside = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
    rays = first[which] + np.stack([inside % size[which, 0], inside // size[which, 0]], 1)
    a, b, c = np.moveaxis(places, 1, 0)
    whole = _twice_area(a, b, c)
    with np.errstate(divide="ignore", invalid="ignore"):  # seen from its edge a triangle covers nothing
        at_b = _twice_area(a[which], rays, c[which]) / whole[which]
        at_c = _twice_area(a[which], b[which], rays) / whole[which]
    at_a = 1 - at_b - at_c
    covers = (at_a >= -1e-9) & (at_b >= -1e-9) & (at_c >= -1e-9)
    of, rays = which[covers], rays[covers]
    depth = (np.stack([at_a, at_b, at_c], 1)[covers] * depths[of]).sum(1)
    return rays[:, 1] * RAYS + rays[:, 0], of, depth


def _twice_area(a: NDArray[np.floating], b: NDArray[np.number], c: NDArray[np.number]) -> Doubles:
    """Of triangles, with the sign of which way round they go: `[T, 2]` each -> `[T]`."""
    one, two = b - a, c - a
    return np.asarray(one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0], np.float64)
