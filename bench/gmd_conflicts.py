"""How often gradients of combinations conflict in GMD + DS, before and after the conflicts are cut.

From the logs of the shipped trainings, all epochs together: the share of the pairs of combinations that point away from
each other, and the mean cosine between the gradients of single inputs, in the parameters that the training has logged.

    python bench/gmd_conflicts.py --write docs/tables --fill docs/results.md
"""

from __future__ import annotations

import argparse
import sys
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.put_down import add_options, put_down
from bench.shipped_logs import shipped_logs
from mmlab.analysis.methods.training_log import SHARED, conflict_log
from mmlab.core.number_text import fixed
from mmlab.core.task import TASKS
from mmlab.storage.library import Library


def measured(library: Library) -> list[dict[str, Any]]:
    """A line per shipped training of GMD + DS that has a log, those that logged shared parameters first."""
    found = []
    for task, folder, rows in shipped_logs(library, "gmd"):
        found.append({"task": task, "run": folder.name, **_of_log(task, rows)})
    return sorted(found, key=lambda row: row["parameters"] != "shared")


def _of_log(task: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    modalities = TASKS[task].info.modalities
    whole = conflict_log(rows, modalities).during(None)
    pairs = list(combinations(range(len(modalities)), 2))  # single inputs are the first combinations
    return {
        "parameters": "shared" if whole.where == SHARED else "all",
        "single inputs": float(np.mean([whole.cosines[0][pair] for pair in pairs])),
        "before": float(whole.share[0]),
        "after": float(whole.share_after[0]),
    }


def as_markdown(found: list[dict[str, Any]]) -> str:
    """A line per training."""
    head = ("training", "parameters", "cosine of two single inputs", "pairs in conflict", "after the cut")
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    for row in found:
        cosine = fixed(row["single inputs"], 2, signed=True)
        shares = [f"{100 * row[when]:.1f} %" for when in ("before", "after")]
        lines.append(f"| {row['task']}/{row['run']} | {row['parameters']} | {cosine} | {' | '.join(shares)} |")
    note = (
        "Over all epochs. Over all parameters single inputs are nearly perpendicular by construction, since most of "
        "the parameters belong to one of them."
    )
    return "\n".join([*lines, "", note])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoints", type=Path, help="a library other than checkpoints/")
    add_options(parser)
    options = parser.parse_args()
    found = measured(Library(options.checkpoints))
    put_down("gmd_conflicts", found, as_markdown(found), options.write, options.fill)


if __name__ == "__main__":
    main()
