"""The longest files of the suite begin first, and how long they are can be written anew."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests import lengths


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(lengths, "KEPT", tmp_path / "lengths.json")
    lengths.KEPT.write_text(json.dumps({"tests/test_bar.py": 3, "tests/test_cli.py": 40, "tests/test_gone.py": 5}))
    return lengths.KEPT


def test_the_longest_file_begins_an_unknown_one_before_it_and_tests_of_a_file_stay_together() -> None:
    names = ["bar", "bar", "cli", "new", "cli"]
    items = [
        SimpleNamespace(path=lengths.ROOT / "tests" / f"test_{name}.py", name=str(i)) for i, name in enumerate(names)
    ]
    lengths.longest_first(items)  # type: ignore[arg-type]
    assert [item.name for item in items] == ["3", "2", "4", "0", "1"]


def test_what_ran_is_written_what_did_not_stays_and_what_is_gone_goes(kept: Path) -> None:
    keeper = lengths.Keeper()
    for seconds in (20.4, 31.0):
        report = SimpleNamespace(nodeid="tests/test_bar.py::test_x", duration=seconds)
        keeper.pytest_runtest_logreport(report)  # type: ignore[arg-type]
    keeper.pytest_sessionfinish()
    assert list(json.loads(kept.read_text()).items()) == [("tests/test_bar.py", 51), ("tests/test_cli.py", 40)]


def test_a_plan_can_be_read_where_nothing_was_measured(kept: Path) -> None:
    kept.write_text("{}")
    items = [SimpleNamespace(path=lengths.ROOT / "tests" / f"test_{name}.py", name=name) for name in ("cli", "bar")]
    lengths.longest_first(items)  # type: ignore[arg-type]
    assert [item.name for item in items] == ["bar", "cli"]


def test_one_worker_serves_all_files_that_use_the_browser(kept: Path) -> None:
    kept.write_text(json.dumps({"tests/test_access.py": 30, "tests/test_cli.py": 40, "tests/test_toggle.py": 20}))
    names = ["toggle", "cli", "access"]
    items = [SimpleNamespace(path=lengths.ROOT / "tests" / f"test_{name}.py", name=name) for name in names]
    lengths.longest_first(items)  # type: ignore[arg-type]
    assert [item.name for item in items] == ["access", "toggle", "cli"], "together they are the longest"
    scopes = {lengths.group(f"tests/test_{name}.py") for name in names}
    assert scopes == {"browser", "tests/test_cli.py"}
