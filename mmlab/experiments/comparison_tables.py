"""Results gathered over the library and written as tables: Markdown, CSV, JSON."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from mmlab.analysis.methods.seed_comparison import MEAN, Comparison, Row, rows, runs_from_reports
from mmlab.core import csv_file
from mmlab.core.data_version import fingerprint_of
from mmlab.core.errors import CheckpointError, UnknownName
from mmlab.core.group_name import group_name
from mmlab.core.method import METHODS
from mmlab.core.metric import higher_is_better, mean_of
from mmlab.core.number_text import p_value
from mmlab.core.phrases import say
from mmlab.core.task import TASKS, advice, of_source
from mmlab.experiments import imported_results
from mmlab.experiments.ablations import ladder, ordered, rung_tag
from mmlab.experiments.grid import gap_tag
from mmlab.experiments.usable_reports import Reports, of_seeds
from mmlab.storage import baselines_file
from mmlab.storage.library import SEED_FOLDER, Library

REMEASURE = "python -m mmlab evaluate --save"
UNDEFINED = "–"  # a number that cannot be had, in a table for people


def compare(
    library: Library,
    task: str,
    source: str = "built-in",
    baseline: str = "dropout",
    metric: str = "",
    missing: str = "",
) -> Comparison:
    """All methods of a task over their seeds, by the headline metric where none is named.

    missing: the runs that were trained on data with these gaps rather than the ordinary ones.
    Raises CheckpointError where nothing was measured, UnknownName for a metric that the task lacks.
    """
    names, fingerprint = ordered(), fingerprint_of(TASKS[task]())
    pattern = re.compile(rf"{re.escape(gap_tag(missing))}-seed(\d+)") if missing else SEED_FOLDER
    reports = {name: of_seeds(library, task, name, fingerprint, pattern, metric, missing) for name in names}
    titles = {name: METHODS[name].title for name in names}
    found = _comparison(task, source, baseline, reports, titles, metric)
    if source != "built-in":
        return found
    plain = baselines_file.scores(baselines_file.read(library, task, fingerprint), found.metric)
    others, problems = imported_results.scores(library, task, found.metric)
    return replace(found, reference_models=plain, imported=others, problems=(*found.problems, *problems))


def compare_ladder(library: Library, task: str, method: str, source: str = "built-in", metric: str = "") -> Comparison:
    """The rungs of a method's ablation ladder over their seeds, each against the complete method."""
    reports, titles, fingerprint = {}, {}, fingerprint_of(TASKS[task]())
    for rung in ladder(method):
        pattern = re.compile(rung_tag(rung, 0).replace("seed0", r"seed(\d+)"))
        reports[rung.name] = of_seeds(library, task, method, fingerprint, pattern, metric)
        titles[rung.name] = rung.label
    complete = next(rung.name for rung in ladder(method) if not rung.config)
    return _comparison(task, source, complete, reports, titles, metric)


def _comparison(
    task: str,
    source: str,
    baseline: str,
    reports: Mapping[str, Reports],
    titles: Mapping[str, str],
    metric: str,
) -> Comparison:
    output = TASKS[task].info.output
    metric = metric or output.headline
    if metric not in output.metric_names:
        raise UnknownName(f"{task} has no metric '{metric}'.", f"There are: {', '.join(output.metric_names)}.")
    every = {name: found for name, (found, _) in reports.items()}
    sound, without = _with_metric(every, titles, source, output.output_metrics[metric].metric.title, metric)
    runs, combinations, samples = runs_from_reports(sound, titles, source, metric)
    if not runs:
        left_out = [problem for _, problems in reports.values() for problem in problems][:3]
        hint = advice(TASKS[task], f"python -m mmlab grid --tasks {task}", "Train first")
        raise CheckpointError(" ".join([f"Nothing was measured for {task} ({source}).", *left_out]), hint)
    return Comparison(
        task=task,
        source=source,
        metric=metric,
        higher_is_better=higher_is_better(metric),
        baseline=baseline,
        samples=samples,
        nothing=_of_nothing(sound, source, metric),
        combinations=combinations,
        rows=rows(runs, baseline, higher_is_better(metric)),
        runs=runs,
        problems=(*(problem for _, found in reports.values() for problem in found), *without),
        groups=max(
            (report["sources"].get(source, {}).get("groups", 0) for each in sound.values() for report in each),
            default=0,
        ),
        grouped_by=group_name(TASKS[task]),
    )


