"""One .npz of features becomes a folder that can be trained on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmlab.core.errors import DataError
from mmlab.core.outputs import Multilabel
from mmlab.tasks.custom.from_arrays import write_from_arrays
from mmlab.tasks.custom.validate import check
from mmlab.tasks.custom_folder import task_class

RNG = np.random.default_rng(0)


def task_of(tmp_path: Path, **arrays: Any) -> Any:
    np.savez(tmp_path / "features.npz", **arrays)
    write_from_arrays(tmp_path / "features.npz", tmp_path / "mine")
    assert check(tmp_path / "mine").problems.errors == 0
    return task_class(tmp_path / "mine")()


def test_arrays_by_split_keep_their_split_and_validation_is_held_out_by_group(tmp_path: Path) -> None:
    groups = np.repeat([f"g{i}" for i in range(10)], 4)
    task = task_of(
        tmp_path,
        text_train=RNG.normal(size=(40, 6)),
        text_test=RNG.normal(size=(12, 6)),
        audio_train=RNG.normal(size=(40, 3)),
        audio_test=RNG.normal(size=(12, 3)),
        y_train=np.arange(40) % 2,
        y_test=np.arange(12) % 2,
        group_train=groups,
        group_test=np.repeat("h", 12),
    )
    assert task.name == "mine"
    assert task.info.modalities.names == ("text", "audio")
    assert task.info.output.class_names == ("0", "1")
    assert {split: len(task.samples(split)) for split in ("train", "valid", "test")} == {
        "train": 32,
        "valid": 8,
        "test": 12,
    }
    assert not set(task.samples("train").groups) & set(task.samples("valid").groups)


def test_arrays_of_all_samples_are_split_and_numbers_are_a_scale(tmp_path: Path) -> None:
    values = RNG.normal(size=(50, 4))
    task = task_of(tmp_path, one=values, two=RNG.normal(size=(50, 2)), y=values[:, 0], ids=np.arange(50).astype(str))
    assert task.info.output.kind == "regression"
    assert {len(task.samples(split)) for split in ("train", "valid", "test")} == {30, 10}
    row = int(task.samples("test").ids[0])
    np.testing.assert_allclose(task.example(str(row)).raw["one"].values, values[row], rtol=1e-6)


def test_rows_of_zeros_and_ones_are_several_labels(tmp_path: Path) -> None:
    truth = RNG.random((40, 3)) < 0.4
    task = task_of(
        tmp_path,
        one=RNG.normal(size=(40, 4)),
        two=RNG.normal(size=(40, 2)),
        y=truth.astype(np.uint8),
        classes=["red", "green", "blue"],
    )
    assert task.info.output == Multilabel(("blue", "green", "red"))
    found = task.samples("test")
    rows = [int(name[1:]) for name in found.ids]
    assert (found.target.numpy() == truth[rows][:, ::-1]).all()


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"a": np.ones((5, 2)), "b": np.ones((5, 2))}, "no right answers"),
        ({"a": np.ones((5, 2)), "y": np.arange(5)}, "1 arrays"),
        ({"a": np.ones((5, 2)), "b": np.ones((5, 2)), "y": np.full((5, 2), 3)}, "not of zeros and ones"),
        ({"a": np.ones((5, 2)), "b": np.ones((5, 2)), "y": np.arange(5), "split": ["x"] * 5}, "do not fit"),
    ],
)
def test_what_cannot_be_made_a_folder_is_said(tmp_path: Path, arrays: dict[str, Any], said: str) -> None:
    np.savez(tmp_path / "features.npz", **arrays)
    with pytest.raises(DataError, match=said):
        write_from_arrays(tmp_path / "features.npz", tmp_path / "mine")


def test_pickles_and_other_files_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "features.npz", a=np.array([{}], object), allow_pickle=True)
    with pytest.raises(DataError, match=r"no \.npz"):
        write_from_arrays(tmp_path / "features.npz", tmp_path / "mine")
    (tmp_path / "other.npz").write_text("no")
    with pytest.raises(DataError, match=r"no \.npz"):
        write_from_arrays(tmp_path / "other.npz", tmp_path / "mine")
