"""Which combinations DMRNet's miner calls hard, and whether a large variance means a low score, then and later.

From the logs of the shipped trainings: the variance of each combination over the warm-up, by which the miner ranks, and
on validation at the end, each against the scores on validation. From stored answers: variance against error from sample
to sample inside one combination. Correlations are Spearman's.

    python bench/dmrnet_miner.py --write docs/tables --fill docs/results.md
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.put_down import add_options, put_down
from bench.shipped_logs import shipped_logs
from mmlab.analysis.base.ranking import spearman
from mmlab.analysis.methods.training_log import miner_at_the_end, miner_log
from mmlab.core.errors import CheckpointError
from mmlab.core.number_text import fixed
from mmlab.core.task import TASKS
from mmlab.storage import report_file, sweep_file
from mmlab.storage.checkpoints import SWEEP
from mmlab.storage.library import Library


def measured(library: Library) -> list[dict[str, Any]]:
    """A line per shipped training of DMRNet that has a log."""
    found = []
    for task, folder, rows in shipped_logs(library, "dmrnet"):
        found.append({"task": task, "run": folder.name, **_of_log(task, rows), **_of_answers(task, folder)})
    return found


def _of_log(task: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What was mined, and how the variance of combinations goes with their size and their score."""
    output = TASKS[task].info.output
    better = output.higher_is_better
    first = rows[0]["metrics"]
    metric = output.headline if all(output.headline in row for row in first.values()) else "dice"  # of older logs
    then, later = miner_log(rows, metric, better), miner_at_the_end(rows, metric, better)
    mining = next(row for row in rows if row["logs"].get("mined"))["metrics"]
    alone = {key: row[metric] for key, row in mining.items() if "-" not in key}
    return {
        "mined": then.mined,
        "strongest alone": (max if better else min)(alone, key=alone.__getitem__),
        "at mining": {"size": then.size, "score": then.score},
        "at the end": {"size": later.size, "score": later.score},
    }


def _of_answers(task: str, folder: Path) -> dict[str, Any]:
    """Variance against error from sample to sample, the median over combinations; none without stored answers."""
    if not (folder / SWEEP).is_file():
        return {"within": None}
    info = TASKS[task].info
    try:
        found = sweep_file.read(folder, str(report_file.read(folder)["digest"]), info)
    except CheckpointError:
        return {"within": None}
    rows = found.present.all(1)
    error = info.output.error(found.logits[:, rows], found.target[rows])
    assert found.variance is not None  # DMRNet has one
    variance = found.variance[:, rows].mean(-1)
    each = [spearman(one, other) for one, other in zip(variance, error, strict=True)]
    return {"within": float(np.nanmedian(each)), "dimensions": found.variance.shape[-1]}


def as_markdown(found: list[dict[str, Any]]) -> str:
    """A line per training."""
    head = ("training", "called hard", "strongest alone", "variance and size, at mining", "at the end")
    head = (*head, "variance and score, at mining", "at the end", "variance and error inside a combination")
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    for row in found:
        cells = [f"{row['task']}/{row['run']}", ", ".join(row["mined"]), row["strongest alone"]]
        pairs = [(when, what) for what in ("size", "score") for when in ("at mining", "at the end")]
        cells += [fixed(row[when][what], 2, signed=True) for when, what in pairs]
        cells.append("–" if row["within"] is None else fixed(row["within"], 2, signed=True))
        lines.append(f"| {' | '.join(cells)} |")
    note = (
        "Rank correlations. A miner that finds weak combinations has −1 between variance and score; size is the number "
    )
    note += "of inputs."
    return "\n".join([*lines, "", note])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoints", type=Path, help="a library other than checkpoints/")
    add_options(parser)
    options = parser.parse_args()
    found = measured(Library(options.checkpoints))
    put_down("dmrnet_miner", found, as_markdown(found), options.write, options.fill)


if __name__ == "__main__":
    main()
