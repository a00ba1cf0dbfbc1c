"""Sounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mmlab.core.corruption_types import Act, Corruption
from mmlab.core.drawing import InputDrawing
from mmlab.core.folder_input import FolderInput
from mmlab.core.modality_kinds import MODALITY_KINDS, ModalityKind
from mmlab.core.recordings import Raw, Sound
from mmlab.core.time_axis import TimeAxis

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import Tensor, nn


@MODALITY_KINDS.register("sound")
class SoundKind(ModalityKind):
    """Sounds: spectrograms `[1, bands, frames]`."""

    noun = "a sound"
    recording = Sound
    endings = ("wav", "flac", "ogg", "mp3")
    ways = ("file", "microphone")
    glance = 50

    def read(self, content: bytes, name: str = "") -> Sound:
        from mmlab.modalities.audio.decode import read_sound

        return read_sound(content, name)

    def example(self) -> bytes:
        import numpy as np

        from mmlab.modalities.audio.decode import encode_sound

        return encode_sound(Sound(np.asarray(np.sin(np.arange(8000) / 5) / 2, np.float32), 8000), "PCM_16")

    def written(self, raw: Any, among: Sequence[Raw] = ()) -> Mapping[str, bytes]:
        from mmlab.modalities.audio.decode import encode_wav

        return {"wav": encode_wav(raw)}

    def drawing(self) -> InputDrawing:
        from mmlab.modalities.audio.draw import SoundDrawing

        return SoundDrawing()

    def folder_inputs(self) -> Mapping[str, type[FolderInput]]:
        from mmlab.modalities.audio.folder_input import SoundInput

        return {"sound": SoundInput}

    def corruptions(self) -> Mapping[str, Corruption]:
        from mmlab.modalities.audio.corruptions import TABLE

        return TABLE

    def corrupt(self, raw: Any, act: Act, strength: float, rng: np.random.Generator) -> Sound:
        from mmlab.modalities.audio.corruptions import apply

        return apply(raw, act, strength, rng)

    def time_axis(self) -> TimeAxis:
        from mmlab.modalities.audio.time_axis import SoundTime

        return SoundTime()

    def augment(self, batch: Tensor, generator: torch.Generator) -> Tensor:
        from mmlab.modalities.audio.augment import vary_sound

        return vary_sound(batch, generator)

    def encoder(self, shape: tuple[int, ...], width: int, size: int) -> nn.Module:
        from mmlab.networks.encoders import convolutions_2d

        return convolutions_2d(shape, width, size)
