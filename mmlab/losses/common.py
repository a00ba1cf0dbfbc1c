"""Functions that the formulas of several papers share (docs/methods.md).

Layouts: a `Stack` is M tensors or one `[M, B, ...]`; `present` is bool `[B, M]`; scalars are 0-d tensors.
What is absent is replaced before it is used, never multiplied by zero: its content, NaN included, has no
influence, and its gradient is zero."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

Stack = Tensor | Sequence[Tensor]


def stacked(values: Stack) -> Tensor:
    """A stack as one tensor `[M, B, ...]`."""
    return values if isinstance(values, Tensor) else torch.stack(tuple(values))


def _spread(mask: Tensor, values: Tensor) -> Tensor:
    """`mask`, which covers the leading dimensions of `values`, as bool of their number of dimensions."""
    if mask.shape != values.shape[: mask.ndim]:
        raise ValueError(f"A mask {tuple(mask.shape)} does not fit values {tuple(values.shape)}.")
    return mask.bool().reshape(*mask.shape, *[1] * (values.ndim - mask.ndim))


def masked(values: Tensor, mask: Tensor | None) -> Tensor:
    """`values` with zeros where `mask` is false."""
    return values if mask is None else torch.where(_spread(mask, values), values, 0.0)


def masked_softmax(scores: Tensor, mask: Tensor | None) -> Tensor:
    """Softmax over dimension 1 of `[B, M, ...]` among what `mask` `[B, M]` keeps; zeros if nothing."""
    if mask is None:
        return scores.softmax(1)
    blocked = ~_spread(mask, scores)
    return scores.masked_fill(blocked, -torch.inf).softmax(1).masked_fill(blocked, 0.0)


def in_single_precision(values: Tensor) -> Tensor:
    """At least single precision: half precision cannot hold a sum over parameters or voxels."""
    return values.to(torch.promote_types(values.dtype, torch.float32))


def gradients_of(loss: Tensor, parameters: Sequence[Tensor]) -> list[Tensor]:
    """The gradient of one of several losses in each parameter, zero where it does not reach; the graph is kept."""
    found = torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True)
    return [torch.zeros_like(p) if each is None else each for p, each in zip(parameters, found, strict=True)]


def sample_present(
    count: int,
    modalities: int,
    generator: torch.Generator | None = None,
    observed: Tensor | None = None,
    checked: bool = True,
) -> Tensor:
    """Draw a non-empty subset of the modalities for each sample, all equally likely: bool `[count, M]`.

    `observed` bool `[count, M]` limits the draw to what a sample has; it is on the generator's device, and so is the
    result. ValueError: `observed` has another shape, or a sample without any modality, which is looked for where it
    is `checked`, since a device is waited for then.
    Source: released code of DMRNet and MMANet; `observed` is this project's (docs/methods.md 0.4).
    """
    shape = (count, modalities)
    if observed is None:
        observed = torch.ones(shape, dtype=torch.bool, device=generator.device if generator else None)
    if observed.shape != shape:
        raise ValueError(f"`observed` has shape {tuple(observed.shape)}, expected {shape}.")
    observed = observed.bool()
    if checked and not observed.any(1).all():
        raise ValueError("A sample has no observed modality: leave it out before drawing.")
    draw = torch.rand(count, dtype=torch.float64, device=observed.device, generator=generator)
    code = 1 + (draw * (2 ** observed.sum(1) - 1)).long()  # one bit for each modality that the sample has
    bit = observed.cumsum(1) - observed.long()
    return observed & (code[:, None] >> bit).bitwise_and(1).bool()


def mean_over_present(values: Stack, present: Tensor) -> Tensor:
    """Mean over the present ones of M tensors `[B, ...]`: `[B, ...]`, zero where none is.

    `present` bool `[B, M]`. ValueError: it does not fit the values.
    Source: GMD Eq. 2 and its released code (of logits); GMC, released code (of codes).
    """
    kept = masked(stacked(values), present.mT)
    number = present.bool().sum(1).clamp_min(1)
    return kept.sum(0) / number.reshape(-1, *[1] * (kept.ndim - 2))
