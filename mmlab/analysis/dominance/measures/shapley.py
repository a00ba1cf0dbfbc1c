"""Shapley values: modalities as players of a game, from a value per combination.

Which value that is (right or not, probability, log-probability, closeness) decides what is shared out, and so does what
stands in for an absent modality: both stand next to the numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import factorial
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from mmlab.analysis.base.array_checks import Numbers, finite, modality_count
from mmlab.analysis.base.coalitions import membership
from mmlab.analysis.dominance.derivation import Arithmetic, named
from mmlab.analysis.dominance.measure import BLIND_TIES, MEASURES, NATS, NUMBER, TOGETHER, Evidence, Measure, Truth
from mmlab.core.phrases import say

if TYPE_CHECKING:
    from mmlab.core.outputs import Output


def shapley(values: ArrayLike) -> Numbers:
    """What each modality adds, averaged over every order in which they can arrive: `[2**M, ...]` to `[M, ...]`.

    Adds up to complete input less nothing present. Raises ValueError for NaN or another number of rows.
    Source: Shapley, A Value for n-Person Games, 1953.
    """
    array = finite(values, "values")
    return np.tensordot(_shapley_weights(modality_count(array)), array, 1)


@lru_cache
def _shapley_weights(count: int) -> Numbers:
    """`[M, 2**M]`: the weight of each combination's value in each modality's share."""
    present = membership(count)
    others = present.sum(1)[:, None] - present
    weight = np.array([factorial(n) * factorial(count - n - 1) for n in range(count)]) / factorial(count)
    return (np.where(present, 1, -1) * weight[others]).T


def shapley_derivation(scores: Numbers, modality: int, labels: Sequence[str]) -> Arithmetic:
    """Every marginal gain of a modality with its weight, from scores `[2**M]`."""
    count, on = len(labels), 2**modality
    lines = []
    for mask in (mask for mask in range(len(scores)) if not mask & on):
        size = mask.bit_count()
        weight = factorial(size) * factorial(count - size - 1) / factorial(count)
        before, after = float(scores[mask]), float(scores[mask | on])
        lines.append((named(mask, labels), before, after, after - before, weight, weight * (after - before)))
    there = say("with {input}", input=labels[modality])
    head = (say("present before"), say("without"), there, say("gain"), say("weight"), say("gain × weight"))
    rule = say("The gains, each weighted by the number of orders that it stands for")
    return Arithmetic(rule, head, tuple(lines), "sum")


class ShapleyValue(Measure):
    """The Shapley value of what an answer is worth; `payoff` says in which sense."""

    payoff: ClassVar[str]
    symbol = "φₘ"
    family = TOGETHER
    source = "Shapley, A Value for n-Person Games, 1953; for modalities: Hu et al., SHAPE, IJCAI 2022"

    def suits(self, output: Output) -> bool:
        """Where answers have the payoff."""
        from mmlab.analysis.dominance.payoffs import payoffs

        return self.payoff in {each.name for each in payoffs(output)}

    def values(self, evidence: Evidence) -> Numbers:
        """The means of the shares of the samples."""
        return self.per_sample(evidence).mean(1)

    def per_sample(self, evidence: Evidence) -> Numbers:
        """The shares of each sample; they add up to its gain over nothing."""
        return shapley(evidence.tables[self.payoff])

    def derivation(self, evidence: Evidence, modality: int) -> Arithmetic:
        """Every marginal gain."""
        return shapley_derivation(evidence.tables[self.payoff].mean(1), modality, evidence.labels)


@MEASURES.register("shapley:right")
class OfRightAnswers(ShapleyValue):
    """Of right answers (right sides of a number, Dice of regions)."""

    payoff = "right"
    order = 10
    title = "Shapley value, of right answers"
    question = "How much of the model's performance is due to this input?"
    about = (
        "What the input adds when it arrives, averaged over every order in which inputs can arrive. All of them add up "
        "to everything less nothing."
    )
    truths = (
        Truth("redundant", (0.25, 0.25), 0.06, "Either is enough, so the gain of 1/2 is shared."),
        Truth("unique", (0.5, 0), 0.06, "All of the gain is due to left."),
        Truth("synergy", (0.25, 0.25), 0.06, "The second to arrive brings all, and each is second half of the time."),
        Truth("collapsed", (0.5, 0), 0.08, "All of the gain is due to left.", BLIND_TIES),
    )


@MEASURES.register("shapley:probability")
class OfProbability(ShapleyValue):
    """The Shapley value of the probability of the right answer."""

    payoff = "probability"
    order = 20
    title = "Shapley value, of probability"
    question = "The same, for the probability of the right class."
    about = "As above, with the probability of the right answer in the place of right or wrong."
    truths = (Truth("collapsed", (0.5, 0), 0.08, "All of the gain is due to left, although right knows the same."),)


@MEASURES.register("shapley:log_probability")
class OfLogProbability(ShapleyValue):
    """The Shapley value of the log-probability of the right answer."""

    payoff = "log_probability"
    order = 30
    title = "Shapley value, of log-probability"
    question = "The same, for the log-probability of the right class."
    about = (
        "As above, with the logarithm of that probability, so that one very wrong answer outweighs many slight ones."
    )
    unit = NATS


@MEASURES.register("shapley:closeness")
class OfCloseness(ShapleyValue):
    """The Shapley value of the negative distance to the right number."""

    payoff = "closeness"
    order = 40
    title = "Shapley value, of closeness"
    question = "The same, for the distance to the true number."
    about = "As above, with the distance to the right number, negative, in the place of right or wrong."
    unit = NUMBER
