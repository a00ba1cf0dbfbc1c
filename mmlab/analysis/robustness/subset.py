"""A grading of fewer samples: every measure is taken anew over those that are left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import singledispatch

import numpy as np

from mmlab.analysis.robustness.per_sample_scores import Correlation, Mean, Measure, PerSampleScores


def subset(graded: PerSampleScores, rows: Sequence[int]) -> PerSampleScores:
    """The samples at `rows` only. A score in which classes count alike goes over the classes that are left."""
    kept = np.asarray(rows, np.int64)
    return PerSampleScores(
        graded.lattice.at(rows),
        {name: _narrowed(measure, kept) for name, measure in graded.measures.items()},
        graded.right[:, kept],
        graded.good,
        graded.error[:, kept],
        {name: doubt[:, kept] for name, doubt in graded.doubts.items()},
        {name: tuple(belongs[row] for row in rows) for name, belongs in graded.slices.items()},
    )


@singledispatch
def _narrowed(measure: Measure, rows: np.ndarray) -> Measure:
    raise TypeError(f"No narrowing is known for measures of the kind {type(measure).__name__}.")


@_narrowed.register
def _mean(measure: Mean, rows: np.ndarray) -> Measure:
    sets = measure.sets[:, rows]
    return replace(measure, values=measure.values[:, rows], sets=sets[sets.any(1)])


@_narrowed.register
def _correlation(measure: Correlation, rows: np.ndarray) -> Measure:
    return replace(measure, answers=measure.answers[:, rows], truth=measure.truth[rows])
