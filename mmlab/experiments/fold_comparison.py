"""Methods compared over the folds of a task: every sample is tested once, by models that never saw its group.

>>> compare_folds(library, "mine", ["mine_fold1of3", "mine_fold2of3", "mine_fold3of3"])
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from mmlab.analysis.methods.seed_comparison import Comparison, Runs, rows
from mmlab.core.metric import mean_of
from mmlab.experiments.comparison_tables import compare
from mmlab.storage.library import Library


def compare_folds(
    library: Library, task: str, folds: Sequence[str], baseline: str = "dropout", metric: str = "", missing: str = ""
) -> Comparison:
    """All methods of a task over its folds, the seeds of a fold averaged first; `samples` are those of all folds.

    Raises CheckpointError where a fold has no models, UnknownName for a metric that the task lacks.
    """
    each = [compare(library, fold, baseline=baseline, metric=metric, missing=missing) for fold in folds]
    common = tuple(key for key in each[0].combinations if all(key in found.combinations for found in each))
    first, names = each[0], dict.fromkeys(run.name for found in each for run in found.runs)
    runs = tuple(_over_folds(name, each, common) for name in names)
    return replace(
        first,
        task=task,
        samples=sum(found.samples for found in each),
        groups=sum(found.groups for found in each),
        nothing=float(np.mean([found.nothing for found in each])),
        combinations=common,
        rows=rows(runs, baseline, first.higher_is_better),
        runs=runs,
        problems=tuple(problem for found in each for problem in found.problems),
        reference_models=_reference_models(each, common),
        imported={},
        over="fold",
    )


def _over_folds(name: str, each: Sequence[Comparison], common: Sequence[str]) -> Runs:
    """The folds of a method as runs `[F, K]`, numbered by fold."""
    there = [(place, found, run) for place, found in enumerate(each) for run in found.runs if run.name == name]
    columns = [[found.combinations.index(key) for key in common] for _, found, _ in there]
    scores = [mean_of(run.scores[:, keys]) for (_, _, run), keys in zip(there, columns, strict=True)]
    return Runs(
        name,
        there[0][2].title,
        tuple(place for place, _, _ in there),
        np.array(scores),
        there[0][2].parameters,
        float(np.mean([run.minutes for _, _, run in there])),
    )


def _reference_models(each: Sequence[Comparison], common: Sequence[str]) -> Mapping[str, Mapping[str, float]]:
    """Of the plain models that were measured on every fold, the mean over the folds."""
    titles = [title for title in each[0].reference_models if all(title in found.reference_models for found in each)]
    return {
        title: {
            key: float(np.mean([found.reference_models[title][key] for found in each]))
            for key in common
            if all(key in found.reference_models[title] for found in each)
        }
        for title in titles
    }
