"""What a folder of large pictures, and of volumes, takes: peak memory and seconds at several sizes, on disk and held.

    python -m bench.own_memory                                   # writes docs/tables/own_memory.*
    python -m bench.own_memory --pictures 500 --cases 2 --write FOLDER

`read` is the first reading of the training split, `again` that of a second process, `epoch` one pass over its batches,
turned into float as a training gets them. `on disk` is how mmlab keeps a large split; `held` keeps it in memory, as
small ones are. `training` is the peak of `mmlab train` in a process that reads the folder first: an epoch of dropout
with the usual plan, on 128 of the samples, and the measuring of the model. Every figure is of a process of its own.
The load of the machine stands beside them: where others work on it, seconds are upper bounds, and memory is what it is.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import resource
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from mmlab.core.recordings import Picture
from mmlab.modalities.image.decode import encode_picture

TABLES = Path(__file__).resolve().parent.parent / "docs" / "tables"
PICTURE, SLICE, VOXELS = 224, 160, (240, 240, 155)
SCANS = ("t1", "t1ce", "t2", "flair")
DIFFERENT = 50  # pictures; more samples use them again, and are read again
BATCH = 16
TRAINED = 128
HEADER = (
    "data",
    "samples",
    "kept",
    "prepared_mb",
    "cache_mb",
    "peak_mb",
    "training_mb",
    "read_s",
    "again_s",
    "epoch_s",
    "load",
)


def measured(folder: Path, kept: str) -> None:
    """Read the training split of a folder and pass over it once, in this process; print what it took."""
    from mmlab.tasks.custom import stored_split
    from mmlab.tasks.custom_folder import task_class

    stored_split.HELD = 0 if kept == "on disk" else 2**60
    start = time.perf_counter()
    samples = task_class(folder)().samples("train")
    read = time.perf_counter()
    total = sum(
        float(value.mean())
        for first in range(0, len(samples), BATCH)
        for value in samples.batch(range(first, min(first + BATCH, len(samples)))).inputs.values()
    )
    epoch = time.perf_counter()
    peak = peak_mb()
    size = sum(value.nbytes for value in (*samples.inputs.values(), samples.target)) / 2**20
    found = {"samples": len(samples), "prepared_mb": size, "peak_mb": peak, "read_s": read - start}
    print(json.dumps({**found, "epoch_s": epoch - read, "sum": total}))


def trained(folder: Path, kept: str) -> None:
    """Train on a folder in this process, with nothing in the cache; print its peak."""
    from mmlab.cli.app import main as run
    from mmlab.tasks.custom import stored_split

    stored_split.HELD = 0 if kept == "on disk" else 2**60
    with tempfile.TemporaryDirectory() as library:
        words = ["train", "--task", str(folder), "--method", "dropout", "--checkpoints", library, "--json"]
        if code := run([*words, "--plan", "epochs=1", "--plan", f"samples={TRAINED}"]):
            raise SystemExit(code)
    print("\n" + json.dumps({"training_mb": peak_mb()}))


def peak_mb() -> float:
    """The peak of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def row(folder: Path, data: str, kept: str) -> dict[str, float | str]:
    """Two processes, one after the other, with one cache."""
    with tempfile.TemporaryDirectory() as cache:
        runs = [alone("--measure", folder, kept, cache) for _ in range(2)]
        size = sum(each.stat().st_size for each in Path(cache).iterdir()) / 2**20
    with tempfile.TemporaryDirectory() as cache:
        training = alone("--train", folder, kept, cache)
    first, second = runs
    if first["sum"] != second["sum"]:
        raise SystemExit("The second process read other numbers than the first.")
    peak = max(first["peak_mb"], second["peak_mb"])
    load = round(os.getloadavg()[0], 1)
    return {
        **first,
        **training,
        "data": data,
        "kept": kept,
        "cache_mb": size,
        "peak_mb": peak,
        "again_s": second["read_s"],
        "load": load,
    }


def alone(act: str, folder: Path, kept: str, cache: str) -> dict[str, float]:
    """What a process of its own found."""
    environment = {**os.environ, "MMLAB_CACHE": cache, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "bench.own_memory", act, str(folder), kept]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def pictures(folder: Path, count: int) -> Path:
    """A folder of colour pictures, 400 × 300 pixels each, of two classes."""
    rng = np.random.default_rng(0)
    files = {}
    for index in range(DIFFERENT):
        coarse = rng.integers(0, 256, (30, 40, 3), np.uint8)
        files[f"{index}.png"] = encode_picture(Picture(np.repeat(np.repeat(coarse, 10, 0), 10, 1)))
    options = {"kind": "image", "size": PICTURE, "colour": True}
    task = {
        "name": "pictures",
        "output": {"kind": "classification", "classes": ["low", "high"]},
        "modalities": [{"name": "front", **options}, {"name": "side", **options, "letter": "S"}],
    }
    ends = ["train"] * count + ["valid", "test"] * 8
    cells = [
        f"{split},{'high' if k % 2 else 'low'},{k % DIFFERENT}.png,{(k + 7) % DIFFERENT}.png"
        for k, split in enumerate(ends)
    ]
    return written(
        folder, task, ["id,split,target,front,side", *(f"s{k},{cell}" for k, cell in enumerate(cells))], files
    )


