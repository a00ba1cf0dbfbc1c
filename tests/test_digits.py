"""The task `digits`: its splits, its way from a recording to the model's world, its shipped pack."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from mmlab.core.errors import DataError, UnknownName
from mmlab.core.recordings import Picture, Sound, Strokes
from mmlab.core.task import Task
from mmlab.modalities.audio import spectrogram
from mmlab.modalities.audio.spectrogram import prepare_sound
from mmlab.modalities.image.digit_crop import prepare_digit
from mmlab.modalities.path.resample import prepare_strokes
from mmlab.storage import disk_cache
from mmlab.tasks import cached_splits
from mmlab.tasks.digits import Digits
from mmlab.tasks.generators.digits import real_recordings, recordings, sample_pack, sensor_noise, synthetic_voices

ROOT = Path(__file__).resolve().parents[1]
DATA = real_recordings.data_folder() or real_recordings.data_folder(str(ROOT.parent / "shared" / "data"))
needs_data = pytest.mark.skipif(DATA is None, reason="needs MMLAB_DATA with mnist.npz, fsdd.npz and pendigits.npz")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Splits of this file's own, small to train, in a cache of their own."""
    patch = pytest.MonkeyPatch()
    cache = tmp_path_factory.mktemp("cache")
    patch.setenv("MMLAB_CACHE", str(cache))
    patch.setattr(recordings, "SIZES", {"train": 60, "valid": 40, "test": recordings.SIZES["test"]})
    cached_splits.forget()
    yield cache
    patch.undo()
    cached_splits.forget()


@pytest.fixture(scope="module")
def task(folder: Path) -> Digits:
    return Digits(folder=str(DATA) if DATA else None)


def test_it_keeps_the_protocol(task: Digits) -> None:
    assert isinstance(task, Task)
    assert task.info.modalities.names == ("image", "sound", "pen")
    assert task.info.output.channels == 10


def test_name_and_title_can_be_read_without_importing() -> None:
    tree = ast.parse((ROOT / "mmlab" / "tasks" / "digits.py").read_text("utf-8"))
    body = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Digits").body
    found = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id in ("name", "title")
    }
    assert found == {"name": Digits.name, "title": Digits.title}


@pytest.mark.parametrize(
    "source", ["built-in", pytest.param("real", marks=needs_data), pytest.param("both", marks=needs_data)]
)
def test_splits_have_the_promised_shapes(task: Digits, source: str) -> None:
    for split in ("train", "valid", "test"):
        found = task.samples(split, source)
        assert len(found) == len(found.ids) == len(found.groups) == len(found.target) == len(set(found.ids))
        assert found.present.all()
        assert set(found.target.tolist()) == set(range(10))
        for modality in task.info.modalities:
            assert found.inputs[modality.name].shape == (len(found), *modality.shape)
            assert torch.isfinite(found.inputs[modality.name].float()).all()
    assert len(task.samples("test", source)) >= 1000


def test_voices_and_pictures_are_held_out(task: Digits) -> None:
    heard = [set(task.samples(split).groups) for split in ("train", "valid", "test")]
    assert not (heard[0] & heard[1])
    assert not (heard[0] & heard[2])
    assert not (heard[1] & heard[2])
    variants = [
        {clip.voice.split("+")[1] for clip in synthetic_voices.clips(split)} for split in ("train", "valid", "test")
    ]
    assert not (variants[0] & variants[1])
    assert not (variants[0] & variants[2])
    assert not (variants[1] & variants[2])
    rows = [set(range(*recordings.SKLEARN_ROWS[split])) for split in ("train", "valid", "test")]
    assert not (rows[0] & rows[1])
    assert not (rows[0] & rows[2])
    assert not (rows[1] & rows[2])


@needs_data
def test_real_speakers_and_recordings_are_held_out() -> None:
    for speaker in real_recordings.SPEAKERS:
        heard = [set(real_recordings.speakers_of(split, speaker)) for split in ("train", "valid", "test")]
        assert heard[2] == {speaker}
        assert set.union(*heard) == set(real_recordings.SPEAKERS)
        assert sum(map(len, heard)) == len(real_recordings.SPEAKERS)
    rows = [set(real_recordings.parts(7494, split).tolist()) for split in ("train", "valid", "test")]
    assert sum(map(len, rows)) == 7494
    assert set.union(*rows) == set(range(7494))


def test_without_recordings_only_what_is_built_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("MMLAB_DATA", raising=False)
    assert Digits().sources() == ("built-in",)
    with pytest.raises(DataError, match="no real recordings"):
        Digits(folder=str(tmp_path)).samples("test", "real")
    with pytest.raises(DataError, match="no speaker"):
        Digits(held_out="nobody")


@needs_data
def test_damaged_recordings_are_said(tmp_path: Path) -> None:
    for file in real_recordings.FILES:
        (tmp_path / file).write_bytes(b"PK\x03\x04 not an archive")
    with pytest.raises(DataError, match="cannot be read"):
        Digits(folder=str(tmp_path)).samples("valid", "real")


