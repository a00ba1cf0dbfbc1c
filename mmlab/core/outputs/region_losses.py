"""Segmentation losses: cross-entropy per pixel and soft Dice, over the labelled pixels.

`known` is bool `[B, 1, ...]`, or None where every pixel is labelled.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from mmlab.core.outputs.label_masks import spatial_dims, zero_unlabelled

HEAVIEST = 10.0  # of a foreground pixel in the loss: a lesion of a few pixels would otherwise be painted over


def picture_loss(logits: Tensor, truth: Tensor, known: Tensor | None) -> Tensor:
    """Soft Dice (smooth 1) of each picture plus binary cross-entropy, averaged over regions: `[B]`.

    The cross-entropy of a picture is the mean over its labelled pixels; one without any loses nothing.
    """
    crossed = functional.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    probability = zero_unlabelled(logits.sigmoid(), known)
    places = spatial_dims(logits)
    shared = 2 * (probability * truth).sum(places) + 1
    dice = shared / (probability.sum(places) + truth.sum(places) + 1)
    return _per_picture(crossed, known) + (1 - dice).mean(1)


def foreground_loss(logits: Tensor, truth: Tensor, heaviest: float, known: Tensor | None = None) -> Tensor:
    """Cross-entropy whose foreground weighs (N - n) / n, as much as the background (Sudre et al., DLMIA 2017), but at
    most `heaviest`, plus soft Dice over the batch rather than per picture, as in nnU-Net (Isensee et al., Nature
    Methods 2021), so that pictures without a region do not decide its loss: `[B]`.

    Of the cross-entropy every labelled pixel of the batch weighs alike, as with PyTorch's `ignore_index`.
    """
    places = spatial_dims(logits)
    share = truth.mean((0, *places)) if known is None else truth.sum((0, *places)) / known.sum().clamp(min=1)
    weight = ((1 - share) / share.clamp(min=1e-6)).clamp(1.0, heaviest)
    weight = torch.where(share > 0, weight, torch.ones_like(weight)).view(-1, *[1] * len(places))
    crossed = functional.binary_cross_entropy_with_logits(logits, truth, reduction="none", pos_weight=weight)
    probability = zero_unlabelled(logits.sigmoid(), known)
    shared = 2 * (probability * truth).sum((0, *places)) + 1
    dice = shared / (probability.sum((0, *places)) + truth.sum((0, *places)) + 1)
    return _over_batch(crossed, known) + (1 - dice).mean()


def _per_picture(crossed: Tensor, known: Tensor | None) -> Tensor:
    """The mean over regions and the labelled pixels of each picture, `[B]`; 0 of one without any."""
    places = spatial_dims(crossed)
    if known is None:
        return crossed.mean((1, *places))
    return zero_unlabelled(crossed, known).mean(1).flatten(1).sum(1) / known.flatten(1).sum(1).clamp(min=1)


def _over_batch(crossed: Tensor, known: Tensor | None) -> Tensor:
    """The same with the mean number of labelled pixels of the batch for that of each picture: `[B]`."""
    places = spatial_dims(crossed)
    if known is None:
        return crossed.mean((1, *places))
    usual = (known.sum() / len(known)).clamp(min=1e-6)
    return zero_unlabelled(crossed, known).mean(1).flatten(1).sum(1) / usual
