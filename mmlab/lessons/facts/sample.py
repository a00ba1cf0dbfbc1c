"""What a model says of one sample: task, model, sample, inputs and damage are read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mmlab.analysis.robustness import region_overlap
from mmlab.analysis.robustness.telling_samples import SURE
from mmlab.core.errors import UnknownName, Unsupported
from mmlab.core.number_text import fixed, percent
from mmlab.lessons.fact import Finding, World, fact, prediction
from mmlab.lessons.lesson import Ask


@fact("answer", "What the model answers: the class, or the number.")
def answer(ask: Ask, world: World) -> Finding:
    """The prediction in words is the option and the text."""
    said = prediction(ask, world).answer
    return Finding(said, said)


@fact("truth", "The right answer of the sample.")
def truth(ask: Ask, world: World) -> Finding:
    """No model is asked."""
    said = world.task(ask.task).info.output.in_words(world.truth(ask))
    return Finding(said, said)


@fact("probability", "The probability that the model gives its answer; of the class `of`, where one is named.")
def probability(ask: Ask, world: World) -> Finding:
    """A number for a sentence, in percent."""
    said = prediction(ask, world)
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
def verdict(ask: Ask, world: World) -> Finding:
    """For regions nothing is right or wrong: `dice` says how good they are."""
    said, output = prediction(ask, world), world.task(ask.task).info.output
    if not output.keeps_logits:
        raise Unsupported("Regions are neither right nor wrong.", "Ask for `dice`.")
    word = "right" if output.right(said, world.truth(ask)) else "wrong"
    if not said.probabilities:
        return Finding(word, word)
    return Finding(f"{word}-{'sure' if said.confidence >= SURE else 'unsure'}", word)


@fact("dice", "The Dice of the region `of` in this picture, from 0 to 1.")
def dice(ask: Ask, world: World) -> Finding:
    """A number for a sentence, with two digits."""
    values = _dices(ask, world)
    if ask.of not in values:
        raise UnknownName(f"There is no region '{ask.of}'.", f"There are: {', '.join(values)}.")
    text = fixed(values[ask.of], 2)
    return Finding(text, text)


@fact("lost_region", "Of which region the Dice in this picture falls most from all inputs to these.")
def lost_region(ask: Ask, world: World) -> Finding:
    """The name of the region is the option."""
    whole, now = _dices(replace(ask, inputs=""), world), _dices(ask, world)
    lost = max(now, key=lambda name: whole[name] - now[name])
    return Finding(lost, lost)


def _dices(ask: Ask, world: World) -> dict[str, float]:
    """The Dice of each region, by its name for people."""
    output, said = world.task(ask.task).info.output, prediction(ask, world)
    if output.keeps_logits:
        raise Unsupported("Only regions have a Dice.", "Ask for `verdict`.")
    values = region_overlap.dice(np.asarray(said.value) > 0.5, np.asarray(world.truth(ask), bool))
    return dict(zip(output.targets, map(float, values), strict=True))
