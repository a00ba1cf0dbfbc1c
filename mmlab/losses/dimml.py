"""Formulas of DI-MML (Fan et al., ACM MM 2024)."""

from __future__ import annotations

from itertools import permutations

import torch
import torch.nn.functional as F
from torch import Tensor

from mmlab.losses.common import Stack, masked, masked_softmax, stacked


def _nearest_to_own(features: Tensor, labels: Tensor, classes: int) -> Tensor:
    """Whether each value is nearest to the centroid of its own class in that dimension: bool `[N, D]`.

    One class at a time, since a table of N x classes x D distances can outgrow the memory. In a tie the lower
    class wins, as with argmin: a dead dimension gets the share of class 0, not full marks.
    """
    features = features.detach()
    nearest = torch.full_like(features, torch.inf)
    correct = torch.zeros_like(features, dtype=torch.bool)
    for label in range(classes):
        own = labels == label
        distance = (features - features[own].mean(0)).abs()  # NaN for a class without samples: never closer
        closer = distance < nearest
        nearest = torch.where(closer, distance, nearest)
        correct = torch.where(closer, own[:, None], correct)
    return correct


def _hits(features: Tensor, labels: Tensor, classes: int) -> Tensor:
    """How often each dimension's value is nearest to the centroid of its own class, int `[D]`.

    Of labels `[N, L]`, L divisions of the samples, all hits together.
    """
    divisions = labels[:, None] if labels.dim() == 1 else labels
    found = [_nearest_to_own(features, each, classes).sum(0) for each in divisions.unbind(1)]
    return torch.stack(found).sum(0)


def dimension_scores(features: Tensor, labels: Tensor, classes: int) -> Tensor:
    """Share of the samples nearest to their own class's centroid, for each dimension: `[N, D]` to `[D]`.

    `labels` int `[N]`; a class without samples is never nearest. Source: DI-MML, released code. `[N, L]` are L
    divisions of the same samples, whose shares are averaged: this project's, for multi-label outputs. Rows whose
    label is below 0, which nobody knows, do not count.
    """
    return _hits(features, labels, classes).to(features.dtype) / (labels >= 0).sum().clamp(min=1)


def effective_dimensions(features: Tensor, labels: Tensor, classes: int) -> Tensor:
    """Dimensions whose score is strictly above the mean score: bool `[D]`; called like `dimension_scores`.

    Source: DI-MML, released code. Compared as integers: rounding cannot put equal scores above their mean.
    """
    hits = _hits(features, labels, classes)
    return hits * len(hits) > hits.sum()


def unidirectional_contrast(student: Tensor, teacher: Tensor, dimensions: Tensor, temperature: float) -> Tensor:
    """Contrast each student row with all teacher rows, its own being the positive: scalar.

    `student`, `teacher` `[B, D]`, the teacher is detached; `dimensions` bool `[D]` or indices; with none the
    value is log B.
    Source: DI-MML, released code: raw dot products, labels unused. Finite where the release overflows.
    """
    similarity = student[:, dimensions] @ teacher.detach()[:, dimensions].mT / temperature
    return F.cross_entropy(similarity, torch.arange(len(student), device=student.device))


def duc_loss(features: Stack, effective: Tensor, temperature: float, present: Tensor | None = None) -> Tensor:
    """Let each modality teach each other one the dimensions that only it separates: scalar.

    `features` M of `[B, D]`, `effective` bool `[M, D]`, `present` bool `[B, M]`. A pair uses the samples that
    have both, and is 0 without such samples or dimensions. ValueError: `present` does not fit.
    Source: DI-MML, released code (M = 2). The sum over pairs is divided by M-1, which keeps a student's share
    that of M = 2; this and `present` are this project's (docs/methods.md 3.6).
    """
    codes = stacked(features)
    modalities, count = codes.shape[:2]
    if present is None:
        present = torch.ones(count, modalities, dtype=torch.bool, device=codes.device)
    if present.shape != (count, modalities):
        raise ValueError(f"`present` has shape {tuple(present.shape)}, expected {(count, modalities)}.")
    present, effective = present.bool(), effective.bool()
    total = codes[:, :0].sum()  # a zero that can be differentiated
    for teacher, student in permutations(range(modalities), 2):
        rows = present[:, teacher] & present[:, student]
        dimensions = effective[teacher] & ~effective[student]
        if rows.any() and dimensions.any():
            pupils, masters = codes[student][rows], codes[teacher][rows]
            total = total + unidirectional_contrast(pupils, masters, dimensions, temperature)
    return total / max(modalities - 1, 1)


def undivided_contrast(features: Stack, temperature: float, present: Tensor) -> Tensor:
    """`duc_loss` over all dimensions, whoever is effective in them: scalar, for the ablation.

    `features` M of `[B, D]`, `present` bool `[B, M]`; a pair uses the samples that have both.
    """
    codes = stacked(features)
    every = torch.ones(codes.shape[2], dtype=torch.bool, device=codes.device)
    total = codes[:, :0].sum()
    for teacher, student in permutations(range(len(codes)), 2):
        both = present[:, student] & present[:, teacher]
        if both.any():
            total = total + unidirectional_contrast(codes[student][both], codes[teacher][both], every, temperature)
    return total / max(len(codes) - 1, 1)


def certainty_fusion(logits: Stack, temperature: float = 1.0, available: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Weigh the heads' logits by their largest probability: `(weights [B, H], fused [B, C])`.

    `logits` H of `[B, C]`, or of `[B, C, ...]` for weights `[B, H, ...]`; `available` bool `[B, H]`. Where no
    head is available both are zero. ValueError: `available` does not fit.
    Source: DI-MML, released code (evaluation only); `available` is this project's (docs/methods.md 3.6).
    """
    kept = masked(stacked(logits).transpose(0, 1), available)
    weights = masked_softmax(kept.softmax(2).amax(2) / temperature, available)
    return weights, (weights.unsqueeze(2) * kept).sum(1)


def yes_no_fusion(logits: Stack, temperature: float = 1.0, available: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """`certainty_fusion` where each logit is a yes or no of its own: `(weights [B, H, ...], fused [B, ...])`.

    `logits` H of `[B, ...]`, each the odds of yes, so its two classes are (logit, 0). `available` as there.
    Source: DI-MML, released code, for regions of an image; faster, for the larger of both probabilities is known.
    """
    kept = masked(stacked(logits).transpose(0, 1), available)
    weights = masked_softmax(kept.abs().sigmoid() / temperature, available)
    return weights, (weights * kept).sum(1)
