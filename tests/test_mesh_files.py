"""OBJ and OFF files: what they say, in each dialect that programs write, and hostile ones, which end in a sentence."""

from __future__ import annotations

import time
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmlab.core.errors import DataError
from mmlab.modalities import mesh_file
from mmlab.modalities.mesh_file import Mesh, is_mesh, read_mesh

SQUARE = b"v 0 0 0\nv 2 0 0\nv 2 2 0\nv 0 2 0\n"
OFF_SQUARE = b"4 1 0\n0 0 0\n2 0 0\n2 2 0\n0 2 0\n"


def area(mesh: Mesh) -> float:
    sides = mesh.corners[:, 1:] - mesh.corners[:, :1]
    return float(np.linalg.norm(np.cross(sides[:, 0], sides[:, 1]), axis=1).sum() / 2)


@pytest.mark.parametrize(
    "faces",
    [
        b"f 1 2 3 4",
        b"f 1/1 2/1 3/1 4/1",
        b"f 1//1 2//1 3//1 4//1",
        b"f 1/1/1 2/1/1 3/1/1 4/1/1",
        b"f -4 -3 -2 -1",
        b"f 1 2 3\nf 1 3 4",
        b"f 1 2 \\\n3 4",
        b"f 1 2 3 4 # a comment",
        b"g body\r\nusemtl steel\r\ns off\r\nvt 0 0\r\nvn 0 0 1\r\nf 1 2 3 4\r\n",
    ],
)
def test_a_square_is_two_triangles_however_its_face_is_written(faces: bytes) -> None:
    mesh = read_mesh(b"# made by hand\nmtllib a.mtl\n" + SQUARE + faces, "square.obj", "z")
    assert len(mesh.corners) == 2
    assert area(mesh) == pytest.approx(4), "about the origin, and one to each side"
    assert np.abs(mesh.corners).max() == 1
    assert mesh.shades is None
    assert (mesh.left_out != ()) == (b"usemtl" in faces), "what lies in another file is said"


@pytest.mark.parametrize(
    "content",
    [
        b"OFF\n" + OFF_SQUARE + b"4 0 1 2 3\n",
        b"OFF" + OFF_SQUARE + b"4 0 1 2 3\n",  # as some files of ModelNet40 begin
        b"OFF " + OFF_SQUARE + b"4  0 1 2 3\n",
        b"# first\n\nOFF # head\n" + OFF_SQUARE.replace(b"\n", b"\r\n") + b"4 0 1 2 3\r\n",
        b"\xef\xbb\xbfOFF\n" + OFF_SQUARE + b"4 0 1 2 3",
        b"NOFF\n4 1 0\n0 0 0 0 0 1\n2 0 0 0 0 1\n2 2 0 0 0 1\n0 2 0 0 0 1\n4 0 1 2 3",
    ],
)
def test_an_off_file_in_every_dialect(content: bytes) -> None:
    mesh = read_mesh(content, "square.off")
    assert (len(mesh.corners), mesh.vertices, mesh.faces) == (2, 4, 1)
    assert area(mesh) == pytest.approx(4)
    assert is_mesh(content)


def test_colours_become_shades_of_grey_whether_they_go_to_one_or_to_255() -> None:
    ones = b"v 0 0 0 1 1 1\nv 1 0 0 1 1 1\nv 0 1 0 1 1 1\nv 0 0 1 0 0 0\nf 1 2 3\nf 1 2 4\n"
    for content in (ones, ones.replace(b"1 1 1\n", b"255 255 255\n")):
        shades = read_mesh(content, "a.obj").shades
        assert shades is not None
        assert shades == pytest.approx([1, 2 / 3])
    painted = b"OFF\n4 2 0\n0 0 0\n2 0 0\n2 2 0\n0 2 0\n3 0 1 2 255 0 0\n3 0 2 3 255 255 255 255\n"
    assert read_mesh(painted, "a.off").shades == pytest.approx([0.299, 1])
    some = read_mesh(ones.replace(b"v 0 0 1 0 0 0", b"v 0 0 1"), "a.obj").shades
    assert some == pytest.approx([1, 1]), "what has no colour is as the rest"


def test_upwards_is_y_in_obj_and_z_in_off_unless_it_is_said() -> None:
    """A triangle that reaches 4 along y and 1 along z."""
    obj = b"v 0 0 0\nv 0 4 0\nv 0 0 1\nf 1 2 3"
    off = b"OFF\n3 1 0\n0 0 0\n0 4 0\n0 0 1\n3 0 1 2"
    for content, up, tall in ((obj, "", 2), (off, "", 1), (obj, "z", 1), (off, "y", 2)):
        assert int(np.ptp(read_mesh(content, "", up).corners.reshape(-1, 3), axis=0).argmax()) == tall
    front = read_mesh(b"v 0 0 1\nv 1 0 0\nv 0 1 0\nf 1 2 3", "a.obj").corners[0, 0]
    assert front[1] == -1, "what is towards z in OBJ is the front, which is towards -y here"


def test_huge_and_tiny_places_are_brought_to_one_size() -> None:
    for factor in ("e307", "e-300", ""):
        content = f"v -1{factor} 0 0\nv 1{factor} 0 0\nv 0 1{factor} 0\nf 1 2 3"
        mesh = read_mesh(content.encode(), "a.obj")
        assert np.abs(mesh.corners).max() == 1
        assert np.isfinite(mesh.corners).all()
    far = read_mesh(b"v 1e12 0 0\nv 1000000000002 0 0\nv 1e12 2 0\nv nan 0 0\nf 1 2 3", "a.obj")
    assert area(far) == pytest.approx(2, rel=0.01), "far from the origin, beside a vertex that no face uses"


