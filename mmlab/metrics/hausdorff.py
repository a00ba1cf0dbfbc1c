"""The Hausdorff distance between the outlines of predicted and true regions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.core.metric import METRICS, Numbers
from mmlab.core.outputs import Segmentation
from mmlab.core.outputs.segmentation import DISTANCE, is_labelled
from mmlab.metrics.dice import Dice


@METRICS.register("hd95")
class Hausdorff95(Dice):
    """The 95 % Hausdorff distance of each region (`hausdorff95`), the mean over samples."""

    title = "HD95"
    about = (
        "how far the outlines of found and true regions lie apart, without the farthest 5 %, in mm where "
        "pixels have one size, else in pixels; a region only found or only there counts as the picture's diagonal"
    )
    higher_is_better = False
    is_share = False
    unit = "mm"
    order = 50

    def parts(self, output: Segmentation) -> tuple[str, ...]:
        return output.told_apart

    def is_measured(self, answers: NDArray[Any], part: str, output: Segmentation) -> bool:
        return not np.isnan(output.of_region(answers[..., DISTANCE], part)).any()

    def values(self, answers: NDArray[Any], truth: NDArray[Any], output: Segmentation, part: str) -> Numbers:
        distances = np.where(is_labelled(answers), answers[..., DISTANCE].astype(np.float64), np.nan)
        return output.of_region(distances, part)
