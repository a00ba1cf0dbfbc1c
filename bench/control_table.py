"""The table of what controllers get from each combination of inputs, from the `control.json` beside the checkpoints.

    python bench/control_table.py --write docs/tables --fill docs/results.md

The figures are those of `python -m mmlab control --task pendulum --method ... --tag ... --steps 15000`.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.put_down import add_options
from mmlab.core.method import METHODS
from mmlab.core.reference import Reference
from mmlab.experiments.ablations import rung_of
from mmlab.experiments.comparison_tables import fill
from mmlab.experiments.control import measure
from mmlab.storage import checkpoints
from mmlab.storage.library import Library

ROOT = Path(__file__).resolve().parents[1]
NAME = "pendulum_control"


def main() -> None:
    """Print the table; write and fill where that is asked for."""
    parser = argparse.ArgumentParser(prog="bench/control_table.py", description=__doc__)
    parser.add_argument("--checkpoints", type=Path, default=ROOT / "checkpoints", metavar="FOLDER")
    add_options(parser)
    asked = parser.parse_args()
    there = sorted(measure.runs(Library(asked.checkpoints), "pendulum"), key=place)
    found = {label(each): read(each) for each in there}
    text = table(found)
    print(text)
    if asked.write:
        asked.write.mkdir(parents=True, exist_ok=True)
        (asked.write / f"{NAME}.md").write_text(text + "\n", "utf-8")
        (asked.write / f"{NAME}.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    if asked.fill:
        fill(asked.fill, {NAME: text})


def read(run: Reference) -> measure.Control:
    """What they get."""
    return measure.read(Path(run.path), checkpoints.load(Path(run.path)).digest)


def place(run: Reference) -> tuple[int, int, str]:
    """Methods in the order of tables, the steps of a ladder behind them."""
    steps = [step.name for step in METHODS[run.method].ablations if step.config]
    step = rung_of(run.method, run.tag)
    return METHODS[run.method].order, 1 + steps.index(step.name) if step else 0, run.tag


def label(run: Reference) -> str:
    """The run by the label of its step, where it is one of a ladder."""
    step = rung_of(run.method, run.tag)
    return step.label if step else METHODS[run.method].title


def table(found: dict[str, measure.Control]) -> str:
    """A row per representation, then the lines between which they lie."""
    keys = list(next(iter(found.values()))["combinations"])
    rows = ["| representation | controllers | steps | " + " | ".join(keys) + " |", "| --- " * (len(keys) + 3) + "|"]
    for name, each in found.items():
        measured = [each["combinations"][key] for key in keys]
        cells = [str(len(measured[0]["seeds"])), f"{each['steps']:,}", *map(cell, measured)]
        rows.append(f"| {name} | {' | '.join(cells)} |")
    most = max(found.values(), key=lambda each: len(each["state"]["seeds"]))
    for name in ("state", "chance"):
        line: Any = most[name]  # type: ignore[literal-required]
        title = {"state": "the state itself", "chance": "chance"}[name]
        trained = [str(len(line["seeds"])), f"{most['steps']:,}"] if name == "state" else ["–", "–"]
        rows.append(f"| {title} | {' | '.join([*trained, *[''] * (len(keys) - 1), cell(line)])} |")
    return "\n".join(rows) + (
        f"\n\nReturn of an episode of 200 steps (0 is standing still upright), mean over controllers and "
        f"{most['state']['episodes']} episodes; ± is the standard deviation of single episodes, in brackets the mean "
        f"of each controller. {most['algorithm']}, trained with all inputs."
    )


def cell(found: measure.Returns) -> str:
    """A mean, the spread of single episodes, and each controller where there are several."""
    single = f" ({', '.join(f'{each:.0f}' for each in found['seeds'])})" if len(found["seeds"]) > 1 else ""
    return f"{found['mean']:.0f} ± {found['over_episodes']:.0f}{single}"


if __name__ == "__main__":
    main()
