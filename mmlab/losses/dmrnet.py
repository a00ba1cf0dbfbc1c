"""Formulas of DMRNet (Wei et al., ECCV 2024)."""

from __future__ import annotations

import torch
from torch import Tensor

from mmlab.losses.common import masked


def gaussian_sample(mean: Tensor, log_variance: Tensor, noise: Tensor) -> Tensor:
    """Turn standard normal noise into a sample of N(mean, exp(log_variance)); all of one shape.

    Source: DMRNet, released code. Inference uses the mean instead.
    """
    return mean + noise * (log_variance / 2).exp()


def gaussian_kl(mean: Tensor, log_variance: Tensor, per: str = "sample") -> Tensor:
    """KL(N(mean, exp(log_variance)) || N(0, 1)), summed over elements, averaged over the batch: scalar.

    Both `[B, ...]`; `per="pixel"` sums only the channels of `[B, C, H, W]` and averages over positions too.
    ValueError: another `per`.
    Source: DMRNet Eq. 9. The released segmentation code is per pixel, and cuts the graph: not here.
    """
    divergence = (log_variance.expm1() - log_variance + mean**2) / 2
    if per == "sample":
        return divergence.flatten(1).sum(1).mean()
    if per == "pixel":
        return divergence.sum(1).mean()
    raise ValueError(f"`per` is {per!r}, expected 'sample' or 'pixel'.")


def combination_statistics(values: Tensor, codes: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Sum up values by combination, and count them: `(sum, number)`, float64 `[count]`, detached.

    `values` `[B]`; `codes` int `[B]`, bit m set = modality m present; `count` = 2**M.
    ValueError: values and codes are not both `[B]`.
    Source: DMRNet Eq. 10; added up over the whole warm-up, where the released code averages batch averages.
    """
    if values.ndim != 1 or values.shape != codes.shape:
        raise ValueError(f"Values {tuple(values.shape)}, codes {tuple(codes.shape)}: not both [B].")
    doubles = values.detach().double()
    columns = torch.stack([doubles, torch.ones_like(doubles)])
    total, number = columns.new_zeros(2, count).index_add(1, codes.long(), columns)
    return total, number


def hardest_combinations(total: Tensor, number: Tensor, keep: int, exclude_last: bool = True) -> Tensor:
    """Codes of the `keep` combinations with the largest mean, largest first; fewer if fewer were seen.

    `total`, `number` `[count]` from `combination_statistics`; the last code is the complete set.
    Source: DMRNet Eq. 10. That the complete set is never hard is this project's (docs/methods.md 1.2).
    """
    candidate = number > 0
    if exclude_last:
        candidate = candidate & (torch.arange(len(number), device=number.device) < len(number) - 1)
    mean = torch.where(candidate, total / number, -torch.inf)
    return mean.argsort(descending=True, stable=True)[: min(keep, int(candidate.sum()))]


def hard_combination_loss(per_sample: Tensor, is_hard: Tensor, broadcast: bool = False) -> Tensor:
    """Sum of the losses of the samples in a hard (DMRNet) or weak (MMANet) combination, over B: scalar.

    Both `[B]`. ValueError: they are not, because a mask that broadcasts selects nothing.
    Source: DMRNet Eq. 11-12, MMANet Eq. 14. `broadcast=True` is the value of both releases, whose mask does
    broadcast: the number of hard samples times the mean loss of all.
    """
    if per_sample.ndim != 1 or per_sample.shape != is_hard.shape:
        raise ValueError(f"Losses {tuple(per_sample.shape)}, mask {tuple(is_hard.shape)}: not both [B].")
    if broadcast:
        return per_sample.mean() * is_hard.bool().sum()
    return masked(per_sample, is_hard).mean()
