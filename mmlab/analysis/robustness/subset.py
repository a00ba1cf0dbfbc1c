"""A graded sweep restricted to fewer samples: every measure is recomputed on them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmlab.analysis.robustness.per_sample_scores import PerSampleScores


def subset(graded: PerSampleScores, rows: Sequence[int]) -> PerSampleScores:
    """The samples at `rows` only. A score that needs what none of them is has no value."""
    kept = np.asarray(rows, np.int64)
    return PerSampleScores(
        graded.lattice.at(rows),
        {name: measure.at(kept) for name, measure in graded.measures.items()},
        graded.right[:, kept],
        graded.good,
        graded.error[:, kept],
        {name: values[:, kept] for name, values in graded.uncertainties.items()},
        {name: tuple(belongs[row] for row in rows) for name, belongs in graded.slices.items()},
    )
