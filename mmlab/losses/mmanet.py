"""Formulas of MMANet (Wei et al., CVPR 2023)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def entropy_weights(logits: Tensor) -> Tensor:
    """Each sample's share of the batch's entropy: `[B, C]` to `[B]`, detached; 1/B each if all are certain.

    Source: MMANet, released code, which is NaN as soon as a probability underflows.
    """
    entropy = torch.special.entr(logits.detach().softmax(1)).sum(1)
    return uncertainty_shares(entropy)


def uncertainty_shares(uncertainties: Tensor) -> Tensor:
    """Each sample's share of the uncertainty of the batch, `[B]` to `[B]`; 1/B each if all of it is zero."""
    uncertainties = torch.where(uncertainties.sum() > 0, uncertainties, 1.0)
    return uncertainties / uncertainties.sum()


def margin_weights(distance: Tensor) -> Tensor:
    """Each sample's share by closeness to a boundary: `exp(-distance / mean)`, `[B]` to `[B]`, detached, summing to 1.

    Source: this project's, for numbers, which have no entropy (docs/methods.md 5.8).
    """
    near = distance.detach()
    weights = torch.exp(-near / near.mean().clamp_min(torch.finfo(near.dtype).tiny))
    return weights / weights.sum()


def squared_iou_gap(found: Tensor, full: Tensor, truth: Tensor) -> Tensor:
    """Squared difference of two mean IoUs, over regions, each over all samples and pixels: scalar.

    `found`, `full` (answers from a combination and from all inputs) and `truth` bool `[N, R, H, W]`. A region that is
    nowhere in either leaves the mean. Source: MMANet, released segmentation code, its miner.
    """

    def mean_iou(answer: Tensor) -> Tensor:
        both = (answer & truth).sum((0, 2, 3)).double()
        either = (answer | truth).sum((0, 2, 3)).double()
        return (both / either)[either > 0].mean() if bool((either > 0).any()) else either.new_ones(())

    return (mean_iou(full) - mean_iou(found)) ** 2


def _relations(features: Tensor, blocks: int = 1) -> Tensor:
    """Inner products between samples, `[B, ...]` to `[B, B]`, with unit rows in each block of columns."""
    flat = features.flatten(1)
    edges = [len(flat) * block // blocks for block in range(1, blocks)]
    parts = (flat @ flat.mT).tensor_split(edges, dim=1)
    return torch.cat([F.normalize(part, dim=1) for part in parts], dim=1)


def margin_aware_distillation(
    student: Tensor,
    teacher: Tensor,
    teacher_logits: Tensor | None,
    weight: str = "row",
    blocks: int = 1,
    weights: Tensor | None = None,
) -> Tensor:
    """Squared differences of the sample relations, weighted by the teacher's uncertainty and summed: scalar.

    `student`, `teacher` `[B, ...]`, `teacher_logits` `[B, C]`; the teacher is detached. `weights` `[B]` takes
    the place of the entropy weights, the logits may then be None. ValueError: another `weight`, or neither.
    Source: MMANet Eq. 8. `weight="column"` is the released classification code, `blocks=2` the segmentation
    code.
    """
    if weight not in ("row", "column"):
        raise ValueError(f"`weight` is {weight!r}, expected 'row' or 'column'.")
    if weights is None:
        if teacher_logits is None:
            raise ValueError("Give the teacher's logits, or `weights` in their place.")
        weights = entropy_weights(teacher_logits)
    gap = (_relations(student, blocks) - _relations(teacher.detach(), blocks)) ** 2
    return (weights.detach() * gap.sum(1 if weight == "row" else 0)).sum()


def similarity_preserving(student: Tensor, teacher: Tensor) -> Tensor:
    """Mean squared difference of the sample relations: scalar. Both `[B, ...]`, the teacher is detached.

    Source: Tung and Mori 2019 as in MMANet's released code, the baseline of its ablation.
    """
    return F.mse_loss(_relations(student), _relations(teacher.detach()))


def prediction_divergence(histogram: Tensor, full: Tensor, softened: bool = True) -> Tensor:
    """KL(histogram || full) of two histograms `[C]` of predicted classes that each sum to 1: scalar.

    Source: MMANet Eq. 9-13, released code, which takes a softmax of both. `softened=False` is the plain
    divergence, infinite if the complete set never predicts a class that the combination does.
    """
    if softened:
        histogram, full = histogram.softmax(0), full.softmax(0)
    return torch.sum(torch.special.xlogy(histogram, histogram) - torch.special.xlogy(histogram, full))


def weakest_combinations(divergence: Tensor, combinations: Tensor) -> Tensor:
    """The combination that diverges most, then its single modalities, without duplicates: 0/1 `[n, M]`.

    `divergence` `[K]`, `combinations` 0/1 `[K, M]`. Source: MMANet Eq. 13, released code.
    """
    worst = combinations[divergence.argmax()]
    singles = torch.diag(worst)[worst.bool()]
    return torch.cat([worst[None], singles]) if len(singles) > 1 else singles
