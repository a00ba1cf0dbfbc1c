"""Optical flow: the motion of everything from one frame to the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mmlab.core.corruption_types import Act, Corruption
from mmlab.core.drawing import InputDrawing
from mmlab.core.folder_input import FolderInput
from mmlab.core.modality_kinds import MODALITY_KINDS, ModalityKind
from mmlab.core.recordings import Flow, Raw

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import Tensor, nn


@MODALITY_KINDS.register("flow")
class FlowKind(ModalityKind):
    """Optical flow: tensors `[2, H, W]` in [-1, 1], how far each pixel goes to the right and down; 0 is still."""

    noun = "optical flow"
    recording = Flow
    endings = ("flo", "png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff")
    spatial = True
    glance = 5

    def read(self, content: bytes, name: str = "") -> Flow:
        from mmlab.modalities.flow.decode import read_flow

        return read_flow(content, name)

    def example(self) -> bytes:
        import numpy as np

        from mmlab.modalities.flow.decode import encode_flo

        return encode_flo(np.mgrid[-10:10, -12:12][::-1] / np.float32(40))

    def written(self, raw: Any, among: Sequence[Raw] = ()) -> Mapping[str, bytes]:
        from mmlab.modalities.flow.decode import encode_flo
        from mmlab.modalities.flow.vectors import vectors_of
        from mmlab.modalities.image.decode import encode_picture

        return {"flo": encode_flo(vectors_of(raw)), "png": encode_picture(raw)}

    def drawing(self) -> InputDrawing:
        from mmlab.modalities.flow.draw import FlowDrawing

        return FlowDrawing()

    def folder_inputs(self) -> Mapping[str, type[FolderInput]]:
        from mmlab.modalities.flow.folder_input import FlowInput

        return {"flow": FlowInput}

    def corruptions(self) -> Mapping[str, Corruption]:
        from mmlab.modalities.flow.corruptions import TABLE

        return TABLE

    def corrupt(self, raw: Any, act: Act, strength: float, rng: np.random.Generator) -> Flow:
        from mmlab.modalities.flow.corruptions import apply

        return apply(raw, act, strength, rng)

    def augment(self, batch: Tensor, generator: torch.Generator) -> Tensor:
        from mmlab.modalities.flow.augment import vary_flow

        return vary_flow(batch, generator)

    def encoder(self, shape: tuple[int, ...], width: int, size: int) -> nn.Module:
        from mmlab.networks.encoders import convolutions_2d

        return convolutions_2d(shape, width, size)
