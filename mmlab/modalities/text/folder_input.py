"""Texts in a folder of one's own: read and prepared as in every task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mmlab.core.folder_input import FolderInput
from mmlab.core.prepared_input import PreparedInput
from mmlab.core.recordings import Raw
from mmlab.modalities.text.tokenize import MOST_WORDS, prepare_text, read_text


@dataclass(frozen=True)
class TextInput(FolderInput):
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
