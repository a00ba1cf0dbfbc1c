"""`"missing": "drop"`: inputs of a folder that cannot be used count as missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmlab.cli.app import main
from mmlab.core.errors import DataError
from mmlab.tasks.custom import locations
from mmlab.tasks.custom.validate import check
from tests.folders import FILES, ROWS, opened, scans, with_task, written

BROKEN = [
    *ROWS,
    "g,train,high,broken.png,3 31",  # the picture is dropped
    "h,train,low,lost.png,",  # nothing is left: the sample is
    "i,test,high,b.png,nan 3",  # the numbers are dropped
]
DROP = with_task(missing="drop")


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(locations.VARIABLE, "")
    monkeypatch.setenv("MMLAB_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return written(tmp_path / "data", DROP, BROKEN, {**FILES, "broken.png": b"no picture"})


def test_what_cannot_be_used_is_counted_and_blocks_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = check(folder)
    assert not found.problems.errors, [str(problem) for problem in found.problems.found]
    assert found.dropped == {"samples": 1, "inputs": {"numbers": 1, "photo": 1}}
    assert found.counts == {"train": 4, "valid": 1, "test": 3}
    assert found.missing == {"photo": 0.25, "numbers": 0.375}
    assert found.complete == {"photo": 3, "numbers": 1, "photo-numbers": 1}
    said = [str(problem) for problem in found.problems.found]
    assert any("line 8, photo" in line and line.endswith("It counts as missing.") for line in said)
    assert main(["check", str(folder)]) == 0
    assert "1 of numbers, 1 of photo could not be used" in capsys.readouterr().out


def test_a_training_sees_them_as_missing_and_the_card_says_so(folder: Path) -> None:
    task = opened(folder)
    train, test = task.samples("train"), task.samples("test")
    assert train.ids == ("a", "b", "c", "g")
    assert train.present.tolist() == [[True, True], [True, True], [False, True], [False, True]]
    assert not train.inputs["photo"][3].any()
    assert test.present.tolist() == [[True, True], [True, False], [True, False]]
    card = task.describe()
    assert card["dropped"] == {"samples": 1, "inputs": {"numbers": 1, "photo": 1}}
    assert card["sizes"] == {"train": 4, "valid": 1, "test": 3}
    assert set(task.example("i").raw) == {"photo"}
    assert task.gallery() == ("e", "f", "i")


def test_a_label_map_that_cannot_be_read_leaves_its_sample_out(tmp_path: Path) -> None:
    folder = scans(tmp_path / "data")
    task = (folder / "task.json").read_text()
    (folder / "task.json").write_text(task.replace('"name": "lesions"', '"name": "lesions", "missing": "drop"'))
    manifest = (folder / "manifest.csv").read_text().strip()
    (folder / "manifest.csv").write_text(manifest + "\ne,test,lost.nii.gz#1,scan.nii.gz#1,\n")
    assert check(folder).dropped == {"samples": 1, "inputs": {}}
    assert opened(folder).samples("test").ids == ("d",)


def test_without_it_they_are_errors(tmp_path: Path) -> None:
    folder = written(tmp_path / "data", rows=BROKEN, files={**FILES, "broken.png": b"no picture"})
    assert check(folder).problems.errors == 3
    with pytest.raises(DataError, match="line 10, numbers"):
        opened(folder).samples("train")


def test_a_split_of_which_nothing_is_left_is_an_error(tmp_path: Path) -> None:
    rows = [row.replace("d,valid,high,a.png", "d,valid,high,lost.png") for row in ROWS]
    folder = written(tmp_path / "data", DROP, rows)
    said = " ".join(str(problem) for problem in check(folder).problems.found if problem.is_error)
    assert "There are no samples in valid" in said
    with pytest.raises(DataError, match="Too few samples of valid"):
        opened(folder).samples("train")


def test_another_word_is_an_error(tmp_path: Path) -> None:
    said = [str(problem) for problem in check(written(tmp_path, with_task(missing="ignore"))).problems.found]
    assert any("task.json, missing" in line for line in said)
