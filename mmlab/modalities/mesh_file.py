"""Triangle meshes from OBJ and OFF files, safely.

A reader of our own: of these formats only places, faces and colours are wanted here, a bound has to be kept at every
line of a hostile file, and a library (trimesh) would be one more package that keeps none of them.

>>> mesh = read_mesh(content, "chair.obj")            # about the origin, z upwards, its front towards -y
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mmlab.core.errors import DataError
from mmlab.modalities.files import check_bytes, shown_name

ENDINGS = ("obj", "off")
UPWARDS = {"obj": "y", "off": "z"}  # the axis that points upwards where nobody says otherwise
MESH_BYTES = 16_000_000
MOST_VERTICES, MOST_TRIANGLES = 200_000, 200_000
LONGEST_LINE = 64_000  # letters
MESH_HINT = "Use an OBJ or OFF file of one object, as 3D programs export it."
SIMPLER = "Simplify the object, such as with Decimate in Blender, and export it again."
BEGINNING = 4096  # bytes that tell what a file is
VERTEX = re.compile(rb"(?m)\A[\n\r\t -~]*^v[ \t]+-?[0-9.]+[ \t]")  # of an OBJ file, behind nothing but text
OFF_HEAD = re.compile(rb"(?:\xef\xbb\xbf)?(?:\s|#[^\n]*\n)*((?:ST)?C?N?OFF)")  # behind comments
Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Mesh:
    """A surface: `corners` float64 `[T, 3, 3]`, the corners of each triangle along x, y, z, none without an area.

    shades: how much light each gives back, 0 to 1, `[T]`; None where the file has no colours. vertices, faces: how many
    the file has. left_out: what of the file was not used, as sentences.
    """

    corners: Doubles
    shades: Doubles | None
    vertices: int
    faces: int
    left_out: tuple[str, ...] = ()


@dataclass
class _Read:
    """What a file says, line by line: places, their colours by number, triangles, the colour of each."""

    places: list[Sequence[float]] = field(default_factory=list)
    colours: dict[int, Sequence[float]] = field(default_factory=dict)
    triangles: list[tuple[int, int, int]] = field(default_factory=list)
    painted: dict[int, Sequence[float]] = field(default_factory=dict)
    faces: int = 0
    has_materials: bool = False


def is_mesh(content: bytes, name: str = "") -> bool:
    """Whether a file says by its name, or by how it begins, that it is an OBJ or OFF file."""
    named = name.lower().endswith(tuple(f".{each}" for each in ENDINGS))
    return named or bool(_head(content)) or bool(VERTEX.search(content[:BEGINNING]))


def read_mesh(content: bytes, name: str = "", up: str = "") -> Mesh:
    """The surface in an OBJ or OFF file, z upwards. up: the axis of the file that points upwards, `y` or `z`.

    Faces of more than three corners become fans. Raises DataError.
    """
    label = shown_name(name, "The file")
    check_bytes(content, label, MESH_BYTES, SIMPLER)
    if b"\0" in content[:BEGINNING]:
        raise DataError(f"{label} is no text, as an OBJ or OFF file is.", MESH_HINT)
    is_off = bool(_head(content))
    found = _off(content, label) if is_off else _obj(content, label)
    mesh = _surface(found, label)
    return mesh if (up or UPWARDS["off" if is_off else "obj"]) == "z" else _upright(mesh)


def _upright(mesh: Mesh) -> Mesh:
    """From y upwards and the front towards z to z upwards and the front towards -y."""
    x, y, z = np.moveaxis(mesh.corners, -1, 0)
    return Mesh(np.stack([x, -z, y], -1), mesh.shades, mesh.vertices, mesh.faces, mesh.left_out)


def _head(content: bytes) -> str:
    """The first word of an OFF file, which tells what a vertex has; empty for any other file."""
    found = OFF_HEAD.match(content[:BEGINNING])
    return found[1].decode() if found else ""


def _lines(content: bytes, label: str) -> Iterator[tuple[int, list[str]]]:
    """Number and words of each line that has any; a backslash at its end goes on in the next one."""
    begun: list[str] = []
    for number, line in enumerate(io.BytesIO(content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")), 1):
        if len(line) > LONGEST_LINE or len(begun) > LONGEST_LINE:
            raise DataError(f"Line {number:,} of {label} is longer than any face.", MESH_HINT)
        text = line.partition(b"#")[0].decode("latin-1").rstrip()
        goes_on = text.endswith("\\")
        begun += text.removesuffix("\\").split()
        if begun and not goes_on:
            yield number, begun
        if not goes_on:
            begun = []
    if begun:
        yield number, begun


def _obj(content: bytes, label: str) -> _Read:
    found = _Read()
    for number, (word, *rest) in _lines(content, label):
        if word == "v":
            values = _numbers(rest, number, label)
            if len(values) < 3:
                raise _wrong(number, label)
            if len(values) >= 6:  # x y z r g b
                found.colours[len(found.places)] = values[3:6]
            _place(found, values[:3], label)
        elif word == "f":
            _face(found, [_index(each, len(found.places), number, label) for each in rest], label)
        elif word == "usemtl":
            found.has_materials = True
    return found


def _index(word: str, there: int, number: int, label: str) -> int:
    """Which vertex a corner is, from 0: `3`, `3/1/2`, `3//2` count from the first, `-1` is the last so far."""
    try:
        said = int(word.partition("/")[0])
    except ValueError as error:
        raise _wrong(number, label) from error
    place = said - 1 if said > 0 else there + said
    if said == 0 or not 0 <= place < MOST_VERTICES:
        raise _no_vertex(number, label, said)
    return place


def _off(content: bytes, label: str) -> _Read:
    lines = _lines(content, label)
    number, first = next(lines)
    head = _head(content)
    counted = [each for each in (first[0].partition(head)[2], *first[1:]) if each]
    if counted and counted[0].upper() == "BINARY":
        raise DataError(f"{label} is a binary OFF file.", "Export it as text, or as OBJ.")
    if not counted:  # the counts stand on a line of their own; ModelNet has them behind the head, without a blank
        number, counted = _next(lines, label)
    vertices, faces = _counts(counted, number, label)
    found = _Read()
    for _ in range(vertices):
        number, words = _next(lines, label)
        values = _numbers(words, number, label)
        if len(values) < 3:
            raise _wrong(number, label)
        if head == "COFF" and len(values) >= 6:
            found.colours[len(found.places)] = values[3:6]
        _place(found, values[:3], label)
    for _ in range(faces):
        number, words = _next(lines, label)
        _off_face(found, words, number, label)
    return found


def _off_face(found: _Read, words: list[str], number: int, label: str) -> None:
    """`3 0 1 2`, behind which there may be a colour of three or four numbers."""
    try:
        count = int(words[0])
        corners = [int(each) for each in words[1 : count + 1]]
    except ValueError as error:
        raise _wrong(number, label) from error
    if count < 1 or len(corners) < count:
        raise _wrong(number, label)
    low, high = min(corners), max(corners)
    if low < 0 or high >= len(found.places):
        raise _no_vertex(number, label, low if low < 0 else high)
    colour = words[count + 1 : count + 4]
    before = len(found.triangles)
    _face(found, corners, label)
    if len(colour) == 3:
        painted = _numbers(colour, number, label)
        found.painted.update(dict.fromkeys(range(before, len(found.triangles)), painted))


def _counts(words: list[str], number: int, label: str) -> tuple[int, int]:
    try:
        vertices, faces = int(words[0]), int(words[1])
    except (ValueError, IndexError) as error:
        raise _wrong(number, label) from error
    if vertices < 0 or faces < 0:
        raise _wrong(number, label)
    for count, most in ((vertices, MOST_VERTICES), (faces, MOST_TRIANGLES)):
        if count > most:
            raise _too_many(label)
    return vertices, faces


def _next(lines: Iterator[tuple[int, list[str]]], label: str) -> tuple[int, list[str]]:
    found = next(lines, None)
    if found is None:
        raise DataError(f"{label} ends before all its vertices and faces came.", "Export it again.")
    return found


def _place(found: _Read, place: Sequence[float], label: str) -> None:
    if len(found.places) >= MOST_VERTICES:
        raise _too_many(label)
    found.places.append(place)


def _face(found: _Read, corners: list[int], label: str) -> None:
    """A face of any number of corners as a fan of triangles; one of fewer than three has no area."""
    found.faces += 1
    if len(found.triangles) + len(corners) - 2 > MOST_TRIANGLES or found.faces > MOST_TRIANGLES:
        raise _too_many(label)
    found.triangles += [(corners[0], *pair) for pair in pairwise(corners[1:])]


def _numbers(words: Sequence[str], number: int, label: str) -> list[float]:
    try:
        return [float(each) for each in words[:8]]
    except ValueError as error:
        raise _wrong(number, label) from error


def _surface(found: _Read, label: str) -> Mesh:
    """The triangles that have an area. Raises DataError where there is none, or a place is none."""
    if not found.triangles:
        hint = "Export the surface of the object as an OBJ or OFF file, not its points or edges only."
        raise DataError(f"There are no faces in {label}.", hint)
    places = np.array(found.places, np.float64).reshape(-1, 3)
    triangles = np.array(found.triangles, np.int64)
    if triangles.max() >= len(places):
        raise _no_vertex(0, label, int(triangles.max()) + 1)
    used = np.unique(triangles)
    if not np.isfinite(places[used]).all():
        raise DataError(f"{label} has vertices that are nowhere: NaN or infinite.", "Export it again.")
    places[used] = _within_reach(places[used])
    corners = places[triangles]
    sides = corners[:, 1:] - corners[:, :1]
    has_area = np.linalg.norm(np.cross(sides[:, 0], sides[:, 1]), axis=1) > 0
    if not has_area.any():
        raise DataError(f"No face of {label} has an area.", MESH_HINT)
    shades = _shades(found, triangles)
    left_out = ["Its materials (.mtl) are not read."] if found.has_materials else []
    if flat := int((~has_area).sum()):
        left_out.append(f"{flat:,} triangles without an area were left out.")
    kept = shades[has_area] if shades is not None else None
    return Mesh(corners[has_area], kept, len(found.places), found.faces, tuple(left_out))


def _within_reach(places: Doubles) -> Doubles:
    """About the origin and no larger than one: nothing that is computed of them can overflow."""
    largest = np.abs(places).max()
    near = places / largest if largest > 0 else places
    near = near - (near.min(0) + near.max(0)) / 2
    reach = np.abs(near).max()
    return np.asarray(near / reach if reach > 0 else near)


def _shades(found: _Read, triangles: NDArray[np.int64]) -> Doubles | None:
    """How bright each triangle is, by its own colour or the mean of its corners'; None without any colour."""
    if not found.colours and not found.painted:
        return None
    of_places = np.full((len(found.places), 3), np.nan)
    for place, colour in found.colours.items():
        of_places[place] = colour
    colours = np.clip(of_places, 0, 255)[triangles].mean(1)
    for row, colour in found.painted.items():
        colours[row] = np.clip(colour, 0, 255)
    if np.nan_to_num(colours).max() > 1:  # 0 to 255, not 0 to 1
        colours /= 255
    grey = colours @ np.array([0.299, 0.587, 0.114])
    has_colour = np.isfinite(grey)
    return np.where(has_colour, grey, grey[has_colour].mean()) if has_colour.any() else None


def _wrong(number: int, label: str) -> DataError:
    return DataError(f"Line {number:,} of {label} cannot be read.", MESH_HINT)


def _no_vertex(number: int, label: str, vertex: int) -> DataError:
    hint = f"Look at its line {number:,}." if number else "Export it again."
    return DataError(f"A face of {label} asks for vertex {vertex:,}, which is not there.", hint)


def _too_many(label: str) -> DataError:
    most = f"{MOST_VERTICES:,} vertices or {MOST_TRIANGLES:,} triangles"
    return DataError(f"{label} has more than {most}.", SIMPLER)
