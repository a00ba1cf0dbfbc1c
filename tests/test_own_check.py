"""`check` of a large folder: in several processes, and only what changed since the last time."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmlab.experiments.executors import Processes
from mmlab.tasks.custom import reading, row_reading
from mmlab.tasks.custom.validate import Checked, check
from tests.folders import ROWS, changed, png, written

OLD = 10  # seconds: longer ago than the clock's steps are long


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMLAB_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of the rows that were read."""
    found: list[str] = []
    prepared = row_reading.prepared

    def noted(description: Any, row: Any, *more: Any) -> Any:
        found.append(row.id)
        return prepared(description, row, *more)

    monkeypatch.setattr(row_reading, "prepared", noted)
    return found


def said(found: Checked) -> list[str]:
    return [str(problem) for problem in found.problems.found]


def settled(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder as it is some seconds later."""
    now = time.time_ns() + OLD * 10**9
    monkeypatch.setattr("mmlab.tasks.custom.remembered.time.time_ns", lambda: now)
    return folder


def test_what_was_sound_is_not_read_again(tmp_path: Path, read: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    folder = settled(written(tmp_path / "data"), monkeypatch)
    first = check(folder)
    assert read == list("abcdef")
    again = check(folder)
    assert read == list("abcdef")
    assert said(again) == said(first)
    assert again.counts == first.counts
    for name, numbers in first.numbers.items():
        assert again.numbers[name].moments.mean.tolist() == numbers.moments.mean.tolist()
        assert again.numbers[name].moments.spread.tolist() == numbers.moments.spread.tolist()
        assert again.numbers[name].moments.count == numbers.moments.count


def test_a_file_that_changed_is_read_again_although_size_and_time_are_the_same(
    tmp_path: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = settled(written(tmp_path / "data"), monkeypatch)
    check(folder)
    file, before = folder / "a.png", (folder / "a.png").stat()
    file.write_bytes(b"x" * before.st_size)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    read.clear()
    found = check(folder)
    assert {"a", "d", "f"} <= set(read)
    assert found.problems.errors == 3


def test_a_row_with_something_wrong_is_read_each_time(
    tmp_path: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = settled(written(tmp_path / "data", rows=changed(6, "1 10", "1 x")), monkeypatch)
    first = check(folder)
    read.clear()
    assert said(check(folder)) == said(first)
    assert read == ["e"]


def test_files_that_changed_a_moment_ago_are_not_remembered(tmp_path: Path, read: list[str]) -> None:
    folder = written(tmp_path / "data")
    check(folder)
    check(folder)
    assert read.count("a") == 2


def test_other_options_read_everything_again(tmp_path: Path, read: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    folder = settled(written(tmp_path / "data"), monkeypatch)
    check(folder)
    task = (folder / "task.json").read_text().replace('"size": 8', '"size": 16')
    (folder / "task.json").write_text(task)
    check(folder)
    assert read.count("f") == 2


def test_parts_that_come_in_any_order_give_the_same_findings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [*ROWS, *(f"x{i},train,low,{'gone' if i % 7 == 0 else 'a'}.png,{i} {i % 5}" for i in range(50))]
    folder = written(tmp_path / "data", rows=rows)
    alone = check(folder)
    monkeypatch.setattr(reading, "ALONE", 4)
    monkeypatch.setattr(reading, "PART", 8)

    def backwards(work: Any, jobs: Any) -> Iterator[tuple[Any, Any]]:
        for job in reversed(list(jobs)):
            yield job, work(job)

    spread = check(folder, spread=backwards)
    assert said(spread) == said(alone)
    for name, numbers in alone.numbers.items():
        assert spread.numbers[name].moments.mean == pytest.approx(numbers.moments.mean)
        assert spread.numbers[name].moments.spread == pytest.approx(numbers.moments.spread)


@pytest.mark.slow
def test_several_processes_find_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = {f"{i}.png": png(np.full((8, 8), i, np.uint8)) for i in range(20)}
    rows = [ROWS[0], *(f"x{i},{('train', 'valid', 'test')[i % 3]},low,{i}.png,{i} 1" for i in range(21))]
    folder = written(tmp_path / "data", rows=rows, files=pictures)
    alone = check(folder)
    monkeypatch.setattr(reading, "ALONE", 4)
    monkeypatch.setattr(reading, "PART", 4)
    together = check(folder, spread=Processes(2, deaf=True).map)
    assert said(together) == said(alone)
    assert any("20.png" in line for line in said(together))
