"""How long each file of the suite takes: the longest begin first. `make test ARGS=--keep-lengths` writes it anew.

A worker that begins with a long file when the others are nearly done makes everybody wait.
"""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from xdist.scheduler import LoadFileScheduling

ROOT = Path(__file__).resolve().parent.parent
KEPT = Path(__file__).with_name("lengths.json")


@cache
def group(name: str) -> str:
    """What one worker runs: a file, or all that use the browser, since each of their workers serves an app."""
    file = ROOT / name
    return "browser" if file.is_file() and "from tests.browser_app import" in file.read_text("utf-8") else name


def longest_first(items: list[pytest.Item]) -> None:
    """By the seconds of each group. A file that nobody measured comes before all others: it may be long."""
    lengths, seconds = read(), Counter[str]()
    names = {path: path.relative_to(ROOT).as_posix() for path in {item.path for item in items}}
    for name in names.values():
        seconds[group(name)] += lengths.get(name, float("inf"))
    items.sort(key=lambda item: (-seconds[group(names[item.path])], names[item.path]))


class ByGroup(LoadFileScheduling):
    """`--dist loadfile` with these groups."""

    def _split_scope(self, nodeid: str) -> str:
        return group(super()._split_scope(nodeid))


def read() -> dict[str, int]:
    return dict(json.loads(KEPT.read_text("utf-8")))


class Keeper:
    """Sums up the seconds of each file, in the process that reports; whatever did not run stays as it was."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.nodeid.split("::")[0]] += report.duration

    def pytest_sessionfinish(self) -> None:
        both = read() | {name: round(seconds) for name, seconds in self.seconds.items()}
        longest = sorted(both.items(), key=lambda pair: (-pair[1], pair[0]))
        there = {name: seconds for name, seconds in longest if (ROOT / name).is_file()}
        KEPT.write_text(json.dumps(there, indent=0) + "\n", "utf-8")
