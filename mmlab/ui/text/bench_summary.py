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
from mmlab.core.phrases import phrase, say
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


def _for_one_and_several(one: str, several: str, **values: str) -> tuple[str, str]:
    return say(one, models=MODELS, **values), say(several, models=MODELS, **values)


@singledispatch
def _predicate(output: Output, said: ModelPrediction) -> tuple[str, str]:
    """What is said of one model, and of several; `MODELS` stands for their names."""
    share = said.share or 0.0
    sure, answer = wording.certainty(share), say(said.answer)
    if said.good is None:
        return _for_one_and_several(
            phrase("{models} says {answer}, {sure}"), phrase("{models} say {answer}, {sure}"), answer=answer, sure=sure
        )
    if not said.good:
        return _for_one_and_several(
            phrase("{models} is wrong and {sure}"), phrase("{models} are wrong and {sure}"), sure=sure
        )
    if wording.is_unsure(share):
        return _for_one_and_several(
            phrase("{models} is right but {sure}"), phrase("{models} are right but {sure}"), sure=sure
        )
    return _for_one_and_several(
        phrase("{models} is right and {sure}"), phrase("{models} are right and {sure}"), sure=sure
    )


@_predicate.register
def _labels(output: Multilabel, said: ModelPrediction) -> tuple[str, str]:
    labels = said.answer
    if said.good is None:
        return _for_one_and_several(phrase("{models} gives {labels}"), phrase("{models} give {labels}"), labels=labels)
    if said.good:
        return _for_one_and_several(
            phrase("{models} is right about every label ({labels})"),
            phrase("{models} are right about every label ({labels})"),
            labels=labels,
        )
    return _for_one_and_several(
        phrase("{models} is not right about every label ({labels})"),
        phrase("{models} are not right about every label ({labels})"),
        labels=labels,
    )


@_predicate.register
def _side(output: Regression, said: ModelPrediction) -> tuple[str, str]:
    number = said.answer.replace("-", "−")
    if said.good is None:
        return _for_one_and_several(phrase("{models} says {number}"), phrase("{models} say {number}"), number=number)
    if said.good:
        return _for_one_and_several(
            phrase("{models} is on the right side ({number})"),
            phrase("{models} are on the right side ({number})"),
            number=number,
        )
    return _for_one_and_several(
        phrase("{models} is on the wrong side ({number})"),
        phrase("{models} are on the wrong side ({number})"),
        number=number,
    )


@_predicate.register
def _regions(output: Segmentation, said: ModelPrediction) -> tuple[str, str]:
    dice = said.answer
    if said.good is None:
        return _for_one_and_several(
            phrase("{models} finds regions whose overlap with those of all inputs is {dice}"),
            phrase("{models} find regions whose overlap with those of all inputs is {dice}"),
            dice=dice,
        )
    if said.good:
        return _for_one_and_several(
            phrase("{models} finds the regions ({dice})"), phrase("{models} find the regions ({dice})"), dice=dice
        )
    return _for_one_and_several(
        phrase("{models} misses the regions ({dice})"), phrase("{models} miss the regions ({dice})"), dice=dice
    )
