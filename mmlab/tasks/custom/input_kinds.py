"""The kinds of input that a folder may hold. Each has options, a reader for files, and the way to the model's world.

A kind is a frozen dataclass whose fields are its options in task.json (`mmlab.core.options`), under the decorator
`kind` in one of the files beside this one.
"""

from __future__ import annotations

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, TypeVar

from mmlab.core.errors import DataError
from mmlab.core.recordings import Raw
from mmlab.core.task import PreparedInput


@dataclass(frozen=True)
class Kind(ABC):
    """How files of one kind become what a model takes.

    seen_as:      the kind of the modality that a model sees (`mmlab.core.modality.Modality`).
    inline:       whether the manifest may hold the content itself rather than a path.
    numbered:     whether a path may end in `#` and a number, which says what of the file is meant.
    standardised: whether each row of the tensor is brought to mean 0 and spread 1 over the training samples.
    """

    seen_as: ClassVar[str]
    inline: ClassVar[bool] = False
    numbered: ClassVar[bool] = False
    standardised: ClassVar[bool] = False

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Of one sample, without a batch dimension."""

    @abstractmethod
    def read(self, content: bytes, name: str) -> Raw:
        """Decode a file, safely. Raises DataError."""

    @abstractmethod
    def prepare(self, raw: Raw) -> PreparedInput:
        """Bring a recording to `shape`. Raises DataError."""


K = TypeVar("K", bound=type[Kind])
_KINDS: dict[str, type[Kind]] = {}


def kind(name: str) -> Callable[[K], K]:
    """Decorator that files a kind under the name that task.json gives it."""

    def decorate(made: K) -> K:
        _KINDS[name] = made
        return made

    return decorate


@cache
def kinds() -> dict[str, type[Kind]]:
    """Every kind by name: the files beside this one are imported, and each files its own."""
    package = __name__.rpartition(".")[0]
    for found in pkgutil.iter_modules(importlib.import_module(package).__path__):
        importlib.import_module(f"{package}.{found.name}")
    return dict(sorted(_KINDS.items()))


def not_of(what: str) -> DataError:
    """The error for a recording of another kind than the one that is needed."""
    return DataError(f"This is not {what}.", f"Give {what}.")
