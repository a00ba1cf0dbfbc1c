"""Regions in few pictures: does moving pictures and regions alike help a training on 36 of them?

CWFID (crops and weeds in red and near infrared, 60 pictures; cwfid_241x324.npz) as a folder of one's own: 36 pictures
to learn from, 12 for validation, 12 for the test. Every method is trained as `train` does, and again without moving:

    python bench/few_pictures.py --data /path/to/data --write docs/tables --fill docs/results.md
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mmlab.core.method import METHODS
from mmlab.experiments.comparison_tables import fill
from mmlab.experiments.train_job import TrainJob, run_train
from mmlab.inference.device import one_thread
from mmlab.storage import report_file
from mmlab.storage.library import Library

NAME, SIZE, TRAINING, VALIDATION = "cwfid", 64, 36, 12
INPUTS = ("red", "nir")
WAYS: dict[str, dict[str, Any]] = {"as usual": {}, "not moved": {"move": False}}


def write_folder(folder: Path, file: Path) -> None:
    """The pictures and their label maps as PNG, drawn into splits under a fixed seed."""
    found = np.load(file, allow_pickle=False)
    order = np.random.default_rng(0).permutation(len(found["x"]))
    lines = ["id,split,target,red,nir"]
    for folder_name in (*INPUTS, "labels"):
        (folder / folder_name).mkdir(parents=True, exist_ok=True)
    for place, row in enumerate(order):
        split = "train" if place < TRAINING else "valid" if place < TRAINING + VALIDATION else "test"
        for plane, name in enumerate(INPUTS):
            Image.fromarray(found["x"][row, plane]).save(folder / name / f"{row}.png")
        Image.fromarray(found["y"][row]).save(folder / "labels" / f"{row}.png")
        lines.append(f"p{row},{split},labels/{row}.png,red/{row}.png,nir/{row}.png")
    (folder / "manifest.csv").write_text("\n".join(lines) + "\n")
    regions = {"vegetation": [1, 2], "crop": [1], "weed": [2]}
    modalities = [{"name": name, "kind": "image", "size": SIZE, "label": name.upper()} for name in INPUTS]
    task = {"name": NAME, "output": {"kind": "segmentation", "regions": regions}, "modalities": modalities}
    (folder / "task.json").write_text(json.dumps(task, indent=1))


def as_markdown(rows: list[dict[str, Any]]) -> str:
    """A line per method and way."""
    keys = list(rows[0]["scores"])
    lines = ["| method | pictures | " + " | ".join(keys) + " |", "|" + " --- |" * (len(keys) + 2)]
    for row in rows:
        scores = " | ".join(f"{row['scores'][key]:.3f}" for key in keys)
        lines.append(f"| {row['method']} | {row['way']} | {scores} |")
    note = f"Dice per picture, mean over vegetation, crops and weeds; {SIZE} px, one seed, 12 test pictures."
    return "\n".join([*lines, "", note])


def main() -> None:
    """Train what is lacking, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with cwfid_241x324.npz")
    parser.add_argument("--methods", default="dropout,joint,ensemble")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "mmlab-few-pictures")
    parser.add_argument("--write", type=Path)
    parser.add_argument("--fill", type=Path)
    given = parser.parse_args()
    one_thread()
    if not (given.folder / NAME / "task.json").is_file():
        write_folder(given.folder / NAME, given.data / "cwfid_241x324.npz")
    os.environ["MMLAB_FOLDERS"] = str(given.folder / NAME)
    library = Library(given.folder / "library")
    rows = []
    for method in given.methods.split(","):
        for way, plan in WAYS.items():
            print(method, way, file=sys.stderr, flush=True)
            run_train(TrainJob(NAME, method, plan=plan, tag=way.replace(" ", "-")), str(library.root))
            table = report_file.read(library.folder(NAME, method, way.replace(" ", "-")))["sources"]["built-in"][
                "metrics"
            ]
            scores = {key: each["case_dice"] for key, each in table.items()}
            rows.append({"method": METHODS[method].title, "way": way, "scores": scores})
            print(rows[-1], file=sys.stderr, flush=True)
    text = as_markdown(rows)
    print(text)
    if given.write is not None:
        (given.write / "few_pictures.md").write_text(text + "\n")
        (given.write / "few_pictures.json").write_text(json.dumps(rows, indent=1) + "\n")
    if given.fill is not None:
        fill(given.fill, {"few_pictures": text})


if __name__ == "__main__":
    main()
