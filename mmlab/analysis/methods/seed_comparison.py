"""Methods compared over combinations and seeds, from the reports in the library. NumPy in and out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special  # scipy.stats takes a second to import, and Home waits for this file

from mmlab.analysis.base.statistics import holm
from mmlab.analysis.methods import sanity
from mmlab.core.group_name import USUAL, several
from mmlab.core.metric import is_share, mean_of
from mmlab.core.phrases import phrase, say

MEAN, WORST = "mean", "worst"
TOO_NARROW = phrase(
    "Intervals and p are over folds, which test different samples and share most of what they learn from: they are "
    "somewhat too narrow (Bengio & Grandvalet, 2004)."
)


@dataclass(frozen=True)
class Runs:
    """The runs of one method on one test set.

    scores: `[S, K]`, the headline metric of each seed under each combination; seeds: their numbers.
    """

    name: str
    title: str
    seeds: tuple[int, ...]
    scores: NDArray[np.float64]
    parameters: int
    minutes: float


@dataclass(frozen=True)
class Row:
    """One method in a comparison: mean and standard deviation over seeds (NaN for one), per combination and overall.

    difference: of the mean over combinations to the baseline's, paired by seed, with its 95 % interval; None
    without seeds in common. `differences [K, 3]`: the same for each combination.
    """

    name: str
    title: str
    seeds: int
    score: NDArray[np.float64]
    spread: NDArray[np.float64]
    mean: float
    mean_spread: float
    worst: float
    difference: tuple[float, float, float] | None
    differences: NDArray[np.float64] | None
    parameters: int
    minutes: float


@dataclass(frozen=True)
class Comparison:
    """Rows of a table: methods x combinations, in the order of `Modalities.subsets`.

    runs: the seeds behind the rows, in the same order; problems: reports that could not be used, and why.
    nothing: what an empty answer to everything scores; NaN where answers cannot be empty.
    reference_models: what plain models score, by title and combination; empty where they were not measured.
    imported: what others report, by title and combination; on which data, only they know.
    groups: whom the test samples come from, 0 where no report says; grouped_by: what such a group is.
    over: what the runs of a method differ in, "seed" or "fold".
    """

    task: str
    source: str
    metric: str
    higher_is_better: bool
    baseline: str
    samples: int
    combinations: tuple[str, ...]
    rows: tuple[Row, ...]
    runs: tuple[Runs, ...] = ()
    problems: tuple[str, ...] = ()
    nothing: float = float("nan")
    reference_models: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    imported: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    groups: int = 0
    grouped_by: str = USUAL
    over: str = "seed"

    def warnings(self, label: Callable[[str], str]) -> list[str]:
        """What is to be known before numbers are read as findings about the data. label: a combination in words."""
        models = {row.title: dict(zip(self.combinations, row.score.tolist(), strict=True)) for row in self.rows}
        return sanity.warnings(models, self.reference_models, self.metric, label)

    @property
    def scope(self) -> str:
        """What the intervals over seeds say nothing of: other people than those of the test set.

        Of folds: that they are not independent (Bengio & Grandvalet, JMLR 2004).
        """
        if self.over == "fold":
            return f"{say('Seeds of a fold are averaged first.')} {say(TOO_NARROW)}"
        if not self.groups or self.groups == self.samples:
            return say("Intervals and p are over seeds, with the test samples as they are.")
        if self.groups == 1:
            return say(
                "Intervals and p are over seeds, on the one {group} there is: how far others differ is not in them.",
                group=say(self.grouped_by),
            )
        return say(
            "Intervals and p are over seeds, on the same {groups}: how far others differ is not in them.",
            groups=several(self.groups, self.grouped_by),
        )

    @property
    def is_share(self) -> bool:
        """Whether the metric is a fraction, fit to be shown in percent."""
        return is_share(self.metric)

    def by_seed(self, method: str, by: str) -> NDArray[np.float64]:
        """`[S]`: the mean over combinations, the worst of them, or one combination, for each seed of a method."""
        scores = next(run.scores for run in self.runs if run.name == method)
        if by == MEAN:
            return mean_of(scores.T)
        if by == WORST:
            return _worst(scores.T, self.higher_is_better)
        return scores[:, self.combinations.index(by)]

    def to_baseline(self, method: str, by: str) -> NDArray[np.float64]:
        """`[S]`: the same as differences to the baseline, for the seeds that both have; empty without any."""
        of = {run.name: run.seeds for run in self.runs}
        common = [seed for seed in of[method] if seed in of.get(self.baseline, ())]
        if not common:
            return np.zeros(0)
        ours, theirs = self.by_seed(method, by), self.by_seed(self.baseline, by)
        places = [(of[method].index(seed), of[self.baseline].index(seed)) for seed in common]
        return np.array([ours[i] - theirs[j] for i, j in places])

    def p_values(self, by: str) -> dict[str, float]:
        """p that a method differs from the baseline by chance of the seed only, corrected by Holm over the methods.

        by: as in `by_seed`. NaN where fewer than two seeds are paired, and for the baseline.
        """
        raw = {run.name: paired_p(self.to_baseline(run.name, by)) for run in self.runs if run.name != self.baseline}
        return {self.baseline: float("nan"), **corrected(raw)}


def rows(runs: Sequence[Runs], baseline: str, higher_is_better: bool) -> tuple[Row, ...]:
    """One row per method; `worst` is the worst combination of the seeds' mean."""
    reference = next((run for run in runs if run.name == baseline), None)
    return tuple(_row(run, reference, higher_is_better) for run in runs)


