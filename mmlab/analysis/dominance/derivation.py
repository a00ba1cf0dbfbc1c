"""How a value is derived, step by step: a small table whose last column sums or averages to the value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmlab.analysis.base.array_checks import Numbers
from mmlab.core.phrases import phrase, say

NOTHING = phrase("nothing")


@dataclass(frozen=True)
class Arithmetic:
    """rule: the formula in words. head and lines: a table of words and numbers. end: how its last column is put
    together ("sum", "mean", or nothing where the last line is the number itself). line: which line is the number, where
    the table shows it among others."""

    rule: str
    head: tuple[str, ...]
    lines: tuple[tuple[str | float, ...], ...]
    end: str = ""
    line: int | None = None

    @property
    def total(self) -> float:
        """The sum or mean of the last column."""
        last = [float(line[-1]) for line in self.lines]
        return sum(last) if self.end == "sum" else float(np.mean(last)) if self.end == "mean" else last[-1]

    @property
    def value(self) -> float:
        """The value that the lines derive."""
        return self.total if self.line is None else float(self.lines[self.line][-1])


def named(mask: int, labels: Sequence[str]) -> str:
    """A combination in words: `Image + Sound`, or `nothing`."""
    return " + ".join(label for m, label in enumerate(labels) if mask >> m & 1) or say(NOTHING)


def quarters(values: Numbers, label: str) -> Arithmetic:
    """The mean of shares `[N]`, by quarters of the samples from the lowest to the highest."""
    parts = np.array_split(np.sort(values), min(4, len(values)))
    weights = [len(part) / len(values) for part in parts]
    every = (say("lowest quarter"), say("second quarter"), say("third quarter"), say("highest quarter"))
    names = every if len(parts) == 4 else None
    lines = tuple(
        (
            (names[n] if names else say("part {number}", number=n + 1)),
            float(part.mean()),
            weight,
            float(part.mean()) * weight,
        )
        for n, (part, weight) in enumerate(zip(parts, weights, strict=True))
    )
    share = say("mean share of {input}", input=label)
    head = (say("samples"), share, say("part of the samples"), say("share × part"))
    return Arithmetic(say("The share in each sample, averaged over samples"), head, lines, "sum")
