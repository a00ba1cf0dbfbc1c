"""Sensor recordings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mmlab.core.corruption_types import Act, Corruption
from mmlab.core.drawing import InputDrawing
from mmlab.core.folder_input import FolderInput
from mmlab.core.modality_kinds import MODALITY_KINDS, ModalityKind
from mmlab.core.recordings import Raw, Series
from mmlab.core.time_axis import TimeAxis

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import Tensor, nn


@MODALITY_KINDS.register("series")
class SeriesKind(ModalityKind):
    """Recordings of sensors over time: `[C, T]`."""

    noun = "a recording of a sensor"
    recording = Series
    endings = ("csv", "tsv", "txt")
    ways = ("sensor table",)
    shared_way = "sensor table"
    glance = 40

    def read(self, content: bytes, name: str = "") -> Series:
        """Every column of a table, a row a second; a task that knows its sensors reads more out of it."""
        from mmlab.modalities.files import shown_name
        from mmlab.modalities.series.columns import table_of

        table = table_of(content, shown_name(name, "The series"), name=name)
        columns = table.names or tuple(str(place) for place in range(1, table.values.shape[1] + 1))
        return Series(table.values, 1.0, columns)

    def example(self) -> bytes:
        return b"x,y\n" + b"".join(b"%d,%d\n" % (step % 7, step % 5) for step in range(60))

    def written(self, raw: Any, among: Sequence[Raw] = ()) -> Mapping[str, bytes]:
        return self.written_together({"": raw})

    def written_together(self, recordings: Mapping[str, Any]) -> Mapping[str, bytes]:
        from mmlab.modalities.series.decode import encode_table

        return {"csv": encode_table(recordings)}

    def drawing(self) -> InputDrawing:
        from mmlab.modalities.series.draw import SeriesDrawing

        return SeriesDrawing()

    def folder_inputs(self) -> Mapping[str, type[FolderInput]]:
        from mmlab.modalities.series.folder_input import SeriesInput

        return {"series": SeriesInput}

    def corruptions(self) -> Mapping[str, Corruption]:
        from mmlab.modalities.series.corruptions import TABLE

        return TABLE

    def corrupt(self, raw: Any, act: Act, strength: float, rng: np.random.Generator) -> Series:
        from mmlab.modalities.series.corruptions import apply

        return apply(raw, act, strength, rng)

    def time_axis(self) -> TimeAxis:
        from mmlab.modalities.series.time_axis import SeriesTime

        return SeriesTime()

    def augment(self, batch: Tensor, generator: torch.Generator) -> Tensor:
        from mmlab.modalities.random_draws import shaken

        return shaken(batch, generator)

    def encoder(self, shape: tuple[int, ...], width: int, size: int) -> nn.Module:
        from mmlab.networks.encoders import convolutions_1d

        return convolutions_1d(shape, width, size)
