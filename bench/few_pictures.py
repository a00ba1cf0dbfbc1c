"""Regions in few pictures: what helps a training on some dozens of them, and how far is a plain U-Net?

CWFID (crops and weeds in red and near infrared, 60 pictures; cwfid_241x324.npz) as a folder of one's own: 36 pictures
to learn from, 12 for validation, 12 for the test. Or lesions of multiple sclerosis (open_ms_3patients_128.npz; four
contrasts, three people, of whom one is the test; of the others, every third block of four slices is validation).
Every method is trained as `train` does, and in other ways; MONAI's U-Net (Kerfoot et al., 2018) learns from the same
pictures, once for each combination, by the same loss, with the same moving, in as many steps:

    python bench/few_pictures.py --data /path/to/data --seeds 5 --write docs/tables --fill docs/results.md
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
import torch
from PIL import Image
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.put_down import add_options, put_down
from mmlab.core.batch import Samples
from mmlab.core.method import METHODS
from mmlab.core.modality import Combination
from mmlab.core.task import TASKS
from mmlab.experiments.run_plan import whole_plan
from mmlab.experiments.train_job import TrainJob, run_train
from mmlab.inference.device import one_thread
from mmlab.storage import report_file
from mmlab.storage.library import Library
from mmlab.training.variation import moved_alike

SIZE, TRAINING, VALIDATION = 64, 36, 12
LESIONS_FILE, PEOPLE = "open_ms_3patients_128.npz", (7, 19, 26)  # of open_ms
BLOCK = 4  # slices: neighbours resemble each other; a third in one piece would be the top of the head, without lesions
TESTED = 26  # so that the person with most lesions is learned from
CHANNELS, RATE = (16, 32, 64, 128), 1e-3  # of the U-Net
WAYS: dict[str, dict[str, Any]] = {
    "as usual": {},
    "not moved": {"move": False},
    "bent and brightened": {"warp": True},
    "rare regions weigh no more": {"foreground": False},
    "rare regions come more often": {"balance": True},
    "all of it, with patience": {"balance": True, "warp": True, "epochs": 240, "patience": 40},
}


def write_plants(folder: Path, data: Path) -> None:
    """CWFID as PNG, drawn into splits under a fixed seed."""
    found = np.load(data / "cwfid_241x324.npz", allow_pickle=False)
    order = np.random.default_rng(0).permutation(len(found["x"]))
    split = {row: "train" if place < TRAINING else "valid" for place, row in enumerate(order)}
    split |= dict.fromkeys(order[TRAINING + VALIDATION :], "test")
    rows = [(f"p{row}", split[row], f"p{row}") for row in order]
    regions = {"vegetation": [1, 2], "crop": [1], "weed": [2]}
    planes = {"red": found["x"][:, 0], "nir": found["x"][:, 1]}
    _write(folder, {"name": "cwfid", "regions": regions}, planes, found["y"], order, rows)


def write_lesions(folder: Path, data: Path, tested: int = TESTED) -> None:
    """Slices of open_ms as PNG, each contrast of each head from its own dark to its own bright; one is the test."""
    found = np.load(data / LESIONS_FILE, allow_pickle=False)
    people, split = found["patient"], np.full(len(found["patient"]), "train", "<U5")
    grey = np.zeros(found["x"].shape, np.uint8)
    for person in PEOPLE:
        of = np.flatnonzero(people == person)
        split[of[np.arange(len(of)) // BLOCK % 3 == 2]] = "valid"
        for plane in range(found["x"].shape[1]):
            values = found["x"][of, plane].astype(np.float32)
            low, high = np.percentile(values[values != 0], (1, 99))
            grey[of, plane] = np.clip((values - low) / (high - low), 0, 1) * 254 * (values != 0) + (values != 0)
    split[people == tested] = "test"
    names = [name.lower() for name in found["modalities"].tolist()]
    rows = [(f"s{row}", split[row], f"person {person}") for row, person in enumerate(people)]
    planes = dict(zip(names, grey.swapaxes(0, 1), strict=True))
    task = {"name": folder.name, "regions": {"lesion": [1]}}
    _write(folder, task, planes, found["y"].astype(np.uint8), np.arange(len(people)), rows)


FOLDERS = {"cwfid": write_plants, "lesions": write_lesions}


def _write(
    folder: Path, task: dict[str, Any], planes: dict[str, np.ndarray], labels: np.ndarray, order: Any, rows: Any
) -> None:
    """A folder of one's own of grey pictures and label maps. rows: id, split and group of each of `order`."""
    lines = [f"id,split,target,group,{','.join(planes)}"]
    for name in (*planes, "labels"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for row, (sample, split, group) in zip(order, rows, strict=True):
        for name, pictures in {**planes, "labels": labels}.items():
            Image.fromarray(pictures[row]).save(folder / name / f"{row}.png")
        lines.append(f"{sample},{split},labels/{row}.png,{group},{','.join(f'{name}/{row}.png' for name in planes)}")
    (folder / "manifest.csv").write_text("\n".join(lines) + "\n")
    modalities = [{"name": name, "kind": "image", "size": SIZE, "letter": str(i + 1)} for i, name in enumerate(planes)]
    output = {"kind": "segmentation", "regions": task["regions"]}
    (folder / "task.json").write_text(json.dumps({"name": task["name"], "output": output, "modalities": modalities}))


def u_net(name: str) -> dict[str, float]:
    """The headline score of MONAI's U-Net on the test samples, one trained for each combination."""
    from monai.networks.nets import UNet

    task = TASKS[name]()
    plan = whole_plan("joint", {}, task)
    output = task.info.output.weighing(plan.foreground)
    training, validation, test = (task.samples(split) for split in ("train", "valid", "test"))
    found = {}
    for combination in task.info.modalities.subsets():
        torch.manual_seed(0)
        net = UNet(2, len(combination.names), output.channels, CHANNELS, (2, 2, 2), num_res_units=2)
        optimiser = torch.optim.AdamW(net.parameters(), RATE)
        steps = max(1, len(training) // plan.batch_size)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, plan.epochs * steps)
        best, kept = -1.0, net.state_dict()
        for epoch in range(plan.epochs):
            net.train()
            order = np.random.default_rng([0, epoch]).permutation(len(training))
            for step, rows in enumerate(np.array_split(order, steps)):
                batch = training.batch(torch.from_numpy(rows))
                inputs, target = moved_alike(
                    batch.inputs, batch.target, torch.Generator().manual_seed(1000 * epoch + step)
                )
                optimiser.zero_grad()
                output.loss(net(_stacked(inputs, combination)), target).mean().backward()
                optimiser.step()
                schedule.step()
            score = _score(net, validation, combination, output)
            if score > best:
                best, kept = score, {key: value.clone() for key, value in net.state_dict().items()}
        net.load_state_dict(kept)
        found[combination.key] = _score(net, test, combination, output)
        print("U-Net", name, combination.key, f"{found[combination.key]:.3f}", file=sys.stderr, flush=True)
    return found


def _stacked(inputs: Any, combination: Combination) -> Tensor:
    return torch.cat([inputs[name].float() for name in combination.names], 1)


def _score(net: torch.nn.Module, samples: Samples, combination: Combination, output: Any) -> float:
    net.eval()
    with torch.no_grad():
        logits = net(_stacked(samples.inputs, combination))
    kept = output.summarise(logits, samples.target, distances=False).double().numpy()
    truth = output.condense_target(samples.target).numpy()
    return float(output.metrics_of(kept, truth, samples.groups)[output.headline])


def as_markdown(rows: list[dict[str, Any]]) -> str:
    """A line per method and way."""
    keys = list(rows[0]["scores"][0])
    lines = ["| method | pictures | " + " | ".join(keys) + " |", "|" + " --- |" * (len(keys) + 2)]
    for row in rows:
        scores = " | ".join(_spread([each[key] for each in row["scores"]]) for key in keys)
        lines.append(f"| {row['method']} | {row['way']} | {scores} |")
    return "\n".join([*lines, "", NOTES[rows[0]["task"]].format(size=SIZE, seeds=len(rows[0]["scores"]))])


def _spread(values: list[float]) -> str:
    return f"{np.mean(values):.3f}" + (f" ± {np.std(values, ddof=1):.3f}" if len(values) > 1 else "")


NOTES = {
    "cwfid": "Dice per picture, mean over vegetation, crops and weeds; {size} px, {seeds} seed(s), ± is their standard "
    "deviation (of the U-Net one seed), 12 test pictures.",
    "lesions": "Dice of the lesions of one person over all slices; {size} px, {seeds} seed(s), ± is their standard "
    "deviation (of the U-Net one seed), two people to learn from.",
}


def main() -> None:
    """Train what is lacking, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the two files")
    parser.add_argument("--tasks", default=",".join(FOLDERS))
    parser.add_argument("--methods", default="dropout")
    parser.add_argument("--ways", default=";".join(WAYS), help="how to train, such as 'as usual;not moved'")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "mmlab-few-pictures")
    add_options(parser)
    given = parser.parse_args()
    one_thread()
    names = given.tasks.split(",")
    for name in names:
        if not (given.folder / name / "task.json").is_file():
            FOLDERS[name](given.folder / name, given.data)
    os.environ["MMLAB_FOLDERS"] = os.pathsep.join(str(given.folder / name) for name in names)
    library = Library(given.folder / "library")
    for name in names:
        rows = []
        kept = given.folder / f"{name}-u-net.json"
        if not kept.is_file():
            kept.write_text(json.dumps(u_net(name)))
        for method in given.methods.split(","):
            for way in given.ways.split(";"):
                rows.append(measured(name, method, way, given.seeds, library))
                print(rows[-1], file=sys.stderr, flush=True)
        rows.append(
            {"task": name, "method": "U-Net", "way": "each combination alone", "scores": [json.loads(kept.read_text())]}
        )
        text, part = as_markdown(rows), f"few_pictures-{name}"
        put_down(part, rows, text, given.write, given.fill)


def measured(name: str, method: str, way: str, seeds: int, library: Library) -> dict[str, Any]:
    """A line of the table: a method trained in a way, under each seed that was not trained before."""
    tag, scores = way.replace(" ", "-").replace(",", ""), []
    for seed in range(seeds):
        job = TrainJob(name, method, plan=WAYS[way], seed=seed, tag=f"{tag}-seed{seed}")
        run_train(job, str(library.root))
        found = report_file.read(library.folder(name, method, job.tag))["sources"]["built-in"]
        scores.append({key: each["case_dice"] for key, each in found["metrics"].items()})
    nothing = found.get("nothing", {}).get("case_dice")
    return {"task": name, "method": METHODS[method].title, "way": way, "scores": scores, "nothing": nothing}


if __name__ == "__main__":
    main()
