"""Texts, and pen paths: kinds whose reading and preparation are the same for every task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mmlab.core.recordings import Raw
from mmlab.core.task import PreparedInput
from mmlab.modalities.path.decode import read_strokes
from mmlab.modalities.path.resample import PATH_POINTS, prepare_strokes
from mmlab.modalities.text.tokenize import MOST_WORDS, prepare_text, read_text
from mmlab.tasks.custom.input_kinds import Kind, kind


@kind("text")
@dataclass(frozen=True)
class TextKind(Kind):
    """Plain text in UTF-8: a file, or the words themselves in the manifest. The model takes the first words of it."""

    seen_as: ClassVar[str] = "text"
    inline: ClassVar[bool] = True

    @property
    def shape(self) -> tuple[int, ...]:
        return (2, MOST_WORDS)

    def read(self, content: bytes, name: str) -> Raw:
        return read_text(content, name)

    def prepare(self, raw: Raw) -> PreparedInput:
        return prepare_text(raw)


@kind("path")
@dataclass(frozen=True)
class PathKind(Kind):
    """Pen strokes as JSON: `{"strokes": [[[x, y], ...], ...]}`."""

    seen_as: ClassVar[str] = "path"

    @property
    def shape(self) -> tuple[int, ...]:
        return (2, PATH_POINTS)

    def read(self, content: bytes, name: str) -> Raw:
        return read_strokes(content, name)

    def prepare(self, raw: Raw) -> PreparedInput:
        return prepare_strokes(raw)