def _of_nothing(reports: Mapping[str, Sequence[Mapping[str, Any]]], source: str, metric: str) -> float:
    """What answering nothing scores, from the first report that says it; NaN where answers cannot be empty."""
    there = [each["sources"][source] for found in reports.values() for each in found if source in each["sources"]]
    return next((float(each["nothing"][metric]) for each in there if metric in each.get("nothing", {})), math.nan)


def _with_metric(
    reports: Mapping[str, Sequence[Mapping[str, Any]]], titles: Mapping[str, str], source: str, title: str, metric: str
) -> tuple[dict[str, list[Mapping[str, Any]]], list[str]]:
    """The reports that hold a metric, and in words which were made before there was one of this name and title."""
    kept: dict[str, list[Mapping[str, Any]]] = {}
    lacking: dict[str, int] = {}
    for name, found in reports.items():
        kept[name] = [each for each in found if metric in each["sources"].get(source, {"mean": {metric}})["mean"]]
        lacking |= {name: len(found) - len(kept[name])} if len(kept[name]) < len(found) else {}
    if not lacking:
        return kept, []
    runs = ", ".join(say("{count} of {model}", count=count, model=titles[name]) for name, count in lacking.items())
    told = say("Seeds left out because their reports lack {metric}: {runs}.", metric=say(title), runs=runs)
    return kept, [f"{told} {say('Where there are weights, {command} adds it.', command=REMEASURE)}"]


def as_markdown(found: Comparison) -> str:
    """A table for a README: percent for fractions, mean ± standard deviation over seeds, the best in bold."""
    letters, write = _letters(found), partial(_number, found.is_share)
    base = next((row.title for row in found.rows if row.name == found.baseline), found.baseline)
    head = ["method", f"{found.over}s", *letters, "mean", "worst", f"mean - {base} [95 %]", "p (Holm)"]
    best, p = _best([row.mean for row in found.rows], found.higher_is_better), found.p_values(MEAN)
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    for row in found.rows:
        bold = "**" if row.mean == best else ""
        cells = [row.title, str(row.seeds), *(write(value) for value in row.score)]
        spread = f" ± {write(row.mean_spread)}" if math.isfinite(row.mean_spread) else ""
        cells += [f"{bold}{write(row.mean)}{spread}{bold}", write(row.worst), _difference(row, found.is_share)]
        cells.append("" if math.isnan(p[row.name]) else p_value(p[row.name]))
        lines.append("| " + " | ".join(cells) + " |")
    for title, table in {**found.reference_models, **imported_results.named(found.imported)}.items():
        values = [table.get(key, math.nan) for key in found.combinations]
        worst = (min if found.higher_is_better else max)(values, default=math.nan)
        cells = [f"*{title}*", "", *map(write, values), write(float(mean_of(values))), write(worst), "", ""]
        lines.append("| " + " | ".join(cells) + " |")
    legend = ", ".join(f"{letter} {key}" for letter, key in zip(letters, found.combinations, strict=True))
    unit = " in %" if found.is_share else ""
    over, where = found.over, of_source(TASKS[found.task](), found.source)
    note = (
        f"{found.metric}{unit}, {found.samples} test samples{where}, mean over {over}s; "
        f"± is the standard deviation of single {over}s (each its mean over combinations), not of their average; "
        f"differences are paired by {over} (Student's t), p is Holm-corrected. {found.scope}\n\nColumns: {legend}."
    )
    if math.isfinite(found.nothing):
        note += f" An empty answer to everything: {write(found.nothing)}."
    modalities = TASKS[found.task].info.modalities
    warned = found.warnings(lambda key: modalities.parse(key).label)
    return "\n".join([*lines, "", note, *(f"\n{problem}" for problem in (*found.problems, *warned))])


