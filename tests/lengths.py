"""How long each file of the suite takes: the longest begin first. `make test ARGS=--keep-lengths` writes it anew.

A worker that begins with a long file when the others are nearly done makes everybody wait.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
KEPT = Path(__file__).with_name("lengths.json")


def longest_first(items: list[pytest.Item]) -> None:
    """By the seconds of each file. One that nobody measured comes before all others: it may be long."""
    lengths = read()
    names = {path: path.relative_to(ROOT).as_posix() for path in {item.path for item in items}}
    items.sort(key=lambda item: (-lengths.get(names[item.path], float("inf")), names[item.path]))


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
