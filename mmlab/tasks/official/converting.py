"""Converts pickles of data sets to archives of arrays in a separate process (`mmlab.tasks.official.unpickling`)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.core.errors import DataError
from mmlab.tasks.official.benchmark import POINTER

ENDINGS = (".pkl", ".pickle", ".pt", ".pth", ".dt", ".p")
WORKER = "mmlab.tasks.official.unpickling"
LONGEST = 1_200  # seconds


def convert(source: Path, target: Path | None = None) -> tuple[Path, dict[str, Any]]:
    """Write `<name>.npz` beside a pickle, or elsewhere; where it is, and what was written. Raises DataError."""
    if not source.is_file():
        raise DataError(f"There is no file '{source}'.", "Name a .pkl, .pt or .dt file of a data set.")
    _check_fetched(source)
    into = target or source.with_suffix(".npz")
    if into.exists():
        raise DataError(f"'{into}' is there already.", "Move it away, or name another file.")
    partial = into.with_name(f".{into.name}.{os.getpid()}")
    try:
        found = _asked(source, partial)
        partial.replace(into)
    finally:
        partial.unlink(missing_ok=True)
    return into, found


def codes_in(source: Path, highest: int) -> NDArray[np.int64]:
    """Whole numbers from 0 to `highest` of a tensor that torch saved, as `convert` reads it. Raises DataError."""
    with TemporaryDirectory() as folder:
        written, _ = convert(source, Path(folder) / "codes.npz")
        with np.load(written, allow_pickle=False) as archive:
            values = np.asarray(archive["values"]) if archive.files == ["values"] else np.zeros(0)
    is_list = values.ndim == 1 and len(values) > 0 and values.dtype.kind in "fiu"
    if not is_list or not np.isin(values, range(highest + 1)).all():
        raise DataError(
            f"'{source.name}' is no list of numbers from 0 to {highest}.", "Give the .pt of a missing table."
        )
    return values.astype(np.int64)


def _check_fetched(source: Path) -> None:
    with source.open("rb") as opened:
        if opened.read(len(POINTER)) == POINTER:
            raise DataError(f"'{source.name}' is a Git LFS pointer, not the file itself.", "Fetch it: git lfs pull")


def _asked(source: Path, partial: Path) -> dict[str, Any]:
    home = str(Path(__file__).resolve().parents[3])
    paths = os.pathsep.join(filter(None, (home, os.environ.get("PYTHONPATH", ""))))
    limits = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": paths}
    command = [sys.executable, "-m", WORKER, str(source.absolute()), str(partial.absolute())]
    broken = DataError(f"'{source.name}' cannot be read within the limits of such a file.", "Take it again.")
    try:
        done = subprocess.run(
            command, env={**os.environ, **limits}, capture_output=True, text=True, timeout=LONGEST, check=False
        )
        said = json.loads(done.stdout or "{}")
    except (subprocess.TimeoutExpired, ValueError) as error:
        raise broken from error
    if "message" in said:
        raise DataError(str(said["message"]), str(said["hint"]))
    if done.returncode or "arrays" not in said:
        raise broken
    return dict(said)
