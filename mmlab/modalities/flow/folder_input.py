"""Optical flow in a user's data folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from mmlab.core.errors import DataError
from mmlab.core.folder_input import FolderInput
from mmlab.core.options import option
from mmlab.core.prepared_input import PreparedInput
from mmlab.core.recordings import Raw
from mmlab.modalities.files import with_beside
from mmlab.modalities.flow.decode import read_flow
from mmlab.modalities.flow.prepare import prepare_fitted_flow
from mmlab.modalities.image.folder_input import ImageInput


@dataclass(frozen=True)
class FlowInput(FolderInput):
    """Optical flow: .flo, a picture whose red and green are the two directions, or two grey pictures."""

    size: int = option(64, "Pixels across and down, as the model sees it", 8, 256)
    beside: str = option("", "u/v: to the right is the picture in a folder u, and down that of the same name in v")
    seen_as: ClassVar[str] = "flow"

    @property
    def shape(self) -> tuple[int, ...]:
        return (2, self.size, self.size)

    @property
    def row_names(self) -> tuple[str, ...]:
        return ("to the right", "down")

    def __post_init__(self) -> None:
        if self.beside and not all(self.beside.partition("/")):
            raise DataError("Two pictures make one flow.", 'Write "beside": "u/v".')

    def files(self, path: str) -> tuple[str, ...]:
        return with_beside(path, self.beside)

    def joined(self, files: Mapping[str, bytes]) -> bytes:
        return ImageInput(colour=True, beside=self.beside).joined(files)

    def read(self, content: bytes, name: str) -> Raw:
        return read_flow(content, name)

    def prepare(self, raw: Raw) -> PreparedInput:
        return prepare_fitted_flow(raw, self.size)
