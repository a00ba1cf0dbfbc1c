"""Long work that is followed from above: the first reading of a folder, in a command's bar."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmlab.cli import console
from mmlab.core.long_work import report_progress, with_progress
from mmlab.tasks import cached_splits
from mmlab.tasks.custom import stored_split
from mmlab.tasks.custom_folder import task_class
from tests.folders import written


def test_work_is_followed_in_its_block_only() -> None:
    told: list[tuple[str, float]] = []
    assert list(with_progress("Before", [1, 2])) == [1, 2]
    with report_progress(lambda *said: told.append(said)):
        assert list(with_progress("Reading", [1, 2])) == [1, 2]
    assert list(with_progress("After", [1])) == [1]
    assert told == [("Reading", 0.0), ("Reading", 0.5), ("Reading", 1.0)]


@pytest.mark.parametrize("held", [100, stored_split.HELD])
def test_the_first_reading_of_a_folder_is_shown_and_no_later_one(
    held: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MMLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(stored_split, "HELD", held)
    monkeypatch.setattr(console, "PATIENCE", 0.0)
    folder = written(tmp_path / "pair")
    splits = [f"Reading the {split} samples" for split in ("validation", "test", "training")]
    for expected in (["Finding the scale of 'Numbers'", *splits], []):
        cached_splits.forget()
        with console.bar("Starting", None) as shown:
            task_class(folder)().samples("train")
            shown.note("begun")
        *read, last = capsys.readouterr().err.splitlines()
        assert last == "begun"
        assert list(dict.fromkeys(line.partition(":")[0] for line in read)) == expected