def test_the_same_in_another_process() -> None:
    code = (
        "from mmlab.tasks.generators.digits import recordings as d;"
        "from mmlab.tasks.generators.digits.sensor_noise import Noise; import hashlib;"
        "from mmlab.tasks.digits import PREPARE; digest = hashlib.blake2b();"
        "rows = [d.Recorder(s, 'built-in', d.BuiltIn(s), Noise()).item(i).raw"
        " for s in ('train', 'test') for i in range(5)];"
        "[digest.update(PREPARE[n](r[n]).tensor.numpy().tobytes()) for r in rows"
        " for n in ('image', 'sound', 'pen')]; print(digest.hexdigest())"
    )
    prints = set()
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        prints.add(done.stdout)
    assert len(prints) == 1
    assert len(prints.pop()) > 100


def test_two_may_build_a_split_at_once(tmp_path: Path) -> None:
    code = (
        "from mmlab.tasks.generators.digits import recordings as d; d.SIZES = {'train': 60, 'valid': 40, 'test': 40};"
        "from mmlab.tasks.digits import Digits; samples = Digits().samples('valid', 'built-in');"
        "print(len(samples), float(samples.inputs['sound'].double().sum()))"
    )
    environment = {**os.environ, "MMLAB_CACHE": str(tmp_path), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code]
    both = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    first, second = (builder.communicate(timeout=600)[0] for builder in both)
    assert [builder.returncode for builder in both] == [0, 0]
    assert first == second
    assert first.startswith("40 ")
    assert [file.suffix for file in tmp_path.rglob("*") if file.is_file()] == [".npz"]
    again = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert again.stdout == first, "what was kept is whole"


def test_the_pack_is_what_the_command_makes() -> None:
    assert sample_pack.PACK.differences(sample_pack.items()) == []


def test_the_pack_and_the_bank_are_small() -> None:
    files = [file for file in synthetic_voices.FOLDER.rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) < 2_000_000
    assert len(sample_pack.PACK.index) == 200


def test_a_shipped_file_gives_the_row_of_its_sample(task: Digits) -> None:
    rows = task.samples("test")
    assert task.gallery() == rows.ids[:200]
    for place in range(0, 200, 7):
        example = task.example(rows.ids[place])
        assert example.target == int(rows.target[place])
        assert example.answer == str(example.target)
        for name, raw in example.raw.items():
            torch.testing.assert_close(task.prepare(name, raw).tensor, rows.inputs[name][place].float(), rtol=0, atol=0)


def test_an_unknown_sample_is_said(task: Digits) -> None:
    for sample in ("test-9999", "../test-0000", ""):
        with pytest.raises(UnknownName):
            task.example(sample)


def test_augmentation_is_a_function_of_its_seed(task: Digits) -> None:
    batch = task.samples("train").batch(range(32))
    before = {name: value.clone() for name, value in batch.inputs.items()}
    first, again, other = (task.augment(batch.inputs, seed) for seed in (5, 5, 6))
    for name, value in batch.inputs.items():
        assert first[name].shape == value.shape
        assert torch.isfinite(first[name]).all()
        assert torch.equal(first[name], again[name])
        assert not torch.equal(first[name], other[name])
        assert torch.equal(value, before[name])


@needs_data
def test_mnist_pictures_stay_as_they_are() -> None:
    assert DATA is not None
    pictures, _ = real_recordings.pictures(DATA, "test")
    far = [np.abs(prepare_digit(Picture(item)).tensor.numpy()[0] - item / 255).mean() for item in pictures[:300]]
    assert float(np.mean(far)) < 0.003
    assert float(np.mean(np.array(far) > 0.02)) < 0.02


