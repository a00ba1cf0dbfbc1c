"""Pickles of data sets become archives of arrays in a process of its own, and nothing in them is run."""

from __future__ import annotations

import json
import os
import pickle
import shlex
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mmlab.cli.app import main
from mmlab.core.errors import DataError
from mmlab.modalities.array_file import row_bytes
from mmlab.tasks.custom import locations
from mmlab.tasks.official import unpickling
from mmlab.tasks.official.converting import convert
from mmlab.tasks.official.miniature import write_miniature
from mmlab.tasks.official.opening import looked_at
from mmlab.tasks.official.plain_arrays import plain_arrays


@pytest.fixture(autouse=True)
def _no_other_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(locations.VARIABLE, "")


class Command:
    """What a hostile pickle asks for."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.asked = function, arguments

    def __reduce__(self) -> Any:
        return self.asked


def said(path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the worker says of a file; in this process, without its limits."""
    monkeypatch.setattr(unpickling, "limit", lambda size: None)
    unpickling.main(path, path.with_suffix(".npz"))
    return dict(json.loads(capsys.readouterr().out))


def test_a_pickle_becomes_an_archive_by_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sound = np.array([[[1.0, -np.inf]], [[2.0, 3.0]]])
    held = {"train": {"audio": sound, "id": np.array([[b"v", b"1"], [b"v", b"2"]])}}
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(held))
    assert main(["data", "convert", str(tmp_path / "a.pkl")]) == 0
    assert "train_audio" in capsys.readouterr().out
    with np.load(tmp_path / "a.npz", allow_pickle=False) as found:
        assert found["train_audio"].tolist() == [[[1.0, 0.0]], [[2.0, 3.0]]]
        assert found["train_id"].tolist() == [["v", "1"], ["v", "2"]]
    with pytest.raises(DataError, match="is there already"):
        convert(tmp_path / "a.pkl")


def test_memory_is_bounded(tmp_path: Path) -> None:
    (tmp_path / "bomb.pkl").write_bytes(pickle.dumps(Command(bytearray, 10**13)))
    with pytest.raises(DataError, match=r"bomb\.pkl' takes more memory"):
        convert(tmp_path / "bomb.pkl")
    assert [each.name for each in tmp_path.iterdir()] == ["bomb.pkl"]


