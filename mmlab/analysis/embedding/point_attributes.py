"""Attributes of each point of a map (a sample under a combination), for every kind of output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import singledispatch

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax

from mmlab.analysis.embedding import map_quality
from mmlab.analysis.embedding.projection import valid
from mmlab.core.errors import DataError
from mmlab.core.outputs import Classification, Multilabel, Output, Regression, Segmentation, SemanticSegmentation
from mmlab.core.outputs.segmentation import ENTROPY
from mmlab.core.phrases import phrase
from mmlab.core.results import Floats, Sweep

MOST_GROUPS = 9  # names with a colour of their own; the rest is one
REST = "others"
LABEL = "label: "  # before the name of a label, in the name of the property of having it
MAIN = ("class", "label", "target", "dice", "iou")  # what a sample is about, by kind of answer


@dataclass(frozen=True)
class Labels:
    """Each point belongs to one of `names`, by its position in `codes` `[K, N]`; good and bad are told apart."""

    names: tuple[str, ...]
    codes: NDArray[np.int64]
    judged: bool = False


@dataclass(frozen=True)
class Numbers:
    """Each point has a number `values` `[K, N]`; NaN where it has none. unit: what it is, for people."""

    unit: str
    values: NDArray[np.float64]


Property = Labels | Numbers


def properties(found: Sweep, output: Output) -> dict[str, Property]:
    """By name: what the answers give, then `combination`, `variance` and `group` where there are such things."""
    result = dict(_of_answers(output, found))
    result["combination"] = _combinations(found)
    if found.variance is not None:
        result["variance"] = Numbers(phrase("mean variance"), _known(found, found.variance.mean(2)))
    if 1 < len(set(found.groups)) < len(found.groups):
        result["group"] = _groups(found)
    return result


def main(there: Mapping[str, Property]) -> tuple[str, Property]:
    """What a sample is about, and its name: the class, a label, the number or the Dice score. Raises DataError."""
    for name in MAIN:
        if name in there:
            return name, there[name]
    raise DataError("Nearest neighbours are not defined for this kind of output.")


def neighbour_score(
    points: Floats, kind: Property, row: int, kept: NDArray[np.bool_], neighbours: int = map_quality.NEIGHBOURS
) -> float:
    """How well the neighbours of `points` `[P, d]`, the `kept` samples under combination `row`, tell a property.

    The share of right labels, or the correlation with the neighbours' mean number.
    """
    count = min(neighbours, len(points) - 1)
    if isinstance(kind, Labels):
        return map_quality.neighbour_accuracy(points, kind.codes[row, kept], count)
    return map_quality.neighbour_correlation(points, kind.values[row, kept], count)


def accuracy_like(found: Sweep, output: Output) -> NDArray[np.float64]:
    """How good each answer is, `[K, N]`, 1 at best: right or wrong, Dice, or minus the error; NaN where not given."""
    return _known(found, output.goodness(found.logits, found.target))


@singledispatch
def _of_answers(output: Output, found: Sweep) -> Mapping[str, Property]:
    return {}


@_of_answers.register
def _classes(output: Classification, found: Sweep) -> Mapping[str, Property]:
    shape = found.mean.shape[:2]
    target = np.broadcast_to(found.target.astype(np.int64), shape)
    wrong = (found.logits.argmax(2) != found.target).astype(np.int64)
    sure = softmax(found.logits.astype(np.float64), 2).max(2)
    return {
        "class": Labels(tuple(output.classes), target),
        "answer": Labels((phrase("right"), phrase("wrong")), wrong, judged=True),
        "certainty": Numbers(phrase("certainty"), _known(found, sure)),
    }


@_of_answers.register
def _labels(output: Multilabel, found: Sweep) -> Mapping[str, Property]:
    """Whether a sample has each label; `label` is the one that tells most samples apart."""
    shape, there = found.mean.shape[:2], found.target.astype(bool)
    yes = expit(found.logits.astype(np.float64))
    sure = np.where(output.decided(found.logits), yes, 1 - yes).mean(2)
    wrong = (~output.correct(found.logits, found.target)).astype(np.int64)
    each = {
        name: Labels((name, f"not {name}"), np.broadcast_to((~has).astype(np.int64), shape))
        for name, has in zip(output.classes, there.T, strict=True)
    }
    evenest = output.classes[int(np.abs(there.mean(0) - 0.5).argmin())] if len(there) else output.classes[0]
    return {
        "label": each[evenest],
        **{f"{LABEL}{name}": kind for name, kind in each.items()},
        "labels": Numbers(phrase("number of labels"), np.broadcast_to(there.sum(1).astype(np.float64), shape)),
        "answer": Labels((phrase("every label right"), phrase("not every label")), wrong, judged=True),
        "overlap": Numbers(output.goodness_name, accuracy_like(found, output)),
        "certainty": Numbers(phrase("certainty"), _known(found, sure)),
    }


@_of_answers.register
def _number(output: Regression, found: Sweep) -> Mapping[str, Property]:
    shape = found.mean.shape[:2]
    answers = found.logits[..., 0].astype(np.float64)
    truth = np.broadcast_to(found.target.astype(np.float64), shape)
    wrong = ((answers > output.middle) != (truth > output.middle)).astype(np.int64)
    return {
        "target": Numbers(phrase("true number"), truth),
        "said": Numbers(phrase("predicted number"), _known(found, answers)),
        "error": Numbers(phrase("error"), _known(found, np.abs(answers - truth))),
        "answer": Labels((phrase("right side of the middle"), phrase("wrong side")), wrong, judged=True),
    }


@_of_answers.register
def _kinds(output: SemanticSegmentation, found: Sweep) -> Mapping[str, Property]:
    return {"iou" if name == "dice" else name: each for name, each in _regions(output, found).items()}


@_of_answers.register
def _regions(output: Segmentation, found: Sweep) -> Mapping[str, Property]:
    kept = found.logits.astype(np.float64)
    size = np.broadcast_to(found.target.reshape(len(found.ids), -1).max(1).astype(np.float64), found.mean.shape[:2])
    return {
        "dice": Numbers(output.goodness_name, accuracy_like(found, output)),
        "doubt": Numbers(phrase("entropy per pixel"), _known(found, kept[..., ENTROPY].mean(2))),
        "size": Numbers(phrase("pixels of the largest region"), size),
    }


def _combinations(found: Sweep) -> Labels:
    rows = np.arange(len(found.combinations))[:, None]
    return Labels(found.combinations, np.broadcast_to(rows, found.mean.shape[:2]))


def _groups(found: Sweep) -> Labels:
    """The largest groups by name; the rest together."""
    names, codes, sizes = np.unique(found.groups, return_inverse=True, return_counts=True)
    if len(names) <= MOST_GROUPS + 1:
        return Labels(tuple(names.tolist()), np.broadcast_to(codes, found.mean.shape[:2]))
    largest = np.argsort(-sizes, kind="stable")[:MOST_GROUPS]
    place = np.full(len(names), MOST_GROUPS)
    place[largest] = np.arange(MOST_GROUPS)
    return Labels((*names[largest].tolist(), REST), np.broadcast_to(place[codes], found.mean.shape[:2]))


def _known(found: Sweep, values: NDArray[np.floating]) -> NDArray[np.float64]:
    """NaN where a sample lacks a modality of the combination."""
    return np.where(valid(found), values, np.nan).astype(np.float64)
