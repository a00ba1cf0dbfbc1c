"""A metric for every slice of the test set: recomputed on its samples, so that it need not be a mean over samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmlab.analysis.robustness.per_sample_scores import Measure
from mmlab.analysis.robustness.slices import Slices


def measure_slices(measure: Measure, masks: Sequence[int], slices: Sequence[str]) -> Slices:
    """The metric of each slice under the combinations `masks`; `slices` names one per sample.

    NaN where a slice has no score, such as the rate of a class that it has no samples of; it then counts 0 samples.
    """
    belongs, chosen = np.asarray(slices, str), list(masks)
    names = np.unique(belongs)
    rows = [np.flatnonzero(belongs == name) for name in names]
    scores = np.stack([measure.at(each).scores[chosen] for each in rows])
    counts = np.where(np.isnan(scores), 0, np.array([len(each) for each in rows])[:, None])
    return Slices(tuple(names.tolist()), scores, counts, measure.scores[chosen])
