"""Texts in a user's data folder: read and preprocessed as in every task, or as tokens of a vocabulary."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from mmlab.core.errors import DataError
from mmlab.core.folder_input import FolderInput
from mmlab.core.options import option
from mmlab.core.prepared_input import PreparedInput
from mmlab.core.recordings import Raw
from mmlab.modalities.text.tokenize import MOST_WORDS, prepare_text, read_text

if TYPE_CHECKING:
    from mmlab.modalities.text.subwords import Subwords

WORDS, PIECES, MODEL = "words", "bpe:", "hf:"


@dataclass(frozen=True)
class TextInput(FolderInput):
    """Plain text in UTF-8: a file, or the words themselves in the manifest. The model takes the first words of it."""

    tokens: str = option(
        WORDS,
        "What a text is taken as: words, bpe:FILE (pieces learned on the training texts, python -m mmlab tokens) or "
        "hf:FOLDER (the tokens of a model of Hugging Face)",
    )
    length: int = option(MOST_WORDS, "How many words or tokens the model takes, from the first on", 8, 512)
    seen_as: ClassVar[str] = "text"
    inline: ClassVar[bool] = True

    @property
    def shape(self) -> tuple[int, ...]:
        return (2, self.length)

    @property
    def vocabulary(self) -> str:
        """What tells the tokens from any other: `hf:FOLDER`, or `bpe@` and a digest; empty for words."""
        if self.tokens.startswith(PIECES):
            return f"bpe@{self._pieces().digest}"
        return "" if self.tokens == WORDS else self.tokens

    def learned(self) -> str:
        """The pieces, as their file holds them."""
        return self._pieces().as_json() if self.tokens.startswith(PIECES) else ""

    def _pieces(self) -> Subwords:
        from mmlab.modalities.text.subwords import read as read_subwords

        return read_subwords(Path(self.tokens.removeprefix(PIECES)))

    def read_by(self, encoder: str, stated: Collection[str]) -> Self:
        """A model of Hugging Face reads its own tokens, unless task.json says otherwise."""
        return replace(self, tokens=encoder) if encoder.startswith(MODEL) and "tokens" not in stated else self

    def placed(self, folder: Path) -> Self:
        """The same with the file of its pieces found in the folder. Raises DataError for one that lies elsewhere."""
        if not self.tokens.startswith(PIECES):
            return self
        name = self.tokens.removeprefix(PIECES)
        if not name or Path(name).name != name or (folder / name).is_symlink():
            raise DataError(f"'{name[:60]}' is no file of pieces in the folder.", "Name a file beside task.json.")
        return replace(self, tokens=f"{PIECES}{folder.absolute() / name}")

    def read(self, content: bytes, name: str) -> Raw:
        return read_text(content, name)

    def prepare(self, raw: Raw) -> PreparedInput:
        if self.tokens == WORDS:
            return prepare_text(raw, self.length)
        from mmlab.modalities.text.tokens import prepare_tokens

        return prepare_tokens(raw, self.tokens, self.length)