def ink() -> np.ndarray:
    """A seven, white on black, `[112, 112]`."""
    pixels = np.zeros((112, 112), np.uint8)
    pixels[30:36, 40:72] = 255
    for step in range(50):
        pixels[36 + step, 66 - step // 2 : 72 - step // 2] = 255
    return pixels


@pytest.mark.parametrize("kind", ["dark on light", "faint", "colour", "large", "shaded", "off to a corner", "noisy"])
def test_the_same_digit_in_another_picture(kind: str) -> None:
    rng = np.random.default_rng(1)
    pixels = ink().astype(float)
    if kind == "dark on light":
        pixels = 255 - pixels
    elif kind == "faint":
        pixels = 120 + pixels * 0.1
    elif kind == "colour":
        pixels = np.stack([250 - pixels * 0.9, 240 - pixels * 0.9, 230 - pixels * 0.2], -1)
    elif kind == "large":
        pixels = pixels.repeat(8, 0).repeat(8, 1)
    elif kind == "shaded":
        pixels = 200 - pixels * 0.6 - np.linspace(0, 60, 112)[:, None]
    elif kind == "off to a corner":
        pixels = np.pad(pixels, ((0, 300), (200, 0)))
    else:
        pixels = 60 + pixels * 0.6 + rng.normal(0, 12, pixels.shape)
    plain = prepare_digit(Picture(ink())).tensor
    found = prepare_digit(Picture(np.clip(pixels, 0, 255).astype(np.uint8))).tensor
    assert float(((plain - found) ** 2).mean()) < 0.012
    together = torch.corrcoef(torch.stack([plain.flatten(), found.flatten()]))[0, 1]
    assert float(together) > 0.9


def test_blank_inputs_are_said() -> None:
    with pytest.raises(DataError, match="blank"):
        prepare_digit(Picture(np.full((50, 50), 200, np.uint8)))
    with pytest.raises(DataError, match="silent"):
        prepare_sound(Sound(np.zeros(8000, np.float32), 8000))
    with pytest.raises(DataError, match="dot"):
        prepare_strokes(Strokes((np.ones((3, 2), np.float32),)))


@pytest.mark.parametrize("size", [(2, 2), (2, 900), (1000, 3), (27, 29), (28, 28)])
def test_odd_pictures_are_prepared(size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, size, dtype=np.uint8)
    found = prepare_digit(Picture(pixels)).tensor
    assert found.shape == (1, 28, 28)
    assert torch.isfinite(found).all()
    assert 0 <= float(found.min()) <= float(found.max()) <= 1


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 44_100, 48_000, 192_000])
def test_a_word_is_found_in_a_long_recording_of_any_rate(rate: int) -> None:
    """A word after two seconds of faint noise gives nearly what the trimmed word gives."""
    from scipy.signal import resample_poly

    word = synthetic_voices.clips("test")[7].wave
    plain = prepare_sound(Sound(word, 8_000)).tensor
    wave = resample_poly(word, rate, 8_000) if rate != 8_000 else word
    long = np.pad(0.3 * wave, (2 * rate, rate)) + np.random.default_rng(0).normal(0, 3e-4, len(wave) + 3 * rate)
    reading = prepare_sound(Sound(long.astype(np.float32), rate))
    together = torch.corrcoef(torch.stack([plain.flatten(), reading.tensor.flatten()]))[0, 1]
    assert float(together) > 0.9
    assert any("second around" in note for note in reading.notes)
    assert any("Resampled" in note for note in reading.notes) == (rate != 8_000)


def test_axes_for_people() -> None:
    hertz, seconds = spectrogram.mel_hertz(), spectrogram.frame_seconds()
    assert hertz.shape == (32,)
    assert (np.diff(hertz) > 0).all()
    assert hertz[0] > 60
    assert hertz[-1] < 4000
    assert seconds.shape == (64,)
    assert 1.0 < seconds[-1] < 1.1


def test_strokes_become_points_along_the_path() -> None:
    square = Strokes((np.array([[0, 0], [10, 0], [10, 30]], np.float32),))
    found = prepare_strokes(square).tensor
    assert found.shape == (2, 16)
    assert float(found[1].max()) == pytest.approx(1)
    assert float(found[0].abs().max()) == pytest.approx(1 / 3, abs=1e-3)


def test_a_damaged_cache_is_built_again(folder: Path, task: Digits) -> None:
    before = task.samples("valid")
    file = next(folder.glob("digits-built-in-valid-*.npz"))
    whole = file.read_bytes()
    middle = len(whole) // 2
    for content in (
        b"",
        b"nonsense",
        whole[:middle],
        whole[:middle] + b"\x00\x01\x02\x03" + whole[middle + 4 :],
    ):
        file.write_bytes(content)
        cached_splits.forget()
        again = task.samples("valid")
        assert all(torch.equal(before.inputs[name], again.inputs[name]) for name in before.inputs)
        assert disk_cache.load(file.stem) is not None


def test_a_kill_while_saving_leaves_nothing_half(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(Killed):
        disk_cache.save("half", {"values": np.arange(5)})
    monkeypatch.undo()
    monkeypatch.setenv("MMLAB_CACHE", str(folder))
    assert disk_cache.load("half") is None
    disk_cache.save("half", {"values": np.arange(5)})
    found = disk_cache.load("half")
    assert found is not None
    assert found["values"].tolist() == [0, 1, 2, 3, 4]


def test_a_cache_that_cannot_be_written_is_no_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("MMLAB_CACHE", str(tmp_path / "file"))
    disk_cache.save("anything", {"values": np.arange(3)})
    assert disk_cache.load("anything") is None


def test_without_noise_recordings_are_clean() -> None:
    clean = recordings.Recorder("test", "built-in", recordings.BuiltIn("test"), sensor_noise.Noise().none()).item(0)
    assert clean.levels == (0.0, 0.0, 0.0)


def test_the_card_says_what_is_simulated(task: Digits) -> None:
    import json

    found = json.loads(json.dumps(task.describe()))
    assert found["simulated"]
    assert found["noise"]["sound_worst"] == sensor_noise.Noise().sound_worst
    assert "simulated" in task.about
