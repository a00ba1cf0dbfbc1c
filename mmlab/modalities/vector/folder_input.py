"""Vectors in a user's data folder, standardised by the training samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch

from mmlab.core.errors import DataError
from mmlab.core.folder_input import FolderInput, not_of
from mmlab.core.options import option
from mmlab.core.prepared_input import PreparedInput
from mmlab.core.recordings import Raw, Vector
from mmlab.modalities.files import numbered, shown_name
from mmlab.modalities.series.columns import MOST_COLUMNS, check_columns, chosen, listed, numbered_columns, table_of
from mmlab.modalities.vector.array_rows import in_one_row, row_of

LARGEST_AS_IT_IS = 6e4  # that half precision holds


@dataclass(frozen=True)
class VectorInput(FolderInput):
    """Numbers of a sample: a file with one row, a row of an array of all, or the numbers themselves in the manifest."""

    columns: tuple[str, ...] = option((), "The names of the numbers, in order")
    size: int = option(0, "How many numbers there are, where they have no names", 0, MOST_COLUMNS)
    standardise: str = option(
        "true",
        "Bring each number to mean 0 and spread 1 by the training samples; robust: by median and interquartile range, "
        "with what lies far off drawn in (asinh)",
        choices=("true", "false", "robust"),
    )
    pooled: bool = option(False, "Files hold a row per moment: take the mean over those that are not all zero")
    seen_as: ClassVar[str] = "vector"
    inline: ClassVar[bool] = True
    numbered: ClassVar[bool] = True
    takes_rows: ClassVar[bool] = True
    shares_files: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_columns(self.columns, self.size)

    @property
    def standardised(self) -> bool:
        return self.standardise != "false"

    @property
    def robust(self) -> bool:
        return self.standardise == "robust"

    @property
    def knows_arrays(self) -> bool:
        return not self.pooled

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.row_names),)

    @property
    def row_names(self) -> tuple[str, ...]:
        return self.columns or numbered_columns(self.size)

    def read(self, content: bytes, name: str) -> Raw:
        """A name that ends in `#57` asks for that row of an array, counted from 0."""
        path, wanted = numbered(name)
        label = shown_name(path, "The row of numbers")
        if wanted:
            return Vector(row_of(content, wanted, len(self.row_names), label), self.row_names)
        content = content if self.pooled else in_one_row(content)
        values = chosen(table_of(content, label, name=path), self.columns, label, self.size)
        if self.pooled:
            there = values[(values != 0).any(1)]
            return Vector((there if len(there) else values).mean(0), self.row_names)
        if len(values) != 1:
            raise DataError(f"{label} has {len(values)} rows.", "Give one row of numbers per sample.")
        return Vector(values[0], self.row_names)

    def part_of(self, raw: Raw) -> bytes:
        return raw.values.tobytes() if isinstance(raw, Vector) else super().part_of(raw)

    def prepare(self, raw: Raw) -> PreparedInput:
        """`[n]` in double precision: an offset would cost digits before it is taken off."""
        if not isinstance(raw, Vector):
            raise not_of("a row of numbers")
        if len(raw.values) != len(self.row_names):
            raise DataError(
                f"There are {len(raw.values):,} numbers.", f"Give {len(self.row_names):,}: {listed(self.row_names)}."
            )
        largest = float(abs(raw.values).max())
        if not self.standardised and largest > LARGEST_AS_IT_IS:
            raise DataError(f"The row holds {largest:g}, which is too large as it is.", 'Leave "standardise" out.')
        return PreparedInput(torch.from_numpy(raw.values.astype("f8")))
