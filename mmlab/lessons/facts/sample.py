"""Facts about one sample: task, model, sample, inputs and corruption are read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mmlab.analysis.robustness import region_overlap
from mmlab.analysis.robustness.notable_samples import SURE
from mmlab.core.errors import UnknownName, Unsupported
from mmlab.core.number_text import fixed, percent
from mmlab.lessons.fact import FactSource, Finding, fact, prediction
from mmlab.lessons.lesson import Ask


@fact("answer", "What the model answers: the class, or the number.")
def answer(ask: Ask, source: FactSource) -> Finding:
    """The prediction in words is the option and the text."""
    said = prediction(ask, source).answer
    return Finding(said, said)


@fact("truth", "The right answer of the sample.")
def truth(ask: Ask, source: FactSource) -> Finding:
    """No model is asked."""
    said = source.task(ask.task).info.output.in_words(source.truth(ask))
    return Finding(said, said)


@fact("probability", "The probability that the model gives its answer; of the class `of`, where one is named.")
def probability(ask: Ask, source: FactSource) -> Finding:
    """A number for a sentence, in percent."""
    said = prediction(ask, source)
    if not said.probabilities:
        raise Unsupported("This answer has no probability.", "Ask for `answer`.")
    if ask.of and ask.of not in said.probabilities:
        raise UnknownName(f"There is no class '{ask.of}'.", f"There are: {', '.join(said.probabilities)}.")
    text = percent(said.probabilities[ask.of] if ask.of else said.confidence)
    return Finding(text, text)


@fact(
    "verdict",
    "Whether the answer is right and sure: right-sure, right-unsure, wrong-sure or wrong-unsure; right or wrong for a "
    "number. Sure is from 80 %, as everywhere on the screen.",
)
def verdict(ask: Ask, source: FactSource) -> Finding:
    """For regions nothing is right or wrong: `dice` says how good they are."""
    said, output = prediction(ask, source), source.task(ask.task).info.output
    if not output.keeps_logits:
        raise Unsupported("Regions are neither right nor wrong.", "Ask for `dice`.")
    word = "right" if output.right(said, source.truth(ask)) else "wrong"
    if not said.probabilities:
        return Finding(word, word)
    return Finding(f"{word}-{'sure' if said.confidence >= SURE else 'unsure'}", word)


@fact("dice", "The Dice of the region `of` in this picture, from 0 to 1.")
def dice(ask: Ask, source: FactSource) -> Finding:
    """A number for a sentence, with two digits."""
    values = _dices(ask, source)
    if ask.of not in values:
        raise UnknownName(f"There is no region '{ask.of}'.", f"There are: {', '.join(values)}.")
    text = fixed(values[ask.of], 2)
    return Finding(text, text)


@fact("lost_region", "Of which region the Dice in this picture falls most from all inputs to these.")
def lost_region(ask: Ask, source: FactSource) -> Finding:
    """The name of the region is the option."""
    whole, now = _dices(replace(ask, inputs=""), source), _dices(ask, source)
    lost = max(now, key=lambda name: whole[name] - now[name])
    return Finding(lost, lost)


def _dices(ask: Ask, source: FactSource) -> dict[str, float]:
    """The Dice of each region, by its name for people."""
    output, said = source.task(ask.task).info.output, prediction(ask, source)
    if output.keeps_logits:
        raise Unsupported("Only regions have a Dice.", "Ask for `verdict`.")
    values = region_overlap.dice(np.asarray(said.value) > 0.5, np.asarray(source.truth(ask)))
    return dict(zip(output.targets, map(float, values), strict=True))
