"""Formulas of M3ixup (Lin & Hu, Information Fusion 2024) and of GMC, its base."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from mmlab.losses.common import Stack, masked, masked_softmax, mean_over_present, stacked


def nt_xent(first: Tensor, second: Tensor, temperature: float, valid: Tensor | None = None) -> Tensor:
    """Contrast pairs of unit vectors with all others of both sides: two `[B, D]` to `[2B]`, as they are.

    `valid` bool `[B]`: other pairs leave numerator and denominator, and their losses are 0.
    ValueError: `valid` does not fit. Source: GMC, released code.
    """
    both = None if valid is None else valid.bool().repeat(2)
    vectors = masked(torch.cat([first, second]), both)
    blocked = torch.eye(len(vectors), dtype=torch.bool, device=vectors.device)
    if both is not None:
        blocked = blocked | ~both
    similarity = (vectors @ vectors.mT / temperature).masked_fill(blocked, -torch.inf)
    partner = torch.arange(len(vectors), device=vectors.device).roll(len(first))
    return masked(F.cross_entropy(similarity, partner, reduction="none"), both)


def _validity(present: Tensor | None, modalities: int) -> Sequence[Tensor | None]:
    return [None] * modalities if present is None else present.unbind(1)


def gmc_loss(
    joint: Tensor,
    modalities: Stack,
    temperature: float,
    present: Tensor | None = None,
    joints_as_negatives: bool = False,
) -> Tensor:
    """Align the joint code with each modality's: sum over modalities, mean over the batch, scalar.

    `joint` `[B, D]`, `modalities` M of `[B, D]`, unit vectors; `present` bool `[B, M]`, an absent one adds 0
    to its sample's sum. ValueError: `present` does not fit.
    Source: GMC, released code. `joints_as_negatives` is its variant that contrasts with the other joint codes
    only; a batch of one has none and gives 0. `present` is this project's (docs/methods.md 9).
    """
    codes = stacked(modalities)
    if not joints_as_negatives:
        pairs = zip(codes, _validity(present, len(codes)), strict=True)
        return torch.stack([nt_xent(joint, code, temperature, valid) for code, valid in pairs]).sum(0).mean()
    if len(joint) < 2:
        return joint[:0].sum()
    itself = torch.eye(len(joint), dtype=torch.bool, device=joint.device)
    negatives = (joint @ joint.mT / temperature).masked_fill(itself, -torch.inf).logsumexp(1)
    valid = None if present is None else present.mT
    positives = (joint * masked(codes, valid)).sum(2) / temperature
    return masked(negatives - positives, valid).sum(0).mean()


def gmc_code(joint: Tensor, modalities: Stack, present: Tensor) -> Tensor:
    """The joint code where a sample is complete, else the plain mean of what it has: `[B, D]`.

    `joint` `[B, D]`, `modalities` M of `[B, D]`, `present` bool `[B, M]`. ValueError: `present` does not fit.
    Source: GMC, released code.
    """
    return torch.where(present.bool().all(1, keepdim=True), joint, mean_over_present(modalities, present))


def mix(values: Tensor, permutation: Tensor, weight: float | Tensor) -> Tensor:
    """Mix a batch `[B, ...]` with itself in the order `permutation`, int `[B]`, `weight` in [0, 1].

    Source: mixup (Zhang et al. 2018), the unimodal one of docs/methods.md 2.3.
    """
    return weight * values + (1 - weight) * values[permutation]


def mix_words(words: Tensor, permutation: Tensor, weight: float, generator: torch.Generator) -> Tensor:
    """Mix texts `[B, 2, L]` as `mix`: each place keeps its word with chance `weight`, else takes the other text's.

    Words are names, and nothing lies between two names, so the mixture is of places. Source: this project's reading
    of unimodal mixup for text.
    """
    drawn = torch.rand(words.shape[0], 1, words.shape[2], generator=generator, device=generator.device)
    kept = drawn < weight
    return torch.where(kept.to(words.device), words, words[permutation])


def mix_inputs(inputs: Tensor, permutation: Tensor, weight: float, words: bool, generator: torch.Generator) -> Tensor:
    """Mix inputs `[B, ...]` as `mix`, or texts as `mix_words`: there is nothing between two words.

    Vectors made of texts (cached features, `[B, D]`) are no words.
    """
    if words and inputs.dim() > 2:
        return mix_words(inputs, permutation, weight, generator)
    return mix(inputs, permutation, weight)


def mix_nce(
    mixed: Tensor,
    codes: Tensor,
    permutation: Tensor,
    weight: float,
    temperature: float,
    valid: Tensor | None = None,
) -> Tensor:
    """Contrast mixed codes with the codes of both samples that they are mixtures of, by their weights: scalar.

    `mixed` `[B, D]`, the codes of `mix(inputs, permutation, weight)`; `codes` `[B, D]`, unit vectors; `valid` bool
    `[B]`: others are no candidates, and mixtures with them do not count. Zero where nothing is left.
    Source: this project's reading of unimodal mixup without labels (docs/methods.md 2.3).
    """
    kept = torch.ones(len(codes), dtype=torch.bool, device=codes.device) if valid is None else valid.bool()
    rows = kept & kept[permutation]
    if not rows.any():
        return mixed[:0].sum()
    place = kept.cumsum(0) - 1  # of a sample among the candidates
    similarity = mixed[rows] @ codes[kept].mT / temperature
    own = F.cross_entropy(similarity, place[rows])
    return weight * own + (1 - weight) * F.cross_entropy(similarity, place[permutation][rows])


def mixed_view(codes: Tensor, omega: Tensor, present: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Mix each sample's codes by a softmax: `(unit-length view [B, D], coefficients [B, M])`.

    `codes` `[B, M, D]`, `omega` `[B, M]`, `present` bool `[B, M]`: an absent modality has coefficient 0.
    ValueError: `present` does not fit. Source: this project's reading of M3ixup (docs/methods.md 2.3).
    """
    coefficients = masked_softmax(omega, present)
    return F.normalize((coefficients[..., None] * masked(codes, present)).sum(1), dim=1), coefficients


