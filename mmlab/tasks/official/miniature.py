"""A tiny folder in the official layout of a data set, complete or with the defects of a bad download."""

from __future__ import annotations

from pathlib import Path

from mmlab.core.errors import DataError
from mmlab.core.storage_errors import storage_errors
from mmlab.tasks.official.benchmark import BENCHMARKS, POINTER
from mmlab.tasks.official.stand_ins import cut_off


def write_miniature(name: str, folder: Path, broken: bool = False) -> None:
    """Write it into a folder that is new or empty. Raises DataError.

    broken: the first input of the first sample is a Git LFS pointer, and the last input of the last sample is cut off.
    """
    benchmark = BENCHMARKS[name]()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(f"'{folder}' is not empty.", "Name a new folder.")
    with storage_errors():
        folder.mkdir(parents=True, exist_ok=True)
        benchmark.miniature(folder)
        if broken:
            samples, protocol = benchmark.find(folder, benchmark.protocol()), benchmark.protocol()
            make_pointer(folder / protocol.paths(samples[0])[0])
            cut_off(folder / protocol.paths(samples[-1])[-1])


def make_pointer(path: Path) -> None:
    """Replace a file by what a clone without Git LFS has in its place."""
    size = path.stat().st_size
    path.write_bytes(POINTER + b".github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize %d\n" % size)
