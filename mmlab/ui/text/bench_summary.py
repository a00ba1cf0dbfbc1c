"""A one-sentence summary of the Bench, generated from the predictions.

>>> joint = ModelPrediction("Joint training", "5", 0.97, good=False)
>>> dropout = ModelPrediction("Modality dropout", "3", 0.7, good=True)
>>> sentence(task.info.output, "With Image alone", [joint, dropout])
'With Image alone: Joint training is wrong and very sure; Modality dropout is right but unsure.'
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatch

from mmlab.core.outputs import Multilabel, Output, Regression, Segmentation
from mmlab.core.phrases import say
from mmlab.ui.text import wording

MODELS = "\0"  # in a sentence, until it is known whether one or several are meant


@dataclass(frozen=True)
class ModelPrediction:
    """The current prediction of one model.

    share: the probability of the answer; None for a number or regions. good: None where the truth is not known.
    """

    title: str
    answer: str
    share: float | None
    good: bool | None


def inputs(on: Sequence[str], given: Sequence[str]) -> str:
    """The active inputs by their labels, in the shorter of two phrasings."""
    off = [label for label in given if label not in on]
    if not off and len(given) > 1:
        return say("With all inputs")
    if len(on) == 1:
        return say("With {input} alone", input=on[0])
    return say("Without {inputs}", inputs=_together(off))


def sentence(output: Output, inputs: str, said: Sequence[ModelPrediction]) -> str:
    """What each model predicts; models for which the same holds are named together."""
    parts: dict[tuple[str, str], list[str]] = {}
    for each in said:
        parts.setdefault(_predicate(output, each), []).append(each.title)
    told = [
        (several if len(titles) > 1 else one).replace(MODELS, _together(titles))
        for (one, several), titles in parts.items()
    ]
    return say("{inputs}: {told}.", inputs=inputs, told=say("; ").join(told))


def _together(names: Sequence[str]) -> str:
    """`A`, `A and B`, `A, B and C`."""
    if len(names) < 2:
        return "".join(names)
    return say("{first} and {last}", first=", ".join(names[:-1]), last=names[-1])


@singledispatch
def _predicate(output: Output, said: ModelPrediction) -> tuple[str, str]:
    """What is said of one model, and of several; `MODELS` stands for their names."""
    share = said.share or 0.0
    sure, answer, models = wording.certainty(share), say(said.answer), MODELS
    if said.good is None:
        return (
            say("{models} says {answer}, {sure}", models=models, answer=answer, sure=sure),
            say("{models} say {answer}, {sure}", models=models, answer=answer, sure=sure),
        )
    if not said.good:
        return (
            say("{models} is wrong and {sure}", models=models, sure=sure),
            say("{models} are wrong and {sure}", models=models, sure=sure),
        )
    if wording.is_unsure(share):
        return (
            say("{models} is right but {sure}", models=models, sure=sure),
            say("{models} are right but {sure}", models=models, sure=sure),
        )
    return (
        say("{models} is right and {sure}", models=models, sure=sure),
        say("{models} are right and {sure}", models=models, sure=sure),
    )


@_predicate.register
def _labels(output: Multilabel, said: ModelPrediction) -> tuple[str, str]:
    labels, models = said.answer, MODELS
    if said.good is None:
        return (
            say("{models} gives {labels}", models=models, labels=labels),
            say("{models} give {labels}", models=models, labels=labels),
        )
    if said.good:
        return (
            say("{models} is right about every label ({labels})", models=models, labels=labels),
            say("{models} are right about every label ({labels})", models=models, labels=labels),
        )
    return (
        say("{models} is not right about every label ({labels})", models=models, labels=labels),
        say("{models} are not right about every label ({labels})", models=models, labels=labels),
    )


@_predicate.register
def _side(output: Regression, said: ModelPrediction) -> tuple[str, str]:
    number, models = said.answer.replace("-", "−"), MODELS
    if said.good is None:
        return (
            say("{models} says {number}", models=models, number=number),
            say("{models} say {number}", models=models, number=number),
        )
    if said.good:
        return (
            say("{models} is on the right side ({number})", models=models, number=number),
            say("{models} are on the right side ({number})", models=models, number=number),
        )
    return (
        say("{models} is on the wrong side ({number})", models=models, number=number),
        say("{models} are on the wrong side ({number})", models=models, number=number),
    )


@_predicate.register
def _regions(output: Segmentation, said: ModelPrediction) -> tuple[str, str]:
    dice, models = said.answer, MODELS
    if said.good is None:
        return (
            say("{models} finds regions whose overlap with those of all inputs is {dice}", models=models, dice=dice),
            say("{models} find regions whose overlap with those of all inputs is {dice}", models=models, dice=dice),
        )
    if said.good:
        return (
            say("{models} finds the regions ({dice})", models=models, dice=dice),
            say("{models} find the regions ({dice})", models=models, dice=dice),
        )
    return (
        say("{models} misses the regions ({dice})", models=models, dice=dice),
        say("{models} miss the regions ({dice})", models=models, dice=dice),
    )
