"""Methods against a baseline over the people, voices or heads of the test set, from stored predictions.

Tables over seeds (`comparison_tables`) say what another training would change, with the test set as it is. This
says what other people would change, with the trainings as they are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mmlab.analysis.base.array_checks import Numbers
from mmlab.analysis.base.clusters import Clusters, percentile_interval, sign_flip_p
from mmlab.analysis.methods.seed_comparison import corrected
from mmlab.analysis.robustness.per_sample_scores import Measure, grade
from mmlab.core.errors import CheckpointError, MmlabError, UnknownName
from mmlab.core.group_name import group_name
from mmlab.core.method import METHODS
from mmlab.core.metric import is_share, mean_of
from mmlab.core.number_text import p_value
from mmlab.core.outputs import Output
from mmlab.core.results import Sweep
from mmlab.core.task import TASKS
from mmlab.experiments.ablations import ordered
from mmlab.storage import report_file, sweep_file
from mmlab.storage.checkpoints import SWEEP
from mmlab.storage.library import SEED_FOLDER, Library

Runs = dict[int, Measure]


@dataclass(frozen=True)
class GroupDifference:
    """A method less the baseline, the mean over combinations and common seeds: 95 % interval and p (Holm) over groups;
    NaN where there is none."""

    name: str
    title: str
    seeds: int
    difference: float
    low: float
    high: float
    p: float


@dataclass(frozen=True)
class GroupComparison:
    """All methods of a task; basis: what the intervals rest on, or why there are none, in words."""

    task: str
    metric: str
    baseline: str
    samples: int
    groups: int
    grouped_by: str
    basis: str
    rows: tuple[GroupDifference, ...]


def compare_groups(library: Library, task: str, baseline: str = "dropout", metric: str = "") -> GroupComparison:
    """Every method with stored answers against the baseline, on the built-in test samples that have every input.

    Raises CheckpointError where the baseline has no stored answers, UnknownName for a metric that the task lacks.
    """
    output = TASKS[task].info.output
    metric = metric or output.headline
    if metric not in output.metric_names:
        raise UnknownName(f"{task} has no metric '{metric}'.", f"There are: {', '.join(output.metric_names)}.")
    runs = _graded({name: _stored(library, task, name) for name in ordered()}, output, metric)
    if not runs.get(baseline):
        hint = f"Make them: python -m mmlab evaluate --task {task} --method {baseline} --save"
        raise CheckpointError(f"{baseline} has no stored answers for {task}.", hint)
    theirs = runs[baseline]
    clusters = next(iter(theirs.values())).clusters
    counts = clusters.resamples() if clusters.are_enough else None
    rows = [_row(name, ours, theirs, clusters, counts) for name, ours in runs.items() if name != baseline]
    found = [row for row in rows if row is not None]
    p = corrected({row.name: row.p for row in found})
    corrected_rows = tuple(replace(row, p=p[row.name]) for row in found)
    noun, samples = group_name(TASKS[task]), len(clusters.of_sample)
    basis = clusters.in_words(noun)
    return GroupComparison(task, metric, baseline, samples, clusters.count, noun, basis, corrected_rows)


def _graded(stored: Mapping[str, Mapping[int, Sweep]], output: Output, metric: str) -> dict[str, Runs]:
    """The metric of every run; where answers are drawn from more samples, on those samples that all runs have."""
    every = [sweep for sweeps in stored.values() for sweep in sweeps.values()]
    shared: set[str] | None = None
    if any(sweep.drawn_from for sweep in every):
        shared = set.intersection(*(set(sweep.ids) for sweep in every))
    found: dict[str, Runs] = {}
    for name, sweeps in stored.items():
        graded = {seed: grade(_only(sweep, shared), output).measures for seed, sweep in sweeps.items()}
        found[name] = {seed: measures[metric] for seed, measures in graded.items() if metric in measures}
    return found


def _only(found: Sweep, shared: set[str] | None) -> Sweep:
    return found if shared is None else found.of_rows([row for row, each in enumerate(found.ids) if each in shared])


def _stored(library: Library, task: str, method: str) -> dict[int, Sweep]:
    """The stored answers of each seed, without embeddings; runs that have none, or of other data, are left out."""
    found: dict[int, Sweep] = {}
    for folder in library.glob(f"{task}/{method}/*"):
        seed = SEED_FOLDER.fullmatch(folder.name)
        if seed is None or not (folder / SWEEP).is_file():
            continue
        try:
            digest = str(report_file.read(folder).get("digest", ""))
            sweep = sweep_file.read(folder, digest, TASKS[task].info)
            found[int(seed[1])] = replace(sweep, mean=sweep.mean[..., :0], variance=None)
        except MmlabError:
            continue
    return found


def _row(name: str, ours: Runs, theirs: Runs, clusters: Clusters, counts: Numbers | None) -> GroupDifference | None:
    """None without a seed in common, or for other test samples."""
    common = [seed for seed in ours if seed in theirs and ours[seed].samples == theirs[seed].samples]
    if not common:
        return None
    pairs = [(ours[seed], theirs[seed]) for seed in common]
    whole = np.ones((1, len(clusters.of_sample)))
    difference = float(_difference(pairs, whole)[0])
    low = high = math.nan
    if counts is not None:
        low, high = percentile_interval(_difference(pairs, counts)[:, None], clusters)[0].tolist()
    return GroupDifference(name, METHODS[name].title, len(common), difference, low, high, _p(pairs, clusters))


def _difference(pairs: Sequence[tuple[Measure, Measure]], counts: Numbers) -> Numbers:
    """`[D]`: the mean over combinations of ours less theirs, averaged over seeds."""
    means = [[mean_of(each.of(counts)[:, 1:].T) for each in pair] for pair in pairs]
    return np.asarray(np.mean([ours - theirs for ours, theirs in means], 0))


def _p(pairs: Sequence[tuple[Measure, Measure]], clusters: Clusters) -> float:
    """Of a metric that is a mean over samples; NaN for others."""
    if not all(each.per_sample.size for pair in pairs for each in pair):
        return math.nan
    of_each = [mean_of(one.per_sample[1:]) - mean_of(other.per_sample[1:]) for one, other in pairs]
    return sign_flip_p(np.nan_to_num(np.mean(of_each, 0)), clusters)


def as_markdown(found: GroupComparison) -> str:
    """A table for a document."""
    base, share = METHODS[found.baseline].title, is_share(found.metric)
    factor, digits = (100, 1) if share else (1, 3)
    head = ("method", "seeds", f"mean - {base} [95 %]", "p (Holm)")
    lines = [f"| {' | '.join(head)} |", "|" + " --- |" * len(head)]
    for row in found.rows:
        bounds = f" [{factor * row.low:+.{digits}f}, {factor * row.high:+.{digits}f}]" if math.isfinite(row.low) else ""
        p = p_value(row.p) if math.isfinite(row.p) else ""
        lines.append(f"| {row.title} | {row.seeds} | {factor * row.difference:+.{digits}f}{bounds} | {p} |")
    unit = " in points" if share else ""
    tested = any(math.isfinite(row.p) for row in found.rows)
    test = " p is of sign flips of whole groups, Holm-corrected." if tested else ""
    note = f"Difference of {found.metric}{unit}, mean over combinations, on {found.samples} test samples."
    note += f" {found.basis} Trainings are as they are.{test}"
    return "\n".join([*lines, "", note])


def as_json(found: GroupComparison) -> dict[str, Any]:
    """The same as plain values; a number that cannot be had is not finite."""
    return {**vars(found), "rows": [vars(row) for row in found.rows]}
