"""A person's own library where mmlab is installed: filled once, theirs from then on."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmlab.storage import own_library, shipped_files
from mmlab.storage.library import Library

RUNS = ("digits/joint/seed0", "digits/joint/seed1", "watch/gmd/seed0")


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    for name in RUNS:
        write(tmp_path / "shipped", name, "as it came")
    return tmp_path / "shipped"


def write(root: Path, name: str, text: str) -> None:
    (root / name).mkdir(parents=True, exist_ok=True)
    (root / name / "report.json").write_text(text)


def texts(root: Path) -> dict[str, str]:
    return {file.parent.relative_to(root).as_posix(): file.read_text() for file in root.glob("*/*/*/report.json")}


def test_what_ships_is_there_at_first(shipped: Path, tmp_path: Path) -> None:
    own_library.fill(tmp_path / "own", shipped, "1")
    assert texts(tmp_path / "own") == texts(shipped)


def test_a_deleted_model_stays_deleted_and_a_changed_one_stays_changed(shipped: Path, tmp_path: Path) -> None:
    root = tmp_path / "own"
    own_library.fill(root, shipped, "1")
    (root / RUNS[0] / "report.json").unlink()
    (root / RUNS[0]).rmdir()
    write(root, RUNS[1], "trained again")
    own_library.fill(root, shipped, "1")
    for name in RUNS:
        write(shipped, name, "newer")
    write(shipped, "watch/gmd/seed1", "brought by the newer version")
    own_library.fill(root, shipped, "2")
    assert texts(root) == {
        RUNS[1]: "trained again",
        RUNS[2]: "newer",
        "watch/gmd/seed1": "brought by the newer version",
    }
    own_library.fill(root, shipped, "3")
    assert set(texts(root)) == {*RUNS[1:], "watch/gmd/seed1"}


def test_a_library_that_was_there_before_keeps_what_it_has(shipped: Path, tmp_path: Path) -> None:
    write(tmp_path / "own", RUNS[0], "mine")
    own_library.fill(tmp_path / "own", shipped, "1")
    assert texts(tmp_path / "own") == {**texts(shipped), RUNS[0]: "mine"}


def test_an_installed_package_opens_that_library(
    shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MMLAB_CHECKPOINTS", raising=False)
    assert Library().root == shipped_files.CHECKPOINTS, "a checkout is its own library"
    monkeypatch.setattr(shipped_files, "IS_INSTALLED", True)
    monkeypatch.setattr("mmlab.storage.library.SHIPPED", shipped)
    monkeypatch.setattr(own_library, "data_folder", lambda: tmp_path / "data")
    assert Library().root == tmp_path / "data" / "checkpoints"
    monkeypatch.setattr(own_library, "data_folder", lambda: shipped / RUNS[0] / "report.json")
    assert Library().root == shipped, "where nothing can be written, what ships is shown all the same"
    monkeypatch.setenv("MMLAB_CHECKPOINTS", str(tmp_path / "named"))
    assert Library().root == tmp_path / "named"