def test_triangles_without_an_area_are_left_out_and_said() -> None:
    mesh = read_mesh(SQUARE + b"f 1 2 3\nf 1 1 2\nf 1 2\nf 3 4 3\n", "a.obj")
    assert len(mesh.corners) == 1
    assert mesh.left_out == ("2 triangles without an area were left out.",)


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"", "a.obj", "is empty"),
        (b"A letter to a friend.\n", "a.obj", "no faces"),
        (b"v for vendetta\n", "a.obj", "Line 1 of 'a.obj' cannot be read"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "a.obj", "is no text"),
        (SQUARE, "a.obj", "no faces"),
        (SQUARE + b"f 1 1 1\n", "a.obj", "No face of 'a.obj' has an area"),
        (SQUARE + b"f 1 2 5\n", "a.obj", "asks for vertex 5"),
        (SQUARE + b"f 0 1 2\n", "a.obj", "asks for vertex 0"),
        (SQUARE + b"f -5 1 2\n", "a.obj", "asks for vertex -5"),
        (SQUARE + b"f 1 2 99999999999999999999\n", "a.obj", "asks for vertex 99,999,"),
        (SQUARE + b"f 1 2 x\n", "a.obj", "Line 5 of 'a.obj'"),
        (SQUARE + b"f 1 2 " + b"9" * 5000, "a.obj", "Line 5 of 'a.obj'"),
        (b"v 1 2\n", "a.obj", "Line 1 of 'a.obj'"),
        (SQUARE + b"v nan 0 0\nf 1 2 5\n", "a.obj", "nowhere"),
        (SQUARE + b"v 0 1e999 0\nf 1 2 5\n", "a.obj", "nowhere"),
        (b"v 0 0 0\n" * 3 + b"f 1 2 3", "a.obj", "has an area"),
        (b"v 0 0 0\n" + b"f" + b" 1" * 40_000, "a.obj", "longer than any face"),
        (b"v 0 0 0\n" + b"f \\\n" + b"1 1 1 1 \\\n" * 20_000, "a.obj", "longer than any face"),
        (b"v 0 0 0\n" + (b"f" + b" 1" * 30_000 + b"\n") * 8, "a.obj", "more than 200,000 vertices or 200,000"),
        (b"v 0 0 0\n" * 200_001, "a.obj", "more than 200,000 vertices"),
        (b"f 1\n" * 200_001, "a.obj", "200,000 triangles"),
        (b"OFF\n4000000000 1 0\n", "a.off", "more than 200,000 vertices"),
        (b"OFF\n1 4000000000 0\n", "a.off", "more than 200,000 vertices"),
        (b"OFF\n-1 2 0\n", "a.off", "Line 2 of 'a.off'"),
        (b"OFF\nfour one\n", "a.off", "Line 2 of 'a.off'"),
        (b"OFF", "a.off", "ends before"),
        (b"OFF BINARY\n\x01\x02", "a.off", "binary"),
        (b"OFF\n" + OFF_SQUARE, "a.off", "ends before"),
        (b"OFF\n" + OFF_SQUARE + b"4 0 1 2", "a.off", "Line 7"),
        (b"OFF\n" + OFF_SQUARE + b"-3 0 1 2", "a.off", "Line 7"),
        (b"OFF\n" + OFF_SQUARE + b"3 0 1 4", "a.off", "asks for vertex 4"),
        (b"OFF\n" + OFF_SQUARE + b"3 0 -1 2", "a.off", "asks for vertex -1"),
        (b"OFF\n" + OFF_SQUARE + b"3 0 1 2 red green blue", "a.off", "Line 7"),
        (b"OFFICE HOURS\n", "a.off", "Line 1"),
    ],
)
def test_what_is_no_surface_is_refused_with_a_sentence(content: bytes, name: str, said: str) -> None:
    begun = time.process_time()
    with pytest.raises(DataError) as caught:
        read_mesh(content, name)
    assert said in caught.value.message
    assert caught.value.hint
    assert len(str(caught.value)) < 600
    assert time.process_time() - begun < 10


def test_a_file_is_refused_for_its_size_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mesh_file, "MESH_BYTES", 20)
    with pytest.raises(DataError, match="the limit is"):
        read_mesh(SQUARE + b"f 1 2 3", "a.obj")


def test_what_is_a_mesh_is_told_by_its_name_or_by_how_it_begins() -> None:
    assert is_mesh(b"", "CHAIR.OBJ")
    assert is_mesh(b"anything", "chair.off")
    assert is_mesh(b"# Blender\no Cube\n" + SQUARE)
    assert not is_mesh(b"\x89PNG\r\n\x1a\nv 1 2 3", "a.png")
    assert not is_mesh(b"Dear v,\nhow are you?")


WORDS = st.sampled_from(
    ["v", "f", "OFF", "COFF", "1", "-1", "0", "3", "1/2/3", "//", "nan", "1e308", "#", "\\", "\n", "\n"]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(WORDS, max_size=60), st.sampled_from(["a.obj", "a.off"]))
def test_any_text_is_a_surface_or_refused(words: list[str], name: str) -> None:
    with suppress(DataError):
        mesh = read_mesh(" ".join(words).encode(), name)
        assert np.isfinite(mesh.corners).all()
        assert len(mesh.corners)
