"""Intersection over union, as used for semantic segmentation of scenes (NYUv2, Cityscapes)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.core.metric import METRICS, MeanMetric, Metric, Numbers, mean_of
from mmlab.core.outputs import Segmentation, SemanticSegmentation
from mmlab.core.outputs.segmentation import FEW_REGIONS, FOUND, SHARED, THERE, is_labelled


@METRICS.register("iou")
class IoU(Metric[Segmentation]):
    """Pixels of all samples that are both found and there, of those that are either; the mean over regions is mIoU.

    Counted over the whole set and not by sample, as the benchmarks do; a region that is nowhere has no value.
    """

    title = "mIoU"
    about = "of the pixels that are found or there, the share that is both, over all samples"
    kinds = frozenset({"segmentation"})
    order = 3

    def parts(self, output: Segmentation) -> tuple[str, ...]:
        return ("", *output.regions) if len(output.regions) > FEW_REGIONS else ("",)

    def weighted(
        self, answers: NDArray[Any], truth: NDArray[Any], counts: Numbers, output: Segmentation, part: str
    ) -> Numbers:
        kept = answers.astype(np.float64)
        both, either = kept[..., SHARED], kept[..., FOUND] + kept[..., THERE] - kept[..., SHARED]
        with np.errstate(invalid="ignore", divide="ignore"):
            shares = [
                counts @ one / (counts @ all_of_it)
                for one, all_of_it in zip(output.of_region(both, part), output.of_region(either, part), strict=True)
            ]
        return mean_of(shares)


@METRICS.register("picture_iou")
class PictureIoU(MeanMetric[SemanticSegmentation]):
    """The mean IoU of the kinds that are there or found in a picture, the mean over pictures (mIoU^I).

    What a picture lacks and nobody finds in it does not count, so a picture with few kinds is no easier than others.
    """

    title = "mIoU per picture"
    about = "the mIoU of each picture over the kinds that are there or found in it, the mean over pictures"
    kinds = frozenset({"segmentation"})
    order = 4
    of_shared_pictures = True

    def values(self, answers: NDArray[Any], truth: NDArray[Any], output: SemanticSegmentation, part: str) -> Numbers:
        return np.where(is_labelled(answers).any(-1), output.overlap(answers), np.nan)[None]
