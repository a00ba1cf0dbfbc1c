"""Our solids as a mesh in an OBJ file: an example of an object to upload."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mmlab.tasks.generators.objects.solids import Solid

STEPS_ROUND = 24  # of the mantle of a round solid
Doubles = NDArray[np.float64]
Faces = list[tuple[int, ...]]
BOX: Faces = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]


def as_obj(parts: list[Solid]) -> bytes:
    """Solids as an OBJ file, y upwards, with the shade of each as the colour of its vertices."""
    lines = ["# made by mmlab: https://en.wikipedia.org/wiki/Wavefront_.obj_file, colours behind the places"]
    before = 0
    for number, part in enumerate(parts):
        places, faces = _surface(part)
        lines.append(f"o part-{number + 1}")
        grey = f"{min(max(part.shade, 0), 1):.3f}"
        lines += [f"v {x:.4f} {z:.4f} {-y:.4f} {grey} {grey} {grey}" for x, y, z in places]
        lines += [f"f {' '.join(str(before + corner + 1) for corner in face)}" for face in faces]
        before += len(places)
    return ("\n".join(lines) + "\n").encode()


def _surface(part: Solid) -> tuple[Doubles, Faces]:
    """The vertices `[V, 3]` and the faces of a solid."""
    if part.kind == "box":
        unit = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], np.float64)
        faces = BOX
    elif part.kind == "ellipsoid":
        unit, faces = _rings(np.sin(angles := np.linspace(0, np.pi, STEPS_ROUND // 2 + 1)), -np.cos(angles))
    else:
        unit, faces = _rings(np.ones(2), np.array([-1.0, 1.0]))
        faces += [tuple(range(STEPS_ROUND)), tuple(range(STEPS_ROUND, 2 * STEPS_ROUND))]  # its ends
        unit = np.roll(unit, "zxy".index(part.kind[-1]), axis=1)
    return unit * np.asarray(part.half) + np.asarray(part.middle), faces


def _rings(radii: Doubles, heights: Doubles) -> tuple[Doubles, Faces]:
    """A mantle about the axis z, with a ring of vertices at each height."""
    around = np.linspace(0, 2 * np.pi, STEPS_ROUND, endpoint=False)
    rings = [
        np.stack([radius * np.cos(around), radius * np.sin(around), np.full(STEPS_ROUND, height)], 1)
        for radius, height in zip(radii, heights, strict=True)
    ]
    faces: Faces = []
    for ring in range(len(rings) - 1):
        for step in range(STEPS_ROUND):
            a, b = ring * STEPS_ROUND + step, ring * STEPS_ROUND + (step + 1) % STEPS_ROUND
            faces.append((a, b, b + STEPS_ROUND, a + STEPS_ROUND))
    return np.concatenate(rings), faces
