"""Pen paths in a user's data folder: read and preprocessed as in every task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mmlab.core.folder_input import FolderInput
from mmlab.core.prepared_input import PreparedInput
from mmlab.core.recordings import Raw
from mmlab.modalities.path.decode import read_strokes
from mmlab.modalities.path.resample import PATH_POINTS, prepare_strokes


@dataclass(frozen=True)
class PathInput(FolderInput):
    """Pen strokes as CSV (`stroke,x,y`, a row per point) or JSON: `{"strokes": [[[x, y], ...], ...]}`."""

    seen_as: ClassVar[str] = "path"

    @property
    def shape(self) -> tuple[int, ...]:
        return (2, PATH_POINTS)

    def read(self, content: bytes, name: str) -> Raw:
        return read_strokes(content, name)

    def prepare(self, raw: Raw) -> PreparedInput:
        return prepare_strokes(raw)
