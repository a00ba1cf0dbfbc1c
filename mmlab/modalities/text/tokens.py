"""Texts as tokens of a vocabulary, if an input of task.json asks for one: subwords, or the tokens of a model.

`bpe:FILE` are pieces that were learned on the training texts of a folder (`mmlab.modalities.text.subwords`);
`hf:FOLDER` is the tokenizer of a Hugging Face model, read from a folder or the user's cache, never from the network.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mmlab.core.errors import DataError, MissingExtra
from mmlab.core.prepared_input import PreparedInput
from mmlab.core.recordings import Raw, Text
from mmlab.core.token_numbers import numbers_of
from mmlab.modalities.text.subwords import INSIDE, read
from mmlab.modalities.text.tokenize import TEXT_HINT, check_has_words

WORDS, PIECES, MODEL = "words", "bpe", "hf"
INSTALL = "Install it: pip install 'mmlab[backbones]'."


@dataclass(frozen=True)
class Tokens:
    """How texts become tokens. pieces: of a text, each with its number; a piece inside of a word begins with `##`.

    unknown: the number of what is not in the vocabulary; -1 where there is none.
    """

    pieces: Callable[[str], Sequence[tuple[str, int]]]
    unknown: int


def tokens_of(name: str) -> Tokens:
    """The tokens of `bpe:FILE` or `hf:FOLDER`. Raises DataError and MissingExtra."""
    kind, _, place = name.partition(":")
    if kind == PIECES and place:
        vocabulary = read(Path(place))
        return Tokens(vocabulary.pieces, 0)
    if kind == MODEL and place:
        return _of_model(str(Path(place).expanduser()))
    hint = f"Write {WORDS}, {PIECES}:FILE (made by: python -m mmlab tokens FOLDER) or {MODEL}:FOLDER."
    raise DataError(f"'{name[:60]}' names no tokens.", hint)


def prepare_tokens(text: Raw, name: str, length: int) -> PreparedInput:
    """Tokens as `[2, length]` whole numbers (`mmlab.core.token_numbers`), 0 where there is none.

    Raises DataError for a text without a word.
    """
    if not isinstance(text, Text):
        raise DataError("This is not a text.", TEXT_HINT)
    check_has_words(text)
    tokens = tokens_of(name)
    found, notes = list(tokens.pieces(text.text)), []
    if not found:
        raise DataError("The text has no tokens.", TEXT_HINT)
    if len(found) > length:
        notes.append(f"Took the first {length} of {len(found):,} tokens.")
        found = found[:length]
    lost = [piece for piece, number in found if number == tokens.unknown]
    if lost:
        named = ", ".join(f"“{piece.removeprefix(INSIDE)}”" for piece in dict.fromkeys(lost[:3]))
        notes.append(f"{len(lost)} of {len(found)} tokens are not in the vocabulary: {named}.")
    values = np.zeros((2, length), np.float32)
    values[:, : len(found)] = np.array(numbers_of([number for _, number in found]), np.float32).T
    return PreparedInput(torch.from_numpy(values), tuple(notes), tuple(piece for piece, _ in found))


@lru_cache(maxsize=4)
def _of_model(name: str) -> Tokens:
    try:
        import transformers
    except ModuleNotFoundError as error:
        raise MissingExtra(f"Tokenizers of Hugging Face need the package {error.name}.", INSTALL) from error
    library: Any = transformers  # its names are there only once they are asked for
    try:
        made = library.AutoTokenizer.from_pretrained(name, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError) as error:
        hint = "Give the folder that holds its tokenizer.json or vocabulary; nothing is downloaded."
        raise DataError(f"There is no tokenizer of Hugging Face in '{name}', nor in the cache.", hint) from error
    unknown = made.unk_token_id
    return Tokens(lambda text: _pieces(made, text), -1 if unknown is None else int(unknown))


def _pieces(tokenizer: Any, text: str) -> list[tuple[str, int]]:
    """The tokens of a text without those that begin and end it, each as the letters that it stands for."""
    if not tokenizer.is_fast:
        numbers = tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
        return list(zip(tokenizer.convert_ids_to_tokens(numbers), map(int, numbers), strict=True))
    found = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    named, end = [], -1
    for number, (first, last) in zip(found["input_ids"], found["offset_mapping"], strict=True):
        letters = text[first:last]
        goes_on = first == end and not letters[:1].isspace()
        named.append((INSIDE * goes_on + letters.strip() or tokenizer.convert_ids_to_tokens(number), int(number)))
        end = last
    return named
