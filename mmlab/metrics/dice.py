"""Dice of predicted and true regions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.core.metric import METRICS, MeanMetric, Numbers, mean_of, weighted_mean
from mmlab.core.outputs import Segmentation
from mmlab.core.outputs.segmentation import dice_of, is_labelled, is_somewhere


@METRICS.register("dice")
class Dice(MeanMetric[Segmentation]):
    """The Dice score at probability 0.5, the mean over samples: of each region, and their mean.

    A sample in which a region is neither there nor found counts as 1, as in BraTS, so that finding nothing scores
    whatever share of the samples is empty; a region that is in no sample, there or found, has no score.
    """

    title = "Dice per slice"
    about = "how well found and true regions overlap in each slice; an empty answer to an empty slice counts as exact"
    kinds = frozenset({"segmentation"})
    order = 2
    of_pictures = (
        "Dice per picture",
        "how well found and true regions overlap in each picture; an empty answer to an empty picture counts as exact",
    )
    of_shared_pictures = False  # most pictures lack most kinds: mIoU is for these

    def parts(self, output: Segmentation) -> tuple[str, ...]:
        return ("", *output.told_apart)

    def values(self, answers: NDArray[Any], truth: NDArray[Any], output: Segmentation, part: str) -> Numbers:
        return output.of_region(np.where(is_labelled(answers), dice_of(answers.astype(np.float64)), np.nan), part)

    def weighted(
        self, answers: NDArray[Any], truth: NDArray[Any], counts: Numbers, output: Segmentation, part: str
    ) -> Numbers:
        somewhere = output.of_region(is_somewhere(answers), part)
        each = zip(self.values(answers, truth, output, part), somewhere, strict=True)
        return mean_of([np.where(counts @ held > 0, weighted_mean(row, counts), np.nan) for row, held in each])
