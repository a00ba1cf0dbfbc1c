"""What happened on the Bench in one sentence, made from the answers.

>>> said = [Said("Joint training", "5", 0.97, good=False), Said("Modality dropout", "3", 0.7, good=True)]
>>> sentence(task.info.output, "With Image alone", said)
'With Image alone: Joint training is wrong and very sure; Modality dropout is right but unsure.'
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatch

from mmlab.core.outputs import Output, Regression, Segmentation
from mmlab.ui.text import wording


@dataclass(frozen=True)
class Said:
    """What one model answers now.

    share: the probability of the answer; None for a number or regions. good: None where the truth is not known.
    """

    title: str
    answer: str
    share: float | None
    good: bool | None


def inputs(on: Sequence[str], given: Sequence[str]) -> str:
    """Which inputs are on, by their labels: the shorter way to say it."""
    off = [label for label in given if label not in on]
    if not off:
        return "With all inputs" if len(given) > 1 else f"With {on[0]} alone"
    return f"With {on[0]} alone" if len(on) == 1 else f"Without {wording.together(off)}"


def sentence(output: Output, inputs: str, said: Sequence[Said]) -> str:
    """Each model and what is the matter with its answer; those of which the same holds are named together."""
    parts: dict[tuple[str, str, str], list[str]] = {}
    for each in said:
        parts.setdefault(_predicate(output, each), []).append(each.title)
    told = [
        f"{wording.together(titles)} {several if len(titles) > 1 else one} {rest}"
        for (one, several, rest), titles in parts.items()
    ]
    return f"{inputs}: {'; '.join(told)}."


@singledispatch
def _predicate(output: Output, said: Said) -> tuple[str, str, str]:
    """The verb for one model, for several, and the rest of the sentence."""
    sure = wording.certainty(said.share or 0.0)
    if said.good is None:
        return "says", "say", f"{said.answer}, {sure}"
    if said.good:
        return "is", "are", f"right {'but' if 'unsure' in sure else 'and'} {sure}"
    return "is", "are", f"wrong and {sure}"


@_predicate.register
def _side(output: Regression, said: Said) -> tuple[str, str, str]:
    number = said.answer.replace("-", "−")
    if said.good is None:
        return "says", "say", number
    return "is", "are", f"on the {'right' if said.good else 'wrong'} side ({number})"


@_predicate.register
def _regions(output: Segmentation, said: Said) -> tuple[str, str, str]:
    if said.good is None:
        return "finds", "find", f"regions whose overlap with those of all inputs is {said.answer}"
    verbs = ("finds", "find") if said.good else ("misses", "miss")
    return *verbs, f"the regions ({said.answer})"
