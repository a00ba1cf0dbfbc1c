"""How often pixels belong to a region, by predicted probability: what a sweep stores for calibration."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

BINS = 5
MANY_REGIONS = 8
MANY_PLACES = 2**17  # beyond those of a picture of 362 pixels a side


def reliability_counts(logits: Tensor, truth: Tensor, known: Tensor | None = None) -> Tensor:
    """`[B, R, 3 BINS]`: pixels in each bin of probability, how many are of the region, the sum of probabilities.

    Of the pixels that are `known`, bool `[B, 1, ...]`; of all without it.
    """
    if logits.shape[1] > MANY_REGIONS:  # a table of pixels by bins is large: a few regions at a time
        parts = zip(*(torch.split(each, MANY_REGIONS, 1) for each in (logits, truth)), strict=True)
        return torch.cat([reliability_counts(some, there, known) for some, there in parts], 1)
    if logits[0, 0].numel() > MANY_PLACES:
        counted = truth.new_ones(()).expand_as(truth) if known is None else known.expand_as(truth)
        rows = zip(*(each.flatten(0, 1) for each in (logits, truth, counted)), strict=True)
        return torch.stack([_counted(*row) for row in rows]).view(*logits.shape[:2], -1).to(logits)
    probability = logits.sigmoid().flatten(2)
    bins = (probability * BINS).long().clamp(max=BINS - 1)
    inside, there = [bins == each for each in range(BINS)], truth.flatten(2)
    if known is not None:
        inside = [each & known.flatten(2) for each in inside]
    counts = [each.sum(2) for each in inside] + [(each & there).sum(2) for each in inside]
    sums = [(each * probability).sum(2).round(decimals=1) for each in inside]
    return torch.stack([*counts, *sums], 2).to(logits)


def _counted(logits: Tensor, truth: Tensor, known: Tensor) -> Tensor:
    """The same of one region of a whole scan, `[3 BINS]`, bin by bin: no table of voxels by bins is made."""
    probability = logits.sigmoid()
    bins = (probability * BINS).long().clamp(max=BINS - 1)
    inside = [(bins == each) & known for each in range(BINS)]
    counts = [each.sum() for each in inside] + [(each & truth).sum() for each in inside]
    sums = [probability[each].double().sum().round(decimals=1) for each in inside]
    return torch.stack([each.double() for each in (*counts, *sums)])


def binary_entropy(logits: Tensor) -> Tensor:
    """The entropy of each yes or no, in nats."""
    probability = logits.sigmoid()
    return functional.softplus(logits) - probability * logits
