"""How every script that makes a sample pack ends: it writes the pack, or only compares the one on disk."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path

from mmlab.tasks.generators.sample_packs import Pack, PackItem

CHECK = "only compare the pack on disk with what would be made"


def finish(
    pack: Pack, items: Iterable[PackItem], folder: Path, check: bool, made_by: str = "the generators make"
) -> int:
    """The exit code: 1 where a comparison found differences. folder: what the task ships, whose size is said."""
    if check:
        changed = pack.differences(items)
        print("\n".join(changed) or f"The pack is what {made_by}.")
        return 1 if changed else 0
    pack.write(items)
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    print(f"{folder.name}: {size / 1e6:.2f} MB")
    return 0


def main(task: str, pack: Pack, items: Callable[[], Iterable[PackItem]], folder: Path, made_by: str) -> int:
    """The whole command of a task that ships nothing but its pack; the exit code."""
    parser = argparse.ArgumentParser(description=f"Make the sample pack of the task {task}.")
    parser.add_argument("--check", action="store_true", help=CHECK)
    return finish(pack, items(), folder, parser.parse_args().check, made_by)
