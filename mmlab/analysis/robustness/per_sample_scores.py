"""A sweep graded: what every kind of answer can be asked about each sample under each combination.

The rest of the robustness measures work on this, so that they are written once: whether an answer is right (or good
enough), how large its error is, how much it should be doubted, and the scores over the test set with their intervals.
Everything is by bit mask (`mmlab.analysis.base.coalitions`), over the samples that have every modality.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, singledispatch
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.analysis.base.array_checks import Flags, Labels, Numbers
from mmlab.analysis.base.coalitions import Lattice, right, sweep_to_coalitions
from mmlab.analysis.robustness.selective_prediction import entropies, margins
from mmlab.core.outputs import Classification, Detection, Output, Regression, Segmentation
from mmlab.core.outputs.segmentation import DISTANCE, ENTROPY, THERE, dice_of
from mmlab.core.results import Sweep

DRAWS, SEED = 1000, 0
GOOD_DICE = 0.7


@dataclass(frozen=True)
class Measure(ABC):
    """A score of each combination over the test set, which can be taken again over any weighting of the samples."""

    name: str
    higher_is_better: bool
    is_share: bool

    @property
    @abstractmethod
    def samples(self) -> int:
        """N."""

    @abstractmethod
    def of(self, counts: Numbers) -> Numbers:
        """The scores `[D, 2**M]` when sample i counts `counts[d, i]` times, for `[D, N]`."""

    @cached_property
    def scores(self) -> Numbers:
        """`[2**M]` over all samples."""
        return self.of(np.ones((1, self.samples)))[0]

    @cached_property
    def intervals(self) -> Numbers:
        """The 95 % interval of each score, `[2**M, 2]`, from resampled test samples."""
        return self.resampled()

    def resampled(self) -> Numbers:
        """The percentile interval `[2**M, 2]`. Source: Efron, Bootstrap Methods, 1979."""
        return np.nanpercentile(self.of(resamples(self.samples)), (2.5, 97.5), axis=0).T


@dataclass(frozen=True)
class Mean(Measure):
    """The mean of a value per sample, or the mean of its means over several sets of samples.

    values: `[2**M, N]`; sets: bool `[G, N]`, such as one row per class for a score in which classes count alike.
    """

    values: Numbers
    sets: Flags

    @property
    def samples(self) -> int:
        return self.values.shape[1]

    def of(self, counts: Numbers) -> Numbers:
        with np.errstate(invalid="ignore"):
            each = [(counts * mask) @ self.values.T / (counts * mask).sum(1, keepdims=True) for mask in self.sets]
        return np.asarray(np.mean(each, 0))

    @cached_property
    def intervals(self) -> Numbers:
        """As for every measure; a plain share of samples gets Wilson's, which is not empty at 0 % and 100 %."""
        if len(self.sets) == 1 and np.isin(self.values, (0.0, 1.0)).all():
            return wilson(self.scores, int(self.sets[0].sum()))
        return self.resampled()


@dataclass(frozen=True)
class Correlation(Measure):
    """Pearson's r of answers `[2**M, N]` and truth `[N]`; 0 where either does not vary."""

    answers: Numbers
    truth: Numbers

    @property
    def samples(self) -> int:
        return len(self.truth)

    def of(self, counts: Numbers) -> Numbers:
        share = counts / counts.sum(1, keepdims=True)
        mean, centre = share @ self.answers.T, share @ self.truth
        joint = share @ (self.answers * self.truth).T - mean * centre[:, None]
        own = _varied(share @ (self.answers**2).T, mean)
        other = _varied(share @ self.truth**2, centre)[:, None]
        spread = np.sqrt(own * other)
        return np.where(spread > 0, joint / np.where(spread > 0, spread, 1.0), 0.0)


def _varied(squares: Numbers, mean: Numbers) -> Numbers:
    """The variance, 0 where what is left of the difference is rounding."""
    found = squares - mean**2
    return np.where(found > 1e-12 * (1 + mean**2), found, 0.0)


