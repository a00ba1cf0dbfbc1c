"""Dice of predicted and true regions, per case."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.core.metric import METRICS, GroupMetric, MeanMetric, Numbers, mean_of
from mmlab.core.outputs import Segmentation
from mmlab.core.outputs.segmentation import FOUND, SHARED, THERE, is_labelled


@METRICS.register("case_dice")
class CaseDice(GroupMetric[Segmentation]):
    """The Dice score at probability 0.5 of each case, all of its slices taken together; the mean over cases.

    A case is a group of samples, such as the slices of a patient; a sample without a group is a case by itself. Only
    cases that hold the region count, so finding nothing at all scores 0; `EmptySpecificity` is about the others. Slice
    by slice, an empty answer to an empty slice would count as 1, and most slices are empty (Maier-Hein et al., Metrics
    reloaded, Nature Methods 2024).
    """

    title = "Dice per case"
    about = "how well found and true regions overlap over all slices of a case, the mean of the cases that have them"
    of_pictures = (
        "Dice per case",
        "how well found and true regions overlap over all pictures of a case, the mean of the cases that have them",
    )
    kinds = frozenset({"segmentation"})
    order = 1
    of_shared_pictures = False  # most pictures lack most kinds: mIoU is for these

    def parts(self, output: Segmentation) -> tuple[str, ...]:
        return ("", *output.told_apart)

    def weighted_groups(
        self,
        answers: NDArray[Any],
        truth: NDArray[Any],
        counts: Numbers,
        groups: NDArray[np.integer],
        output: Segmentation,
        part: str,
    ) -> Numbers:
        order = np.argsort(groups, kind="stable")
        starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
        pixels = [output.of_region(answers[..., column].astype(np.float64), part) for column in (SHARED, FOUND, THERE)]
        regions = [
            _mean_of_cases(counts[:, order], starts, *each) for each in zip(*(p[:, order] for p in pixels), strict=True)
        ]
        return mean_of(regions)


@METRICS.register("empty_specificity")
class EmptySpecificity(MeanMetric[Segmentation]):
    """The share of samples without a region in which none is found: of each region, and their mean."""

    title = "Empty slices left empty"
    about = "in how many of the slices without a region none is found"
    of_pictures = ("Empty pictures left empty", "in how many of the pictures without a region none is found")
    kinds = frozenset({"segmentation"})
    order = 3
    of_shared_pictures = False  # most pictures lack most kinds: mIoU is for these

    def parts(self, output: Segmentation) -> tuple[str, ...]:
        return ("", *output.told_apart)

    def values(self, answers: NDArray[Any], truth: NDArray[Any], output: Segmentation, part: str) -> Numbers:
        is_empty = is_labelled(answers) & (answers[..., THERE] == 0)
        left = np.where(is_empty, answers[..., FOUND] == 0, np.nan)
        return output.of_region(left, part)


def _mean_of_cases(
    counts: Numbers, starts: NDArray[np.integer], shared: Numbers, found: Numbers, there: Numbers
) -> Numbers:
    """The mean Dice score `[D]` over the cases that hold a region; NaN where none does.

    counts `[D, N]` and pixels of the region `[N]` case by case, each from one of `starts`. A case weighs as much as its
    samples do on average.
    """
    if not len(starts):
        return np.full(len(counts), np.nan)
    both, answer, true = (np.add.reduceat(counts * pixels, starts, 1) for pixels in (shared, found, there))
    weight = np.add.reduceat(counts, starts, 1) / np.diff(starts, append=counts.shape[1]) * (true > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        dice = 2 * both / np.maximum(answer + true, 1e-9)
        return np.asarray((dice * weight).sum(1) / weight.sum(1))
