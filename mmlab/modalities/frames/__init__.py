"""Frames of a clip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mmlab.core.corruption_types import Act, Corruption
from mmlab.core.drawing import InputDrawing
from mmlab.core.folder_input import FolderInput
from mmlab.core.modality_kinds import MODALITY_KINDS, ModalityKind
from mmlab.core.recordings import Clip, Picture, Raw
from mmlab.core.time_axis import TimeAxis

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import Tensor, nn


@MODALITY_KINDS.register("frames")
class FramesKind(ModalityKind):
    """Frames of a clip: tensors `[C, T, H, W]` in [0, 1]."""

    noun = "a clip"
    recording = Clip
    endings = (
        *("mp4", "m4v", "mov", "webm", "mkv", "avi", "flv", "mpg", "mpeg", "ts", "ogv", "wmv"),
        *("gif", "webp", "zip", "npy", "png", "jpg", "jpeg", "tif", "tiff"),
    )
    ways = ("file", "pictures of a clip")
    glance = 5
    unit_range = True

    def read(self, content: bytes, name: str = "") -> Clip:
        from mmlab.modalities.frames.decode import read_clip

        return read_clip(content, name)

    def example(self) -> bytes:
        import numpy as np

        from mmlab.modalities.frames.decode import encode_clip

        across = np.arange(24)[None, None] - 3 * np.arange(8)[:, None, None]
        return encode_clip(Clip(np.where(abs(across) < 3, 220, 30).repeat(20, 1).astype(np.uint8)))

    def written(self, raw: Any, among: Sequence[Raw] = ()) -> Mapping[str, bytes]:
        """Its frames as a picture that moves, and exactly as they are."""
        from mmlab.modalities.frames.decode import encode_clip, encode_moving

        return {"gif": encode_moving(raw), "zip": encode_clip(raw)}

    def drawing(self) -> InputDrawing:
        from mmlab.modalities.frames.draw import ClipDrawing

        return ClipDrawing()

    def folder_inputs(self) -> Mapping[str, type[FolderInput]]:
        from mmlab.modalities.frames.folder_input import FramesInput

        return {"frames": FramesInput}

    def corruptions(self) -> Mapping[str, Corruption]:
        from mmlab.modalities.frames.corruptions import TABLE

        return TABLE

    def corrupt(self, raw: Any, act: Act, strength: float, rng: np.random.Generator) -> Clip:
        from mmlab.modalities.frames.corruptions import apply

        return apply(raw, act, strength, rng)

    def time_axis(self) -> TimeAxis:
        from mmlab.modalities.frames.time_axis import ClipTime

        return ClipTime()

    def steps(self, raw: Any) -> tuple[tuple[str, Raw], ...]:
        times = [f"{second:.2f} s" for second in raw.seconds] or [""] * len(raw.pixels)
        return tuple(zip(times, map(Picture, raw.pixels), strict=True))

    def augment(self, batch: Tensor, generator: torch.Generator) -> Tensor:
        from mmlab.modalities.frames.augment import vary_clip

        return vary_clip(batch, generator)

    def encoder(self, shape: tuple[int, ...], width: int, size: int) -> nn.Module:
        from mmlab.networks.encoders import convolutions_2d_1d

        return convolutions_2d_1d(shape, width, size)
