"""What was measured, gathered over the library and written as tables: Markdown, CSV, JSON."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmlab.analysis.comparison import Comparison, Row, rows, runs_from_reports
from mmlab.checkpoints import REPORT, read_json
from mmlab.core.errors import CheckpointError
from mmlab.core.method import METHODS
from mmlab.core.task import TASKS
from mmlab.grid import ladder, rung_tag
from mmlab.library import Library

ORDER = ("joint", "ensemble", "dropout", "specialists", "dmrnet", "mmanet", "gmd", "dimml", "m3ixup")
SEED_FOLDER = re.compile(r"seed(\d+)")


def compare(library: Library, task: str, source: str = "built-in", baseline: str = "dropout") -> Comparison:
    """All methods of a task over their seeds. Raises CheckpointError where nothing was measured."""
    names = sorted(METHODS, key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name))
    reports = {name: _seeds(library, task, name) for name in names}
    titles = {name: METHODS[name].title for name in names}
    return _comparison(task, source, baseline, reports, titles)


def compare_ladder(library: Library, task: str, method: str, source: str = "built-in") -> Comparison:
    """The rungs of a method's ablation ladder over their seeds, each against the complete method."""
    reports, titles = {}, {}
    for rung in ladder(method):
        pattern = re.compile(rung_tag(rung, 0).replace("seed0", r"seed(\d+)"))
        reports[rung.name] = _seeds(library, task, rung.method, pattern)
        titles[rung.name] = rung.label
    complete = next(rung.name for rung in ladder(method) if not rung.config)
    return _comparison(task, source, complete, reports, titles)


def _seeds(library: Library, task: str, method: str, pattern: re.Pattern[str] = SEED_FOLDER) -> list[Mapping[str, Any]]:
    folders = sorted((library.root / task / method).glob("*"))
    files = [folder / REPORT for folder in folders if pattern.fullmatch(folder.name)]
    return [read_json(file) for file in files if file.is_file()]


def _comparison(
    task: str,
    source: str,
    baseline: str,
    reports: Mapping[str, Sequence[Mapping[str, Any]]],
    titles: Mapping[str, str],
) -> Comparison:
    output = TASKS[task].info.output
    runs, combinations, samples = runs_from_reports(reports, titles, source)
    if not runs:
        raise CheckpointError(
            f"Nothing was measured for {task} ({source}).", f"Train first: python -m mmlab grid --tasks {task}"
        )
    return Comparison(
        task=task,
        source=source,
        metric=output.headline,
        higher_is_better=output.higher_is_better,
        baseline=baseline,
        samples=samples,
        combinations=combinations,
        rows=rows(runs, baseline, output.higher_is_better),
    )


def as_markdown(found: Comparison) -> str:
    """A table for a README: percent for fractions, mean ± standard deviation over seeds, the best in bold."""
    letters = _letters(found)
    base = next((row.title for row in found.rows if row.name == found.baseline), found.baseline)
    head = ["method", "seeds", *letters, "mean", "worst", f"mean - {base} [95 %]"]
    best = _best([row.mean for row in found.rows], found.higher_is_better)
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    for row in found.rows:
        bold = "**" if row.mean == best else ""
        cells = [row.title, str(row.seeds), *(_percent(value) for value in row.score)]
        cells += [f"{bold}{_percent(row.mean)} ± {_percent(row.mean_spread)}{bold}", _percent(row.worst)]
        lines.append("| " + " | ".join([*cells, _difference(row)]) + " |")
    legend = ", ".join(f"{letter} {key}" for letter, key in zip(letters, found.combinations, strict=True))
    note = (
        f"{found.metric} in %, {found.samples} test samples ({found.source}), mean over seeds; "
        f"± is the standard deviation of the mean over seeds; differences are paired by seed.\n\nColumns: {legend}."
    )
    return "\n".join([*lines, "", note])


def as_csv(found: Comparison) -> str:
    """One line per method and combination, and one for the mean."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    head = ("task", "source", "metric", "method", "seeds", "combination", "score", "deviation")
    writer.writerow((*head, "difference", "low", "high"))
    for row in found.rows:
        each = list(zip(found.combinations, row.score, row.spread, strict=True))
        lines = [(*cell, row.differences[k] if row.differences is not None else None) for k, cell in enumerate(each)]
        for key, score, spread, difference in [*lines, ("mean", row.mean, row.mean_spread, row.difference)]:
            bounds = ("", "", "") if difference is None else tuple(f"{value:.5f}" for value in difference)
            first = (found.task, found.source, found.metric, row.name, row.seeds, key)
            writer.writerow((*first, f"{score:.5f}", f"{spread:.5f}", *bounds))
    return buffer.getvalue()


def as_json(found: Comparison) -> dict[str, Any]:
    """The whole comparison as plain values; a bound that cannot be had is null."""
    methods = {
        row.name: {
            "title": row.title,
            "seeds": row.seeds,
            "scores": dict(zip(found.combinations, row.score.tolist(), strict=True)),
            "deviations": dict(zip(found.combinations, row.spread.tolist(), strict=True)),
            "mean": row.mean,
            "mean_deviation": row.mean_spread,
            "worst": row.worst,
            "difference": None if row.difference is None else _finite(row.difference),
            "parameters": row.parameters,
            "training_minutes": row.minutes,
        }
        for row in found.rows
    }
    about = {name: getattr(found, name) for name in ("task", "source", "metric", "baseline", "samples")}
    return {**about, "combinations": list(found.combinations), "methods": methods}


def write_tables(found: Comparison, folder: Path, name: str) -> None:
    """Write `<name>.md`, `.csv` and `.json` into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.md").write_text(as_markdown(found) + "\n", "utf-8")
    (folder / f"{name}.csv").write_text(as_csv(found), "utf-8")
    (folder / f"{name}.json").write_text(json.dumps(as_json(found), indent=1) + "\n", "utf-8")


def fill(document: Path, tables: Mapping[str, str]) -> list[str]:
    """Put each table between its marks `<!-- table:name -->` and `<!-- end -->`; the names that were found."""
    text, found = document.read_text("utf-8"), []
    for name, table in tables.items():
        pattern = re.compile(rf"(<!-- table:{re.escape(name)} -->\n).*?(<!-- end -->)", re.DOTALL)
        text, count = pattern.subn(lambda match, table=table: f"{match[1]}{table}\n{match[2]}", text)  # type: ignore[misc]
        found += [name] if count else []
    document.write_text(text, "utf-8")
    return found


def _letters(found: Comparison) -> list[str]:
    modalities = TASKS[found.task].info.modalities
    return ["".join(modalities[name].letter for name in key.split("-")) for key in found.combinations]


def _best(values: Sequence[float], higher_is_better: bool) -> float:
    return max(values) if higher_is_better else min(values)


def _percent(value: float) -> str:
    return f"{100 * value:.1f}"


def _difference(row: Row) -> str:
    if row.difference is None:
        return ""
    mean, low, high = row.difference
    bounds = f" [{100 * low:+.1f}, {100 * high:+.1f}]" if math.isfinite(low) else ""
    return f"{100 * mean:+.1f}{bounds}"


def _finite(values: Sequence[float]) -> list[float | None]:
    return [value if math.isfinite(value) else None for value in values]
