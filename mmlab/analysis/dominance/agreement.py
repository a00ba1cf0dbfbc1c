"""Whether the measures agree on which modality matters most, and an explanation in words if they do not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mmlab.analysis.base.array_checks import Numbers
from mmlab.analysis.base.statistics import RankingChance, kendall_w, kendall_w_by_chance
from mmlab.analysis.dominance.measure import ALONE, INSIDE, MEASURES, SWAPPED, TOGETHER, measures
from mmlab.core.phrases import phrase, say

SURE = 0.05  # p of an agreement from which on it is more than chance
CLEAR = 0.1  # of the span of a measure: the lead from which on its first place is more than a tie

WHY: dict[frozenset[str], str] = {
    frozenset({ALONE, TOGETHER}): phrase(
        "An input can be strong alone and still add little, because the others know the same: look for "
        "interactions below 0. One that is weak alone can be needed to make sense of another: interactions "
        "above 0."
    ),
    frozenset({ALONE, SWAPPED}): phrase(
        "Alone asks what an input can do; swapped asks what the model does with it when everything is "
        "there. A model may ignore an input that it could use."
    ),
    frozenset({ALONE, INSIDE}): phrase(
        "Gradients are taken where everything is there and look at small changes of one score. They say "
        "nothing of what the input could do alone."
    ),
    frozenset({TOGETHER, SWAPPED}): phrase(
        "An absent input says nothing, a swapped one says something wrong. A model that was trained with "
        "missing inputs copes with that and can still be misled."
    ),
    frozenset({TOGETHER, INSIDE}): phrase(
        "Gradients show what the score reacts to, not what makes it right. Where the score is saturated "
        "they are small although the input decides, and evidence against an answer counts, too."
    ),
    frozenset({SWAPPED, INSIDE}): phrase(
        "Swapping changes an input altogether; a gradient sees a small change only, and evidence that "
        "others would replace still has one."
    ),
    frozenset({TOGETHER}): phrase(
        "They count different things: an input can change how sure the model is without changing whether "
        "it is right, and one very wrong answer weighs most in the log-probability."
    ),
    frozenset({ALONE}): phrase(
        "One counts right answers, the other adds up probabilities: a model can be right and unsure."
    ),
    frozenset({INSIDE}): phrase(
        "They look at different layers, or count what speaks for and against an answer differently."
    ),
    frozenset({SWAPPED}): phrase("They swap different things."),
}
OTHER = phrase("They look at different things.")


@dataclass(frozen=True)
class Disagreement:
    """Measures that rank different modalities first, and why that can happen."""

    first: str
    first_measures: tuple[str, ...]
    second: str
    second_measures: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class Agreement:
    """Kendall's W over measures, NaN where it is not defined; who is put first how often; the disputes in words.

    chance: what W would be if the measures ranked at random, None where it is not defined; it counts them as
    independent, and those that look at the same answers are not.
    leaders: by modality label, the titles of the measures that put it clearly first; undecided: those that put nobody.
    """

    w: float
    judges: int
    leaders: Mapping[str, tuple[str, ...]]
    undecided: tuple[str, ...]
    disputes: tuple[Disagreement, ...]
    chance: RankingChance | None

    @property
    def verdict(self) -> str:
        """In a few words, from the same counts as `leaders`: so it never says other than the list of who is first."""
        first = [len(names) for names in self.leaders.values()]
        if np.isnan(self.w) or not first:
            return say("nothing to compare")
        if len(first) > 1:
            return say("most agree on the first") if 2 * max(first) > sum(first) else say("they disagree on the first")
        by_chance = self.chance is not None and self.chance.p >= SURE
        return say("no more than chance gives") if by_chance else say("they agree on the first")


def agreement(ranked: Mapping[str, Numbers], labels: Sequence[str]) -> Agreement:
    """Of measures by name with a value `[M]` each, where more means that the model leans on it more."""
    leaders: dict[str, list[str]] = {}
    undecided = []
    for name, values in ranked.items():
        first = _leader(values)
        if first is None:
            undecided.append(name)
        else:
            leaders.setdefault(labels[first], []).append(name)
    w, chance = _w(ranked)
    return Agreement(
        w,
        len(ranked),
        {label: tuple(names) for label, names in sorted(leaders.items(), key=lambda item: -len(item[1]))},
        tuple(undecided),
        tuple(_disagreements(leaders)),
        chance,
    )


def _w(ranked: Mapping[str, Numbers]) -> tuple[float, RankingChance | None]:
    if len(ranked) < 2:
        return float("nan"), None
    scores = np.stack(list(ranked.values()))
    try:
        return kendall_w(scores), kendall_w_by_chance(scores)
    except ValueError:  # every measure ties all modalities
        return float("nan"), None


def _leader(values: Numbers) -> int | None:
    """Who is first by more than a tenth of what the largest is worth; nobody where it is closer."""
    order = np.argsort(-values, kind="stable")
    lead = values[order[0]] - values[order[1]] if len(values) > 1 else 0.0
    return int(order[0]) if lead > CLEAR * float(np.abs(values).max()) else None


def _disagreements(leaders: Mapping[str, Sequence[str]]) -> list[Disagreement]:
    """One per two modalities and two families of measures that put them first."""
    found = []
    ordered = sorted(leaders.items(), key=lambda item: -len(item[1]))
    for place, (first, names) in enumerate(ordered):
        for second, others in ordered[place + 1 :]:
            families: dict[frozenset[str], tuple[set[str], set[str]]] = {}
            for a in names:
                for b in others:
                    key = frozenset({MEASURES[a].family, MEASURES[b].family})
                    one, other = families.setdefault(key, (set(), set()))
                    one.add(a)
                    other.add(b)
            for key, (one, other) in families.items():
                found.append(Disagreement(first, _in_order(one), second, _in_order(other), WHY.get(key, OTHER)))
    return found


def _in_order(names: set[str]) -> tuple[str, ...]:
    return tuple(each.name for each in measures() if each.name in names)
