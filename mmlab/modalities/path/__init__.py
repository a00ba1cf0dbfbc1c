"""Pen paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mmlab.core.corruption_types import Act, Corruption
from mmlab.core.drawing import InputDrawing
from mmlab.core.folder_input import FolderInput
from mmlab.core.modality_kinds import MODALITY_KINDS, ModalityKind
from mmlab.core.recordings import Raw, Strokes
from mmlab.core.time_axis import TimeAxis

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import Tensor, nn


@MODALITY_KINDS.register("path")
class PathKind(ModalityKind):
    """Pen paths: points `[2, n]` along the way of the pen."""

    noun = "a pen path"
    recording = Strokes
    endings = ("csv", "json")
    ways = ("canvas", "file")
    glance = 20

    def read(self, content: bytes, name: str = "") -> Strokes:
        from mmlab.modalities.path.decode import read_strokes

        return read_strokes(content, name)

    def example(self) -> bytes:
        return b'{"strokes": [[[0, 0], [4, 8], [8, 0]], [[2, 4], [6, 4]]]}'

    def written(self, raw: Any, among: Sequence[Raw] = ()) -> Mapping[str, bytes]:
        from mmlab.modalities.path.decode import encode_strokes
        from mmlab.modalities.path.stroke_table import encode_table

        return {"csv": encode_table(raw), "json": encode_strokes(raw)}

    def drawing(self) -> InputDrawing:
        from mmlab.modalities.path.draw import PathDrawing

        return PathDrawing()

    def folder_inputs(self) -> Mapping[str, type[FolderInput]]:
        from mmlab.modalities.path.folder_input import PathInput

        return {"path": PathInput}

    def corruptions(self) -> Mapping[str, Corruption]:
        from mmlab.modalities.path.corruptions import TABLE

        return TABLE

    def corrupt(self, raw: Any, act: Act, strength: float, rng: np.random.Generator) -> Strokes:
        from mmlab.modalities.path.corruptions import apply

        return apply(raw, act, strength, rng)

    def time_axis(self) -> TimeAxis:
        from mmlab.modalities.path.time_axis import PathTime

        return PathTime()

    def augment(self, batch: Tensor, generator: torch.Generator) -> Tensor:
        from mmlab.modalities.path.augment import vary_path

        return vary_path(batch, generator)

    def encoder(self, shape: tuple[int, ...], width: int, size: int) -> nn.Module:
        from mmlab.networks.encoders import convolutions_1d

        return convolutions_1d(shape, width, size)
