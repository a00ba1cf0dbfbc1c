"""The task `watch`: people kept apart, its way from a file to the model's world, hostile and odd files, its pack."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from math import pi
from pathlib import Path

import numpy as np
import pytest
import torch

from mmlab.core.errors import DataError, UnknownName
from mmlab.core.recordings import Series, Text
from mmlab.core.task import Split, Task
from mmlab.modalities.series.augment import turn_axes
from mmlab.modalities.series.csv_table import ROWS
from mmlab.modalities.series.decode import ACCELEROMETER, GYROSCOPE, read_series
from mmlab.modalities.series.windowing import Window, prepare_series
from mmlab.tasks import cached_splits
from mmlab.tasks.generators.watch import recordings
from mmlab.tasks.generators.watch.sample_pack import PACK, items
from mmlab.tasks.watch import CLASSES, Watch

ROOT = Path(__file__).resolve().parents[1]
SPLITS: tuple[Split, ...] = ("train", "valid", "test")
SECOND = 1.0


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watch]:
    patch = pytest.MonkeyPatch()
    patch.setenv("MMLAB_CACHE", str(tmp_path_factory.mktemp("cache")))
    cached_splits.forget()
    yield Watch()
    patch.undo()
    cached_splits.forget()


# its splits


def test_it_keeps_the_protocol(task: Watch) -> None:
    assert isinstance(task, Task)
    assert task.info.modalities.names == ("accelerometer", "gyroscope")
    assert task.sources() == ("built-in",)
    with pytest.raises(DataError, match="no other recordings"):
        task.samples("test", "real")
    with pytest.raises(DataError, match="no fold 5"):
        Watch(fold=5)


@pytest.mark.parametrize("fold", range(5))
def test_people_are_held_out_and_partners_stay_together(fold: int) -> None:
    people = {split: set(recordings.people(split, fold)) for split in SPLITS}
    assert sorted(person for each in people.values() for person in each) == list(range(1, 11))
    for pair in recordings.PAIRS:
        assert sum(bool(set(pair) & each) for each in people.values()) == 1
    assert Watch(fold).describe()["people"] == {split: list(recordings.people(split, fold)) for split in SPLITS}


def test_every_person_is_tested_once() -> None:
    assert sorted(person for fold in range(5) for person in recordings.people("test", fold)) == list(range(1, 11))


def test_a_split_holds_its_people_and_every_exercise(task: Watch) -> None:
    for split in SPLITS:
        samples = task.samples(split)
        assert set(samples.groups) == {f"person {person}" for person in recordings.people(split, 0)}
        assert len(set(samples.ids)) == len(samples) == task.describe()["sizes"][split]
        assert set(samples.target.tolist()) == set(range(len(CLASSES)))
        assert samples.present.all()
        for name in task.info.modalities.names:
            assert samples.inputs[name].shape == (len(samples), 3, 50)
            assert samples.inputs[name].dtype == torch.float16
            assert samples.inputs[name].isfinite().all()


def test_only_training_windows_overlap() -> None:
    for split, apart in (("train", 25), ("valid", 50), ("test", 50)):
        starts = [item.start for item in recordings.items(split, 0) if item.recording is _first(split)]
        assert set(np.diff(starts)) == {apart}


def _first(split: Split) -> recordings.Recording:
    return next(recordings.items(split, 0)).recording


def test_a_split_is_the_same_from_the_cache_and_built_anew(task: Watch, tmp_path: Path) -> None:
    first = task.samples("valid")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MMLAB_CACHE", str(tmp_path))
        for _ in range(2):
            cached_splits.forget()
            again = task.samples("valid")
            assert again.ids == first.ids
            assert torch.equal(again.target, first.target)
            assert all(torch.equal(again.inputs[name], first.inputs[name]) for name in first.inputs)
    cached_splits.forget()


def test_recordings_are_of_a_body_that_gravity_holds() -> None:
    """Whoever mixes up units, sensors or columns finds neither 1 g nor turns that cancel out."""
    found = recordings.recordings()
    lengths = [np.median(np.linalg.norm(each.values["accelerometer"], axis=1)) for each in found]
    assert 0.95 < np.median(lengths) < 1.15
    assert np.median([np.abs(each.values["gyroscope"].mean(0)).max() for each in found]) < 0.1


# its pack


def test_the_pack_is_what_the_recordings_make() -> None:
    assert PACK.differences(items()) == []
    found = subprocess.run(
        [sys.executable, "tools/make_watch.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stdout + found.stderr


def test_the_pack_is_balanced_and_small() -> None:
    rows = PACK.index.values()
    assert len(rows) == 112
    assert set(Counter((row["exercise"], row["person"], row["arm"]) for row in rows).values()) == {4}
    assert sum(file.stat().st_size for file in recordings.FOLDER.rglob("*") if file.is_file()) < 2_000_000


def test_a_shipped_sample_is_the_test_split_s(task: Watch) -> None:
    samples = task.samples("test")
    for sample in task.gallery()[::9]:
        row, example = samples.ids.index(sample), task.example(sample)
        assert example.target == samples.target[row]
        assert example.answer == CLASSES[example.target]
        for name, raw in example.raw.items():
            assert torch.equal(task.prepare(name, raw).tensor, samples.inputs[name][row].float())
    with pytest.raises(UnknownName):
        task.example("p11-left-abd-0000")


# training-time variation


def test_variation_is_a_function_of_the_seed(task: Watch) -> None:
    batch = task.samples("train").batch(range(32)).inputs
    first, again, other = (task.augment(batch, seed) for seed in (1, 1, 2))
    for name, value in batch.items():
        assert first[name].shape == value.shape
        assert torch.equal(first[name], again[name])
        assert not torch.equal(first[name], other[name])
        similar = torch.nn.functional.cosine_similarity(first[name].flatten(1), value.flatten(1))
        assert similar.median() > 0.8


def test_both_sensors_of_a_watch_turn_alike() -> None:
    batch = torch.randn(8, 3, 50, generator=torch.Generator().manual_seed(0))
    turned = turn_axes(torch.cat([batch, batch], 1), 30.0, torch.Generator().manual_seed(1))
    torch.testing.assert_close(turned[:, :3], turned[:, 3:])
    torch.testing.assert_close(turned[:, :3].norm(dim=1), batch.norm(dim=1))
    assert not torch.allclose(turned[:, :3], batch, atol=0.1)


# from a file to the model's world


def movement(rate: float, seconds: float) -> np.ndarray:
    """Six columns, in g and rad/s, of a slow movement with gravity on z."""
    time = np.arange(round(rate * seconds)) / rate
    waves = [np.sin(2 * pi * (0.5 + 0.3 * i) * time + i) for i in range(6)]
    return np.stack([*waves[:2], 1 + 0.2 * waves[2], *waves[3:]], 1)


def text(values: np.ndarray, head: str = "", sign: str = ",", form: str = "{:.5f}") -> bytes:
    rows = [sign.join(form.format(value) for value in row) for row in values]
    return "\n".join([head] * bool(head) + rows).encode()


SIX = "acc_x,acc_y,acc_z,gyro_x,gyro_y,gyro_z"


@pytest.mark.parametrize("rate", [25.0, 50.0, 52.0, 100.0, 119.5])
def test_any_rate_is_brought_to_fifty_rows_a_second(task: Watch, rate: float) -> None:
    time = np.arange(round(rate * 1.2)) / rate
    content = text(np.column_stack([time, movement(rate, 1.2)]), f"t [s],{SIX}")
    for name, columns, scale in (("accelerometer", slice(0, 3), 1), ("gyroscope", slice(3, 6), 2)):
        raw = task.read(name, content, "walk.csv")
        assert isinstance(raw, Series)
        assert raw.rate == pytest.approx(rate, rel=1e-4)
        assert raw.part is not None
        reading = task.prepare(name, raw)
        assert reading.tensor.shape == (3, 50)
        start = round(raw.part[0] * 50)
        whole = movement(50, 1.2)[start : start + 50, columns].T / scale
        assert np.abs(reading.tensor.numpy() - whole)[:, 3:-3].max() < 0.06
        assert any("Resampled" in note for note in reading.notes) == (rate != 50)


@pytest.mark.parametrize(
    ("head", "factor", "note"),
    [
        (f"time_ms,{SIX}", 1e3, ""),
        (f"timestamp [ns],{SIX}", 1e9, ""),
        (f"time,{SIX}", 1e3, "milliseconds"),
        (f"seconds_elapsed,{SIX}", 1.0, ""),
        ("", 1e3, "milliseconds"),
    ],
)
def test_times_in_other_units(head: str, factor: float, note: str) -> None:
    times = 7_000 + np.arange(100) / 100
    raw = read_series(text(np.column_stack([times * factor, movement(100, 1)]), head), "", ACCELEROMETER, SECOND)
    assert raw.rate == pytest.approx(100, rel=1e-3)
    assert note in raw.note


def test_one_file_of_six_columns_feeds_both_inputs(task: Watch) -> None:
    values = movement(50, 1)
    named = text(values, SIX)
    for content in (named, text(values)):
        acc, gyro = (task.read(name, content) for name in task.info.modalities.names)
        np.testing.assert_allclose(acc.values, values[:, :3], atol=1e-5)  # type: ignore[union-attr]
        np.testing.assert_allclose(gyro.values, values[:, 3:], atol=1e-5)  # type: ignore[union-attr]
    assert "first three columns for the accelerometer" in task.read("gyroscope", text(values)).note  # type: ignore[union-attr]
    swapped = text(values[:, ::-1], ",".join(reversed(SIX.split(","))))
    np.testing.assert_allclose(task.read("gyroscope", swapped).values, values[:, 3:], atol=1e-5)  # type: ignore[union-attr]


def test_both_inputs_take_the_same_second_of_a_file(task: Watch) -> None:
    values = movement(50, 12)
    values[:400] = values[:400] * 0.05 + [0, 0, 1, 0, 0, 0]
    acc, gyro = (task.read(name, text(values, SIX)) for name in task.info.modalities.names)
    assert isinstance(acc, Series)
    assert isinstance(gyro, Series)
    assert acc.part == gyro.part
    assert acc.part is not None
    assert acc.part[0] >= 8
    assert "where most movement is" in acc.note


@pytest.mark.parametrize(
    ("sign", "form"), [(";", "{:.4f}"), ("\t", "{:.4f}"), (" ", "{:.4f}"), (", ", "{:.4f}"), (";", "{:.4f}x")]
)
def test_columns_are_parted_in_many_ways(sign: str, form: str) -> None:
    values = movement(50, 1)[:, :3]
    lines = text(values, sign.join(("x", "y", "z")), sign, form.rstrip("x")).decode()
    content = lines.replace(".", ",") if form.endswith("x") else lines  # decimal commas
    for variant in (content, content.replace("\n", "\r\n"), "\ufeff" + content, "# a comment\n\n" + content):
        raw = read_series(variant.encode(), "", ACCELEROMETER, SECOND)
        np.testing.assert_allclose(raw.values, values, atol=1e-4)


@pytest.mark.parametrize(
    ("sensor", "head", "factor", "note"),
    [
        (ACCELEROMETER, "ax [m/s^2],ay [m/s^2],az [m/s^2]", 9.80665, "Converted m/s² to g"),
        (ACCELEROMETER, "acc x (m/s²),acc y (m/s²),acc z (m/s²)", 9.80665, "Converted m/s² to g"),
        (ACCELEROMETER, "x,y,z", 9.80665, "m/s² is assumed from the size"),
        (ACCELEROMETER, "x,y,z", 1, "g is assumed from the size"),
        (ACCELEROMETER, "accel_x_g,accel_y_g,accel_z_g", 1, ""),
        (GYROSCOPE, "wx [deg/s],wy [deg/s],wz [deg/s]", 180 / pi, "Converted °/s to rad/s"),
        (GYROSCOPE, "gyro_x_dps,gyro_y_dps,gyro_z_dps", 180 / pi, "Converted °/s to rad/s"),
        (GYROSCOPE, "rotation rate x (°/s),rotation rate y (°/s),rotation rate z (°/s)", 180 / pi, "Converted °/s"),
        (GYROSCOPE, "x,y,z", 180 / pi, "°/s is assumed from the size"),
        (GYROSCOPE, "gyro_x [rad/s],gyro_y [rad/s],gyro_z [rad/s]", 1, ""),
    ],
)
def test_units(sensor, head: str, factor: float, note: str) -> None:  # type: ignore[no-untyped-def]
    values = movement(50, 1)[:, :3]
    raw = read_series(text(values * factor, head), "", sensor, SECOND)
    np.testing.assert_allclose(raw.values, values, atol=1e-3)
    assert note in raw.note
    assert raw.unit == next(iter(sensor.units))


def test_what_a_person_states_counts_and_moves_no_line() -> None:
    values = movement(100, 5)[:, 3:]
    stated = b"# mmlab: rate=100 start=2.5 unit=m/s2,deg/s\n"
    raw = read_series(stated + text(values), "", GYROSCOPE, SECOND)
    assert raw.rate == 100
    assert raw.part == (2.5, 3.5)
    np.testing.assert_allclose(raw.values, values * pi / 180, atol=1e-4)
    with pytest.raises(DataError, match="line 3, column 2"):
        read_series(stated + b"1,2,3\n4,5,6\n7,x,9\n", "", GYROSCOPE, SECOND)


def test_uneven_times_are_made_even() -> None:
    times = np.delete(np.arange(100) / 50, [20, 21, 22, 60])
    values = np.column_stack([times, 0.5 * times, times * 0, 1 + times * 0])
    raw = read_series(text(values, "t [s],x,y,z"), "", ACCELEROMETER, SECOND)
    assert raw.rate == pytest.approx(50)
    assert "uneven" in raw.note
    assert "0.08 s" in raw.note
    np.testing.assert_allclose(raw.values[:, 0], 0.5 * np.arange(100) / 50, atol=1e-4)


@pytest.mark.parametrize("jump", [3600, 1e12])
def test_rows_on_both_sides_of_a_gap_are_not_joined(jump: float) -> None:
    rows = (f"{row / 50 + (row >= 60) * jump},{row % 7},0,1" for row in range(180))
    content = lines("t [s],x,y,z", *rows)
    raw = read_series(content, "", ACCELEROMETER, SECOND)
    assert raw.values[:, 0].tolist() == pytest.approx([(60 + row) % 7 for row in range(120)], abs=0.05)
    assert "120 of 180 rows: there is a gap" in raw.note
    early = read_series(b"# mmlab: start=0.1\n" + content, "", ACCELEROMETER, SECOND)
    assert early.part == pytest.approx((0.1, 1.1))
    assert len(early.values) == 60
    with pytest.raises(DataError, match="gap in its times at 2 s"):
        read_series(b"# mmlab: start=2\n" + content, "", ACCELEROMETER, SECOND)


def test_a_second_clock_is_no_value_and_is_told() -> None:
    rows = (f"{17 * 10**17 + row * 10**7},{row / 100},{row % 7},0,{row % 5}" for row in range(200))
    raw = read_series(lines("time,seconds_elapsed,z,y,x", *rows), "", ACCELEROMETER, SECOND)
    assert raw.values.shape == (200, 3)
    assert raw.rate == pytest.approx(100)
    assert "'seconds_elapsed' is a clock, too" in raw.note


def lines(*rows: str) -> bytes:
    return "\n".join(rows).encode()


GOOD = ["0.1,0.2,0.9", "0.2,0.3,1.1"] * 30
HOSTILE = {
    "empty": (b"", "is empty"),
    "white": (b" \n\n", "is empty"),
    "a comment": (b"# nothing\n", "is empty"),
    "names only": (b"x,y,z\n", "names and no numbers"),
    "text": (lines("Dear reader", "this is no table", "of numbers"), "line 2: 4 columns where the others have 2"),
    "a word": (lines(*GOOD[:5], "0.1,tree,0.3", *GOOD), "line 6, column 2: 'tree' is not a number"),
    "not a number": (lines(*GOOD[:3], "0.1,NaN,0.3", *GOOD), "line 4, column 2: 'NaN'"),
    "infinite": (lines(*GOOD[:3], "0.1,-inf,0.3", *GOOD), "line 4, column 2: '-inf'"),
    "a hole": (lines(*GOOD[:3], "0.1,,0.3", *GOOD), "line 4, column 2: there is no number"),
    "a short line": (lines(*GOOD[:3], "0.1,0.2", *GOOD), "line 4: 2 columns where the others have 3"),
    "two columns": (lines(*["1,2", "2,3"] * 30), "2 columns"),
    "five columns": (lines(*["1,2,3,4,5", "2,3,4,5,9"] * 30), "5 columns"),
    "many columns": (lines(*[",".join(["1"] * 500)] * 60), "500 columns, which is more than 64"),
    "too short": (lines(*GOOD[:20]), "holds 0.40 s"),
    "one row": (lines(GOOD[0]), "1 row"),
    "still": (lines(*GOOD[:1] * 60), "every row is the same"),
    "the other sensor": (lines("gyro_x,gyro_y,gyro_z", *GOOD), "none of the accelerometer"),
    "backwards": (
        lines("t [s],x,y,z", *(f"{(60 - row) / 50},{row},0,1" for row in range(60))),
        "line 3: the time runs backwards",
    ),
    "frozen": (lines("t [s],x,y,z", *(f"5,{row},0,1" for row in range(60))), "the time stands still"),
    "too slow": (lines("t [s],x,y,z", *(f"{row},{row},0,1" for row in range(60))), "rows a second"),
    "giants": (lines(*["1e17,2,3", "2,3e17,4"] * 30), "too large"),
    "bytes": (bytes(range(256)) * 20, "not a text file"),
    "huge": (b"1,2,3\n" * 1_500_000, "9 MB"),
    "many rows": (b"1,2,3\n" * (ROWS + 1), "more than 100,000 rows"),
    "a long line": (b"1," * 5_000, "longer than 4,000"),
    "a bad rate": (b"# mmlab: rate=fast\n" + lines(*GOOD), "make no sense"),
    "a bad start": (b"# mmlab: start=-3\n" + lines(*GOOD), "cannot start at"),
    "a late start": (b"# mmlab: start=9\n" + lines(*GOOD), "not enough after 9 s"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_end_in_a_sentence(task: Watch, name: str) -> None:
    content, said = HOSTILE[name]
    with pytest.raises(DataError, match=re.escape(said)) as caught:
        task.read("accelerometer", content, "a.csv")
    assert caught.value.hint


def test_other_recordings_are_refused() -> None:
    window = Window(50, 50, 3, 1.0)
    with pytest.raises(DataError, match="not a recording of a sensor"):
        prepare_series(Text("seven"), window)
    two = Series(np.zeros((60, 2), np.float32), 50.0, ("x", "y"))
    with pytest.raises(DataError, match="2 columns"):
        prepare_series(two, window)
    with pytest.raises(DataError, match=r"holds 0\.20 s"):
        prepare_series(Series(np.zeros((10, 3), np.float32), 50.0, ("x", "y", "z")), window)


def test_a_recording_that_ends_early_is_held() -> None:
    values = np.arange(141, dtype=np.float32).reshape(47, 3)
    reading = prepare_series(Series(values, 50.0, ("x", "y", "z")), Window(50, 50, 3, 1.0))
    assert torch.equal(reading.tensor[:, 46], reading.tensor[:, 49])
    assert "its last values were repeated" in " ".join(reading.notes)
