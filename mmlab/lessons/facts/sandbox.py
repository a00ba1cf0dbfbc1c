"""Facts about the sandboxes: on data with known ground truth (`ground`), and on two gradients that are added
(`arrows`).

A small network is trained on the data when it is asked for, which takes seconds.
"""

from __future__ import annotations

import math
import re

from mmlab.analysis.dominance.gradient_conflict import GradientPair, gradient_pair
from mmlab.core.errors import UnknownName
from mmlab.core.number_text import fixed, percent
from mmlab.experiments.synthetic_validation import Verdict, validated
from mmlab.lessons.fact import FactSource, Finding, fact
from mmlab.lessons.lesson import Ask

SIDES = ("left", "right")
ARROWS = re.compile(r"(\d{1,3}):(\d\.\d):(\d\.\d)")
AHEAD, COIN = 0.1, 0.5  # by how much one side must lead; what guessing scores
NAMES = ("first", "second")


@fact(
    "known_side", "On the data `ground`, which input `measure` puts first: left, right, or none where they are level."
)
def known_side(ask: Ask, source: FactSource) -> Finding:
    """What was measured of the trained network; the text is the number of the first, or of both."""
    found = _verdict(ask).found
    values = dict(zip(SIDES, found, strict=True))
    first = max(values, key=values.__getitem__)
    if abs(found[0] - found[1]) < AHEAD:
        return Finding("none", f"{percent(found[0])} / {percent(found[1])}")
    return Finding(first, percent(values[first]))


@fact("known_number", "The number that `measure` finds for the input `of` on the data `ground`.")
def known_number(ask: Ask, source: FactSource) -> Finding:
    """A number for a sentence, in percent."""
    if ask.of not in SIDES:
        raise UnknownName(f"There is no input '{ask.of}' here.", f"There are: {', '.join(SIDES)}.")
    text = percent(_verdict(ask).found[SIDES.index(ask.of)])
    return Finding(text, text)


@fact("known_alone", "From which input alone the network on `ground` is better than a coin: left, right, both or none.")
def known_alone(ask: Ask, source: FactSource) -> Finding:
    """The score of each input alone is the text."""
    row = validated(ask.ground).report.row("alone")
    scores = [number.value for number in row.numbers]
    better = [name for name, score in zip(SIDES, scores, strict=True) if score > COIN + AHEAD]
    key = "both" if len(better) == len(SIDES) else better[0] if better else "none"
    return Finding(key, " / ".join(map(percent, scores)))


@fact("measures_hold", "Whether all measures find the truth of the data `ground`: all or some; the words say how many.")
def measures_hold(ask: Ask, source: FactSource) -> Finding:
    """Counted over the table of the sandbox."""
    verdicts = validated(ask.ground).verdicts
    held = sum(each.holds for each in verdicts)
    return Finding("all" if held == len(verdicts) else "some", f"{held} of {len(verdicts)}")


@fact("gradients_meet", "Whether two gradients (`arrows`) conflict or agree; the words are their cosine.")
def gradients_meet(ask: Ask, source: FactSource) -> Finding:
    """They conflict where they are more than a right angle apart."""
    found = _pair(ask)
    return Finding("conflict" if found.conflict else "agree", fixed(found.cosine, 2, signed=True))


@fact(
    "sum_against", "Against which of two gradients (`arrows`) a step along their plain sum works: first, second, none."
)
def sum_against(ask: Ask, source: FactSource) -> Finding:
    """The words are the cosine of the sum with the one that it helps least."""
    return _worked_against(_pair(ask).pull)


@fact("kept_against", "The same of their sum after each has given up its part along the other (GMD).")
def kept_against(ask: Ask, source: FactSource) -> Finding:
    """The words are the cosine of that sum with the one that it helps least."""
    return _worked_against(_pair(ask).pull_kept)


def _worked_against(pull: tuple[float, float]) -> Finding:
    worse = min(range(len(pull)), key=pull.__getitem__)
    is_against = pull[worse] < 0 and not math.isclose(pull[worse], 0, abs_tol=1e-9)
    return Finding(NAMES[worse] if is_against else "none", fixed(pull[worse], 2, signed=True))


def _verdict(ask: Ask) -> Verdict:
    """What `measure` found, of those with a number for each input. Raises UnknownName."""
    there = {each.measure.name: each for each in validated(ask.ground).verdicts if len(each.found) == len(SIDES)}
    if ask.measure not in there:
        raise UnknownName(f"'{ask.measure}' has no number for each input here.", f"There are: {', '.join(there)}.")
    return there[ask.measure]


def _pair(ask: Ask) -> GradientPair:
    match = ARROWS.fullmatch(ask.arrows)
    if not match:
        raise UnknownName("No two gradients are named.", "Name them in `arrows`, as in 135:1.0:2.0.")
    return gradient_pair(float(match[2]), float(match[3]), min(float(match[1]), 180.0))
