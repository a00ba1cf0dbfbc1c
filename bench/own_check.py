"""How long `check`, a second `check`, and the reading of a training take on a folder of many small files.

    python bench/own_check.py                        # 20,000 samples: a picture of 28 px, a sensor, four numbers
    python bench/own_check.py --samples 2000 --sounds

Every figure is of a process of its own: seconds by the clock and of all processors together, and peak memory, beside
the load of the machine at that moment. Where others work on it, the seconds of the processors say what the clock would.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from mmlab.core.recordings import Picture, Sound
from mmlab.modalities.audio.decode import encode_sound
from mmlab.modalities.image.decode import encode_picture

SIDE, STEPS, RATE = 28, 40, 8000
SHARES = {"train": 0.7, "valid": 0.15}
TASK = {
    "name": "many_files",
    "output": {"kind": "classification", "classes": ["low", "high"]},
    "modalities": [
        {"name": "photo", "kind": "image", "size": SIDE},
        {"name": "pen", "kind": "series", "columns": ["x", "y"], "rate": 20, "seconds": 2.0, "steps": 32},
        {"name": "shape", "kind": "vector", "size": 4, "inline": True},
    ],
}
SOUND = {"name": "voice", "kind": "sound", "rate": RATE, "seconds": 1.0}
READING = """
from pathlib import Path
from mmlab.tasks.custom_folder import task_class
task = task_class(Path({folder!r}))()
print(len(task.samples("train")))
"""
MEASURED = """
import resource, runpy, sys
sys.argv = {argv!r}
try:
    {act}
finally:
    own, children = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print("peak", own, children, file=sys.stderr)
"""


def written(folder: Path, count: int, sounds: bool) -> int:
    """Write the folder; the number of files."""
    rng = np.random.default_rng(0)
    names = [item["name"] for item in [*TASK["modalities"], *([SOUND] if sounds else [])]]  # type: ignore[index]
    (folder / "files").mkdir(parents=True)
    task = {**TASK, "modalities": [*TASK["modalities"], *([SOUND] if sounds else [])]}  # type: ignore[misc]
    (folder / "task.json").write_text(json.dumps(task))
    lines, files = [",".join(["id", "split", "target", *names])], 0
    for index in range(count):
        share = index / count
        split = next((name for name, edge in zip(SHARES, (0.7, 0.85), strict=True) if share < edge), "test")
        high = index % 2
        contents = {
            f"files/{index}.png": encode_picture(Picture(rng.integers(0, 200 + 50 * high, (SIDE, SIDE), np.uint8))),
            f"files/{index}.csv": _sensor(rng.normal(high, 1, (STEPS, 2))),
        }
        if sounds:
            contents[f"files/{index}.flac"] = encode_sound(Sound(rng.normal(0, 0.1, RATE).astype(np.float32), RATE))
        for path, content in contents.items():
            (folder / path).write_bytes(content)
        files += len(contents)
        paths = list(contents)
        numbers = " ".join(f"{value:.3f}" for value in rng.normal(high, 1, 4))
        lines.append(",".join([f"s{index}", split, ("low", "high")[high], *paths[:2], numbers, *paths[2:]]))
    (folder / "manifest.csv").write_text("\n".join(lines) + "\n")
    return files


def _sensor(values: np.ndarray) -> bytes:
    return ("x,y\n" + "\n".join(f"{x:.3f},{y:.3f}" for x, y in values) + "\n").encode()


def measured(act: str, argv: list[str], cache: Path) -> tuple[float, float, float]:
    """Seconds by the clock, seconds of processors, and MB at the peak, over all processes of the act."""
    code = MEASURED.format(argv=argv, act=act)
    begun, before = time.perf_counter(), os.times()
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "MMLAB_CACHE": str(cache), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    seconds, after = time.perf_counter() - begun, os.times()
    work = after.children_user + after.children_system - before.children_user - before.children_system
    peaks = [line for line in done.stderr.splitlines() if line.startswith("peak ")]
    if not peaks or "Traceback" in done.stderr:
        raise SystemExit(done.stdout + done.stderr)
    return seconds, work, sum(map(int, peaks[-1].split()[1:])) / 1024


def main() -> None:
    """Write a folder and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=20_000)
    parser.add_argument("--sounds", action="store_true", help="a second of sound for each sample, too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder, cache = Path(place, "data"), Path(place, "cache")
        files = written(folder, options.samples, options.sounds)
        print(f"{options.samples:,} samples, {files:,} files, {os.cpu_count()} cores")
        check = "runpy.run_module('mmlab', run_name='__main__')", ["mmlab", "check", str(folder), "--json"]
        read = READING.format(folder=str(folder)).strip().replace("\n", "\n    "), ["read"]
        for title, (act, argv), where in (
            ("check", check, cache),
            ("check again, nothing changed", check, cache),
            ("reading for a training, after check", read, cache),
            ("reading for a training, nothing kept", read, Path(place, "other")),
        ):
            load = os.getloadavg()[0]
            seconds, work, memory = measured(act, argv, where)
            print(f"{title:40s} {seconds:7.1f} s, {work:6.1f} s CPU, {memory:5.0f} MB  (load {load:.1f})", flush=True)


if __name__ == "__main__":
    main()
