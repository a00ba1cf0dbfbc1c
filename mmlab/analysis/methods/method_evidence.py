"""The evidence of the five papers, from one model: its sweep and its buffers (docs/methods.md 7).

A sweep (at most `MOST` samples of it, those that have every modality) is enough: the embedding of a single modality
under DI-MML and M3ixup is that modality's own code. What a training logged is read by
`mmlab.analysis.methods.training_log`. Raises Unsupported where a model has no such thing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from mmlab.analysis.base.ranking import spearman
from mmlab.analysis.robustness.selective_prediction import margins
from mmlab.core.errors import CheckpointError, DataError, Unsupported
from mmlab.core.method import Features, Method
from mmlab.core.modality import Modalities
from mmlab.core.outputs import Output
from mmlab.core.results import Floats, Sweep
from mmlab.inference.sweep import metrics
from mmlab.losses.mmanet import entropy_weights

MOST = 400
Flags = NDArray[np.bool_]


# DMRNet


@dataclass(frozen=True)
class Directions:
    """Cosines between embeddings of one sample under different combinations (docs/methods.md 1.7a).

    pairs: `[P, N]`, each two of the K combinations in the order of `names`; matrix: `[K, K]`, means over samples.
    to_class: `[K, N]`, with the weight vector of the right class; sampled: the same of a random draw from the
    embedding's distribution. Both None where the head is not one linear layer; `sampled` without a variance, too.
    """

    combinations: tuple[str, ...]
    names: tuple[tuple[str, str], ...]
    pairs: Floats
    matrix: Floats
    to_class: Floats | None
    sampled: Floats | None

    @property
    def median_cosine(self) -> float:
        """The median over all pairs of combinations and samples."""
        return float(np.median(self.pairs))


def class_weights(method: Method) -> Floats | None:
    """The head's weight vector of each class, `[C, D]`; None where the head is not one linear layer."""
    layer = getattr(getattr(method, "head", None), "layer", None)
    if not method.output.class_names or not isinstance(layer, nn.Linear):
        return None
    return layer.weight.detach().cpu().numpy()


def directions(found: Sweep, weights: Floats | None = None, centred: bool = True, seed: int = 0) -> Directions:
    """How far a sample's embedding turns when modalities leave.

    `centred` takes the mean of all embeddings (and of the class weights) away first: embeddings after a ReLU all
    point into one corner, which would make any two of them look alike. `weights` `[C, D]` from `class_weights`.
    """
    chosen = complete(found)
    mean = found.mean[:, chosen].astype(np.float64)
    origin = mean.mean((0, 1)) if centred else np.zeros(mean.shape[2])
    directed = unit(mean - origin)
    cosines = np.einsum("knd,jnd->kjn", directed, directed)
    first, second = np.triu_indices(len(directed), 1)
    to_class = sampled = None
    if weights is not None and weights.shape[1] == mean.shape[2]:
        own = unit(weights - weights.mean(0) if centred else weights)[found.target[chosen].astype(int)]
        to_class = (directed * own).sum(2)
        if found.variance is not None:
            noise = np.random.default_rng(seed).normal(size=mean.shape)
            drawn = mean - origin + noise * np.sqrt(found.variance[:, chosen])
            sampled = (unit(drawn) * own).sum(2)
    named = tuple((found.combinations[a], found.combinations[b]) for a, b in zip(first, second, strict=True))
    return Directions(found.combinations, named, cosines[first, second], cosines.mean(2), to_class, sampled)


@dataclass(frozen=True)
class SpreadScore:
    """Mean variance and score of each combination, both `[K]`, and their rank correlation (docs/methods.md 1.7c).

    The correlation is NaN where either is the same for all combinations.
    """

    combinations: tuple[str, ...]
    variance: Floats
    score: Floats
    metric: str
    correlation: float


def spread_against_score(found: Sweep, output: Output, modalities: Modalities) -> SpreadScore:
    """Whether a combination with a wider embedding is also the one that is worse."""
    if found.variance is None:
        raise Unsupported("This model's embedding has no spread.", "Only a probabilistic method has one.")
    rows = complete(found, len(found.ids))  # where there is one, every combination has a score
    variance = found.variance[:, rows].mean((1, 2)).astype(np.float64)
    table = metrics(found, output, modalities)
    score = np.array([table[key][output.headline] for key in found.combinations])
    return SpreadScore(found.combinations, variance, score, output.headline, spearman(variance, score))


# DI-MML


@dataclass(frozen=True)
class Dimensions:
    """How well each dimension of each modality tells the classes apart (docs/methods.md 3.7).

    scores `[M, D]`; effective `[M, D]`: above the modality's mean; taught `[M, M]`: how many dimensions the row's
    modality teaches the column's.
    """

    names: tuple[str, ...]
    scores: Floats
    effective: Flags
    taught: NDArray[np.int64]

    def shared_by(self, one: int, other: int) -> tuple[Flags, Flags, Flags, Flags]:
        """Which dimensions `[D]` are effective in both of two modalities, in the first, in the second, in neither."""
        first, second = self.effective[one], self.effective[other]
        return first & second, first & ~second, ~first & second, ~first & ~second


def dimensions(method: Method) -> Dimensions:
    """The separated dimensions, from the model's buffers."""
    buffers = dict(method.named_buffers())
    if "effective" not in buffers:
        raise Unsupported("This method does not separate dimensions.", "DI-MML does.")
    scores, effective = (buffers[name].cpu().numpy() for name in ("scores", "effective"))
    if not effective.any():
        raise CheckpointError("This training ended before the dimensions were separated.", "Train it for longer.")
    taught = (effective[:, None] & ~effective[None]).sum(2)
    return Dimensions(method.modalities.names, scores.astype(np.float64), effective, taught)


