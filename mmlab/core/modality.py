"""Modalities, combinations of them, and what "missing" means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations as choose

import torch
from torch import Tensor

from mmlab.core.backbone import Backbone
from mmlab.core.errors import DataError, NothingPresent, UnknownName
from mmlab.core.modality_kinds import modality_kind
from mmlab.core.phrases import ENGLISH, language, say

NAME = re.compile(r"[a-z0-9_]+")
WORD_IDS = 2048  # of kind text: a word is two whole numbers from 1 to below this; half precision holds them exactly


def spoken(label: str) -> str:
    """A label inside a sentence: in English small letters, but for abbreviations such as FLAIR and T1ce."""
    if language() != ENGLISH:
        return say(label)
    kept = (any(sign.isupper() or sign.isdigit() for sign in word[1:]) for word in label.split(" "))
    return " ".join(word if is_kept else word.lower() for word, is_kept in zip(label.split(" "), kept, strict=True))


@dataclass(frozen=True)
class Modality:
    """One kind of input of a task, such as the sound of a spoken digit.

    `kind` (image, sound, path, series, vector, text, scan, ...) names the class that knows how to read, encode and draw
    it (`mmlab.core.modality_kinds`); `shape` is that of one preprocessed sample; `letter` stands for the
    modality in tight places. A kind that does not exist is an UnknownName for whoever asks something of it.
    A text is `[2, words]`: two numbers per word (WORD_IDS), 0 where there is no word; `tokens` names the vocabulary
    whose tokens stand in place of words (`mmlab.core.token_numbers`). `encoder` says by what a model
    reads it where that is not the usual network of its kind: "linear", and `backbone` the large network that does; it
    is the same input either way.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    label: str
    letter: str
    tokens: str = ""
    encoder: str = field(default="", compare=False)
    backbone: Backbone | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise DataError(f"'{self.name}' cannot name a modality.", "Use a-z, 0-9 and _ only.")

    @property
    def spoken(self) -> str:
        """The label inside a sentence, see `spoken`."""
        return spoken(self.label)

    @property
    def discrete(self) -> bool:
        """Whether its numbers are names, which have neither a mean nor anything in between."""
        return modality_kind(self.kind).discrete


@dataclass(frozen=True)
class Combination:
    """The modalities that are present, in the task's order."""

    names: tuple[str, ...]
    labels: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """For addresses, files, the command line and JSON: `image-sound`."""
        return "-".join(self.names)

    @property
    def label(self) -> str:
        """For people: `Image + Sound`."""
        return " + ".join(map(say, self.labels or self.names))

    def __len__(self) -> int:
        return len(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self.names


class Modalities:
    """The ordered universe of a task's modalities (two to six)."""

    def __init__(self, items: Iterable[Modality]) -> None:
        self.items = tuple(items)
        self.names = tuple(item.name for item in self.items)
        if len(set(self.names)) != len(self.names):
            raise DataError(f"Two modalities share a name: {', '.join(self.names)}.", "Give each its own.")

    def __iter__(self) -> Iterator[Modality]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, name: str) -> Modality:
        for item in self.items:
            if item.name == name:
                return item
        raise UnknownName(f"There is no modality '{name}'.", f"This task has: {', '.join(self.names)}.")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Modalities) and self.items == other.items

    def __hash__(self) -> int:
        return hash(self.items)

    @property
    def full(self) -> Combination:
        """All modalities."""
        return self.combination(self.names)

    def combination(self, names: Iterable[str]) -> Combination:
        """The combination of `names` in the task's order.

        Raises NothingPresent for no name and UnknownName for a name that the task lacks.
        """
        wanted = set(names)
        for name in sorted(wanted):
            _ = self[name]
        if not wanted:
            raise NothingPresent("No modality is switched on.", "Switch at least one on to get an answer.")
        kept = [item for item in self.items if item.name in wanted]
        return Combination(tuple(item.name for item in kept), tuple(item.label for item in kept))

    def parse(self, key: str) -> Combination:
        """The combination that `key` (`image-sound`) stands for."""
        return self.combination(part for part in key.split("-") if part)

    def subsets(self) -> tuple[Combination, ...]:
        """Every non-empty combination: by size, then in the task's order (docs/methods.md 0.3)."""
        return self._subsets

    @cached_property
    def _subsets(self) -> tuple[Combination, ...]:
        sizes = range(1, len(self) + 1)
        return tuple(self.combination(names) for size in sizes for names in choose(self.names, size))

    def row(self, combination: Combination) -> list[bool]:
        """`combination` as one bool per modality, in the task's order."""
        return [name in combination for name in self.names]

    def mask(self, combination: Combination, rows: int, device: torch.device | str = "cpu") -> Tensor:
        """`combination` as a bool mask `[rows, M]`."""
        return torch.tensor(self.row(combination), device=device).expand(rows, -1)

    def masks(self, combinations: Sequence[Combination], device: torch.device | str = "cpu") -> Tensor:
        """One bool row per combination: `[K, M]`."""
        return torch.tensor([self.row(combination) for combination in combinations], device=device)

    def codes(self, present: Tensor) -> Tensor:
        """`present [B, M]` as bit masks `int64 [B]`: bit m is set when modality m is present."""
        weights = 2 ** torch.arange(len(self), device=present.device)
        return (present.long() * weights).sum(1)

    def code(self, combination: Combination) -> int:
        """The bit mask of one combination."""
        return sum(1 << position for position, on in enumerate(self.row(combination)) if on)
