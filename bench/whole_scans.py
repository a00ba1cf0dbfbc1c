"""How much memory scans as a whole take that are as large as those of BraTS, learned from and answered in windows.

Synthetic cases of four contrasts of 155 x 240 x 240 voxels as a folder of one's own. Peaks of processes of their own:
one that trains an epoch of modality dropout and measures it on validation and test, and one that answers a case in
all 15 combinations:

    python bench/whole_scans.py --write docs/tables --fill docs/own-data.md
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.circumstances import circumstances, load
from bench.put_down import add_options, put_down
from mmlab.cli.app import main as run
from mmlab.modalities.scan.nifti import encode_volume

NAME = "whole_scans"
CONTRASTS = ("flair", "t1", "t1post", "t2")
LARGE = (155, 240, 240)  # slices, rows and columns of a case of BraTS


def write_large(folder: Path) -> None:
    """Two synthetic cases to learn from, one for validation and one for the test, as large as those of BraTS."""
    cases = []
    for number, split in enumerate(("train", "train", "valid", "test")):
        rng = np.random.default_rng(number)
        places = np.meshgrid(*(np.linspace(-1, 1, side, dtype=np.float32) for side in LARGE), indexing="ij")
        far = np.sqrt(sum((axis - shift) ** 2 for axis, shift in zip(places, rng.uniform(-0.3, 0.3, 3), strict=True)))
        head = np.sqrt(sum(axis**2 for axis in places)) < 0.9
        labels = np.select([far < 0.12, far < 0.2, far < 0.3], [4, 1, 2], 0).astype(np.uint8)
        scans = {
            name: (head * (90 + 40 * (labels > 0) + rng.normal(0, 12, LARGE))).clip(0, 255).astype(np.uint8)
            for name in CONTRASTS
        }
        cases.append((f"case-{number}", split, f"case {number}", scans, labels))
    regions = {"whole": [1, 2, 4], "core": [1, 4], "enhancing": [4]}
    _write(folder, "large_scans", regions, LARGE, cases, {"epochs": 1})


def _write(
    folder: Path,
    name: str,
    regions: Mapping[str, list[int]],
    shape: tuple[int, int, int],
    cases: list[tuple[str, str, str, dict[str, Any], NDArray[np.uint8]]],
    plan: Mapping[str, Any],
) -> None:
    """A folder of one's own of scans as a whole."""
    (folder / "scans").mkdir(parents=True, exist_ok=True)
    lines = [f"id,split,target,group,{','.join(CONTRASTS)}"]
    for case, split, group, scans, labels in cases:
        for part, voxels in {**scans, "labels": labels}.items():
            (folder / "scans" / f"{case}-{part}.nii.gz").write_bytes(encode_volume(list(voxels)))
        cells = [f"scans/{case}-{part}.nii.gz" for part in ("labels", *CONTRASTS)]
        lines.append(",".join((case, split, cells[0], group, *cells[1:])))
    (folder / "manifest.csv").write_text("\n".join(lines) + "\n")
    slices, size = shape[0], shape[1]
    inputs = [{"name": each, "kind": "volume", "size": size, "slices": slices} for each in CONTRASTS]
    for number, item in enumerate(inputs, 1):
        item["letter"] = str(number)
    output = {"kind": "segmentation", "regions": regions}
    task = {"name": name, "grouped_by": "person", "output": output, "modalities": inputs, "plan": plan}
    (folder / "task.json").write_text(json.dumps(task))


def alone(words: list[str]) -> tuple[float, float]:
    """Peak in MB and seconds of a command in a process of its own. Raises RuntimeError where it fails."""
    context = get_context("spawn")
    queue = context.SimpleQueue()
    process = context.Process(target=_told, args=(words, queue))
    process.start()
    process.join()
    if process.exitcode:
        raise RuntimeError(f"{words[0]} failed")
    found: tuple[float, float] = queue.get()
    return found


def _told(words: list[str], queue: Any) -> None:
    start = time.perf_counter()
    if code := run(words):
        raise SystemExit(code)
    queue.put((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, time.perf_counter() - start))


def as_markdown(found: dict[str, Any]) -> str:
    """A line per command."""
    lines = ["| what | peak memory, MB | s |", "| --- | --- | --- |"]
    lines += [f"| {name} | {peak:,.0f} | {seconds:,.0f} |" for name, (peak, seconds) in found["rows"].items()]
    deep, high, wide = LARGE
    note = f"Four contrasts of {wide} × {high} × {deep} voxels, windows of {found['window']} a side; one thread; "
    busy = f"load {found['load']['before']} before and {found['load']['after']} after"
    return "\n".join([*lines, "", f"{note}{found['machine']}; {busy}; {found['made']}."])


def main() -> None:
    """Write the folder, train, answer, write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "mmlab-whole-scans")
    parser.add_argument("--window", type=int, default=96)
    add_options(parser)
    given = parser.parse_args()
    before, folder = load(), given.folder / "cases"
    if not (folder / "task.json").is_file():
        write_large(folder)
    os.environ |= {"OMP_NUM_THREADS": "1", "MMLAB_CACHE": str(given.folder / "cache")}
    shutil.rmtree(given.folder / "library", ignore_errors=True)
    which = ["--task", str(folder), "--method", "dropout", "--checkpoints", str(given.folder / "library")]
    plan = [f"--plan={each}" for each in ("epochs=1", f"window={given.window}", "windows=4", "batch_size=2")]
    inputs = [f"--input={name}={folder / 'scans' / f'case-3-{name}.nii.gz'}" for name in CONTRASTS]
    rows = {
        "an epoch of two cases, and measuring on two": alone(["train", *which, *plan]),
        "a case in all 15 combinations": alone(["predict", *which, *inputs]),
    }
    found = {**circumstances(before), "window": given.window, "rows": rows}
    put_down(NAME, found, as_markdown(found), given.write, given.fill)


if __name__ == "__main__":
    main()
