"""Sequences of features in a user's data folder, standardised by the steps of the training samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from mmlab.core.errors import DataError
from mmlab.core.folder_input import FolderInput, not_of
from mmlab.core.options import option
from mmlab.core.prepared_input import PreparedInput
from mmlab.core.recordings import FeatureSequence, Raw
from mmlab.modalities.sequence.decode import read_sequence
from mmlab.modalities.series.columns import MOST_COLUMNS, check_columns, listed, numbered_columns

LARGEST_AS_IT_IS = 6e4  # that half precision holds


@dataclass(frozen=True)
class SequenceInput(FolderInput):
    """Features per word or frame: `.npy` `[steps, features]`, a row of an array of all samples, or CSV."""

    columns: tuple[str, ...] = option((), "The names of the features, in order")
    size: int = option(0, "How many features a step has, where they have no names", 0, MOST_COLUMNS)
    steps: int = option(50, "How many steps the model takes at most", 1, 1000)
    keep: str = option("first", "Which steps of a longer sequence are taken", choices=("first", "last"))
    padded: bool = option(False, "Files are padded: a step whose numbers are all zero is not there")
    standardise: bool = option(True, "Bring each feature to mean 0 and spread 1 by the steps of the training samples")
    seen_as: ClassVar[str] = "sequence"
    takes_rows: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_columns(self.columns, self.size)

    @property
    def standardised(self) -> bool:
        return self.standardise

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.row_names) + 1, self.steps)

    @property
    def row_names(self) -> tuple[str, ...]:
        return self.columns or numbered_columns(self.size)

    @property
    def scaled_rows(self) -> int:
        return len(self.row_names)

    def measured(self, values: Tensor) -> Tensor:
        return values[-1] > 0

    def read(self, content: bytes, name: str) -> Raw:
        return read_sequence(content, name, self.columns, self.size, self.padded)

    def prepare(self, raw: Raw) -> PreparedInput:
        """`[C + 1, steps]`: features, zero where no step is, and the row that says where one is.

        In double precision where they are standardised. Padding at the ends is cut from what is too long only, so that
        word-aligned inputs stay aligned.
        """
        if not isinstance(raw, FeatureSequence):
            raise not_of("a sequence of features")
        if raw.values.shape[1] != len(self.row_names):
            raise DataError(
                f"A step has {raw.values.shape[1]:,} features.",
                f"Give {len(self.row_names):,}: {listed(self.row_names)}.",
            )
        largest = float(np.abs(raw.values).max(initial=0.0))
        if not self.standardised and largest > LARGEST_AS_IT_IS:
            raise DataError(f"A step holds {largest:g}, which is too large as it is.", 'Leave "standardise" out.')
        taken, notes = self._taken(raw)
        values = np.zeros((len(self.row_names) + 1, self.steps))
        length = taken.stop - taken.start
        values[:-1, :length] = np.where(raw.there[taken], raw.values[taken].T, 0)
        values[-1, :length] = raw.there[taken]
        notes += [] if values[-1].any() else ["No step is there."]
        tensor = torch.from_numpy(values)
        return PreparedInput(
            tensor if self.standardised else tensor.float(), (*_said(raw.filled), *notes), filled=raw.filled
        )

    def _taken(self, raw: FeatureSequence) -> tuple[slice, list[str]]:
        """Which rows are taken, and a sentence where not all steps are."""
        count = len(raw.there)
        if count <= self.steps:
            return slice(0, count), []
        places = np.flatnonzero(raw.there)
        first, last = (int(places[0]), int(places[-1]) + 1) if len(places) else (0, 0)
        if last - first <= self.steps:
            return slice(first, last), []
        taken = slice(first, first + self.steps) if self.keep == "first" else slice(last - self.steps, last)
        return taken, [f"It has {last - first:,} steps: the {self.keep} {self.steps:,} are taken."]


def _said(filled: int) -> tuple[str, ...]:
    if filled == 1:
        return ("1 number is not finite: the mean of its column takes the place.",)
    return (f"{filled:,} numbers are not finite: the mean of their column takes the place.",) if filled else ()
