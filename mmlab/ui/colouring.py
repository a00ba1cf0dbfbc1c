"""What the dots of Embed are coloured by: the ways that a model and its kind of answer have, and their colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mmlab.analysis.embedding import by_class, correct
from mmlab.analysis.maps import Map
from mmlab.core.outputs import Classification, Output, Regression
from mmlab.core.results import Sweep
from mmlab.viz import embedding as drawn

COLOURS = {
    "class": "Class",
    "number": "Right number",
    "combination": "Combination",
    "answer": "Right or wrong",
    "variance": "Variance",
}
Names = dict[str, Any]


def ways(found: Sweep, output: Output) -> tuple[str, ...]:
    """The ways of colouring that there are for these answers."""
    there = {
        "class": isinstance(output, Classification),
        "number": isinstance(output, Regression),
        "combination": True,
        "answer": correct(found) is not None,
        "variance": found.variance is not None,
    }
    return tuple(name for name, has in there.items() if has)


def colouring(
    found: Sweep, made: Map, output: Output, way: str, letters: Sequence[str], last: int
) -> tuple[drawn.Colouring, Names]:
    """The colours of the dots, and what is written at which places; `last`: the combination that places them."""
    classes = getattr(output, "classes", ())
    if way == "class":
        centres = by_class(made.projection.points[[last]], found.target)
        names = {classes[label]: centre for label, (centre, _) in centres.items()}
        return drawn.by_label(found.target.astype(int), classes, len(letters)), names
    if way == "number":
        numbers = np.broadcast_to(found.target.astype(np.float32), found.logits.shape[:2])
        return drawn.Gradient("right number", numbers), {}
    if way == "answer":
        right = correct(found)
        assert right is not None
        return drawn.by_answer(right), {}
    if way == "variance":
        assert found.variance is not None
        return drawn.Gradient("variance", found.variance.mean(2)), {}
    return drawn.by_combination(tuple(letters), len(found.ids)), {}


def truth(output: Output, target: Any) -> str:
    """The right answer of a sample of a sweep in words; empty where it is not one value."""
    if isinstance(output, Classification):
        return output.classes[int(target)]
    return output.words(float(target)) if isinstance(output, Regression) else ""
