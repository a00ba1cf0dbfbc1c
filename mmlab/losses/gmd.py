"""Formulas of GMD + DS (Wang et al., AAAI 2024)."""

from __future__ import annotations

import torch
from torch import Tensor

from mmlab.losses.common import in_single_precision


def _directions(gradients: Tensor) -> tuple[Tensor, Tensor]:
    """Rows as unit vectors, and their float64 lengths `[T]`; a zero row stays zero."""
    lengths = torch.linalg.vector_norm(gradients, dim=1, dtype=torch.float64)
    rows = in_single_precision(gradients)
    return rows / lengths.to(rows.dtype).clamp_min(torch.finfo(rows.dtype).tiny)[:, None], lengths


def gradient_cosines(gradients: Tensor) -> Tensor:
    """Cosine of each two of T gradients: `[T, P]` to `[T, T]`; a zero one has cosine 0, even with itself.

    Source: GMD Eq. 5; a negative cosine is a conflict.
    """
    directions, _ = _directions(gradients)
    return (directions @ directions.mT).clamp(-1, 1)


def decoupled_gradients(
    gradients: Tensor, orders: Tensor | None = None, generator: torch.Generator | None = None
) -> Tensor:
    """Take the conflicting components out of T gradients: `[T, P]` to `[T, P]`.

    Running gradient i visits the originals `orders[i]` (int `[T, T]`; default: random permutations) and loses
    its component along each it then points away from; a zero gradient projects nothing.
    Source: GMD Eq. 8 for every conflicting pair, one after the other as in the released code (PCGrad).
    """
    objectives = len(gradients)
    if orders is None:
        device = generator.device if generator else gradients.device
        orders = torch.rand(objectives, objectives, device=device, generator=generator).argsort(1)
    directions, lengths = _directions(gradients)
    cosines = (directions @ directions.mT).double()
    # Row i holds running gradient i in terms of the originals' directions: T x T numbers instead of T x P.
    running = torch.eye(objectives, dtype=torch.float64, device=gradients.device)
    for visited in torch.split(orders.to(gradients.device), 1, dim=1):
        conflict = (running @ cosines).gather(1, visited).clamp(max=0)
        running = running.scatter_add(1, visited, -conflict)
    return (lengths[:, None] * running).to(directions.dtype) @ directions


def merge_gradients(gradients: Tensor, shared: Tensor | None = None, reduction: str = "mean") -> Tensor:
    """One gradient of T: `[T, P]` to `[P]`, `reduction` where `shared` (None: everywhere), elsewhere the sum.

    ValueError: a `reduction` other than "mean" or "sum". Source: GMD, released code, which averages the
    coordinates that all objectives reach; Eq. 9 is the sum.
    """
    if reduction not in ("mean", "sum"):
        raise ValueError(f"`reduction` is {reduction!r}, expected 'mean' or 'sum'.")
    total = gradients.sum(0)
    if reduction == "sum":
        return total
    averaged = total / len(gradients)
    return averaged if shared is None else torch.where(shared.bool(), averaged, total)


def project_conflicts(
    gradients: Tensor,
    orders: Tensor | None = None,
    shared: Tensor | None = None,
    reduction: str = "mean",
    generator: torch.Generator | None = None,
) -> Tensor:
    """Take the conflicting components out of T gradients and merge them: `[T, P]` to `[P]`.

    `orders` as in `decoupled_gradients`, `shared` and `reduction` as in `merge_gradients`.
    ValueError: another `reduction`. Source: GMD Eq. 8-9.
    """
    decoupled = decoupled_gradients(gradients, orders, generator)
    return merge_gradients(decoupled, shared, reduction).to(gradients.dtype)


def decoupled_pair(first: Tensor, second: Tensor) -> Tensor:
    """Sum of two gradients `[P]`, each without its component against the other; without a conflict their sum.

    Source: GMD Eq. 9.
    """
    left, right = first.double(), second.double()
    conflict = (left @ right).clamp(max=0)
    tiny = torch.finfo(torch.float64).tiny
    left_scale = 1 - conflict / (left @ left).clamp_min(tiny)
    right_scale = 1 - conflict / (right @ right).clamp_min(tiny)
    return (left_scale * left + right_scale * right).to(first.dtype)


def soft_dice_loss(logits: Tensor, target: Tensor, smooth: float = 1.0) -> Tensor:
    """One minus soft Dice of sigmoid outputs over batch and positions, averaged over classes: scalar.

    `logits`, `target` (0/1) `[B, K, ...]`. ValueError: the shapes differ. Source: GMD, released code.
    """
    if logits.shape != target.shape:
        raise ValueError(f"Logits {tuple(logits.shape)} and target {tuple(target.shape)} differ in shape.")
    probability = in_single_precision(logits).sigmoid()
    truth = target.to(probability.dtype)
    over = [0, *range(2, logits.ndim)]
    overlap, size = (probability * truth).sum(over), (probability + truth).sum(over)
    return 1 - ((2 * overlap + smooth) / (size + smooth)).mean()
