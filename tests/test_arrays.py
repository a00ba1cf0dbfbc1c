"""Files of arrays: what goes in comes out, small, and a file from somebody else runs nothing."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from mmlab.storage import packed_arrays


def some() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {
        "codes": np.clip(rng.normal(16, 4, (7, 200, 64)), 0, 31).astype(np.uint8),
        "logits": (np.round(rng.normal(0, 5, (7, 200, 10)) * 128) / 128).astype(np.float16),
        "names": np.array([f"test-{i:04d}" for i in range(200)]),
        "number": np.array(3),
        "empty": np.zeros((0, 2), np.float32),
    }


def test_arrays_come_back_as_they_were(tmp_path: Path):
    packed_arrays.write(tmp_path / "a.npz", some())
    found = packed_arrays.read(tmp_path / "a.npz")
    for name, value in some().items():
        np.testing.assert_array_equal(found[name], value)
        assert found[name].dtype == value.dtype
    assert [file.name for file in tmp_path.iterdir()] == ["a.npz"]


def test_each_array_is_packed_in_its_best_way(tmp_path: Path):
    packed_arrays.write(tmp_path / "a.npz", some())
    np.savez_compressed(tmp_path / "b.npz", **some())
    assert (tmp_path / "a.npz").stat().st_size < 0.95 * (tmp_path / "b.npz").stat().st_size
    assert len({each.compress_type for each in zipfile.ZipFile(tmp_path / "a.npz").infolist()}) > 1


def test_what_is_alike_under_all_combinations_is_packed_together_and_comes_back_row_by_row(tmp_path: Path):
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 30, (1, 200, 64), np.uint8) + rng.integers(0, 2, (7, 200, 64), np.uint8)
    packed_arrays.write(tmp_path / "a.npz", {"codes": codes})
    found = packed_arrays.read(tmp_path / "a.npz")["codes"]
    np.testing.assert_array_equal(found, codes)
    assert found.flags.c_contiguous
    assert np.load(tmp_path / "a.npz")["codes"].flags.f_contiguous, "it is stored column by column"
    by_rows = min(packed_arrays._size((packed_arrays._plain(codes), way)) for way in packed_arrays.WAYS)
    assert (tmp_path / "a.npz").stat().st_size < 0.95 * by_rows


def test_a_missing_and_a_damaged_file_are_told_apart(tmp_path: Path):
    path = tmp_path / "a.npz"
    with pytest.raises(FileNotFoundError):
        packed_arrays.read(path)
    packed_arrays.write(path, some())
    whole = path.read_bytes()
    for content in (b"", b"nonsense", whole[:200], whole[:600] + bytes(100) + whole[700:], pickle.dumps([1])):
        path.write_bytes(content)
        with pytest.raises(packed_arrays.DamagedFile):
            packed_arrays.read(path)


def test_other_members_and_other_numbers_are_refused(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("codes.txt", "hello")
    with pytest.raises(packed_arrays.DamagedFile):
        packed_arrays.read(tmp_path / "a.npz")
    assert packed_arrays.whole(np.array(3)) == 3
    for value in (np.array(np.inf), np.array([1, 1]), np.array("1"), np.array(1.0)):
        with pytest.raises(packed_arrays.DamagedFile):
            packed_arrays.whole(value)


def test_a_record_goes_on_where_it_fits(tmp_path: Path):
    path = tmp_path / "a.npz"
    page = {"epochs": np.array([2]), "values": np.ones((1, 3))}
    assert packed_arrays.after(path, page, 2) == page
    packed_arrays.write(path, {"epochs": np.array([0, 1, 2]), "values": np.zeros((3, 3))})
    assert packed_arrays.after(path, page, 2)["epochs"].tolist() == [0, 1, 2]
    assert packed_arrays.after(path, page, 2)["values"].sum() == 3, "the row of this epoch is written anew"
    assert packed_arrays.after(path, page, 0)["epochs"].tolist() == [2]
    packed_arrays.write(path, {"epochs": np.array([0]), "values": np.zeros((1, 4))})
    assert packed_arrays.after(path, page, 2)["epochs"].tolist() == [2]


def test_nothing_in_a_file_is_run(tmp_path: Path):
    np.savez(tmp_path / "a.npz", bad=np.array([print], object))
    with pytest.raises(packed_arrays.DamagedFile):
        packed_arrays.read(tmp_path / "a.npz")
    with pytest.raises(ValueError, match="allow_pickle"):
        packed_arrays.write(tmp_path / "b.npz", {"bad": np.array([print], object)})
