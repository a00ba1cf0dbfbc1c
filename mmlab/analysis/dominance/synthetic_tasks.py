"""Small data sets of two modalities of which it is known what each of them knows, and what each measure must then find.

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
from mmlab.core.recordings import Raw
from mmlab.core.task import GallerySample, PreparedInput, Source, Split, TaskInfo

SIZES = {"train": 768, "valid": 256, "test": 512}
WIDTH = 4
NOISE = 0.15
NAMES = ("left", "right")
Bits = np.ndarray
BLIND_ANSWERS = (
    "It reads the answers of each input alone, not the input. A model that knows nothing alone answers with a coin "
    "that tells only a part of what it saw, so a part of the synergy is missed."
)
BLIND_TIES = (
    "It counts answers only. Right alone leaves the model at 50 : 50, and the slightest tilt then decides all answers "
    "alike: they can be all right or all wrong. The row with probabilities sees through this."
)


@dataclass(frozen=True)
class Truth:
    """What a measure must find for (left, right), or for the pair, and within which distance; why, in a sentence.

    blind: why the measure may miss it all the same; empty where it must not.
    """

    measure: str
    expected: tuple[float, ...]
    within: float
    why: str
    blind: str = ""


@dataclass(frozen=True)
class Known:
    """One data set. draw: bits of left and right and the label, from a generator; worn: whether the right modality is a
    coin while the model learns, and speaks when it is tested (a modality that collapsed in training)."""

    name: str
    title: str
    about: str
    draw: Callable[[np.random.Generator, int], tuple[Bits, Bits, Bits]]
    truths: tuple[Truth, ...]
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


def _four(
    fair: tuple[float, float], alone: tuple[float, float], dropped: tuple[float, float], why: str
) -> tuple[Truth, ...]:
    return (
        Truth("shapley:right", fair, 0.06, why),
        Truth("alone", alone, 0.08, why),
        Truth("dropped", dropped, 0.08, why),
    )


SETS: dict[str, Known] = {
    each.name: each
    for each in (
        Known(
            "redundant",
            "Both say the same",
            "Left and right both show the label.",
            _redundant,
            (
                *_four(
                    (0.25, 0.25),
                    (1, 1),
                    (0, 0),
                    "Either is enough, so the gain of 1/2 is shared and neither is missed.",
                ),
                Truth("interaction", (-0.5,), 0.1, "The second to arrive adds nothing: 1 − 1 − 1 + 1/2 = −1/2."),
                Truth("pid", (1, 0, 0, 0), 0.1, "One bit, which both know."),
                Truth("pid_data", (1, 0, 0, 0), 0.05, "Counted from the data themselves."),
                Truth("emap", (0, 0), 0.05, "Adding up two witnesses is enough: nothing is lost."),
            ),
        ),
        Known(
            "unique",
            "Only one knows",
            "Left shows the label, right shows a coin of its own.",
            _unique,
            (
                *_four((0.5, 0), (1, 0.5), (0.5, 0), "All of the gain is left's doing."),
                Truth(
                    "utilisation",
                    (0.5, 0),
                    0.08,
                    "Left adds 1/2 of the 1 that is reached with right; right adds nothing.",
                ),
                Truth("perceptual", (0.5, 0), 0.08, "Somebody else's left is right half of the time."),
                Truth("interaction", (0,), 0.08, "Nothing is shared and nothing needs the other."),
                Truth("pid", (0, 1, 0, 0), 0.1, "One bit, which only left knows."),
                Truth("pid_data", (0, 1, 0, 0), 0.05, "Counted from the data themselves."),
                Truth("emap", (0, 0), 0.05, "One witness alone needs no interaction."),
            ),
        ),
        Known(
            "synergy",
            "Only together (XOR)",
            "The label says whether left and right differ: neither alone knows anything.",
            _synergy,
            (
                *_four((0.25, 0.25), (0.5, 0.5), (0.5, 0.5), "Each alone is a coin; the second to arrive brings all."),
                Truth("interaction", (0.5,), 0.1, "1 − 1/2 − 1/2 + 1/2 = 1/2."),
                Truth("pid", (0, 0, 0, 1), 0.1, "One bit, which only both together know.", BLIND_ANSWERS),
                Truth("pid_data", (0, 0, 0, 1), 0.05, "Counted from the data themselves."),
                Truth("emap", (0.5, 0.5), 0.12, "No sum of the two can do it: the additive stand-in is a coin."),
                Truth("perceptual", (0.5, 0.5), 0.08, "Half of the swaps change the label."),
            ),
        ),
        Known(
            "collapsed",
            "One was drowned in training",
            "Both show the label, but right was a coin while the model learned, so it never learned to listen to it.",
            _redundant,
            (
                Truth(
                    "shapley:probability",
                    (0.5, 0),
                    0.08,
                    "All of the gain is left's doing, although right knows the same.",
                ),
                Truth("perceptual", (0.5, 0), 0.08, "Somebody else's right goes unnoticed."),
                Truth("alone", (1, 0.5), 0.08, "Right alone is a coin for this model.", BLIND_TIES),
                Truth("dropped", (0.5, 0), 0.08, "Without left, nothing is left.", BLIND_TIES),
                Truth("shapley:right", (0.5, 0), 0.08, "All of the gain is left's doing.", BLIND_TIES),
                Truth("pid", (0, 1, 0, 0), 0.1, "One bit, which only left's answers know.", BLIND_TIES),
                Truth(
                    "pid_data",
                    (1, 0, 0, 0),
                    0.05,
                    "The data still hold the bit in both: it is the model that does not listen.",
                ),
            ),
            worn=True,
        ),
    )
}


def known(name: str) -> Known:
    """The data set of that name. Raises UnknownName."""
    if name not in SETS:
        raise UnknownName(f"There is no data set '{name}'.", f"There are: {', '.join(SETS)}.")
    return SETS[name]


class KnownTask:
    """One of the sets as a task that methods can be trained on. In memory: not registered, not shipped."""

    plan: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, which: Known) -> None:
        modalities = [Modality(name, "vector", (WIDTH,), name.capitalize(), name[0].upper()) for name in NAMES]
        self.which = which
        self.name, self.title, self.about = f"known-{which.name}", which.title, which.about
        self.info = TaskInfo(self.name, Modalities(modalities), Classification(("0", "1")))

    def sources(self) -> tuple[Source, ...]:
        """Made up, so there are no real recordings."""
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
        """Nothing varies."""
        return dict(inputs)

    def gallery(self) -> tuple[str, ...]:
        """No samples are shown."""
        return ()

    def example(self, sample: str) -> GallerySample:
        """There are none."""
        raise DataError("This data set has no gallery.")

    def read(self, modality: str, content: bytes, name: str = "", options: Mapping[str, Any] = NO_OPTIONS) -> Raw:
        """There is nothing to read."""
        raise DataError("This data set reads no files.")

    def prepare(self, modality: str, raw: Raw) -> PreparedInput:
        """There is nothing to prepare."""
        raise DataError("This data set reads no files.")

    def describe(self) -> dict[str, Any]:
        """What a card says about the data."""
        return {"note": "made up, of known truth", "noise": NOISE}
