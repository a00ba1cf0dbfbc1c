"""The five papers' formulas as plain functions of tensors; METHODS.md derives them and gives the evidence.

Layouts: a `Stack` is M tensors or one `[M, B, ...]`; `present` is bool `[B, M]`; scalars are 0-d tensors.
What is absent is replaced before it is used, never multiplied by zero: its content, NaN included, has no
influence, and its gradient is zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

Stack = Tensor | Sequence[Tensor]


def _stacked(values: Stack) -> Tensor:
    return values if isinstance(values, Tensor) else torch.stack(tuple(values))


def _spread(mask: Tensor, values: Tensor) -> Tensor:
    """`mask`, which covers the leading dimensions of `values`, as bool of their number of dimensions."""
    if mask.shape != values.shape[: mask.ndim]:
        raise ValueError(f"A mask {tuple(mask.shape)} does not fit values {tuple(values.shape)}.")
    return mask.bool().reshape(*mask.shape, *[1] * (values.ndim - mask.ndim))


def _keep(values: Tensor, mask: Tensor | None) -> Tensor:
    """`values` with zeros where `mask` is false."""
    return values if mask is None else torch.where(_spread(mask, values), values, 0.0)


def _masked_softmax(scores: Tensor, mask: Tensor | None) -> Tensor:
    """Softmax over dimension 1 of `[B, M, ...]` among what `mask` `[B, M]` keeps; zeros if nothing."""
    if mask is None:
        return scores.softmax(1)
    blocked = ~_spread(mask, scores)
    return scores.masked_fill(blocked, -torch.inf).softmax(1).masked_fill(blocked, 0.0)


def _wide(values: Tensor) -> Tensor:
    """At least single precision: half precision cannot hold a sum over parameters or voxels."""
    return values.to(torch.promote_types(values.dtype, torch.float32))


# Modality dropout: DMRNet and MMANet


def sample_present(
    count: int, modalities: int, generator: torch.Generator | None = None, observed: Tensor | None = None
) -> Tensor:
    """Draw a non-empty subset of the modalities for each sample, all equally likely: bool `[count, M]`.

    `observed` bool `[count, M]` limits the draw to what a sample has; the result is on its device, or else on
    the generator's. ValueError: `observed` has another shape, or a sample without any modality.
    Source: released code of DMRNet and MMANet; `observed` is this project's (METHODS.md 0.4).
    """
    shape = (count, modalities)
    if observed is None:
        observed = torch.ones(shape, dtype=torch.bool, device=generator.device if generator else None)
    if observed.shape != shape:
        raise ValueError(f"`observed` has shape {tuple(observed.shape)}, expected {shape}.")
    observed = observed.bool()
    if not observed.any(1).all():
        raise ValueError("A sample has no observed modality: leave it out before drawing.")
    device = generator.device if generator else observed.device
    draw = torch.rand(count, dtype=torch.float64, device=device, generator=generator).to(observed.device)
    code = 1 + (draw * (2 ** observed.sum(1) - 1)).long()  # one bit for each modality that the sample has
    bit = observed.cumsum(1) - observed.long()
    return observed & (code[:, None] >> bit).bitwise_and(1).bool()


def mean_over_present(values: Stack, present: Tensor) -> Tensor:
    """Mean over the present ones of M tensors `[B, ...]`: `[B, ...]`, zero where none is.

    `present` bool `[B, M]`. ValueError: it does not fit the values.
    Source: GMD Eq. 2 and its released code (of logits); GMC, released code (of codes).
    """
    kept = _keep(_stacked(values), present.mT)
    number = present.bool().sum(1).clamp_min(1)
    return kept.sum(0) / number.reshape(-1, *[1] * (kept.ndim - 2))


# DMRNet: Robust Multimodal Learning via Representation Decoupling (ECCV 2024)


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
    Source: DMRNet Eq. 10. That the complete set is never hard is this project's (METHODS.md 1.2).
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
    return _keep(per_sample, is_hard).mean()


# MMANet: Margin-aware Distillation and Modality-aware Regularization (CVPR 2023)


def entropy_weights(logits: Tensor) -> Tensor:
    """Each sample's share of the batch's entropy: `[B, C]` to `[B]`, detached; 1/B each if all are certain.

    Source: MMANet, released code, which is NaN as soon as a probability underflows.
    """
    entropy = torch.special.entr(logits.detach().softmax(1)).sum(1)
    entropy = torch.where(entropy.sum() > 0, entropy, 1.0)
    return entropy / entropy.sum()


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
    """Squared differences of the sample relations, weighted by the teacher's doubt and summed: scalar.

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


