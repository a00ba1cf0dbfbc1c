"""Texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mmlab.core.corruption_types import Act, Corruption
from mmlab.core.drawing import InputDrawing
from mmlab.core.folder_input import FolderInput
from mmlab.core.modality_kinds import MODALITY_KINDS, ModalityKind
from mmlab.core.recordings import Raw, Text

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import Tensor, nn


@MODALITY_KINDS.register("text")
class TextKind(ModalityKind):
    """Texts: two numbers per word, `[2, words]`, 0 where there is no word."""

    noun = "a text"
    recording = Text
    endings = ("txt",)
    ways = ("typed text", "file")
    discrete = True
    glance = 30

    def read(self, content: bytes, name: str = "") -> Text:
        from mmlab.modalities.text.tokenize import read_text

        return read_text(content, name)

    def example(self) -> bytes:
        return b"A long and happy day, with two or three more words.\n"

    def written(self, raw: Any, among: Sequence[Raw] = ()) -> Mapping[str, bytes]:
        from mmlab.modalities.text.tokenize import encode_text

        return {"txt": encode_text(raw)}

    def drawing(self) -> InputDrawing:
        from mmlab.modalities.text.draw import TextDrawing

        return TextDrawing()

    def folder_inputs(self) -> Mapping[str, type[FolderInput]]:
        from mmlab.modalities.text.folder_input import TextInput

        return {"text": TextInput}

    def corruptions(self) -> Mapping[str, Corruption]:
        from mmlab.modalities.text.corruptions import TABLE

        return TABLE

    def corrupt(self, raw: Any, act: Act, strength: float, rng: np.random.Generator) -> Text:
        from mmlab.modalities.text.corruptions import apply

        return apply(raw, act, strength, rng)

    def augment(self, batch: Tensor, generator: torch.Generator) -> Tensor:
        from mmlab.modalities.text.augment import vary_text

        return vary_text(batch, generator)

    def word_ids(self, word: str) -> tuple[int, int]:
        from mmlab.modalities.text.tokenize import ids_of

        return ids_of(word)

    def encoder(self, shape: tuple[int, ...], width: int, size: int) -> nn.Module:
        from mmlab.modalities.text.encoder import encoder

        return encoder(width, size)