@pytest.mark.parametrize("function", [os.system, eval, open, getattr, __import__, np.load])
def test_nothing_is_run(
    function: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "was_run"
    path = tmp_path / "evil.pkl"
    path.write_bytes(pickle.dumps({"a": Command(function, f"touch {target}")}))
    found = said(path, capsys, monkeypatch)
    assert "which is not read" in found["message"]
    assert function.__name__ in found["message"]
    assert not target.exists()


@pytest.mark.parametrize("content", [b"", b"not a pickle", pickle.dumps(np.zeros(400))[:200], pickle.dumps("text")[:3]])
def test_a_damaged_pickle_is_one_sentence(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "half.pkl"
    path.write_bytes(content)
    assert "'half.pkl' cannot be read: it is damaged or cut off" in said(path, capsys, monkeypatch)["message"]


@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_every_protocol_is_read(protocol: int, tmp_path: Path) -> None:
    held = {"vision": np.arange(6, dtype="f8").reshape(2, 3), "number": np.float32(2.5), "names": ["a", "b"]}
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps(held, protocol=protocol))
    found = plain_arrays(unpickling.read(path)).arrays
    assert found["vision"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert found["names"].tolist() == ["a", "b"]


@pytest.mark.parametrize("archive", [True, False])
def test_objects_of_a_data_set_are_read_without_their_class(archive: bool, tmp_path: Path) -> None:
    """As GMC keeps them; tensors are views with strides, some not in the order of their numbers."""
    module = types.ModuleType("gmc_code")
    made = type("AffectDataset", (), {"__module__": "gmc_code"})
    module.AffectDataset = made  # type: ignore[attr-defined]
    sys.modules["gmc_code"] = module
    held = made()
    held.vision, held.text = torch.arange(12.0).view(3, 2, 2), torch.arange(12.0).view(2, 3, 2).transpose(0, 1)
    held.meta = np.array([[b"v", b"1"]] * 3)
    try:
        torch.save(held, tmp_path / "mosi_train_a.dt", _use_new_zipfile_serialization=archive)
    finally:
        del sys.modules["gmc_code"]
    found = plain_arrays(unpickling.read(tmp_path / "mosi_train_a.dt")).arrays
    assert found["vision"].tolist() == held.vision.tolist()
    assert found["text"].tolist() == held.text.tolist()
    assert found["meta"].tolist() == [["v", "1"]] * 3


def test_a_tensor_that_leaves_its_numbers_is_refused() -> None:
    with pytest.raises(unpickling.Refused, match="larger than its numbers"):
        unpickling.tensor(np.zeros(4), 0, (3, 2), (2, 1))
    with pytest.raises(unpickling.Refused, match="larger than its numbers"):
        unpickling.tensor(np.zeros(4), -1, (2,), (1,))


@pytest.mark.parametrize(
    ("name", "ending", "count", "needed"),
    [
        ("mosi", "pkl", 8, "mosi_data"),
        ("mhd", "pt", 2, "mhd_train"),
        ("gmc_pendulum", "pt", 2, "train_pendulum"),
    ],
)
def test_a_miniature_s_pickles_give_the_archives_beside_them(
    name: str, ending: str, count: int, needed: str, tmp_path: Path
) -> None:
    write_miniature(name, tmp_path)
    pickles = sorted(tmp_path.glob(f"*.{ending}"))
    assert len(pickles) == count
    for path in pickles:
        made = plain_arrays(unpickling.read(path)).stored
        with np.load(path.with_suffix(".npz"), allow_pickle=False) as kept:
            assert set(made) == set(kept.files)
            assert all(np.array_equal(made[each], kept[each]) for each in made)
    lost = min(tmp_path.glob(f"{needed}*.npz"))
    lost.unlink()
    with pytest.raises(DataError, match="There is no '") as raised:
        looked_at(name, tmp_path)
    assert lost.name in raised.value.message
    assert "data convert" in raised.value.hint
    assert shlex.split(raised.value.hint)[-1] == str(lost.with_suffix(f".{ending}"))


def test_a_row_is_read_alone_and_what_is_wrong_with_its_file_is_said(tmp_path: Path) -> None:
    file, values = tmp_path / "a.npz", np.arange(24.0).reshape(4, 3, 2)
    np.savez(file, train=values, other=np.asfortranarray(values[:, 0]))
    (tmp_path / "row.npy").write_bytes(row_bytes(file, "train.2"))
    assert np.load(tmp_path / "row.npy").tolist() == values[2].tolist()
    with pytest.raises(DataError, match=r"'a\.npz' has no array 'valid'"):
        row_bytes(file, "valid.0")
    with pytest.raises(DataError, match=r"'a\.npz' has no row 'train\.4'"):
        row_bytes(file, "train.4")
    with pytest.raises(DataError, match="keeps its numbers by column"):
        row_bytes(file, "other.0")
    np.savez_compressed(tmp_path / "b.npz", train=values)
    with pytest.raises(DataError, match="is compressed"):
        row_bytes(tmp_path / "b.npz", "train.0")
    content = file.read_bytes()
    file.write_bytes(content[:300])
    with pytest.raises(DataError, match="damaged, or cut off"):
        row_bytes(file, "train.0")
    np.save(tmp_path / "c.npy", values)
    (tmp_path / "c.npy").write_bytes((tmp_path / "c.npy").read_bytes()[:-8])
    with pytest.raises(DataError, match=r"'c\.npy' is cut off"):
        row_bytes(tmp_path / "c.npy", "0")
