"""Semantic segmentation: classes that share an image, one per pixel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from mmlab.core.number_text import percent
from mmlab.core.outputs.label_masks import labelled_mask, region_mask
from mmlab.core.outputs.region_losses import HEAVIEST, foreground_loss
from mmlab.core.outputs.segmentation import (
    FOUND,
    MEASURED_BY,
    SHARED,
    THERE,
    Segmentation,
    is_somewhere,
)

GOOD_IOU = 0.5


@dataclass(frozen=True)
class SemanticSegmentation(Segmentation):
    """Kinds of things that share a picture, one for each pixel, measured by mIoU as NYUv2 and Cityscapes are.

    Each kind is still found or not for itself, as regions are everywhere here. Of one picture, too, it is IoU that
    counts, over the kinds that are there or found (mIoU^I of Wang et al., Revisiting Evaluation Metrics for Semantic
    Segmentation, NeurIPS 2023): most pictures lack most kinds, and a Dice score of 1 for each of these says nothing.
    """

    shares_picture: ClassVar[bool] = True
    headline: ClassVar[str] = "iou"
    good: ClassVar[str] = f"mIoU of at least {100 * GOOD_IOU:.0f} %"
    least_overlap: ClassVar[float] = GOOD_IOU
    overlap_name: ClassVar[str] = "mIoU"
    of_one_region: ClassVar[str] = "IoU"
    error_name: ClassVar[str] = "1 − mIoU"
    goodness_name: ClassVar[str] = "mIoU"
    terms: ClassVar[tuple[str, ...]] = ("semantic",)

    @property
    def changed(self) -> str:
        return f"stay below an mIoU of {100 * GOOD_IOU:.0f} %"

    def verdicts(self, known: bool) -> tuple[str, str, str]:
        against = "" if known else " with that of all inputs"
        return f"mIoU{against} from {100 * GOOD_IOU:.0f} %", "below it", super().verdicts(known)[2]

    def overlap(self, kept: NDArray[Any]) -> NDArray[np.float64]:
        """The mean IoU of the kinds that are there or found; 1 of a picture without any."""
        shares, somewhere = self.region_overlap(kept), is_somewhere(kept)
        count = somewhere.sum(-1)
        return np.where(count > 0, np.where(somewhere, shares, 0).sum(-1) / np.maximum(count, 1), 1.0)

    def region_overlap(self, kept: NDArray[Any]) -> NDArray[np.float64]:
        numbers = kept.astype(np.float64)
        either = numbers[..., FOUND] + numbers[..., THERE] - numbers[..., SHARED]
        return np.where(either > 0, numbers[..., SHARED] / np.maximum(either, 1), np.nan)

    def goodness_text(self, goodness: float) -> str:
        return percent(goodness)

    def loss(self, logits: Tensor, target: Tensor) -> Tensor:
        """Soft Dice over the batch plus binary cross-entropy: most pictures lack some of the kinds, and Dice picture by
        picture would reward never finding these: `[B]`."""
        truth, heaviest = region_mask(target).to(logits.dtype), HEAVIEST if self.weighs_foreground else 1.0
        return foreground_loss(logits, truth, heaviest, labelled_mask(target))

    def card(self) -> dict[str, Any]:
        """What a checkpoint stores about its output."""
        return {**super().card(), MEASURED_BY: self.headline}