def volumes(folder: Path, count: int) -> Path:
    """Cases as BraTS has them: four scans of 240 × 240 × 155 and labels; every slice is a sample."""
    rng, files = np.random.default_rng(0), {}
    space = np.stack(np.meshgrid(*(np.arange(side) for side in VOXELS), indexing="ij"))
    lines = [",".join(["id", "split", "target", *SCANS])]
    for case, split in enumerate(["train"] * count + ["valid", "test"]):
        far = np.sqrt(np.square(space - rng.uniform(60, 110, 3)[:, None, None, None]).sum(0))
        labels = (far < 30).astype(np.int16) + (far < 20) + (far < 10)
        inside = (
            np.square(
                (space - np.array([120, 120, 77])[:, None, None, None]) / np.array([90, 100, 70])[:, None, None, None]
            ).sum(0)
            < 1
        )
        for place, name in enumerate(SCANS):
            grey = (300 + 100 * place + 150 * labels + rng.integers(0, 60, VOXELS)) * inside
            files[f"{case}_{name}.nii.gz"] = nifti(grey.astype(np.int16))
        files[f"{case}_seg.nii.gz"] = nifti(labels)
        heights = range(VOXELS[2]) if split == "train" else range(70, 74)
        for height in heights:
            scans = ",".join(f"{case}_{name}.nii.gz#{height}" for name in SCANS)
            lines.append(f"c{case}_{height},{split},{case}_seg.nii.gz#{height},{scans}")
    items = [
        {"name": name, "kind": "slices", "size": SLICE, "letter": letter}
        for name, letter in zip(SCANS, "ABCD", strict=True)
    ]
    output = {"kind": "segmentation", "regions": {"whole": [1, 2, 3], "core": [2, 3], "inner": [3]}}
    return written(folder, {"name": "cases", "output": output, "modalities": items}, lines, files)


def nifti(voxels: np.ndarray) -> bytes:
    """A NIfTI-1 file of 16-bit numbers, packed."""
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, 3, *voxels.shape, 1, 1, 1, 1)
    struct.pack_into("<2h", header, 70, 4, 16)
    struct.pack_into("<4f", header, 76, 1.0, 1.0, 1.0, 1.0)
    struct.pack_into("<3f", header, 108, 352.0, 1.0, 0.0)
    struct.pack_into("<h", header, 254, 1)
    for axis in range(3):
        struct.pack_into("<f", header, 280 + 20 * axis, 1.0)
    header[344:348] = b"n+1\0"
    return gzip.compress(bytes(header) + voxels.astype("<i2").tobytes(order="F"), 1)


def written(folder: Path, task: dict[str, object], lines: list[str], files: dict[str, bytes]) -> Path:
    """A folder with these contents."""
    folder.mkdir()
    (folder / "task.json").write_text(json.dumps(task))
    (folder / "manifest.csv").write_text("\n".join(lines) + "\n")
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def table(rows: list[dict[str, float | str]]) -> str:
    """As Markdown, rounded."""
    heads = (
        "data",
        "samples",
        "kept",
        "prepared, MB",
        "in the cache, MB",
        "reading's peak, MB",
        "training's peak, MB",
        "read, s",
        "again, s",
        "epoch, s",
        "load",
    )
    lines = ["| " + " | ".join(heads) + " |", "| --- " * len(heads) + "|"]
    for each in rows:
        lines.append("| " + " | ".join(_shown(key, each.get(key, "")) for key in HEADER) + " |")
    return "\n".join(lines) + "\n"


def _shown(key: str, cell: float | str) -> str:
    """A cell; one that was not measured is empty."""
    if isinstance(cell, str):
        return cell
    return f"{cell:,.0f}" if key.endswith(("_mb", "samples")) else f"{cell:.1f}"


def main() -> None:
    """Measure and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, nargs="*", default=[250, 500, 1000])
    parser.add_argument("--cases", type=int, nargs="*", default=[2, 6, 12])
    parser.add_argument("--write", type=Path, default=TABLES)
    parser.add_argument("--measure", nargs=2, metavar=("FOLDER", "KEPT"), help=argparse.SUPPRESS)
    parser.add_argument("--train", nargs=2, metavar=("FOLDER", "KEPT"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        measured(Path(given.measure[0]), given.measure[1])
        return
    if given.train:
        trained(Path(given.train[0]), given.train[1])
        return
    rows = []
    given.write.mkdir(parents=True, exist_ok=True)
    for label, make, counts in (("pictures", pictures, given.pictures), ("cases", volumes, given.cases)):
        for count in counts:
            with tempfile.TemporaryDirectory() as place:
                folder = make(Path(place) / "data", count)
                for kept in ("on disk", "held"):
                    rows.append(row(folder, f"{count:,} {label}", kept))
                    print(table(rows[-1:]).splitlines()[-1], flush=True)
                    (given.write / "own_memory.json").write_text(json.dumps(rows, indent=1) + "\n")
                    (given.write / "own_memory.md").write_text(table(rows))


if __name__ == "__main__":
    main()
