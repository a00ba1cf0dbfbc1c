"""The content of static pages: plain values, ready to be written."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.core.number_text import NONE, fixed, on_scale
from mmlab.viz.base.html_report import Fact

STEPS = 65535  # of a coordinate of a map
NO_COLOUR = 255  # the code of a point that has none


@dataclass(frozen=True)
class Input:
    """A modality: its name, its label for people, its letter and colour."""

    name: str
    label: str
    letter: str
    colour: str


@dataclass(frozen=True)
class Scale:
    """How scores are written: title and meaning of the metric, whether it is a share, digits of one that is none."""

    name: str
    title: str
    about: str
    is_share: bool
    higher_is_better: bool
    digits: int

    def text(self, value: float) -> str:
        """A score for people: `93.1 %`, `0.412`."""
        if not math.isfinite(value):
            return NONE
        return f"{fixed(100 * value, 1)} %" if self.is_share else on_scale(value, self.digits)

    def bounds(self, low: float, high: float) -> str:
        """An interval for people; empty where there is none."""
        return f"{self.text(low)} to {self.text(high)}" if math.isfinite(low) else ""


@dataclass(frozen=True)
class Colouring:
    """A way to colour points: `codes` uint8 `[K, N]` are positions in `names` and `colours`, `NO_COLOUR` for none."""

    title: str
    names: Sequence[str]
    colours: Sequence[str]
    codes: NDArray[np.uint8]


@dataclass(frozen=True)
class EmbeddingMap:
    """The test set in two dimensions: `points [K, N, 2]`, NaN for what is not drawn; about: how it was made."""

    about: str
    ids: Sequence[str]
    points: NDArray[np.floating]
    colourings: Sequence[Colouring]

    def packed(self) -> dict[str, Any]:
        """As JSON: coordinates in 0 to `STEPS` along both axes alike, row by row, little-endian, base64."""
        low, high = np.nanmin(self.points, (0, 1)), np.nanmax(self.points, (0, 1))
        wide = float((high - low).max()) or 1.0
        steps = np.nan_to_num(np.round((self.points - low) / wide * STEPS)).astype("<u2")
        there = np.isfinite(self.points).all(2)
        return {
            "about": self.about,
            "ids": list(self.ids),
            "size": ((high - low) / wide).tolist(),
            "points": _base64(steps),
            "there": _base64(there.astype(np.uint8)),
            "colourings": [
                {
                    "title": each.title,
                    "names": list(each.names),
                    "colours": list(each.colours),
                    "codes": _base64(each.codes),
                }
                for each in self.colourings
            ],
        }


@dataclass(frozen=True)
class DominanceRow:
    """A measure of dominance: a cell of text per modality, or the problem that it has instead."""

    title: str
    question: str
    samples: int
    cells: Sequence[str]
    problem: str = ""


@dataclass(frozen=True)
class SiteModel:
    """A model. scores, low, high: by combination, NaN where there is none; basis: what intervals rest on.

    lattice: SVG whose nodes carry `data-pick` and `data-keys`; csv: files of numbers by name; facts: its provenance.
    """

    name: str
    title: str
    colour: str
    scores: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    basis: str
    lattice: str
    embedding: EmbeddingMap
    dominance: Sequence[DominanceRow]
    dominance_note: str
    facts: Sequence[Fact]
    csv: dict[str, str]


@dataclass(frozen=True)
class Site:
    """Everything of the pages. keys, labels: of the combinations, in one order everywhere; facts: of the whole."""

    title: str
    about: str
    inputs: Sequence[Input]
    keys: Sequence[str]
    labels: Sequence[str]
    scale: Scale
    models: Sequence[SiteModel]
    facts: Sequence[Fact]


def _base64(values: NDArray[Any]) -> str:
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode("ascii")