def as_csv(found: Comparison) -> str:
    """One line per method and combination, and one for the mean; a number that cannot be had is left empty."""
    head = ("task", "source", "metric", "method", "seeds", "combination", "score", "deviation")
    return csv_file.as_csv((*head, "difference", "low", "high", "p", "title", "inputs", "unit"), _rows(found))


def _rows(found: Comparison) -> Iterator[tuple[object, ...]]:
    p = {by: found.p_values(by) for by in (*found.combinations, MEAN)}
    modalities, unit = TASKS[found.task].info.modalities, "share of 1" if found.is_share else "as the metric"
    for row in found.rows:
        each = list(zip(found.combinations, row.score, row.spread, strict=True))
        lines = [(*cell, row.differences[k] if row.differences is not None else None) for k, cell in enumerate(each)]
        for key, score, spread, difference in [*lines, ("mean", row.mean, row.mean_spread, row.difference)]:
            first = (found.task, found.source, found.metric, row.name, row.seeds, key)
            bounds = difference if difference is not None else [math.nan] * 3
            numbers = (score, spread, *bounds, p[key][row.name])
            inputs = "mean of all combinations" if key == "mean" else modalities.parse(key).label
            written = (f"{value:.5f}" if math.isfinite(value) else "" for value in numbers)
            yield (*first, *written, row.title, inputs, unit)
    for title, key, shown in imported_results.lines(found.imported):
        whose = (found.task, found.source, found.metric, title)
        yield (*whose, "", key, shown, *[""] * 5, title, modalities.parse(key).label, unit)


def as_json(found: Comparison) -> dict[str, Any]:
    """The whole comparison as plain values; a number that cannot be had is null."""
    p = found.p_values(MEAN)
    methods = {
        row.name: {
            "title": row.title,
            "seeds": row.seeds,
            "scores": dict(zip(found.combinations, _finite(row.score.tolist()), strict=True)),
            "deviations": dict(zip(found.combinations, _finite(row.spread.tolist()), strict=True)),
            "mean": _finite([row.mean])[0],
            "mean_deviation": _finite([row.mean_spread])[0],
            "worst": _finite([row.worst])[0],
            "difference": None if row.difference is None else _finite(row.difference),
            "p": _finite([p[row.name]])[0],
            "parameters": row.parameters,
            "training_minutes": row.minutes,
        }
        for row in found.rows
    }
    about = {name: getattr(found, name) for name in ("task", "source", "metric", "baseline", "samples", "groups")}
    about |= {"grouped_by": found.grouped_by, "scope": found.scope}
    about |= {"nothing": found.nothing} if math.isfinite(found.nothing) else {}
    if found.reference_models:
        about["reference_models"] = about["yardsticks"] = {  # the second: its earlier name
            title: dict(zip(table, _finite(list(table.values())), strict=True))
            for title, table in found.reference_models.items()
        }
    about |= imported_results.as_json(found.imported)
    return {**about, "combinations": list(found.combinations), "methods": methods, "problems": list(found.problems)}


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
    there = [value for value in values if math.isfinite(value)]
    return (max if higher_is_better else min)(there, default=math.nan)


def _number(is_share: bool, value: float) -> str:
    if not math.isfinite(value):
        return UNDEFINED
    return f"{100 * value:.1f}" if is_share else f"{value:.3f}"


def _difference(row: Row, is_share: bool) -> str:
    if row.difference is None or not math.isfinite(row.difference[0]):
        return ""
    mean, low, high = row.difference
    factor, digits = (100, 1) if is_share else (1, 3)
    bounds = f" [{factor * low:+.{digits}f}, {factor * high:+.{digits}f}]" if math.isfinite(low) else ""
    return f"{factor * mean:+.{digits}f}{bounds}"


def _finite(values: Sequence[float]) -> list[float | None]:
    return [value if math.isfinite(value) else None for value in values]