@dataclass(frozen=True)
class PerSampleScores:
    """What a sweep says of each sample under each combination.

    lattice:  the answers themselves.
    measures: by name, the headline first.
    right:    bool `[2**M, N]`: right, or good enough; `good` says in words what that means.
    error:    `[2**M, N]`, 0 for a perfect answer; what risk is the mean of.
    doubts:   by name, `[2**M, N]`, larger where the answer should be trusted less.
    slices:   by name, what each sample belongs to.
    """

    lattice: Lattice
    measures: Mapping[str, Measure]
    right: Flags
    good: str
    error: Numbers
    doubts: Mapping[str, Numbers]
    slices: Mapping[str, tuple[str, ...]]

    @property
    def ids(self) -> tuple[str, ...]:
        """One per sample."""
        return self.lattice.ids

    def mask(self, key: str) -> int:
        """The bit mask of a combination's key. Raises ValueError."""
        return self.lattice.keys.index(key)


def grade(found: Sweep, output: Output) -> PerSampleScores:
    """The sweep graded as this kind of answer: what a sweep keeps of it. Raises DataError where `lift` does."""
    graded = _grade(output, found)
    by_mask, doubts = graded.lattice, dict(graded.doubts)
    if found.variance is not None:
        doubts["variance"] = _by_mask(found, by_mask, found.variance.mean(-1))
    slices = {**graded.slices, **_people(by_mask.groups)}
    return PerSampleScores(by_mask, graded.measures, graded.right, graded.good, graded.error, doubts, slices)


def hardness(others: list[Flags]) -> tuple[str, ...]:
    """How hard each sample is for other models, from their `right` `[2**M, N]`: thirds, the hardest named first."""
    share = np.mean([table[1:].mean(0) for table in others], 0)
    return thirds(-share, ("easy for other models", "in between", "hard for other models"))


def thirds(values: NDArray[Any], names: tuple[str, str, str]) -> tuple[str, ...]:
    """Which third of the values each belongs to, small to large; equal values stay together."""
    edges = np.quantile(values, (1 / 3, 2 / 3))
    return tuple(names[place] for place in np.searchsorted(edges, values, side="left"))


def wilson(share: Numbers, count: int) -> Numbers:
    """The 95 % interval of shares of `count` samples, `[..., 2]`. Source: Wilson, 1927."""
    z = 1.959964
    middle = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    reach = z * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2)) / (1 + z**2 / count)
    return np.stack([np.clip(middle - reach, 0, 1), np.clip(middle + reach, 0, 1)], -1)


def resamples(samples: int, draws: int = DRAWS, seed: int = SEED) -> Numbers:
    """How often each sample is drawn, `[D, N]`, when as many as there are are drawn with replacement."""
    return np.random.default_rng(seed).multinomial(samples, np.full(samples, 1 / samples), draws).astype(np.float64)


@singledispatch
def _grade(output: Output, found: Sweep) -> PerSampleScores:
    raise TypeError(f"No grading is known for answers of the kind {output.kind}.")


@_grade.register
def _classes(output: Classification, found: Sweep) -> PerSampleScores:
    by_mask = sweep_to_coalitions(found)
    good = right(by_mask.logits, by_mask.target)
    names = tuple(output.classes[int(label)] for label in by_mask.target)
    doubts = {"entropy": entropies(by_mask.logits), "margin": -margins(by_mask.logits)}
    everyone = np.ones((1, good.shape[1]), bool)
    measures: dict[str, Measure] = {"accuracy": Mean("accuracy", True, True, good.astype(float), everyone)}
    if isinstance(output, Detection):
        measures = {**_passing(output, good, by_mask.target), **measures}
    error = (~good).astype(np.float64)
    return PerSampleScores(by_mask, measures, good, "the right answer", error, doubts, {"answer": names})


