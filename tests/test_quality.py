"""Style and types, as `make lint` checks them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.slow
@pytest.mark.parametrize("check", [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"]], ids=" ".join)
def test_the_code_is_clean(check: list[str]) -> None:
    found = subprocess.run([sys.executable, "-m", *check], cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


def test_tables_are_written_in_one_place() -> None:
    """`mmlab.core.csv_file` keeps names from working as formulas; whoever writes CSV by hand does not."""
    writers = ("csv.writer", "csv.DictWriter", ".to_csv(", "np.savetxt")
    sources = [path for folder in ("mmlab", "tools", "bench") for path in (ROOT / folder).rglob("*.py")]
    assert [
        str(path.relative_to(ROOT))
        for path in sources
        if path.name != "csv_file.py" and any(each in path.read_text("utf-8") for each in writers)
    ] == []
