"""A fresh clone stays small: weights, stored predictions and samples come with it, and each of them is meant to be."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BLOCK = 4096  # bytes that even the smallest file takes on most disks
MOST = 75_000_000 // 1024  # KB


def test_the_files_of_a_checkout_take_little_room_on_a_disk() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode or not listed.stdout:
        pytest.skip("this is no checkout by git, which knows which files belong to it")
    files = [ROOT / name for name in listed.stdout.split("\0") if name]
    blocks = {file: -(-file.stat().st_size // BLOCK) * BLOCK // 1024 for file in files if file.is_file()}
    largest = [
        f"{file.relative_to(ROOT)}: {blocks[file]:,} KB" for file in sorted(blocks, key=lambda f: -blocks[f])[:10]
    ]
    assert sum(blocks.values()) <= MOST, "\n".join(["the largest files are", *largest])