def _passing(output: Detection, good: Flags, target: NDArray[Any]) -> dict[str, Measure]:
    """The error rates of a detection: attacks that pass, genuine samples that do not, and the mean of both."""
    genuine = target == output.classes.index(output.accept)
    sets = {"acer": [~genuine, genuine], "apcer": [~genuine], "bpcer": [genuine]}
    return {
        name: Mean(name, False, True, (~good).astype(np.float64), np.array([each for each in chosen if each.any()]))
        for name, chosen in sets.items()
        if any(each.any() for each in chosen)
    }


@_grade.register
def _number(output: Regression, found: Sweep) -> PerSampleScores:
    by_mask = sweep_to_coalitions(found)
    answers, truth = by_mask.logits[..., 0].astype(np.float64), by_mask.target.astype(np.float64)
    error: Numbers = np.abs(answers - truth)
    good = (answers > output.middle) == (truth > output.middle)
    everyone = np.ones((1, len(truth)), bool)
    measures = {
        "mae": Mean("mae", False, False, error, everyone),
        "r": Correlation("r", True, False, answers, truth),
        "sign_accuracy": Mean("sign_accuracy", True, True, good.astype(float), everyone),
    }
    scale = (output.high - output.low) / 4
    doubts = {"boundary": np.exp(-np.abs(answers - output.middle) / scale)}
    side = np.where(truth > output.middle, "above the middle", "not above the middle")
    far = thirds(np.abs(truth - output.middle), ("near the middle", "in between", "far from the middle"))
    slices = {"answer": tuple(side.tolist()), "strength": far}
    return PerSampleScores(by_mask, measures, good, "the right side of the middle", error, doubts, slices)


@_grade.register
def _regions(output: Segmentation, found: Sweep) -> PerSampleScores:
    by_mask = sweep_to_coalitions(found, _nothing_found(found))
    kept: Numbers = by_mask.logits.astype(np.float64)
    dice = dice_of(kept)
    mean = dice.mean(-1)
    everyone = np.ones((1, mean.shape[1]), bool)
    measures: dict[str, Measure] = {"dice": Mean("dice", True, True, mean, everyone)}
    for place, region in enumerate(output.regions):
        name = f"dice_{region}"
        measures[name] = Mean(name, True, True, dice[..., place], everyone)
    for place, region in enumerate(output.regions):
        name = f"hd95_{region}"
        measures[name] = Mean(name, False, False, kept[..., place, DISTANCE], everyone)
    doubts = {"entropy": kept[..., ENTROPY].mean(-1)}
    slices = {"size": thirds(by_mask.target.max(-1), ("small", "medium", "large"))}
    return PerSampleScores(
        by_mask, measures, mean >= GOOD_DICE, f"Dice of at least {GOOD_DICE}", 1 - mean, doubts, slices
    )


def _nothing_found(found: Sweep) -> Numbers:
    """What a sweep keeps of an answer that finds no region in complete samples, `[N, R, KEPT]`."""
    rows = found.present.all(1)
    kept = np.zeros(found.logits[0][rows].shape)
    kept[..., THERE] = found.target[rows]
    for column in (DISTANCE, ENTROPY):  # as bad as the worst
        kept[..., column] = found.logits[:, rows, :, column].max(initial=0.0)
    return kept


def _by_mask(found: Sweep, by_mask: Lattice, values: NDArray[Any]) -> Numbers:
    """Values `[K, N]` of a sweep in the order of the lattice; nothing present is as doubtful as the worst."""
    rows: Labels = np.flatnonzero(found.present.all(1))
    table = np.empty(by_mask.logits.shape[:2])
    for mask, key in enumerate(by_mask.keys[1:], 1):
        table[mask] = values[found.index(key)][rows]
    table[0] = table[1:].max()
    return table


def _people(groups: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """The groups as a slicing, where they are few enough to hold several samples each."""
    return {"group": groups} if 2 <= len(set(groups)) <= len(groups) // 4 else {}