# DI-MML: Detached and Interactive Multimodal Learning (ACM MM 2024)


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


def dimension_scores(features: Tensor, labels: Tensor, classes: int) -> Tensor:
    """Share of the samples nearest to their own class's centroid, for each dimension: `[N, D]` to `[D]`.

    `labels` int `[N]`; a class without samples is never nearest. Source: DI-MML, released code.
    """
    return _nearest_to_own(features, labels, classes).to(features.dtype).mean(0)


def effective_dimensions(features: Tensor, labels: Tensor, classes: int) -> Tensor:
    """Dimensions whose score is strictly above the mean score: bool `[D]`; called like `dimension_scores`.

    Source: DI-MML, released code. Compared as integers: rounding cannot put equal scores above their mean.
    """
    hits = _nearest_to_own(features, labels, classes).sum(0)
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
    that of M = 2; this and `present` are this project's (METHODS.md 3.6).
    """
    stacked = _stacked(features)
    modalities, count = stacked.shape[:2]
    if present is None:
        present = torch.ones(count, modalities, dtype=torch.bool, device=stacked.device)
    if present.shape != (count, modalities):
        raise ValueError(f"`present` has shape {tuple(present.shape)}, expected {(count, modalities)}.")
    present, effective = present.bool(), effective.bool()
    total = stacked[:, :0].sum()  # a zero that can be differentiated
    for teacher, student in permutations(range(modalities), 2):
        rows = present[:, teacher] & present[:, student]
        dimensions = effective[teacher] & ~effective[student]
        if rows.any() and dimensions.any():
            pupils, masters = stacked[student][rows], stacked[teacher][rows]
            total = total + unidirectional_contrast(pupils, masters, dimensions, temperature)
    return total / max(modalities - 1, 1)


def certainty_fusion(logits: Stack, temperature: float = 1.0, available: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Weigh the heads' logits by their largest probability: `(weights [B, H], fused [B, C])`.

    `logits` H of `[B, C]`, or of `[B, C, ...]` for weights `[B, H, ...]`; `available` bool `[B, H]`. Where no
    head is available both are zero. ValueError: `available` does not fit.
    Source: DI-MML, released code (evaluation only); `available` is this project's (METHODS.md 3.6).
    """
    kept = _keep(_stacked(logits).transpose(0, 1), available)
    weights = _masked_softmax(kept.softmax(2).amax(2) / temperature, available)
    return weights, (weights.unsqueeze(2) * kept).sum(1)


