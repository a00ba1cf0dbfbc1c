"""Images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mmlab.core.corruption_types import Act, Corruption
from mmlab.core.drawing import InputDrawing
from mmlab.core.folder_input import FolderInput
from mmlab.core.modality_kinds import MODALITY_KINDS, ModalityKind
from mmlab.core.recordings import Picture, Raw

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import Tensor, nn


@MODALITY_KINDS.register("image")
class ImageKind(ModalityKind):
    """Pictures: tensors `[C, H, W]` in [0, 1]."""

    noun = "a picture"
    recording = Picture
    endings = ("png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff")
    ways = ("file", "camera")
    spatial = True
    glance = 0
    unit_range = True

    def read(self, content: bytes, name: str = "") -> Picture:
        from mmlab.modalities.image.decode import read_picture

        return read_picture(content, name)

    def example(self) -> bytes:
        import numpy as np

        from mmlab.modalities.image.decode import encode_picture

        return encode_picture(Picture(np.linspace(0, 250, 480).reshape(20, 24).astype(np.uint8)))

    def written(self, raw: Any, among: Sequence[Raw] = ()) -> Mapping[str, bytes]:
        from mmlab.modalities.image.decode import encode_picture

        return {"png": encode_picture(raw)}

    def drawing(self) -> InputDrawing:
        from mmlab.modalities.image.draw import PictureDrawing

        return PictureDrawing()

    def folder_inputs(self) -> Mapping[str, type[FolderInput]]:
        from mmlab.modalities.image.folder_input import ImageInput

        return {"image": ImageInput}

    def corruptions(self) -> Mapping[str, Corruption]:
        from mmlab.modalities.image.corruptions import TABLE

        return TABLE

    def corrupt(self, raw: Any, act: Act, strength: float, rng: np.random.Generator) -> Picture:
        from mmlab.modalities.image.corruptions import apply

        return apply(raw, act, strength, rng)

    def augment(self, batch: Tensor, generator: torch.Generator) -> Tensor:
        from mmlab.modalities.image.augment import vary_picture

        return vary_picture(batch, generator)

    def encoder(self, shape: tuple[int, ...], width: int, size: int) -> nn.Module:
        from mmlab.networks.encoders import convolutions_2d

        return convolutions_2d(shape, width, size)
