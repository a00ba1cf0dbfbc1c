"""Intersection over union of regions, as label maps of scenes are measured (NYUv2, Cityscapes)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.core.metric import METRICS, Metric, Numbers, mean_of
from mmlab.core.outputs import Segmentation
from mmlab.core.outputs.segmentation import FEW_REGIONS, FOUND, SHARED, THERE


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
