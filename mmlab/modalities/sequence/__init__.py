"""Sequences of features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mmlab.core.corruption_types import Corruption
from mmlab.core.drawing import InputDrawing
from mmlab.core.folder_input import FolderInput
from mmlab.core.modality_kinds import MODALITY_KINDS, ModalityKind
from mmlab.core.recordings import FeatureSequence, Raw
from mmlab.core.time_axis import TimeAxis

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn


@MODALITY_KINDS.register("sequence")
class SequenceKind(ModalityKind):
    """Rows of features, one per word or frame: tensors `[C + 1, T]`, whose last row is 1 where a step is there, else 0.

    Samples differ in length, and a length travels as this row, inside the tensor: so it goes wherever the input goes
    (stored in half precision, shuffled, batched, given to custom models, exported), and nobody else has to know
    of it. Presence is told, not guessed from zeros; NaN, which would tell it as well, would not survive a gradient, a
    mean over inputs or a mixture of two samples. An input that is missing is all zero, and so is without any step.
    """

    noun = "a sequence of features"
    recording = FeatureSequence
    endings = ("npy", "csv", "tsv", "txt")
    glance = 45

    def read(self, content: bytes, name: str = "") -> FeatureSequence:
        """Every column; a step of NaN alone is not there."""
        from mmlab.modalities.sequence.decode import read_sequence

        return read_sequence(content, name)

    def example(self) -> bytes:
        import numpy as np

        from mmlab.modalities.sequence.decode import encode_sequence

        steps = np.arange(14, dtype=np.float32)
        values = np.stack([np.sin(steps / 2), np.cos(steps / 3), steps % 5], 1)
        there = np.arange(14) != 6
        return encode_sequence(FeatureSequence(values, there, ("1", "2", "3")))

    def written(self, raw: Any, among: Sequence[Raw] = ()) -> Mapping[str, bytes]:
        from mmlab.modalities.sequence.decode import encode_sequence

        return {"npy": encode_sequence(raw)}

    def drawing(self) -> InputDrawing:
        from mmlab.modalities.sequence.draw import SequenceDrawing

        return SequenceDrawing()

    def folder_inputs(self) -> Mapping[str, type[FolderInput]]:
        from mmlab.modalities.sequence.folder_input import SequenceInput

        return {"sequence": SequenceInput}

    def corruptions(self) -> Mapping[str, Corruption]:
        from mmlab.modalities.sequence.corruptions import TABLE

        return TABLE

    def time_axis(self) -> TimeAxis:
        from mmlab.modalities.sequence.time_axis import SequenceTime

        return SequenceTime()

    def augment(self, batch: Tensor, generator: torch.Generator) -> Tensor:
        from mmlab.modalities.sequence.augment import vary_sequence

        return vary_sequence(batch, generator)

    def plain(self, batch: Tensor) -> Tensor:
        """As long as it is, each feature at its mean over the steps that are there."""
        values, there = batch[:, :-1], batch[:, -1:]
        mean = (values * there).sum(2, keepdim=True) / there.sum(2, keepdim=True).clamp(min=1)
        plain = batch.clone()
        plain[:, :-1] = mean * there
        return plain

    def encoder(self, shape: tuple[int, ...], width: int, size: int) -> nn.Module:
        from mmlab.modalities.sequence.encoder import encoder

        return encoder(shape[0] - 1, width, size)