def mixed_view_loss(
    view: Tensor,
    coefficients: Tensor,
    joint: Tensor,
    codes: Tensor,
    temperature: float,
    present: Tensor | None = None,
) -> Tensor:
    """Contrast a mixed view with the joint code and, by its coefficients, with each modality's code: scalar.

    `view`, `joint` `[B, D]`, `coefficients` `[B, M]`, `codes` `[B, M, D]`, `present` bool `[B, M]`.
    ValueError: `present` does not fit. Source: this project's reading of M3ixup (docs/methods.md 2.3).
    """
    losses = nt_xent(joint, view, temperature)
    parts = zip(codes.unbind(1), coefficients.unbind(1), _validity(present, codes.shape[1]), strict=True)
    for code, coefficient, valid in parts:
        losses = losses + coefficient.repeat(2) * nt_xent(code, view, temperature, valid)
    return losses.mean()


class Exploration(NamedTuple):
    """Coefficients `[B, M]` after adapting and after exploring, detached, and the losses there, scalars."""

    adapted: Tensor
    explored: Tensor
    adapt_loss: Tensor
    explore_loss: Tensor


def adapt_and_explore(
    joint: Tensor,
    codes: Tensor,
    temperature: float,
    omega: Tensor,
    steps: int = 3,
    rho: float = 1.0,
    eta: float = 1.0,
    present: Tensor | None = None,
) -> Exploration:
    """Move the mixing coefficients down the mixed-view loss in some steps, then up in one.

    `joint` `[B, D]`, `codes` `[B, M, D]`, `omega` `[B, M]` the start, `present` bool `[B, M]`. One step of a
    sample is `rho` times its own gradient down, or of length `eta` up. The search sees detached codes, the
    losses see detached coefficients: only codes get a gradient. ValueError: `present` does not fit.
    Source: this project's reading of M3ixup (docs/methods.md 2.3).
    """

    def evaluate(joint: Tensor, codes: Tensor, omega: Tensor) -> tuple[Tensor, Tensor]:
        view, coefficients = mixed_view(codes, omega, present)
        return coefficients, mixed_view_loss(view, coefficients, joint, codes, temperature, present)

    def searched(omega: Tensor) -> Tensor:
        return evaluate(joint.detach(), codes.detach(), omega)[1]

    down, up = _down_then_up(searched, omega.detach(), steps, rho, eta)
    adapted, adapt_loss = evaluate(joint, codes, down)
    explored, explore_loss = evaluate(joint, codes, up)
    return Exploration(adapted, explored, adapt_loss, explore_loss)


def adapt_and_explore_view(
    joint: Tensor,
    codes: Tensor,
    temperature: float,
    view: Tensor,
    coefficients: Tensor,
    steps: int = 3,
    rho: float = 1.0,
    eta: float = 1.0,
) -> tuple[Tensor, Tensor]:
    """The other reading: the mixed view itself moves down, then up, and keeps its length. The two losses, scalars.

    `joint`, `view` `[B, D]`, unit vectors; `codes` `[B, M, D]`; `coefficients` `[B, M]`, which stay. The search sees
    detached codes, the losses do not. Source: this project's reading of M3ixup (docs/methods.md 2.3).
    """

    def loss(shift: Tensor, at: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        moved = F.normalize(at[0] + shift, dim=1)
        return mixed_view_loss(moved, coefficients.detach(), at[1], at[2], temperature)

    def searched(shift: Tensor) -> Tensor:
        return loss(shift, (view.detach(), joint.detach(), codes.detach()))

    down, up = _down_then_up(searched, torch.zeros_like(view), steps, rho, eta)
    return loss(down, (view, joint, codes)), loss(up, (view, joint, codes))


def _down_then_up(
    loss: Callable[[Tensor], Tensor], start: Tensor, steps: int, rho: float, eta: float
) -> tuple[Tensor, Tensor]:
    """Where some steps down a mean loss lead from `start` `[B, ...]`, and one step of length `eta` up from there."""

    def slope(at: Tensor) -> Tensor:
        with torch.enable_grad():
            at = at.detach().requires_grad_()
            (gradient,) = torch.autograd.grad(loss(at), at)
        return gradient * len(at)  # the loss is a mean over the batch, the step is each sample's own

    down = start
    for _ in range(steps):
        down = down - rho * slope(down)
    return down, down + eta * F.normalize(slope(down), dim=1)
