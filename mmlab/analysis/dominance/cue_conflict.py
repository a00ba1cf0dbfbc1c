"""Cue conflict: one modality of sample A with another of sample B, and which one the prediction follows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from mmlab.analysis.base.array_checks import Numbers
from mmlab.analysis.base.input_swapping import InputSwapper, ProgressCallback, no_progress
from mmlab.analysis.dominance.payoffs import sample_values
from mmlab.core.errors import DataError
from mmlab.core.outputs import Classification, Multilabel, Output, Regression
from mmlab.core.phrases import phrase, say

MOST_PAIRS = 20_000, 400  # where answers are vectors, and where they are pictures
THIRDS = (phrase("lowest third"), phrase("middle third"), phrase("highest third"))


class NoPairs(DataError):
    """No two samples can contradict each other."""


@dataclass(frozen=True)
class CueConflict:
    """Contradicting pairs of samples, by the groups that A (rows) and B (columns) belong to.

    wins: `[G, G]`, pairs in which the modality of A was followed; losses: that of B; counts: all pairs. The rest was
    answered with something else. groups: their names; readable: samples that could be used, of `samples`.
    """

    first: str
    second: str
    groups: tuple[str, ...]
    wins: NDArray[np.int64]
    losses: NDArray[np.int64]
    counts: NDArray[np.int64]
    readable: int
    samples: int

    @property
    def share(self) -> float:
        """How often the prediction follows the first modality."""
        return float(self.wins.sum() / max(int(self.counts.sum()), 1))

    @property
    def other_share(self) -> float:
        """How often the prediction follows the second modality."""
        return float(self.losses.sum() / max(int(self.counts.sum()), 1))

    @property
    def lead(self) -> Numbers:
        """`[G, G]`: wins less losses as a share of the pairs, NaN where there are none."""
        return np.where(self.counts > 0, (self.wins - self.losses) / np.maximum(self.counts, 1), np.nan)


def measure_conflict(
    recombiner: InputSwapper,
    target: NDArray[Any],
    output: Output,
    first: str,
    second: str,
    seed: int = 0,
    tell: ProgressCallback = no_progress,
) -> CueConflict:
    """Predictions for all pairs of samples of different groups: `first` of A with `second` of B, nothing else present.

    Classes: only samples that each modality alone gets right take part, so that both sides speak clearly; who wins is
    the one whose class is answered. Numbers: thirds of the right ones; the nearer one of the two answers alone wins.
    Labels: no groups; whose own probabilities are nearer wins. Regions: no groups; the better overlap with the two
    answers alone wins. Raises NoPairs where no pairs are left.
    """
    modalities = recombiner.modalities
    places = [modalities.names.index(name) for name in (first, second)]
    present = np.zeros(len(modalities), bool)
    present[places] = True
    alone = [_alone(recombiner, place) for place in places]
    group, names = _groups(output, target)
    there = _readable(output, alone, target)
    pairs = _pairs(group, there, len(names), output.affordable(*MOST_PAIRS), np.random.default_rng(seed))
    if not len(pairs):
        raise NoPairs(say("No two samples are left for a cue conflict."), say("Choose two other inputs."))
    rows = np.repeat(pairs[:, :1], len(modalities), 1)
    rows[:, places[1]] = pairs[:, 1]
    logits = recombiner.answers(rows, np.tile(present, (len(rows), 1)), tell)
    won, lost = _outcome(output, logits, alone, target, pairs)
    all_pairs = np.ones(len(pairs), bool)
    wins, losses, counts = (_counted(group[pairs], each, len(names)) for each in (won, lost, all_pairs))
    return CueConflict(first, second, names, wins, losses, counts, int(there.sum()), len(target))


def _alone(recombiner: InputSwapper, place: int) -> NDArray[np.float32]:
    rows = np.tile(np.arange(recombiner.size)[:, None], (1, len(recombiner.modalities)))
    present = np.zeros(rows.shape, bool)
    present[:, place] = True
    return recombiner.answers(rows, present)


@singledispatch
def _groups(output: Output, target: NDArray[Any]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    return np.zeros(len(target), np.int64), (phrase("any sample"),)


@_groups.register
def _classes(output: Classification, target: NDArray[Any]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    return target.astype(np.int64), output.classes


@_groups.register
def _thirds(output: Regression, target: NDArray[Any]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    return np.digitize(target, np.quantile(target, (1 / 3, 2 / 3))).astype(np.int64), THIRDS


def _readable(output: Output, alone: list[NDArray[np.float32]], target: NDArray[Any]) -> NDArray[np.bool_]:
    if not output.class_names:
        return np.ones(len(target), bool)
    return (alone[0].argmax(1) == target) & (alone[1].argmax(1) == target)


def _pairs(
    group: NDArray[np.int64], there: NDArray[np.bool_], groups: int, most: int, generator: np.random.Generator
) -> NDArray[np.int64]:
    """`[P, 2]`: ordered pairs of usable samples of different groups; of different samples, where there is one group."""
    rows = np.flatnonzero(there)
    one, other = np.repeat(rows, len(rows)), np.tile(rows, len(rows))
    kept = (group[one] != group[other]) if groups > 1 else (one != other)
    pairs = np.stack([one[kept], other[kept]], 1)
    return pairs if len(pairs) <= most else pairs[np.sort(generator.choice(len(pairs), most, replace=False))]


Followed = tuple[NDArray[np.bool_], NDArray[np.bool_]]


@singledispatch
def _outcome(
    output: Output,
    logits: NDArray[np.float32],
    alone: list[NDArray[np.float32]],
    target: NDArray[Any],
    pairs: NDArray[np.int64],
) -> Followed:
    """Whether the first and whether the second modality was followed, `[P]` each: whose own regions overlap more."""
    match = [sample_values(output, logits, alone[k][pairs[:, k]] > 0, "right") for k in (0, 1)]
    return match[0] > match[1], match[1] > match[0]


@_outcome.register
def _same_class(
    output: Classification,
    logits: NDArray[np.float32],
    alone: list[NDArray[np.float32]],
    target: NDArray[Any],
    pairs: NDArray[np.int64],
) -> Followed:
    said = logits.argmax(1)
    return said == target[pairs[:, 0]], said == target[pairs[:, 1]]


@_outcome.register
def _nearer(
    output: Regression,
    logits: NDArray[np.float32],
    alone: list[NDArray[np.float32]],
    target: NDArray[Any],
    pairs: NDArray[np.int64],
) -> Followed:
    near = [np.abs(logits[:, 0] - alone[k][pairs[:, k], 0]) for k in (0, 1)]
    return near[0] < near[1], near[1] < near[0]


@_outcome.register
def _alike(
    output: Multilabel,
    logits: NDArray[np.float32],
    alone: list[NDArray[np.float32]],
    target: NDArray[Any],
    pairs: NDArray[np.int64],
) -> Followed:
    near = [np.abs(expit(logits) - expit(alone[k][pairs[:, k]])).sum(1) for k in (0, 1)]
    return near[0] < near[1], near[1] < near[0]


@singledispatch
def followed_when(output: Output, readable: int, samples: int) -> str:
    """Which samples take part, and what counts as followed, for people."""
    return say("Everything else is absent. Followed is the input whose own regions overlap more with those of both.")


@followed_when.register
def _class_followed(output: Classification, readable: int, samples: int) -> str:
    return say(
        "Everything else is absent. Only the {readable} of {samples} test samples that each of the two "
        "inputs alone gets right take part, so that both cues are clear.",
        readable=readable,
        samples=samples,
    )


@followed_when.register
def _label_followed(output: Multilabel, readable: int, samples: int) -> str:
    return say(
        "Everything else is absent. Followed is the input whose own probabilities of all labels are nearer to those of "
        "both."
    )


@followed_when.register
def _number_followed(output: Regression, readable: int, samples: int) -> str:
    return say(
        "Everything else is absent. Samples are grouped into thirds by their true number; the input whose "
        "own prediction is nearer to that of both counts as followed."
    )


def _counted(groups: NDArray[np.int64], which: NDArray[np.bool_], count: int) -> NDArray[np.int64]:
    flat = groups[which, 0] * count + groups[which, 1]
    return np.bincount(flat, minlength=count**2).reshape(count, count)
