"""Vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mmlab.core.drawing import InputDrawing
from mmlab.core.folder_input import FolderInput
from mmlab.core.modality_kinds import MODALITY_KINDS, ModalityKind
from mmlab.core.recordings import Raw, Vector

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn


@MODALITY_KINDS.register("vector")
class VectorKind(ModalityKind):
    """Vectors: `[n]`."""

    noun = "a row of numbers"
    recording = Vector
    endings = ("csv", "txt", "npy")
    ways = ("typed numbers", "file")
    glance = 60
    quick = True

    def read(self, content: bytes, name: str = "") -> Vector:
        """All numbers of a table of one row."""
        from mmlab.core.errors import DataError
        from mmlab.modalities.files import shown_name
        from mmlab.modalities.series.columns import table_of

        label = shown_name(name, "The row of numbers")
        table = table_of(content, label, name=name)
        if len(table.values) != 1:
            raise DataError(f"{label} has {len(table.values)} rows.", "Give one row of numbers per sample.")
        names = table.names or tuple(str(place) for place in range(1, table.values.shape[1] + 1))
        return Vector(table.values[0], names)

    def example(self) -> bytes:
        return b"width,height\n3,4.5\n"

    def written(self, raw: Any, among: Sequence[Raw] = ()) -> Mapping[str, bytes]:
        from mmlab.modalities.vector.row_file import encode_row

        return encode_row(raw)

    def drawing(self) -> InputDrawing:
        from mmlab.modalities.vector.draw import VectorDrawing

        return VectorDrawing()

    def folder_inputs(self) -> Mapping[str, type[FolderInput]]:
        from mmlab.modalities.vector.folder_input import VectorInput

        return {"vector": VectorInput}

    def augment(self, batch: Tensor, generator: torch.Generator) -> Tensor:
        from mmlab.modalities.random_draws import shaken

        return shaken(batch, generator)

    def thinned(self, batch: Tensor, share: float, generator: torch.Generator) -> Tensor:
        """Input dropout: hidden numbers are at the mean of their column, the others larger in proportion."""
        import torch

        return batch * (torch.rand(batch.shape, generator=generator) >= share) / (1 - share)

    def encoder(self, shape: tuple[int, ...], width: int, size: int) -> nn.Module:
        from mmlab.modalities.vector.encoder import encoder

        return encoder(shape[0], width, size)