def yes_no_fusion(logits: Stack, temperature: float = 1.0, available: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """`certainty_fusion` where each logit is a yes or no of its own: `(weights [B, H, ...], fused [B, ...])`.

    `logits` H of `[B, ...]`, each the odds of yes, so its two classes are (logit, 0). `available` as there.
    Source: DI-MML, released code, for regions of an image; faster, for the larger of both probabilities is known.
    """
    kept = _keep(_stacked(logits).transpose(0, 1), available)
    weights = _masked_softmax(kept.abs().sigmoid() / temperature, available)
    return weights, (weights * kept).sum(1)


# GMD: Gradient-guided Modality Decoupling (AAAI 2024)


def _directions(gradients: Tensor) -> tuple[Tensor, Tensor]:
    """Rows as unit vectors, and their float64 lengths `[T]`; a zero row stays zero."""
    lengths = torch.linalg.vector_norm(gradients, dim=1, dtype=torch.float64)
    rows = _wide(gradients)
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
    probability = _wide(logits).sigmoid()
    truth = target.to(probability.dtype)
    over = [0, *range(2, logits.ndim)]
    overlap, size = (probability * truth).sum(over), (probability + truth).sum(over)
    return 1 - ((2 * overlap + smooth) / (size + smooth)).mean()


# M3ixup (Information Fusion 2024) and GMC (ICML 2022), its base


def nt_xent(first: Tensor, second: Tensor, temperature: float, valid: Tensor | None = None) -> Tensor:
    """Contrast pairs of unit vectors with all others of both sides: two `[B, D]` to `[2B]`, as they are.

    `valid` bool `[B]`: other pairs leave numerator and denominator, and their losses are 0.
    ValueError: `valid` does not fit. Source: GMC, released code.
    """
    both = None if valid is None else valid.bool().repeat(2)
    vectors = _keep(torch.cat([first, second]), both)
    blocked = torch.eye(len(vectors), dtype=torch.bool, device=vectors.device)
    if both is not None:
        blocked = blocked | ~both
    similarity = (vectors @ vectors.mT / temperature).masked_fill(blocked, -torch.inf)
    partner = torch.arange(len(vectors), device=vectors.device).roll(len(first))
    return _keep(F.cross_entropy(similarity, partner, reduction="none"), both)


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
    only; a batch of one has none and gives 0. `present` is this project's (METHODS.md 9).
    """
    codes = _stacked(modalities)
    if not joints_as_negatives:
        pairs = zip(codes, _validity(present, len(codes)), strict=True)
        return torch.stack([nt_xent(joint, code, temperature, valid) for code, valid in pairs]).sum(0).mean()
    if len(joint) < 2:
        return joint[:0].sum()
    itself = torch.eye(len(joint), dtype=torch.bool, device=joint.device)
    negatives = (joint @ joint.mT / temperature).masked_fill(itself, -torch.inf).logsumexp(1)
    valid = None if present is None else present.mT
    positives = (joint * _keep(codes, valid)).sum(2) / temperature
    return _keep(negatives - positives, valid).sum(0).mean()


def gmc_code(joint: Tensor, modalities: Stack, present: Tensor) -> Tensor:
    """The joint code where a sample is complete, else the plain mean of what it has: `[B, D]`.

    `joint` `[B, D]`, `modalities` M of `[B, D]`, `present` bool `[B, M]`. ValueError: `present` does not fit.
    Source: GMC, released code.
    """
    return torch.where(present.bool().all(1, keepdim=True), joint, mean_over_present(modalities, present))


def mix(values: Tensor, permutation: Tensor, weight: float | Tensor) -> Tensor:
    """Mix a batch `[B, ...]` with itself in the order `permutation`, int `[B]`, `weight` in [0, 1].

    Source: mixup (Zhang et al. 2018), the unimodal one of METHODS.md 2.3.
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


def mixed_view(codes: Tensor, omega: Tensor, present: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Mix each sample's codes by a softmax: `(unit-length view [B, D], coefficients [B, M])`.

    `codes` `[B, M, D]`, `omega` `[B, M]`, `present` bool `[B, M]`: an absent modality has coefficient 0.
    ValueError: `present` does not fit. Source: this project's reading of M3ixup (METHODS.md 2.3).
    """
    coefficients = _masked_softmax(omega, present)
    return F.normalize((coefficients[..., None] * _keep(codes, present)).sum(1), dim=1), coefficients


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
    ValueError: `present` does not fit. Source: this project's reading of M3ixup (METHODS.md 2.3).
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
    Source: this project's reading of M3ixup (METHODS.md 2.3).
    """

    def evaluate(joint: Tensor, codes: Tensor, omega: Tensor) -> tuple[Tensor, Tensor]:
        view, coefficients = mixed_view(codes, omega, present)
        return coefficients, mixed_view_loss(view, coefficients, joint, codes, temperature, present)

    def slope(omega: Tensor) -> Tensor:
        with torch.enable_grad():
            omega = omega.detach().requires_grad_()
            (gradient,) = torch.autograd.grad(evaluate(joint.detach(), codes.detach(), omega)[1], omega)
        return gradient * len(omega)  # the loss is a mean over the batch, the step is each sample's own

    omega = omega.detach()
    for _ in range(steps):
        omega = omega - rho * slope(omega)
    adapted, adapt_loss = evaluate(joint, codes, omega)
    explored, explore_loss = evaluate(joint, codes, omega + eta * F.normalize(slope(omega), dim=1))
    return Exploration(adapted, explored, adapt_loss, explore_loss)
