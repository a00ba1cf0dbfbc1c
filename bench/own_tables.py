"""Own folders of rows of numbers: is any method below a plain linear model on the same table?

Writes each table as a folder of one's own (`docs/own-data.md`), trains methods on it as `train` does, measures the
yardsticks as `baselines` does, and compares combination by combination on the test samples:

    python bench/own_tables.py --data /path/to/data --seeds 2 --write docs/tables --fill docs/results.md

Five tables come with scikit-learn, one is made of the recordings of the task `watch`. `--data` adds CMU-MOSI features
(mosi_utterance_bclstm.npz), pixels of Houston 2013 (houston2013_train_pixels.npz), split at random and by place, and
digits that were really written, spoken and penned (mnist.npz, fsdd.npz, pendigits.npz), without noise. MOSI's features
were learned on its training part, so validation is two fifths of the videos of its test part. Goes on where an earlier
call stopped.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.put_down import add_options
from mmlab.core.method import METHODS
from mmlab.core.task import TASKS
from mmlab.experiments import baselines
from mmlab.experiments.comparison_tables import fill
from mmlab.experiments.train_job import TrainJob, run_train
from mmlab.inference.device import one_thread
from mmlab.storage import report_file
from mmlab.storage.atomic_files import write_atomically
from mmlab.storage.library import Library

USUAL = ("joint", "ensemble", "dropout", "specialists", "dmrnet", "mmanet", "gmd", "dimml", "m3ixup")
SHARES = (0.5, 0.2)  # of a table for training and validation; the rest is for the test
POINT = 0.01
Table = tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]  # inputs [N, n], truth [N], split [N]


def halves() -> Table:
    """The upper and the lower half of scikit-learn's digits."""
    from sklearn.datasets import load_digits

    found = load_digits()
    return {"upper": found.data[:, :32], "lower": found.data[:, 32:]}, found.target, drawn(len(found.target))


def cancer() -> Table:
    """Breast cancer of Wisconsin: means, errors and extremes of ten measures of cells."""
    from sklearn.datasets import load_breast_cancer

    found = load_breast_cancer()
    parts = {"means": slice(0, 10), "errors": slice(10, 20), "extremes": slice(20, 30)}
    return {name: found.data[:, part] for name, part in parts.items()}, found.target, drawn(len(found.target))


def wine() -> Table:
    """Wine: what is dissolved in it, and what it looks like."""
    from sklearn.datasets import load_wine

    found = load_wine()
    looks = [9, 10, 11]
    rest = [column for column in range(13) if column not in looks]
    return {"contents": found.data[:, rest], "looks": found.data[:, looks]}, found.target, drawn(len(found.target))


def diabetes() -> Table:
    """Diabetes: the person and the blood; the answer is a number."""
    from sklearn.datasets import load_diabetes

    found = load_diabetes()
    return {"person": found.data[:, :4], "blood": found.data[:, 4:]}, found.target, drawn(len(found.target))


def iris() -> Table:
    """Iris: what was measured of the sepal and of the petal."""
    from sklearn.datasets import load_iris

    found = load_iris()
    return {"sepal": found.data[:, :2], "petal": found.data[:, 2:]}, found.target, drawn(len(found.target))


def movement() -> Table:
    """Exercises by a watch (seglearn's recordings, those of the task `watch`): moments of each axis of both sensors.

    People are on one side of the split only; every eighth window, since neighbours overlap.
    """
    task, parts = TASKS["watch"](), ("train", "valid", "test")
    splits = [task.samples(part) for part in parts]
    inputs = {
        name: np.concatenate([_moments(found.inputs[name][::8].float().numpy()) for found in splits])
        for name in task.info.modalities.names
    }
    targets = [found.target[::8].numpy() for found in splits]
    split = np.concatenate([np.full(len(each), part, "<U5") for each, part in zip(targets, parts, strict=True)])
    return inputs, np.concatenate(targets), split


def _moments(curves: np.ndarray) -> np.ndarray:
    """Mean, deviation, least, most and mean step of each channel: `[N, C, T]` to `[N, 5 C]`."""
    steps = np.abs(np.diff(curves, axis=2)).mean(2)
    found = [curves.mean(2), curves.std(2), curves.min(2), curves.max(2), steps]
    return np.concatenate(found, 1)


