"""Which modality a model leans on: one small function per measure, so that they can be shown side by side.

They answer different questions and can disagree. All of them depend on what stands in for an absent modality.
Shapley values and interactions are in `mmlab.analysis.dominance.shapley`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmlab.analysis.base.array_checks import Numbers, finite, labels_of, modality_count
from mmlab.analysis.base.coalitions import log_probability_of_right, membership

SAMPLE_KINDS = ("none", "dominance", "complement", "conflict")
DOMINANT = 0.75  # of all that moves the answer, from here on one modality dominates
OPPOSED = 0.1  # the smaller side must reach this, or the opposition is no more than noise
STILL = 1e-6  # below this nothing moves the answer


def leave_one_out(scores: ArrayLike) -> Numbers:
    """What is lost when one modality leaves complete input: `[2**M]` to `[M]`."""
    table = finite(scores, "scores", 1)
    count = modality_count(table, "scores")
    return table[-1] - table[len(table) - 1 - 2 ** np.arange(count)]


def stand_alone(scores: ArrayLike) -> Numbers:
    """The score of each modality on its own: `[2**M]` to `[M]`."""
    table = finite(scores, "scores", 1)
    return table[2 ** np.arange(modality_count(table, "scores"))]


def conditional_utilisation(scores: ArrayLike) -> Numbers:
    """The part of the score that a modality adds to what was there before: `[2**M]` accuracies to `[M, 2**M]`.

    Entry [m, R] is (A(R and m) - A(R)) / A(R and m); NaN where R holds m already or the score with m is 0. This is
    the variant on combinations: the paper turns modalities off *within* a network.
    Source: Wu et al., Characterizing and Overcoming the Greedy Nature of Learning, ICML 2022.
    """
    table = finite(scores, "scores", 1)
    count = modality_count(table, "scores")
    after = table[np.arange(len(table)) | 2 ** np.arange(count)[:, None]]
    defined = ~membership(count).T & (after != 0)
    return np.where(defined, (after - table) / np.where(defined, after, 1), np.nan)


def utilisation_gap(scores: ArrayLike) -> Numbers:
    """How much more one modality adds to a second than the second to it, `[M, M]`; opposite signs across the diagonal.

    Far from 0: the pair leans on one of its two. Source: d of Wu et al., ICML 2022, for each pair.
    """
    rates = conditional_utilisation(scores)
    pairs = rates[:, 2 ** np.arange(len(rates))]
    np.fill_diagonal(pairs, 0)
    return pairs - pairs.T


def discrepancy_ratio(logits: ArrayLike, labels: ArrayLike) -> Numbers:
    """How much surer of the right class each modality alone is than the others alone: `[2**M, N, C]` to `[M]`.

    Sums of probabilities as ratios, averaged over the other modalities; 1 is balance. The variant on combinations:
    the paper reads the scores from the weights of a linear head.
    Source: Peng et al., Balanced Multimodal Learning via On-the-fly Gradient Modulation, CVPR 2022.
    """
    chances = np.exp(log_probability_of_right(logits, labels)).sum(1)
    alone = chances[2 ** np.arange(modality_count(chances))]
    if len(alone) < 2:
        raise ValueError("A ratio between modalities needs at least two of them.")
    if alone.min() == 0:
        raise ValueError("One modality alone gives the right class no chance at all, so no ratio to it exists.")
    ratios = alone[:, None] / alone
    return (ratios.sum(1) - 1) / (len(alone) - 1)


def perceptual_score(score: float, permuted: ArrayLike, *, relative: bool = False) -> Numbers:
    """What is lost when a modality comes from another sample, `[M]`, from scores with it permuted, `[M, P]` draws.

    `relative` divides by the score on the data as they are. Raises ValueError where that is 0.
    Source: Gat et al., Perceptual Score: What Data Modalities Does Your Model Perceive?, NeurIPS 2021.
    """
    lost = float(finite(score, "score", 0)) - finite(permuted, "permuted", 2).mean(1)
    if relative and score == 0:
        raise ValueError("The score is 0, so no loss can be relative to it.")
    return lost / score if relative else lost


def emap(logits: ArrayLike) -> Numbers:
    """The best additive stand-in for a model of two inputs: answers of all pairs `[n, n, C]` to `[n, C]`.

    logits[i, j] is the answer to the first input of sample i with the second of sample j. A model that adds up what
    it reads from each input comes back unchanged; the accuracy lost is what its interactions are worth.
    Source: Hessel & Lee, Does my multimodal model learn cross-modal interactions?, EMNLP 2020.
    """
    table = finite(logits, "logits", 3)
    if table.shape[0] != table.shape[1]:
        raise ValueError(f"logits must hold all pairs, [n, n, C], not the shape {table.shape}.")
    return table.mean(1) + table.mean(0) - table.mean((0, 1))


def emap_gap(logits: ArrayLike, labels: ArrayLike) -> float:
    """The accuracy that a model of two inputs loses when only its additive part answers; `logits` as for `emap`."""
    additive = emap(logits)
    chosen = labels_of(labels, *additive.shape)
    own = np.einsum("iic->ic", np.asarray(logits))
    return float((own.argmax(1) == chosen).mean() - (additive.argmax(1) == chosen).mean())


def jain_index(contributions: ArrayLike) -> float:
    """How evenly contributions `[M]` are spread: 1 for all alike, 1/M for one that does everything.

    Raises ValueError for negative ones, which the index cannot read. Source: Jain et al., DEC-TR-301, 1984.
    """
    shares = finite(contributions, "contributions", 1)
    if shares.min() < 0:
        raise ValueError("Jain's index is defined for contributions that are not negative.")
    squares = float((shares**2).sum())
    return 1.0 if squares == 0 else float(shares.sum()) ** 2 / (len(shares) * squares)


def sample_kinds(contributions: ArrayLike) -> NDArray[np.int8]:
    """How the modalities of each sample work together, from contributions `[M, N]` to indices of `SAMPLE_KINDS`, `[N]`.

    none: nothing moves the answer; dominance: one modality makes 75 % or more of all that moves it; conflict: both
    directions make 10 % or more; complement: all else. The words are M2Lens's, the thresholds ours.
    Source: Wang et al., M2Lens, IEEE VIS 2021.
    """
    shares = finite(contributions, "contributions", 2)
    total = np.abs(shares).sum(0)
    safe = np.maximum(total, STILL)
    smaller = np.minimum(shares.clip(min=0).sum(0), -shares.clip(max=0).sum(0))
    tests = (total < STILL, np.abs(shares).max(0) >= DOMINANT * safe, smaller >= OPPOSED * safe)
    names = ("none", "dominance", "conflict")
    found = np.select(tests, [SAMPLE_KINDS.index(name) for name in names], SAMPLE_KINDS.index("complement"))
    return found.astype(np.int8)
