"""Why is a network below a logistic regression on a person whom neither has met?

Reads the trainings of `bench/real_regions.py` on the lesions of open_ms (the same `--folder`), and measures each beside
the logistic regression by pixel, on other slices of the people it learned from (validation) and on the new person:

    python bench/new_people.py --folder /tmp/mmlab-real-regions --write docs/tables --fill docs/results.md

Average precision asks only whether lesions are ranked above everything else; Dice depends on where the ranking is cut.
So it stands there three times: cut at even odds, where validation is best, and where the new person's own truth is,
which nobody knows beforehand.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, precision_recall_curve

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import by_pixel
from bench.put_down import add_options, put_down
from bench.real_regions import LESIONS
from mmlab.core.batch import Samples
from mmlab.core.method import METHODS, Method
from mmlab.core.modality import Combination
from mmlab.core.task import TASKS
from mmlab.experiments.ablations import ordered
from mmlab.inference.device import one_thread
from mmlab.inference.sweep import logits_of
from mmlab.storage.checkpoints import REPORT, load
from mmlab.storage.library import Library

COMBINATIONS = ("flair", "flair-t2", "flair-t1-t1post-t2")
REGRESSION, NETWORK, HIDDEN = "Logistic regression by pixel", "Network by pixel, one hidden layer", 32
MEASURES = ("known", "new", "even", "validation", "best")
Scores = Callable[[Samples], NDArray[Any]]  # what speaks for a lesion, `[N, H, W]`; 0 is even odds


def measured(scores: Scores, valid: Samples, test: Samples) -> dict[str, float]:
    """Average precision on known and new people, and Dice at three cuts, of one model."""
    known, new = scores(valid), scores(test)
    of_known, of_new = by_pixel.labels(valid), by_pixel.labels(test)
    cuts = {"even": 0.0, "validation": best_cut(known, of_known), "best": best_cut(new, of_new)}
    return {
        "known": float(average_precision_score(of_known.ravel(), known.ravel())),
        "new": float(average_precision_score(of_new.ravel(), new.ravel())),
        **{name: by_pixel.dice(new >= cut, of_new) for name, cut in cuts.items()},
    }


def best_cut(scores: NDArray[Any], truth: NDArray[np.bool_]) -> float:
    """The least score that is taken for a lesion where Dice, which is F1 of pixels, is largest."""
    precision, recall, cuts = precision_recall_curve(truth.ravel(), scores.ravel())
    harmonic = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    return float(cuts[harmonic[:-1].argmax()])


def of_method(method: Method, combination: Combination) -> Scores:
    """What a trained method says of the first region from these inputs."""

    def scores(samples: Samples) -> NDArray[Any]:
        present = method.modalities.mask(combination, len(samples))
        return logits_of(method, samples, present)[:, 0].numpy()

    return scores


def of_task(name: str, library: Library, seeds: int) -> list[dict[str, Any]]:
    """A row for each model and combination of one fold."""
    task = TASKS[name]()
    training, valid, test = (task.samples(split) for split in ("train", "valid", "test"))
    models: list[tuple[str, Callable[[Combination], Scores]]] = [
        (REGRESSION, partial(by_pixel.fitted, training)),
        (NETWORK, partial(by_pixel.fitted, training, hidden=HIDDEN)),
    ]
    for method in ordered():
        folders = [library.folder(name, method, f"seed{seed}") for seed in range(seeds)]
        trained = [load(folder, torch.device("cpu")).method for folder in folders if (folder / REPORT).is_file()]
        models += [(METHODS[method].title, partial(of_method, each)) for each in trained]
    return [
        {"model": model, "inputs": key, **measured(made(task.info.modalities.parse(key)), valid, test)}
        for key in COMBINATIONS
        for model, made in models
    ]


def averaged(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The mean over folds and seeds, one row for each model and combination."""
    found = []
    for key in COMBINATIONS:
        for model in dict.fromkeys(row["model"] for row in rows):
            some = [row for row in rows if (row["model"], row["inputs"]) == (model, key)]
            means = {name: float(np.mean([row[name] for row in some])) for name in MEASURES}
            found.append({"model": model, "inputs": key, "trainings": len(some), **means})
    return found


def as_markdown(rows: Sequence[dict[str, Any]], folds: Sequence[dict[str, Any]]) -> str:
    """The averages, and what each person alone shows of FLAIR."""
    lines = [
        "| inputs | model | AP, known people | AP, new person | Dice, even odds | cut by validation | best cut |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        cells = " | ".join(f"{100 * row[name]:.1f}" for name in MEASURES)
        lines.append(f"| {row['inputs']} | {row['model']} | {cells} |")
    told = []
    for name in LESIONS:
        some = [row for row in folds if row["task"] == name and row["inputs"] == COMBINATIONS[0]]
        plain = next(row["new"] for row in some if row["model"] == REGRESSION)
        nets = [row["new"] for row in some if row["model"] not in (REGRESSION, NETWORK)]
        low, high = 100 * min(nets), 100 * max(nets)
        told.append(f"person {name.split('_')[1]} {100 * plain:.1f} against {low:.1f} to {high:.1f}")
    note = (
        "In %, mean over three people of whom each is new once. AP: average precision over pixels, whatever the cut; "
        f"known people: other slices of those it learned from. AP with FLAIR, logistic regression against networks: "
        f"{'; '.join(told)}."
    )
    return "\n".join([*lines, "", note])


def main() -> None:
    """Measure what is trained, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "mmlab-real-regions")
    parser.add_argument("--seeds", type=int, default=1)
    add_options(parser)
    given = parser.parse_args()
    one_thread()
    os.environ["MMLAB_FOLDERS"] = os.pathsep.join(str(given.folder / name) for name in LESIONS)
    library = Library(given.folder / "library")
    folds = [{"task": name, **row} for name in LESIONS for row in of_task(name, library, given.seeds)]
    rows = averaged(folds)
    put_down("new_people", [*rows, *folds], as_markdown(rows, folds), given.write, given.fill)


if __name__ == "__main__":
    main()
