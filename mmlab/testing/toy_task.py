"""Toy tasks with two to six modalities and every kind of output, in memory and quick to train on."""

from __future__ import annotations

from collections.abc import Mapping
from functools import singledispatch
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from mmlab.core.batch import Samples
from mmlab.core.errors import DataError
from mmlab.core.modality import Modalities, Modality
from mmlab.core.options import NO_OPTIONS
from mmlab.core.outputs import Classification, Detection, Multilabel, Output, Regression, Segmentation
from mmlab.core.recordings import Raw
from mmlab.core.task import GallerySample, PreparedInput, Source, Split, TaskInfo

OUTPUTS: dict[str, Output] = {
    "classification": Classification(("low", "middle", "high")),
    "detection": Detection(("low", "high"), accept="high"),
    "multilabel": Multilabel(("low", "high", "far")),
    "regression": Regression(-1.0, 1.0),
    "segmentation": Segmentation(("whole", "core")),
}
SIZES = {"train": 96, "valid": 48, "test": 48}
VECTOR = 6
PIXELS = 8


class ToyTask:
    """Every modality is a noisy witness of one hidden score; pictures carry a disc for segmentation."""

    title = "Toy"
    about = "A toy."
    plan: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, kind: str = "classification", count: int = 3, gaps: float = 0.0) -> None:
        output = OUTPUTS[kind]
        self.pictures = output.dense  # a toy of regions needs pictures; all other toys are rows of numbers
        shape, input_kind = ((1, PIXELS, PIXELS), "image") if self.pictures else ((VECTOR,), "vector")
        modalities = [Modality(f"m{i}", input_kind, shape, f"M{i}", chr(65 + i)) for i in range(count)]
        self.name = f"toy-{kind}-{count}"
        self.gaps = gaps
        self.info = TaskInfo(self.name, Modalities(modalities), output)

    def sources(self) -> tuple[Source, ...]:
        return ("built-in",)

    def samples(self, split: Split, source: Source = "built-in") -> Samples:
        size = SIZES[split]
        rng = np.random.default_rng([len(split), size])
        score = rng.uniform(-1, 1, size)
        present = np.ones((size, len(self.info.modalities)), bool)
        if self.gaps:
            present = rng.random(present.shape) >= self.gaps
            present[:, 0] |= ~present.any(1)
        inputs = {}
        for i, modality in enumerate(self.info.modalities):
            clean = _picture(score) if self.pictures else score[:, None] * np.ones(VECTOR)
            noisy = clean.reshape(size, *modality.shape) + rng.normal(0, 0.3 + 0.1 * i, (size, *modality.shape))
            noisy[~present[:, i]] = 0
            inputs[modality.name] = torch.from_numpy(noisy.astype(np.float32))
        names = tuple(f"{split}-{i:04d}" for i in range(size))
        return Samples(inputs, torch.from_numpy(present), self._target(score), names, names)

    def _target(self, score: np.ndarray) -> Tensor:
        return _target(self.info.output, score)

    def augment(self, inputs: Mapping[str, Tensor], seed: int) -> dict[str, Tensor]:
        generator = torch.Generator().manual_seed(seed)
        return {n: v + 0.01 * torch.randn(v.shape, generator=generator) for n, v in inputs.items()}

    def gallery(self) -> tuple[str, ...]:
        return ()

    def example(self, sample: str) -> GallerySample:
        raise DataError("The toy has no gallery.")

    def read(self, modality: str, content: bytes, name: str = "", options: Mapping[str, Any] = NO_OPTIONS) -> Raw:
        raise DataError("The toy reads no files.")

    def prepare(self, modality: str, raw: Raw) -> PreparedInput:
        raise DataError("The toy reads no files.")

    def describe(self) -> dict[str, Any]:
        return {"note": "toy"}


def _picture(score: np.ndarray) -> np.ndarray:
    y, x = np.mgrid[-1 : 1 : PIXELS * 1j, -1 : 1 : PIXELS * 1j]
    return (np.hypot(x, y)[None] < 0.6 + 0.4 * score[:, None, None]).astype(float)


@singledispatch
def _target(output: Output, score: np.ndarray) -> Tensor:
    regions = np.stack([_picture(score), _picture(score - 0.5)], 1) > 0.5
    regions[0] = False  # some metrics are about samples in which nothing is
    return torch.from_numpy(regions)


@_target.register
def _class(output: Classification, score: np.ndarray) -> Tensor:
    return torch.from_numpy(np.digitize(score, [-0.33, 0.33])).long()


@_target.register
def _side(output: Detection, score: np.ndarray) -> Tensor:
    return torch.from_numpy(score > 0).long()


@_target.register
def _labels(output: Multilabel, score: np.ndarray) -> Tensor:
    return torch.from_numpy(np.stack([score < 0.2, score > -0.2, np.abs(score) > 0.6], 1))


@_target.register
def _number(output: Regression, score: np.ndarray) -> Tensor:
    return torch.from_numpy(score.astype(np.float32))
