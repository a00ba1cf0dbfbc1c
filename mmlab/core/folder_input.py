"""How files of a user's data folder become model inputs: options, a reader, a shape, preprocessing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from mmlab.core.errors import DataError
from mmlab.core.options import NoOptions, Options
from mmlab.core.prepared_input import PreparedInput
from mmlab.core.recordings import Raw

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class GreyRange:
    """The range of the numbers in a file, and which of them are shown as black and as white."""

    low: float
    high: float
    black: float
    white: float


@dataclass(frozen=True)
class FolderInput(ABC):
    """One kind of input as a `task.json` names it: a frozen dataclass whose fields are its options there.

    seen_as:      the kind of modality that a model sees (`mmlab.core.modality_kinds`); mostly that which brings it.
    inline:       whether the manifest may hold the content itself rather than a path.
    numbered:     whether a path may end in `#` and a number, which says what of the file is meant.
    takes_rows:   whether a path may name a row of an array, such as `features.npz#train.57`, which is then its file.
    takes_folders: whether a path may name a folder, of whose files `chosen` says which are read, and `gathered` makes
                  one.
    shares_files: whether the contents that numbers name in one file have nothing to do with each other.
    ReadOptions:  what a person can say of a file that they bring (`Task.read`).
    """

    seen_as: ClassVar[str]
    inline: ClassVar[bool] = False
    numbered: ClassVar[bool] = False
    takes_rows: ClassVar[bool] = False
    takes_folders: ClassVar[bool] = False
    shares_files: ClassVar[bool] = False
    ReadOptions: ClassVar[type[Options]] = NoOptions

    def read_by(self, encoder: str, stated: Collection[str]) -> Self:
        """The same, as a large network that task.json names wants it; `stated` are the options that it says itself."""
        return self

    @property
    def standardised(self) -> bool:
        """Whether each row of the tensor is standardised over the training samples."""
        return False

    @property
    def robust(self) -> bool:
        """Whether standardisation uses median and interquartile range, with outliers squashed."""
        return False

    @property
    def scaled_rows(self) -> int:
        """How many leading rows of the tensor are standardised; the others are no measurements."""
        return self.shape[0]

    def measured(self, values: Tensor) -> Tensor | None:
        """At which places of a prepared tensor `[C, *places]` something was measured, bool `[*places]`; None for all.

        The others count for no mean and no spread, and stay as they are.
        """
        return None

    @property
    def vocabulary(self) -> str:
        """Of texts, what tells their tokens from any other; empty for words, and for other inputs. Raises DataError."""
        return ""

    def learned(self) -> str:
        """What of the training samples it was made with, for a model's card; empty for nothing. Raises DataError."""
        return ""

    def placed(self, folder: Path) -> Self:
        """The same input with the files that its options name in the folder."""
        return self

    @property
    def knows_arrays(self) -> bool:
        """Whether `read` takes a row out of a whole .npy file by itself, which is then read once for all samples."""
        return False

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """The shape of one sample, without a batch dimension."""

    @property
    def row_names(self) -> tuple[str, ...]:
        """The name of each row of the tensor; its number if it has none."""
        return tuple(str(row + 1) for row in range(self.shape[0]))

    def files(self, path: str) -> tuple[str, ...]:
        """The files behind a path: the file itself, and those that belong to it."""
        return (path,)

    def chosen(self, names: Sequence[str]) -> tuple[str, ...]:
        """Of the files in a folder that a path names those that are read, in their order. Raises DataError."""
        return tuple(names)

    def gathered(self, files: Mapping[str, bytes]) -> bytes:
        """One file, as `read` takes it, of those `chosen` in a folder, by name. Raises DataError."""
        return self.joined(files)

    def joined(self, files: Mapping[str, bytes]) -> bytes:
        """One file, as `read` takes it, of those that a path stands for, by name. Raises DataError."""
        return next(iter(files.values()))

    @abstractmethod
    def read(self, content: bytes, name: str) -> Raw:
        """Decode a file, safely. Raises DataError."""

    def read_as_stated(self, content: bytes, name: str, stated: Any) -> Raw:
        """The same with what a person said of the file: `stated` is made of `ReadOptions`."""
        return self.read(content, name)

    def grey_range(self, content: bytes) -> GreyRange | None:
        """Of a file whose numbers are brought to greys by a range that all files share; None for any other."""
        return None

    def part_of(self, raw: Raw) -> bytes:
        """What of a shared file a recording is, to tell the same content from another."""
        return repr(raw).encode()

    @abstractmethod
    def prepare(self, raw: Raw) -> PreparedInput:
        """Bring a recording to `shape`; in double precision where it is standardised. Raises DataError."""


def not_of(what: str) -> DataError:
    """The error for a recording of the wrong kind."""
    return DataError(f"This is not {what}.", f"Give {what}.")
