"""What a sweep costs per sample, from a few thousand samples to many: time, memory of the process, room on disk.

    python bench/sweep_size.py --samples 2000 20000 200000 --write docs/tables --fill docs/scaling.md

Each size runs in a process of its own, on noise, six inputs and an untrained model: neither changes what it costs. The
memory is what the process holds for itself at most (RssAnon), beyond what it held before its samples were there; pages
of files that the system keeps as long as nobody else wants the memory are no part of it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.put_down import add_options
from mmlab.core.batch import Samples
from mmlab.core.method import METHODS
from mmlab.core.modality import Modalities, Modality
from mmlab.core.outputs import Classification
from mmlab.core.task import TaskInfo
from mmlab.experiments.comparison_tables import fill
from mmlab.experiments.train_job import summary
from mmlab.inference.sweep import sweep
from mmlab.storage import sweep_file

NAME = "sweep_size"
INPUTS, WIDTH, CLASSES, GROUPS = 6, 16, 10, 40
DIGEST = "0" * 64
EVERY = 0.02  # seconds between two looks at memory


def held() -> int:
    """Bytes that this process holds for itself."""
    for line in Path("/proc/self/status").read_text("utf-8").splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) * 1024
    raise OSError("This system does not say what a process holds.")


@contextmanager
def highest() -> Iterator[list[int]]:
    """The most that is held within, in its only item."""
    most, over = [held()], threading.Event()

    def look() -> None:
        while not over.wait(EVERY):
            most[0] = max(most[0], held())

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield most
    finally:
        over.set()
        thread.join()


def one(count: int, name: str) -> dict[str, Any]:
    """A sweep of `count` samples by this method: made, measured, written, and opened as a page opens it."""
    items = [Modality(f"m{i}", "vector", (WIDTH,), f"M{i}", chr(65 + i)) for i in range(INPUTS)]
    info = TaskInfo("noise", Modalities(items), Classification(tuple("0123456789")))
    torch.manual_seed(0)
    method = METHODS[name](info, METHODS[name].Config()).eval()
    inputs = {item.name: torch.randn(count, WIDTH).half() for item in items}
    target, present = torch.randint(CLASSES, (count,)), torch.ones(count, INPUTS, dtype=torch.bool)
    ids, groups = (tuple(f"{word}{i % most}" for i in range(count)) for word, most in (("s", count), ("g", GROUPS)))
    samples = Samples(inputs=inputs, target=target, present=present, ids=ids, groups=groups)
    before = held()
    with tempfile.TemporaryDirectory() as place, highest() as most:
        folder, started = Path(place), time.process_time()
        found = sweep(method, samples, digest=DIGEST)
        swept = time.process_time() - started
        report = summary(found, method)
        measured = time.process_time() - started - swept
        sweep_file.write(folder, found)
        del found
        started = time.process_time()
        few = sweep_file.read(folder, DIGEST, info)
        opened = time.process_time() - started
        room = sum(each.stat().st_size for each in folder.rglob("*") if each.is_file())
    return {
        "samples": count,
        "combinations": len(few.combinations),
        "method": name,
        "swept_us": swept / count * 1e6,
        "measured_us": measured / count * 1e6,
        "memory_mb": (most[0] - before) / 2**20,
        "disk_mb": room / 2**20,
        "opened_s": opened,
        "drawn": len(few.ids),
        "score": report["mean"][info.output.headline],
    }


def as_markdown(found: Mapping[str, Any]) -> str:
    """The table."""
    rows = [
        "| samples | answers to each (µs) | its scores (µs) | most memory (MB) | disk (MB) | a page reads | in (s) |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *(
            f"| {row['samples']:,} | {row['swept_us']:.0f} | {row['measured_us']:.0f} | {row['memory_mb']:.0f} "
            f"| {row['disk_mb']:.0f} | {_read(row)} | {row['opened_s']:.2f} |"
            for row in found["rows"]
        ),
    ]
    first, about = found["rows"][0], found["about"]
    made = f"{first['method']}, {first['combinations']} combinations of {INPUTS} inputs, processor time; {about}."
    return made + "\n\n" + "\n".join(rows)


def _read(row: Mapping[str, Any]) -> str:
    return "all" if row["drawn"] == row["samples"] else f"{row['drawn']:,} drawn at random"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure every size, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, nargs="+", default=[2_000, 20_000, 200_000])
    parser.add_argument("--method", default="joint", choices=list(METHODS))
    add_options(parser)
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    torch.set_num_threads(1)
    if asked.one:
        print(json.dumps(one(asked.samples[0], asked.method)))
        return
    load, rows = os.getloadavg()[0], []
    for count in asked.samples:
        command = [sys.executable, __file__, "--one", "--samples", str(count), "--method", asked.method]
        rows.append(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
        print(rows[-1], flush=True)
    found = {"about": f"load {load:.1f} before", "rows": rows}
    if asked.write:
        (asked.write / f"{NAME}.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    if asked.fill:
        fill(asked.fill, {NAME: as_markdown(found)})
    print(as_markdown(found))


if __name__ == "__main__":
    main()
