"""Small files that unpack to gigabytes, or say that they do: a sentence, and little memory."""

from __future__ import annotations

import io
import json
import struct
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from mmlab.core.errors import CheckpointError, DataError, MmlabError
from mmlab.storage import bounded_arrays, bounded_zip, packed_arrays, progress_file, report_file, safetensors_header
from mmlab.storage.bounded_zip import EVERY, Bounds
from mmlab.ui.session import uploads

MOST = 64 * 2**20


@pytest.fixture(autouse=True)
def little_memory() -> Iterator[None]:
    tracemalloc.start()
    yield
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < MOST


def archive(way: int, content: bytes, name: str = "view.json") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        opened.writestr(name, content, way, 9)
    return buffer.getvalue()


def lying(packed: bytes, size: int) -> bytes:
    """The same archive, whose directory says that its file is `size` bytes long."""
    at = packed.rfind(b"PK\1\2")
    return packed[: at + 24] + struct.pack("<I", size) + packed[at + 28 :]


def numpy_file(shape: tuple[int, ...], kind: str = "<f8", values: bytes = b"") -> bytes:
    buffer = io.BytesIO()
    header = {"descr": kind, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(buffer, header)  # type: ignore[arg-type]
    return buffer.getvalue() + values


ZEROS = bytes(20 * 2**20)
PACKED = {way: archive(way, ZEROS) for way in EVERY}
SOUND = {way: archive(way, b"abc" * 1000) for way in EVERY}


@pytest.mark.parametrize("way", EVERY)
def test_a_view_bundle_that_unpacks_to_much_is_refused(way: int) -> None:
    for content in (PACKED[way], lying(PACKED[way], 50)):
        with pytest.raises(DataError):
            uploads.open_bundle(content)


@pytest.mark.parametrize("way", EVERY)
def test_unpacking_stops_at_the_size_that_an_archive_says(way: int) -> None:
    with bounded_zip.opened(lying(PACKED[way], 50), Bounds(1, 100, EVERY)) as opened:
        with pytest.raises(bounded_zip.DamagedArchive, match="damaged"):
            opened.read("view.json", 100)
        assert opened.start("view.json", 10) == bytes(10)


@pytest.mark.parametrize("way", EVERY)
def test_what_is_sound_comes_back_whole(way: int) -> None:
    with bounded_zip.opened(SOUND[way], Bounds(1, 4000, EVERY)) as opened:
        assert opened.read("view.json", 4000) == b"abc" * 1000


def test_an_archive_of_very_many_files_is_refused_by_the_size_of_its_directory() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        for number in range(20_000):
            opened.writestr(str(number), b"")
    with pytest.raises(DataError, match="more than 16 files"):
        uploads.open_bundle(buffer.getvalue())


@pytest.mark.parametrize(
    "content",
    [
        numpy_file((2**40,)),
        numpy_file((2**62, 2**62)),
        numpy_file((3,), "|O"),
        numpy_file((3,), "<V8", bytes(24)),
        numpy_file((2,), "<f8", bytes(8)),
        numpy_file((-1,), "<f8", bytes(8)),
        b"\x93NUMPY\x01\x00",
        b"\x93NUMPY\x01\x00\x10\x00" + b"(" * 16,
        b"",
    ],
)
def test_an_array_that_promises_more_than_it_holds_is_refused(content: bytes) -> None:
    with pytest.raises(bounded_arrays.DamagedArray):
        bounded_arrays.array(content, 1000)


def test_a_sweep_with_a_huge_member_is_refused_from_its_header(tmp_path: Path) -> None:
    (tmp_path / "sweep.npz").write_bytes(lying(archive(zipfile.ZIP_BZIP2, numpy_file((2**33,)), "mean.npy"), 2**32 - 1))
    with pytest.raises(packed_arrays.DamagedFile, match="unpacks to more"):
        packed_arrays.read(tmp_path / "sweep.npz")


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F32", "shape": [2**30, 2**30], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [10**400], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": ["1"], "data_offsets": [0, 4]},
        {"dtype": "X", "shape": [1], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [1], "data_offsets": [0]},
        {"dtype": "F32", "shape": [1] * 9, "data_offsets": [0, 4]},
        [],
    ],
)
def test_a_tensor_that_contradicts_itself_is_refused(entry: object, tmp_path: Path) -> None:
    header = json.dumps({"x": entry}).encode()
    file = tmp_path / "model.safetensors"
    file.write_bytes(struct.pack("<Q", len(header)) + header + bytes(4))
    with pytest.raises(CheckpointError):
        safetensors_header.read(file)
    file.write_bytes(struct.pack("<Q", 2**63) + header)
    with pytest.raises(CheckpointError, match="another length"):
        safetensors_header.read(file)


DEEP = [b"[" * 10**5, b'{"a":' * 10**5]
NUMBERS = [b"1e999", b"1" + b"0" * 400, b'{"digest": 1e999}', b"-1e+308", b"NaN"]
TEXTS = [b'"\\ud800"', b"\xff\xfe{\x00}\x00", b"null", b'"text"']
LARGE = [b"[" + b"0," * 10**6 + b"0]", b"a" * (9 * 2**20)]
HOSTILE = [*DEEP, *NUMBERS, *TEXTS, *LARGE]


@pytest.mark.parametrize("content", HOSTILE, ids=lambda content: str(content[:12]))
@pytest.mark.parametrize("read", [report_file.decoded, lambda content: progress_file.decoded(content, ["a"])])
def test_hostile_json_is_a_sentence(read: Callable[[bytes], object], content: bytes) -> None:
    with pytest.raises(MmlabError) as caught:
        read(content)
    assert caught.value.message.endswith(".")
    assert len(str(caught.value)) < 400