def _row(run: Runs, reference: Runs | None, higher_is_better: bool) -> Row:
    overall, score = mean_of(run.scores.T), mean_of(run.scores)
    paired = None if reference is None or reference is run else paired_scores(run, reference)
    return Row(
        name=run.name,
        title=run.title,
        seeds=len(run.seeds),
        score=score,
        spread=_deviation(run.scores),
        mean=float(mean_of(overall)),
        mean_spread=float(_deviation(overall[:, None])[0]),
        worst=float(_worst(score, higher_is_better)),
        difference=None if paired is None else interval(mean_of(paired.T)),
        differences=None if paired is None else np.array([interval(column) for column in paired.T]),
        parameters=run.parameters,
        minutes=run.minutes,
    )


def paired_scores(run: Runs, reference: Runs) -> NDArray[np.float64] | None:
    """`[S, K]` differences of the seeds that both have, or None where they share none."""
    common = [seed for seed in run.seeds if seed in reference.seeds]
    if not common:
        return None
    ours = run.scores[[run.seeds.index(seed) for seed in common]]
    return ours - reference.scores[[reference.seeds.index(seed) for seed in common]]


def interval(differences: NDArray[np.float64]) -> tuple[float, float, float]:
    """Mean and 95 % interval of paired differences `[S]` (Student's t); NaN bounds for a single pair.

    A pair of which one has no score is left out; all is NaN where no pair is left.
    """
    mean, error, freedom = _paired(differences)
    half = float(special.stdtrit(freedom, 0.975)) * error if freedom > 0 else float("nan")
    return mean, mean - half, mean + half


def paired_p(differences: NDArray[np.float64]) -> float:
    """Two-sided p that paired differences `[S]` have mean 0 (Student's t); NaN for fewer than two pairs."""
    mean, error, freedom = _paired(differences)
    if freedom < 1:
        return float("nan")
    if error == 0:
        return 1.0 if mean == 0 else 0.0
    return float(2 * special.stdtr(freedom, -abs(mean) / error))


def _paired(differences: NDArray[np.float64]) -> tuple[float, float, int]:
    """Mean of the differences `[S]` that are numbers, its standard error, and its degrees of freedom."""
    there = differences[~np.isnan(differences)]
    freedom = len(there) - 1
    error = float(there.std(ddof=1) / np.sqrt(len(there))) if freedom > 0 else float("nan")
    return float(mean_of(there)), error, freedom


def corrected(p: Mapping[str, float]) -> dict[str, float]:
    """p-values by name, corrected by Holm for being so many; those that are NaN count as no test."""
    tested = [name for name, value in p.items() if not np.isnan(value)]
    values: NDArray[np.float64] = holm([p[name] for name in tested]) if tested else np.zeros(0)
    return {**p, **dict(zip(tested, map(float, values), strict=True))}


def runs_from_reports(
    reports: Mapping[str, Sequence[Mapping[str, Any]]], titles: Mapping[str, str], source: str, metric: str = ""
) -> tuple[tuple[Runs, ...], tuple[str, ...], int]:
    """The runs of each method by name, the combinations, and the number of test samples, from report files.

    metric: the headline where none is named.
    """
    found: list[Runs] = []
    combinations, samples = _common(reports, source), 0
    for name, of_method in reports.items():
        there = [(report, report["sources"][source]) for report in of_method if source in report["sources"]]
        if not there:
            continue
        shown = metric or str(there[0][0]["headline"])
        samples = int(there[0][1]["samples"])
        cards = [report["card"] for report, _ in there]
        found.append(
            Runs(
                name,
                titles.get(name, name),
                tuple(int(card["seed"]) for card in cards),
                np.array([[table["metrics"][key][shown] for key in combinations] for _, table in there]),
                int(cards[0]["parameters"]),
                float(np.mean([card["training_seconds"] for card in cards])) / 60,
            )
        )
    return tuple(found), combinations, samples


def _common(reports: Mapping[str, Sequence[Mapping[str, Any]]], source: str) -> tuple[str, ...]:
    """The combinations that every report has a score for: where test samples have gaps, it may not be all."""
    tables = [r["sources"][source]["metrics"] for of in reports.values() for r in of if source in r["sources"]]
    return tuple(key for key in tables[0] if all(key in table for table in tables)) if tables else ()


def _deviation(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The standard deviation of what is a number in each column; NaN where fewer than two are."""
    off = np.square(values - mean_of(values))
    count = (~np.isnan(off)).sum(0)
    return np.where(count > 1, np.sqrt(np.nansum(off, 0) / np.maximum(count - 1, 1)), np.nan)


def _worst(scores: NDArray[np.float64], higher_is_better: bool) -> NDArray[np.float64]:
    """The worst over the first axis of what is a number; NaN where nothing is."""
    from_best = scores if higher_is_better else -scores
    least = np.where(np.isnan(from_best), np.inf, from_best).min(0)
    return np.asarray(np.where(np.isinf(least), np.nan, least if higher_is_better else -least))


def confusion(answer: NDArray[np.integer[Any]], target: NDArray[np.integer[Any]], classes: int) -> NDArray[np.int64]:
    """`[C, C]` counts: row the right answer, column what was said, from `[N]` each."""
    pairs = target.astype(np.int64) * classes + answer
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)
