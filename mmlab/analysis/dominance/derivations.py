"""How a number came about, step by step: small tables whose last column adds up to, or averages to, the number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import factorial

import numpy as np

from mmlab.analysis.base.array_checks import Numbers
from mmlab.analysis.base.coalitions import log_probability_of_right

NOTHING = "nothing"


@dataclass(frozen=True)
class Arithmetic:
    """rule: the formula in words. head and lines: a table of words and numbers. end: how its last column is put
    together ("sum", "mean", or nothing where the last line is the number itself)."""

    rule: str
    head: tuple[str, ...]
    lines: tuple[tuple[str | float, ...], ...]
    end: str = ""

    @property
    def value(self) -> float:
        """The number that the lines lead to."""
        last = [float(line[-1]) for line in self.lines]
        return sum(last) if self.end == "sum" else float(np.mean(last)) if self.end == "mean" else last[-1]


def named(mask: int, labels: Sequence[str]) -> str:
    """A combination in words: `Image + Sound`, or `nothing`."""
    return " + ".join(label for m, label in enumerate(labels) if mask >> m & 1) or NOTHING


def of_shapley(scores: Numbers, modality: int, labels: Sequence[str]) -> Arithmetic:
    """Every marginal gain of a modality with its weight."""
    count, on = len(labels), 2**modality
    lines = []
    for mask in (mask for mask in range(len(scores)) if not mask & on):
        size = mask.bit_count()
        weight = factorial(size) * factorial(count - size - 1) / factorial(count)
        before, after = float(scores[mask]), float(scores[mask | on])
        lines.append((named(mask, labels), before, after, after - before, weight, weight * (after - before)))
    head = ("what is there", "without", f"with {labels[modality]}", "gain", "weight", "gain × weight")
    return Arithmetic("The gains, each weighted by how many orders of arrival it stands for", head, tuple(lines), "sum")


def of_interaction(scores: Numbers, first: int, second: int, labels: Sequence[str]) -> Arithmetic:
    """What two modalities add at once less what each adds, for everything else that can be there."""
    count, one, other = len(labels), 2**first, 2**second
    lines: list[tuple[str | float, ...]] = []
    for mask in (mask for mask in range(len(scores)) if not mask & (one | other)):
        size = mask.bit_count()
        weight = factorial(size) * factorial(count - size - 2) / factorial(count - 1)
        parts = [float(scores[code]) for code in (mask | one | other, mask | one, mask | other, mask)]
        extra = parts[0] - parts[1] - parts[2] + parts[3]
        lines.append((named(mask, labels), *parts, weight, weight * extra))
    head = ("what is there", "both", labels[first], labels[second], "neither", "weight", "(1 − 2 − 3 + 4) × weight")
    return Arithmetic(
        "Both − the first − the second + neither, weighted as in the fair share", head, tuple(lines), "sum"
    )


def of_alone(scores: Numbers, modality: int, labels: Sequence[str]) -> Arithmetic:
    """The score of one modality."""
    line = (labels[modality], float(scores[2**modality]))
    return Arithmetic("The score with this input only", ("what is there", "score"), (line,))


def of_dropped(scores: Numbers, modality: int, labels: Sequence[str]) -> Arithmetic:
    """Everything less everything else."""
    rest = len(scores) - 1 - 2**modality
    lines = (("everything", float(scores[-1])), (named(rest, labels), -float(scores[rest])))
    return Arithmetic("Everything − everything else", ("what is there", "score"), lines, "sum")


def of_utilisation(scores: Numbers, modality: int, labels: Sequence[str]) -> Arithmetic:
    """(with − without) / with for every combination of others."""
    on = 2**modality
    lines = []
    for mask in (mask for mask in range(1, len(scores)) if not mask & on):
        before, after = float(scores[mask]), float(scores[mask | on])
        if after != 0:
            lines.append((named(mask, labels), before, after, (after - before) / after))
    head = ("what is there", "without", f"with {labels[modality]}", "(with − without) / with")
    return Arithmetic("The part that it adds, averaged over what was there before", head, tuple(lines), "mean")


def of_lean(scores: Numbers, first: int, second: int, labels: Sequence[str]) -> Arithmetic:
    """What the first adds to the second, less the other way round."""
    one, other = 2**first, 2**second
    both = float(scores[one | other])
    lines = [
        (f"{a} added to {b}", float(scores[code]), both, sign * ((both - float(scores[code])) / both if both else 0.0))
        for a, b, code, sign in ((labels[first], labels[second], other, 1), (labels[second], labels[first], one, -1))
    ]
    head = ("what is added", "without", "with", "± (with − without) / with")
    return Arithmetic("The part that the first adds − the part that the second adds", head, tuple(lines), "sum")


def of_discrepancy(logits: np.ndarray, target: np.ndarray, modality: int, labels: Sequence[str]) -> Arithmetic:
    """Sums of probabilities as ratios to each other modality."""
    chances = np.exp(log_probability_of_right(logits, target)).sum(1)
    own = float(chances[2**modality])
    lines = [
        (f"{labels[modality]} : {label}", own, float(chances[2**m]), own / float(chances[2**m]))
        for m, label in enumerate(labels)
        if m != modality
    ]
    head = ("alone against alone", "sum of its probabilities", "sum of the other's", "ratio")
    return Arithmetic("The ratio to each other input, averaged", head, tuple(lines), "mean")


def of_perceptual(score: float, permuted: Numbers, label: str) -> Arithmetic:
    """The score, and what was left of it in each permutation."""
    lines = tuple(
        (f"permutation {n + 1}", score, float(value), score - float(value)) for n, value in enumerate(permuted)
    )
    head = ("draw", "as it is", f"{label} of others", "lost")
    return Arithmetic("The score − the score with this input permuted, averaged over permutations", head, lines, "mean")


def of_share(values: Numbers, label: str) -> Arithmetic:
    """The mean of shares, by tenths of the samples from the lowest to the highest."""
    parts = np.array_split(np.sort(values), min(4, len(values)))
    weights = [len(part) / len(values) for part in parts]
    names = ("lowest quarter", "second quarter", "third quarter", "highest quarter") if len(parts) == 4 else None
    lines = tuple(
        ((names[n] if names else f"part {n + 1}"), float(part.mean()), weight, float(part.mean()) * weight)
        for n, (part, weight) in enumerate(zip(parts, weights, strict=True))
    )
    head = ("samples", f"mean share of {label}", "part of the samples", "share × part")
    return Arithmetic("The share in each sample, averaged over samples", head, lines, "sum")


def of_emap(paired: Numbers, label: str) -> Arithmetic:
    """The model's own score less the additive one's."""
    own, additive = float(paired[0]), float(paired[1])
    lines = (("the model", own), (f"{label} and the rest, only added up", -additive))
    return Arithmetic("The score − the score of the best additive stand-in", ("who answers", "score"), lines, "sum")