@dataclass(frozen=True)
class Votes:
    """The weight of each head on complete input `[N, H]`, whether it alone was right, and whether all together were.

    heads: the modalities, then `together`, the head that reads all of them.
    """

    heads: tuple[str, ...]
    weights: Floats
    right: Flags
    together: Flags

    def of_heads(self, right: bool) -> list[Floats]:
        """The weights of each head on the samples on which it alone is right, or on the others."""
        return [self.weights[self.right[:, h] == right, h] for h in range(len(self.heads))]

    def mean_weight(self, right: bool) -> float:
        """The mean over samples and heads; NaN where no head is right, or none wrong."""
        chosen = self.weights[self.right == right]
        return float(chosen.mean()) if chosen.size else float("nan")


@torch.no_grad()
def votes(method: Method, found: Sweep) -> Votes:
    """Certainty weights per sample (docs/methods.md 3.3), from codes and answers of single modalities in the sweep."""
    fusion = getattr(method, "fusion_head", None)
    if fusion is None or not method.output.class_names:
        raise Unsupported("Only of DI-MML with one class as its answer are the votes drawn.")
    names, chosen = method.modalities.names, complete(found)
    place = method.device
    codes = {name: tensor(found.mean[found.index(name)][chosen]).to(place) for name in names}
    logits = {name: tensor(found.logits[found.index(name)][chosen]).to(place) for name in names}
    features = Features({name: (code,) for name, code in codes.items()}, {name: (v,) for name, v in logits.items()})
    fused = method.fuse(features, torch.ones(len(chosen), len(names), dtype=torch.bool, device=place))
    heads = [*logits.values(), fusion((torch.cat(list(codes.values()), 1),))]
    target = found.target[chosen]
    right = np.stack([head.argmax(1).cpu().numpy() == target for head in heads], 1)
    weights = fused.extras["weights"].cpu().numpy()
    return Votes((*names, "together"), weights, right, fused.logits.argmax(1).cpu().numpy() == target)


# MMANet


@dataclass(frozen=True)
class Relations:
    """How alike samples are to the student and to its teacher: `[N, N]`, rows of length 1, sorted by class.

    labels `[N]`; per sample `[N]`: weights (the teacher's uncertainty, mean 1), margin (first less second probability
    of the teacher), right (the teacher's answer), distance (squared difference of the two rows).
    Source: docs/methods.md 5.7.
    """

    combination: str
    labels: NDArray[np.int64]
    student: Floats
    teacher: Floats
    weights: Floats
    margin: Floats
    right: Flags
    distance: Floats

    @property
    def similarity_end(self) -> float:
        """Where a colour scale for both pictures ends: the 99th percentile, since a few pairs are far above it."""
        return float(np.quantile(np.concatenate((self.teacher, self.student)), 0.99))

    @property
    def difference_end(self) -> float:
        """The same for the difference of the two, without its sign."""
        return float(np.quantile(np.abs(self.student - self.teacher), 0.99))

    def weight_of_heaviest(self, part: float = 0.1) -> float:
        """The part of all the weight that the samples with the largest weights hold."""
        heaviest = np.sort(self.weights)[::-1][: max(1, int(part * len(self.weights)))]
        return float(heaviest.sum() / self.weights.sum())


def relations(student: Sweep, teacher: Sweep, combination: str, count: int = 120) -> Relations:
    """The student under `combination` against the teacher on complete input, as many samples of each class."""
    if student.ids != teacher.ids:
        raise DataError("The model and its teacher were measured on different samples.", "Measure both again.")
    if teacher.logits.ndim != 3 or teacher.logits.shape[2] < 2 or teacher.target.ndim > 1:
        raise Unsupported("Relations are sorted by the one class of each sample; there is none here.")
    chosen = _by_class(student.target, complete(student, len(student.ids)), count)
    own = _relation(student.mean[student.index(combination)][chosen])
    wise = _relation(teacher.mean[-1][chosen])
    logits = teacher.logits[-1][chosen]
    weights = entropy_weights(tensor(logits)).numpy() * len(chosen)
    right, target = logits.argmax(1), student.target[chosen].astype(np.int64)
    gap = ((own - wise) ** 2).sum(1)
    return Relations(combination, target, own, wise, weights, margins(logits), right == target, gap)


# Parts


def complete(found: Sweep, most: int = MOST) -> NDArray[np.int64]:
    """The first `most` samples that have every modality."""
    chosen = np.flatnonzero(found.present.all(1))[:most]
    if len(chosen) < 2:
        raise DataError("Too few test samples have every input.", "This view compares complete samples.")
    return chosen


def near_boundary(logits: Floats, lead: float = 0.2) -> float:
    """The share of answers whose first probability is less than `lead` above the second, from logits `[..., C]`."""
    return float((margins(logits) < lead).mean())


def pairs_that_differ_by_one(names: Sequence[tuple[str, str]]) -> Flags:
    """Which pairs of combinations differ by exactly one modality."""
    return np.array([len(set(a.split("-")) ^ set(b.split("-"))) == 1 for a, b in names])


def _by_class(target: NDArray[Any], rows: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    classes = np.unique(target[rows])
    each = max(1, count // len(classes))
    return np.concatenate([rows[target[rows] == label][:each] for label in classes])


def _relation(features: Floats) -> Floats:
    flat = features.reshape(len(features), -1).astype(np.float64)
    return unit(flat @ flat.T)


def unit(values: Floats) -> Floats:
    """The same directions `[..., D]` with length 1; a zero stays one."""
    return values / np.maximum(np.linalg.norm(values, axis=-1, keepdims=True), 1e-12)


def tensor(values: Floats) -> torch.Tensor:
    """A float32 copy, for what the losses compute."""
    return torch.from_numpy(np.ascontiguousarray(values, np.float32))
