"""The tokenizer of a folder's texts: the choice in its task.json, and its coverage."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmlab.core.errors import DataError, MmlabError
from mmlab.core.recordings import Text
from mmlab.modalities.text.folder_input import WORDS, TextInput
from mmlab.modalities.text.subwords import USUAL, learned
from mmlab.modalities.text.tokenize import words_of
from mmlab.modalities.text.tokens import PIECES, tokens_of
from mmlab.storage.atomic_files import write_atomically
from mmlab.tasks.custom import locations
from mmlab.tasks.custom.current_rows import rows_of
from mmlab.tasks.custom.manifest import SPLITS
from mmlab.tasks.custom.problems import Problems
from mmlab.tasks.custom.samples import recording
from mmlab.tasks.custom.task_json import Description, read_description

NO_TEXT = "No input of this folder is a text.", 'Give one the kind "text" in task.json.'
CHOSEN = {"text": ("tokens", "length"), "volume": ("size", "slices")}  # by kind, what a person may choose in task.json


@dataclass(frozen=True)
class Coverage:
    """Of the texts of a split: how many there are, the mean of their tokens, the share of tokens that are not known,
    and the share of texts that are longer than what a model takes."""

    texts: int
    tokens: float
    unknown: float
    cut: float


def choose(folder: Path, by: str, name: str = "", length: int = 0, size: int = USUAL) -> tuple[str, ...]:
    """Let texts of a folder be words, tokens of `hf:FOLDER`, or pieces (`bpe`) that are learned on its training texts.

    by: empty for what they are taken as already. name: of one input; all texts otherwise. length: tokens that a model
    takes; as it is for 0. Gives the names of the inputs, and writes task.json and the pieces. Raises DataError and
    MissingExtra.
    """
    found = locations.load(folder)
    listed = [item for item in found.get("modalities", ()) if isinstance(item, dict) and item.get("kind") == "text"]
    names = [str(item.get("name")) for item in listed]
    if name and name not in names:
        raise DataError(f"'{name[:40]}' is no text of this folder.", f"There are: {', '.join(names) or 'none'}.")
    if not names:
        raise DataError(*NO_TEXT)
    chosen = [item for item in listed if name in ("", item.get("name"))]
    for item in chosen:
        item.update({"length": length} if length else {})
        if by:
            item.pop("tokens", None)
    if by:
        description = _described(folder, found)  # without the tokens of before, whose file may be damaged
        for item in chosen:
            item["tokens"] = by if by == WORDS else _named(description, item["name"], by, size)
    write_atomically(folder / locations.TASK_FILE, (json.dumps(found, indent=2, ensure_ascii=False) + "\n").encode())
    return tuple(item["name"] for item in chosen)


def coverage(folder: Path) -> dict[str, dict[str, Coverage]]:
    """The coverage of the texts of a folder, by input and split. Raises DataError and MissingExtra."""
    description = _described(folder)
    found: dict[str, dict[str, Coverage]] = {}
    for item in description.inputs:
        if not isinstance(item.kind, TextInput):
            continue
        said: dict[str, list[str]] = {split: list(_texts(description, item.modality.name, split)) for split in SPLITS}
        found[item.modality.name] = dict(_counted(item.kind, said))
    return found


def inputs_without_tokens(description: Description) -> tuple[str, ...]:
    """The texts of a folder that are words because its task.json does not say what they are taken as."""
    words = {
        item.modality.name
        for item in description.inputs
        if isinstance(item.kind, TextInput) and item.kind.tokens == WORDS
    }
    listed = locations.load(description.folder)["modalities"] if words else []
    return tuple(item["name"] for item in listed if item["name"] in words and "tokens" not in item)


def stored_choice(folder: Path, inputs: Sequence[Any]) -> list[dict[str, Any]]:
    """Inputs of an official data set, with what was chosen for them when its folder was opened before."""
    there = locations.load(folder)["modalities"] if (folder / locations.TASK_FILE).is_file() else []
    made = {(item["name"], item.get("kind")): item for item in there if isinstance(item, dict) and "name" in item}
    return [{**item, **_chosen(item["kind"], made.get((item["name"], item["kind"]), {}))} for item in inputs]


def _chosen(kind: str, made: Mapping[str, Any]) -> dict[str, Any]:
    return {key: made[key] for key in CHOSEN.get(kind, ()) if key in made}


def _described(folder: Path, stated: Mapping[str, Any] | None = None) -> Description:
    problems = Problems()
    found = read_description(folder, problems, stated)
    problems.raise_first(folder)
    assert found is not None  # it is only left out where there are errors
    return found


def _named(description: Description, name: str, by: str, size: int) -> str:
    """What task.json calls the tokens; pieces are learned, and written beside it."""
    if by != PIECES:
        tokens_of(by)
        return by
    texts = list(_texts(description, name, "train"))
    if not texts:
        raise DataError(f"No training sample has '{name}'.", "Pieces are learned on the training texts.")
    file = f"pieces_{name}.json"
    write_atomically(description.folder / file, learned(texts, size).as_json().encode())
    return f"{PIECES}:{file}"


def _texts(description: Description, name: str, split: str) -> Iterable[str]:
    """The texts of a split that can be read."""
    for row in rows_of(description, split):  # type: ignore[arg-type]
        try:
            raw = recording(description, name, row.cells[name]) if name in row.cells else None
        except MmlabError:
            continue  # `check` tells of it
        if isinstance(raw, Text):
            yield raw.text


def _counted(kind: TextInput, said: dict[str, list[str]]) -> Iterable[tuple[str, Coverage]]:
    is_lost = _lost_words(said["train"]) if kind.tokens == WORDS else _lost_tokens(kind.tokens)
    for split, texts in said.items():
        lost = [is_lost(text) for text in texts]
        tokens, several = sum(map(len, lost)), max(len(texts), 1)
        cut = sum(len(each) > kind.length for each in lost)
        yield split, Coverage(len(texts), tokens / several, sum(map(sum, lost)) / max(tokens, 1), cut / several)


def _lost_words(training: Sequence[str]) -> Callable[[str], list[bool]]:
    """Of a text, which of its words no training text has."""
    met = {word for text in training for word in words_of(text)}
    return lambda text: [word not in met for word in words_of(text)]


def _lost_tokens(name: str) -> Callable[[str], list[bool]]:
    """Of a text, which of its tokens are not in the vocabulary."""
    tokens = tokens_of(name)
    return lambda text: [number == tokens.unknown for _, number in tokens.pieces(text)]
