"""Rows of numbers in a folder of one's own, standardised by the training samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch

from mmlab.core.errors import DataError
from mmlab.core.folder_input import FolderInput, not_of
from mmlab.core.options import option
from mmlab.core.prepared_input import PreparedInput
from mmlab.core.recordings import Raw, Vector
from mmlab.modalities.files import shown_name
from mmlab.modalities.series.columns import MOST_COLUMNS, check_columns, chosen, listed, numbered_columns, table_of


@dataclass(frozen=True)
class VectorInput(FolderInput):
    """A few numbers per sample: a CSV or .npy file with one row, or the numbers themselves in the manifest."""

    columns: tuple[str, ...] = option((), "The names of the numbers, in order")
    size: int = option(0, "How many numbers there are, where they have no names", 0, MOST_COLUMNS)
    seen_as: ClassVar[str] = "vector"
    inline: ClassVar[bool] = True
    standardised: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_columns(self.columns, self.size)

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.row_names),)

    @property
    def row_names(self) -> tuple[str, ...]:
        return self.columns or numbered_columns(self.size)

    def read(self, content: bytes, name: str) -> Raw:
        label = shown_name(name, "The row of numbers")
        values = chosen(table_of(content, label), self.columns, label, self.size)
        if len(values) != 1:
            raise DataError(f"{label} has {len(values)} rows.", "Give one row of numbers per sample.")
        return Vector(values[0], self.row_names)

    def prepare(self, raw: Raw) -> PreparedInput:
        """`[n]` in double precision: an offset would cost digits before it is taken off."""
        if not isinstance(raw, Vector):
            raise not_of("a row of numbers")
        if len(raw.values) != len(self.row_names):
            raise DataError(
                f"There are {len(raw.values):,} numbers.", f"Give {len(self.row_names):,}: {listed(self.row_names)}."
            )
        return PreparedInput(torch.from_numpy(raw.values.astype("f8")))
