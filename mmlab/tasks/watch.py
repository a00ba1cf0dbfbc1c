"""The task `watch`: a second of a watch's accelerometer and gyroscope; which shoulder exercise is it?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

import torch
from numpy.typing import NDArray
from torch import Tensor

from mmlab.core.batch import Samples
from mmlab.core.errors import DataError
from mmlab.core.modality import Modalities, Modality
from mmlab.core.options import NO_OPTIONS, build
from mmlab.core.outputs import Classification
from mmlab.core.phrases import say
from mmlab.core.recordings import Raw
from mmlab.core.task import TASKS, GallerySample, PreparedInput, Source, Split, TaskInfo
from mmlab.modalities.series.augment import turn_axes, vary_series
from mmlab.modalities.series.csv_table import TableOptions
from mmlab.modalities.series.decode import ACCELEROMETER, GYROSCOPE, read_series
from mmlab.modalities.series.windowing import Window, prepare_series
from mmlab.tasks.cached_splits import Sample, cached_split, stacked
from mmlab.tasks.generators.watch import recordings
from mmlab.tasks.generators.watch.sample_pack import PACK

VERSION = 1  # of what a split holds; raise it when the recordings or the preparation change
CLASSES = tuple(recordings.EXERCISES.values())
SENSORS = {"accelerometer": ACCELEROMETER, "gyroscope": GYROSCOPE}
# Divided by fixed numbers near a usual movement, which need no look at the data: 1 g and 2 rad/s
WINDOWS = {
    "accelerometer": Window(recordings.RATE, recordings.STEPS, 3, 1.0),
    "gyroscope": Window(recordings.RATE, recordings.STEPS, 3, 2.0),
}
TURN = 12.0  # degrees by which a watch sits otherwise on another wrist
MODALITIES = Modalities(
    [
        Modality("accelerometer", "series", (3, 50), "Accelerometer", "A"),
        Modality("gyroscope", "series", (3, 50), "Gyroscope", "G"),
    ]
)


@TASKS.register("watch")
class Watch:
    """Seven shoulder exercises by ten people; whole people are held out. All recordings are real.

    fold: which of the five pairs of people is for testing (0 to 4); the next pair is for validation.
    """

    name = "watch"
    title = "Watch"
    about = (
        "Which of seven shoulder exercises is it? One second of movement, measured at the wrist: acceleration and "
        "rotation. All recordings are real, of ten people; nothing is simulated. Tested on people never seen."
    )
    info = TaskInfo("watch", MODALITIES, Classification(CLASSES))
    plan: ClassVar[Mapping[str, Any]] = {"epochs": 20, "batch_size": 128}
    grouped_by: ClassVar[str] = "person"
    whole_files: ClassVar[tuple[str, ...]] = ("csv",)

    def __init__(self, fold: int = 0) -> None:
        if fold not in range(len(recordings.PAIRS)):
            raise DataError(f"There is no fold {fold}.", f"Use 0 to {len(recordings.PAIRS) - 1}.")
        self.fold = fold

    def sources(self) -> tuple[Source, ...]:
        """What is built in: it is real already."""
        return ("built-in",)

    def samples(self, split: Split, source: Source = "built-in") -> Samples:
        """A split as stacked tensors, stored in half precision. Raises DataError for other sources."""
        if source != "built-in":
            raise DataError("There are no other recordings of exercises here.", "Use the built-in ones: they are real.")
        return _split(split, self.fold)

    def augment(self, inputs: Mapping[str, Tensor], seed: int) -> dict[str, Tensor]:
        """Turned, shifted and stretched alike in both sensors, as they sit in one watch; louder or noisier."""
        generator = torch.Generator().manual_seed(seed)
        together = torch.cat([inputs[name] for name in MODALITIES.names], 1)
        varied = vary_series(turn_axes(together, TURN, generator), generator)
        return dict(zip(MODALITIES.names, varied.split(3, 1), strict=True))

    def gallery(self) -> tuple[str, ...]:
        """Ids of the shipped samples, in order: people whom the first fold tests."""
        return tuple(PACK.index)

    def example(self, sample: str) -> GallerySample:
        """One shipped sample, decoded from its files. Raises UnknownName."""
        raw, row = PACK.recordings(sample), PACK.row(sample)
        answer = recordings.EXERCISES[row["exercise"]]
        told = {"person": row["person"], "start": f"{row['start'] / recordings.RATE:g}"}
        if row["arm"] == "left":
            note = say("Person {person}, left arm, from second {start}.", **told)
        else:
            note = say("Person {person}, right arm, from second {start}.", **told)
        return GallerySample(sample, raw, CLASSES.index(answer), answer, note)

    def read(self, modality: str, content: bytes, name: str = "", options: Mapping[str, Any] = NO_OPTIONS) -> Raw:
        """The columns of this sensor of a table, such as a CSV file with both. Raises DataError."""
        stated = build(TableOptions, options)
        return read_series(content, name, SENSORS[modality], WINDOWS[modality].seconds, stated)

    def prepare(self, modality: str, raw: Raw) -> PreparedInput:
        """A second at 50 rows a second: see `mmlab.modalities.series.windowing`."""
        return prepare_series(raw, WINDOWS[modality])

    def describe(self) -> dict[str, Any]:
        """Source, people, sizes, for a card."""
        splits: tuple[Split, ...] = ("train", "valid", "test")
        counts = {
            split: Counter(item.recording.person for item in recordings.items(split, self.fold)) for split in splits
        }
        real = "real recordings of a watch (seglearn's watch_dataset, BSD; Burns et al. 2018), whole people held out"
        return {
            "sources": {"built-in": dict.fromkeys(MODALITIES.names, real)},
            "sizes": {split: sum(found.values()) for split, found in counts.items()},
            "people": {split: list(recordings.people(split, self.fold)) for split in splits},
            "fold": f"{self.fold + 1} of {len(recordings.PAIRS)}: "
            "pairs who moved in time with each other stay together",
            "windows": "one second; in training half overlapping, elsewhere side by side",
            "simulated": [],
            "version": VERSION,
        }


def _split(split: Split, fold: int) -> Samples:
    def build() -> dict[str, NDArray[Any]]:
        names = list(recordings.EXERCISES)
        found = ((item, item.recording) for item in recordings.items(split, fold))
        samples = (Sample(item.id, f"person {of.person}", names.index(of.exercise), item.raw) for item, of in found)
        prepare = {name: partial(prepare_series, window=window) for name, window in WINDOWS.items()}
        return stacked(samples, MODALITIES, prepare)

    depends_on = (VERSION, split, fold, recordings.FILE.stat().st_size if recordings.FILE.is_file() else 0)
    return cached_split(f"watch-{fold}-{split}", depends_on, MODALITIES, build)
