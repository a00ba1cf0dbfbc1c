"""Small data sets of two modalities with known information content, so that the value a measure must find follows by
hand; each measure states it in its own file (`Truth`).

The labels are fair bits, so everything follows by hand: the score of nothing is 1/2, and a combination that knows the
label scores 1. Samples are vectors around -1 or +1, so narrow that the best possible reader makes no mistakes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from mmlab.core.batch import Samples
from mmlab.core.errors import DataError, UnknownName
from mmlab.core.modality import Modalities, Modality
from mmlab.core.options import NO_OPTIONS
from mmlab.core.outputs import Classification
from mmlab.core.phrases import phrase
from mmlab.core.recordings import Raw
from mmlab.core.task import GallerySample, PreparedInput, Source, Split, TaskInfo

SIZES = {"train": 768, "valid": 256, "test": 512}
WIDTH = 4
NOISE = 0.15
NAMES = ("left", "right")
Bits = np.ndarray


@dataclass(frozen=True)
class SyntheticData:
    """One data set. draw: bits of left and right and the label, from a generator; worn: whether the right modality is a
    coin during training, and speaks when it is tested (a modality that collapsed in training)."""

    name: str
    title: str
    about: str
    draw: Callable[[np.random.Generator, int], tuple[Bits, Bits, Bits]]
    worn: bool = False


def _redundant(generator: np.random.Generator, count: int) -> tuple[Bits, Bits, Bits]:
    label = generator.integers(0, 2, count)
    return label, label, label


def _unique(generator: np.random.Generator, count: int) -> tuple[Bits, Bits, Bits]:
    label = generator.integers(0, 2, count)
    return label, generator.integers(0, 2, count), label


def _synergy(generator: np.random.Generator, count: int) -> tuple[Bits, Bits, Bits]:
    left, right = generator.integers(0, 2, (2, count))
    return left, right, left ^ right


SETS: dict[str, SyntheticData] = {
    each.name: each
    for each in (
        SyntheticData("redundant", phrase("Redundant"), phrase("Left and right both show the label."), _redundant),
        SyntheticData(
            "unique",
            phrase("Unique to one (copy)"),
            phrase("Left shows the label, right an independent coin."),
            _unique,
        ),
        SyntheticData(
            "synergy",
            phrase("Synergistic (XOR)"),
            phrase("The label says whether left and right differ: neither alone knows anything."),
            _synergy,
        ),
        SyntheticData(
            "collapsed",
            phrase("One suppressed in training"),
            phrase("Both show the label, but right was random during training, so it never learned to use it."),
            _redundant,
            worn=True,
        ),
    )
}


def data_named(name: str) -> SyntheticData:
    """The data set of that name. Raises UnknownName."""
    if name not in SETS:
        raise UnknownName(f"There is no data set '{name}'.", f"There are: {', '.join(SETS)}.")
    return SETS[name]


class SyntheticTask:
    """A synthetic data set as a task to train methods on. In memory: neither registered nor shipped."""

    plan: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, which: SyntheticData) -> None:
        modalities = [Modality(name, "vector", (WIDTH,), name.capitalize(), name[0].upper()) for name in NAMES]
        self.which = which
        self.name, self.title, self.about = f"known-{which.name}", which.title, which.about
        self.info = TaskInfo(self.name, Modalities(modalities), Classification(("0", "1")))

    def sources(self) -> tuple[Source, ...]:
        """Built-in only: the data are synthetic."""
        return ("built-in",)

    def samples(self, split: Split, source: Source = "built-in") -> Samples:
        """A split, the same at every call."""
        count = SIZES[split]
        generator = np.random.default_rng([SIZES[split], len(self.which.name)])
        *bits, label = self.which.draw(generator, count)
        values = [(2 * each[:, None] - 1) + generator.normal(0, NOISE, (count, WIDTH)) for each in bits]
        if self.which.worn and split != "test":
            coin = generator.integers(0, 2, count)
            values[1] = (2 * coin[:, None] - 1) + generator.normal(0, NOISE, (count, WIDTH))
        inputs = {n: torch.from_numpy(v.astype(np.float32)) for n, v in zip(NAMES, values, strict=True)}
        ids = tuple(f"{split}-{row:04d}" for row in range(count))
        return Samples(inputs, torch.ones(count, 2, dtype=torch.bool), torch.from_numpy(label).long(), ids, ids)

    def augment(self, inputs: Mapping[str, Tensor], seed: int) -> dict[str, Tensor]:
        """No augmentation."""
        return dict(inputs)

    def gallery(self) -> tuple[str, ...]:
        """No samples are shown."""
        return ()

    def example(self, sample: str) -> GallerySample:
        """Unsupported: it has no gallery samples."""
        raise DataError("This data set has no gallery.")

    def read(self, modality: str, content: bytes, name: str = "", options: Mapping[str, Any] = NO_OPTIONS) -> Raw:
        """Unsupported: it reads no files."""
        raise DataError("This data set reads no files.")

    def prepare(self, modality: str, raw: Raw) -> PreparedInput:
        """Unsupported: it preprocesses no recordings."""
        raise DataError("This data set reads no files.")

    def describe(self) -> dict[str, Any]:
        """What a card says about the data."""
        return {"note": "made up, of known truth", "noise": NOISE}