def mosi(data: Path) -> Table:
    """CMU-MOSI: features of text, voice and face of an utterance; positive or not."""
    found = np.load(data / "mosi_utterance_bclstm.npz", allow_pickle=False)
    videos = np.array([name.rsplit("_", 1)[0].split("[")[0] for name in found["ids_test"]])
    names = np.random.default_rng(0).permutation(sorted(set(videos)))
    held_out = np.where(np.isin(videos, names[: len(names) * 2 // 5]), "valid", "test")
    inputs = {name: np.concatenate([found[f"{name}_{part}"] for part in ("train", "test")]) for name in MOSI}
    split = np.concatenate([np.full(len(found["y_train"]), "train"), held_out])
    return inputs, np.concatenate([found["y_train"], found["y_test"]]), split


MOSI = ("text", "audio", "video")


def houston(data: Path) -> Table:
    """Houston 2013: spectrum and height of a pixel; split at random, so neighbours lie on both sides."""
    found = np.load(data / "houston2013_train_pixels.npz", allow_pickle=False)
    return {name: found[name] for name in ("hsi", "lidar")}, found["y"], drawn(len(found["y"]))


def houston_apart(data: Path) -> Table:
    """The same pixels, split by where they stand in the file: of each class the first for training, the last for test.

    The file has no coordinates. It is in the order in which the picture was read, and labelled pixels lie in fields, so
    that neighbours are on one side but at two borders of each class; validation lies between training and test.
    """
    inputs, truth, _ = houston(data)
    split = np.full(len(truth), "test", "<U5")
    for each in np.unique(truth):
        rows = np.flatnonzero(truth == each)
        edges = np.cumsum([round(share * len(rows)) for share in SHARES])
        split[rows[: edges[0]]], split[rows[edges[0] : edges[1]]] = "train", "valid"
    return inputs, truth, split


def real_digits(data: Path) -> Table:
    """Digits of MNIST, FSDD and pendigits, paired by class, as they were recorded: no noise is added.

    One row per recording of FSDD. Its people are on one side of the split only, and so is each picture and path.
    """
    sounds = np.load(data / "fsdd.npz", allow_pickle=False)
    digits, clips = sounds["digit"], np.split(sounds["pcm"], np.cumsum(sounds["length"])[:-1])
    people = {name: place for place, name in enumerate(sorted(set(sounds["speaker"].tolist())))}
    place = np.array([people[name] for name in sounds["speaker"].tolist()])
    split = np.where(place == len(people) - 1, "test", np.where(place == 0, "valid", "train"))
    inputs = {"sound": np.stack([_spectrum(clip) for clip in clips])}
    for name, file, key in (("image", "mnist.npz", "images"), ("pen", "pendigits.npz", "points")):
        found = np.load(data / file, allow_pickle=False)
        values = found[key].astype(np.float32)
        if name == "image":
            values = values.reshape(-1, 14, 2, 14, 2).mean((2, 4))
        inputs[name] = values.reshape(len(values), -1)[_partners(digits, found["labels"])]
    return inputs, digits, split


def _partners(digits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """For each digit the row of another recording of it, each row once, in the order in which they stand."""
    rows = np.zeros(len(digits), int)
    for each in np.unique(digits):
        rows[digits == each] = np.flatnonzero(labels == each)[: (digits == each).sum()]
    return rows


def _spectrum(clip: np.ndarray, frames: int = 8, bands: int = 24) -> np.ndarray:
    """Loudness in `bands` bands of `frames` equal stretches of a clip, in decibels."""
    found = []
    for part in np.array_split(clip.astype(np.float64), frames):
        power = np.abs(np.fft.rfft(part * np.hanning(len(part)), 4096)) ** 2
        edges = np.unique(np.geomspace(16, len(power), bands + 1).astype(int))
        found.append([10 * np.log10(power[low:high].mean() + 1) for low, high in pairwise(edges)])
    return np.array(found).ravel()


def drawn(count: int) -> np.ndarray:
    """A random split of `count` rows under a fixed seed."""
    edges = np.cumsum([round(share * count) for share in SHARES])
    split = np.full(count, "test", "<U5")
    order = np.random.default_rng(0).permutation(count)
    split[order[: edges[0]]], split[order[edges[0] : edges[1]]] = "train", "valid"
    return split


def write_folder(folder: Path, name: str, table: Table) -> None:
    """The table as a folder of one's own, unless it is there: an array per input, a row of it per sample."""
    if (folder / "task.json").is_file():
        return
    inputs, truth, split = table
    folder.mkdir(parents=True, exist_ok=True)
    for key, values in inputs.items():
        np.save(folder / f"{key}.npy", values.astype(np.float32))
    head = ["id", "split", "target", *inputs]
    rows = [[f"s{i}", split[i], f"{truth[i]:g}", *(f"{key}.npy#{i}" for key in inputs)] for i in range(len(truth))]
    (folder / "manifest.csv").write_text("\n".join(",".join(row) for row in [head, *rows]) + "\n")
    modalities = [{"name": key, "kind": "vector", "size": values.shape[1]} for key, values in inputs.items()]
    is_number = len(np.unique(truth)) > 30
    output: dict[str, Any] = {"kind": "classification", "classes": [f"{each:g}" for each in np.unique(truth)]}
    if is_number:
        output = {"kind": "regression", "low": float(truth.min()), "high": float(truth.max())}
    task = {"name": name, "output": output, "modalities": modalities}
    write_atomically(folder / "task.json", json.dumps(task, indent=1).encode())


def gaps(scores: Mapping[str, float], plain: Mapping[str, float], higher_is_better: bool) -> dict[str, float]:
    """How much better than the linear model, by combination."""
    return {key: (scores[key] - plain[key]) * (1 if higher_is_better else -1) for key in scores if key in plain}


def interval(share: float, count: int) -> float:
    """Half the 95 % interval of the difference of two shares near `share`, each over `count` samples."""
    return float(1.96 * np.sqrt(2 * share * (1 - share) / count))


def interval_of_errors(tables: list[dict[str, Any]], key: str) -> float:
    """The same of mean errors: the interval of one, from the reports of all seeds, times the root of two."""
    return float(np.sqrt(2) * np.mean([(high - low) / 2 for low, high in (each["intervals"][key] for each in tables)]))


def row_of(name: str, method: str, seeds: int, library: Library) -> dict[str, Any] | None:
    """One line of the table: a method on a table over its seeds, against the linear model."""
    output = TASKS[name].info.output
    files = [library.folder(name, method, f"seed{seed}") for seed in range(seeds)]
    tables = [report_file.read(file)["sources"]["built-in"] for file in files if (file / "report.json").is_file()]
    if not tables:
        return None
    plain = {key: each[output.headline] for key, each in baselines.stored(name, library)["linear"]["metrics"].items()}
    scores = {key: float(np.mean([each["metrics"][key][output.headline] for each in tables])) for key in plain}
    apart = gaps(scores, plain, output.higher_is_better)
    size = POINT if output.headline == "accuracy" else POINT * float(np.mean(list(plain.values())))
    worst = min(apart, key=apart.__getitem__)
    count = tables[0]["samples"]
    is_share = output.headline == "accuracy"
    reach = {key: interval(plain[key], count) if is_share else interval_of_errors(tables, key) for key in plain}
    return {
        "table": name,
        "method": METHODS[method].title,
        "seeds": len(tables),
        "metric": output.headline,
        "samples": count,
        "all": max(scores.items(), key=lambda item: item[0].count("-"))[1],
        "linear_all": max(plain.items(), key=lambda item: item[0].count("-"))[1],
        "mean_gap": float(np.mean(list(apart.values()))),
        "worst_gap": apart[worst],
        "worst": worst,
        "reach": reach[worst],
        "beyond": {key: gap for key, gap in apart.items() if gap < -reach[key]},
        "below": sum(gap < -size for gap in apart.values()),
        "combinations": len(apart),
        "scores": scores,
        "linear": plain,
    }


def by_combination(rows: list[dict[str, Any]]) -> str:
    """The scores of one table by combination, those of the linear model first."""
    keys = list(rows[0]["linear"])
    factor, digits = (100, 1) if rows[0]["metric"] == "accuracy" else (1, 2)
    lines = ["| method | " + " | ".join(keys) + " |", "|" + " --- |" * (len(keys) + 1)]
    for name, scores in [("Linear model", rows[0]["linear"]), *((row["method"], row["scores"]) for row in rows)]:
        lines.append(f"| {name} | " + " | ".join(f"{factor * scores[key]:.{digits}f}" for key in keys) + " |")
    what = "accuracy in %" if rows[0]["metric"] == "accuracy" else f"{rows[0]['metric']}"
    lines += ["", f"{what}, {rows[0]['samples']} test samples, mean over {rows[0]['seeds']} seed(s)."]
    return "\n".join(lines)


def as_markdown(rows: list[dict[str, Any]]) -> str:
    """A line per table and method; accuracies in percent, errors as they are."""
    head = (
        "table",
        "method",
        "seeds",
        "all inputs",
        "linear, all inputs",
        "mean gap",
        "worst gap",
        "below by > 1 point",
    )
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    for row in rows:
        factor, digits = (100, 1) if row["metric"] == "accuracy" else (1, 2)
        reach = f" (± {factor * row['reach']:.1f})"
        cells = [row["table"], row["method"], row["seeds"], f"{factor * row['all']:.{digits}f}"]
        cells += [f"{factor * row['linear_all']:.{digits}f}", f"{factor * row['mean_gap']:+.{digits}f}"]
        cells += [f"{factor * row['worst_gap']:+.{digits}f}{reach}, {row['worst']}"]
        cells += [f"{row['below']} of {row['combinations']}"]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    note = (
        "Accuracy in %, of diabetes the mean error. Gaps: better (+) or worse (-) than logistic or ridge regression on "
        "the same inputs, whose strength was chosen on validation; ± is the 95 % interval of a difference of two such "
        "scores on this many test samples."
    )
    return "\n".join([*lines, "", note])


def cells_below(rows: list[dict[str, Any]]) -> str:
    """How many cells of each table are below the linear model by more than the interval, and which."""
    lines = ["| table | cells below | which |", "| --- | --- | --- |"]
    for name in dict.fromkeys(row["table"] for row in rows):
        of_table = [row for row in rows if row["table"] == name]
        factor, digits = (100, 1) if of_table[0]["metric"] == "accuracy" else (1, 2)
        found = [
            f"{row['method']}: " + ", ".join(f"{key} {factor * gap:+.{digits}f}" for key, gap in row["beyond"].items())
            for row in of_table
            if row["beyond"]
        ]
        below, cells = sum(len(row["beyond"]) for row in of_table), sum(row["combinations"] for row in of_table)
        lines.append(f"| {name} | {below} of {cells} | {'; '.join(found) or 'none'} |")
    note = (
        "A cell is a method on a combination of inputs, the mean over its seeds; differences are in points of "
        "accuracy, of diabetes in its mean error. Below: by more than half the 95 % "
        "interval of a difference of two such scores on this many test samples."
    )
    return "\n".join([*lines, "", note])


def reference_models(name: str, library: Library) -> str:
    """A line for each baseline of a table: its headline score by combination."""
    headline = TASKS[name].info.output.headline
    return "\n".join(
        f"{name}, {kind}: " + ", ".join(f"{key} {scores[headline]:.3f}" for key, scores in found["metrics"].items())
        for kind, found in baselines.stored(name, library).items()
    )


def train_all(name: str, method: str, plan: Mapping[str, Any], seeds: int, library: Library) -> None:
    """Train what is lacking of a method on a table."""
    for seed in range(seeds):
        print(name, method, seed, file=sys.stderr, flush=True)
        run_train(TrainJob(name, method, plan=dict(plan), seed=seed), str(library.root))


def main() -> None:
    """Train what is lacking, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with the arrays of MOSI and Houston")
    parser.add_argument("--tables", default="", help="only these, such as wine,mosi")
    parser.add_argument("--methods", default=",".join(USUAL))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--plan", action="append", default=[], help="how to train, such as input_dropout=0.4")
    parser.add_argument("--named", default="", help="the end of the names of tables that a plan makes")
    parser.add_argument("--trained", action="store_true", help="train nothing: write what there is")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "mmlab-own-tables")
    add_options(parser)
    given = parser.parse_args()
    one_thread()
    tables = {
        "wine": wine,
        "cancer": cancer,
        "diabetes": diabetes,
        "halves": halves,
        "iris": iris,
        "movement": movement,
    }
    if given.data is not None:
        tables |= {"mosi": lambda: mosi(given.data), "houston": lambda: houston(given.data)}
        tables["houston_apart"] = lambda: houston_apart(given.data)
        tables["real_digits"] = lambda: real_digits(given.data)
    wanted = given.tables.split(",") if given.tables else list(tables)
    for name in wanted:
        write_folder(given.folder / name, name, tables[name]())
    os.environ["MMLAB_FOLDERS"] = os.pathsep.join(str(given.folder / name) for name in wanted)
    end, plan = given.named and f"-{given.named}", dict(each.split("=", 1) for each in given.plan)
    library = Library(given.folder / f"library{end}")
    rows = []
    for name in wanted:
        if not baselines.stored(name, library):
            baselines.measure(name, library)
        print(reference_models(name, library), flush=True)
        for method in given.methods.split(","):
            if not given.trained:
                train_all(name, method, plan, given.seeds, library)
            rows += [row] if (row := row_of(name, method, given.seeds, library)) else []
            print(rows[-1:], file=sys.stderr, flush=True)
    print(as_markdown(rows), cells_below(rows), sep="\n\n")
    put_down(rows, end, not given.tables, given.write, given.fill)


def put_down(rows: list[dict[str, Any]], end: str, is_whole: bool, folder: Path | None, page: Path | None) -> None:
    """Write the tables into a folder and a page; some tables alone leave the overviews of all of them as they are."""
    names = {row["table"] for row in rows}
    parts = {f"own_tables-{name}{end}": [row for row in rows if row["table"] == name] for name in names}
    texts = {name: by_combination(part) for name, part in parts.items()}
    texts |= {"own_tables": as_markdown(rows), "own_tables_below": cells_below(rows)} if is_whole else {}
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        for name, part in {"own_tables": rows}.items() if is_whole else parts.items():
            (folder / f"{name}.json").write_text(json.dumps(part, indent=1) + "\n")
        for name, text in texts.items():
            (folder / f"{name}.md").write_text(text + "\n")
    if page is not None:
        fill(page, texts)


if __name__ == "__main__":
    main()
