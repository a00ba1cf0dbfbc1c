"""The sample pack of the task `watch`: seconds of the test people of the first fold, as CSV files."""

from __future__ import annotations

from functools import partial
from itertools import groupby

from mmlab.modalities.series.decode import ACCELEROMETER, GYROSCOPE, encode_series, read_series
from mmlab.tasks.generators.sample_packs import Format, Pack, PackItem
from mmlab.tasks.generators.watch.recordings import FOLDER, RATE, STEPS, Item
from mmlab.tasks.generators.watch.recordings import items as windows

EACH = 4  # seconds of each recording
SECONDS = STEPS / RATE
PACK = Pack(
    FOLDER / "pack.zip",
    {
        "accelerometer": Format(
            "-acc.csv",
            partial(read_series, sensor=ACCELEROMETER, seconds=SECONDS),
            partial(encode_series, prefix="acc"),
        ),
        "gyroscope": Format(
            "-gyro.csv", partial(read_series, sensor=GYROSCOPE, seconds=SECONDS), partial(encode_series, prefix="gyro")
        ),
    },
    "python tools/make_watch.py",
)


def items() -> list[PackItem]:
    """`EACH` seconds of every test recording, evenly apart, taking turns between the recordings."""
    found = [_spread(list(group)) for _, group in groupby(windows("test", 0), key=lambda item: id(item.recording))]
    return [_packed(item) for turn in zip(*found, strict=True) for item in turn]


def _spread(found: list[Item]) -> list[Item]:
    """Evenly apart, and neither the first nor the last second: people start and stop in them."""
    return [found[round((place + 0.5) * (len(found) - 1) / EACH)] for place in range(EACH)]


def _packed(item: Item) -> PackItem:
    recording = item.recording
    row = {"id": item.id, "exercise": recording.exercise, "person": recording.person, "arm": recording.arm}
    return PackItem({**row, "start": item.start}, item.raw)
