"""Recordings of our own generators that replace those of an official data set in its miniature."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray
from PIL import Image

from mmlab.core.recordings import Picture, Sound, Text
from mmlab.tasks.generators.digits.recordings import BuiltIn
from mmlab.tasks.generators.digits.recordings import Recorder as Digits
from mmlab.tasks.generators.digits.sensor_noise import Noise
from mmlab.tasks.generators.faces.captures import recordings
from mmlab.tasks.generators.opinion.recordings import Recorder
from mmlab.tasks.official.flash_video import RATES, flash_video


def pictures_with_sounds(classes: int, each: int) -> Iterator[tuple[int, NDArray[np.uint8], bytes]]:
    """Class, picture `[H, W]` and WAV of spoken and photographed digits, `each` of every class, one class at a time."""
    recorder = Digits("train", "built-in", BuiltIn("train"), Noise(strength=0.3))
    for number in range(classes):
        rows = [row for row in range(len(recorder)) if recorder.digits[row] == number][:each]
        for row in rows:
            raw = recorder.item(row).raw
            picture, sound = raw["image"], raw["sound"]
            assert isinstance(picture, Picture)
            assert isinstance(sound, Sound)
            yield number, picture.pixels, wav(sound)


def wav(sound: Sound) -> bytes:
    """A WAV file of 16 bits."""
    target = io.BytesIO()
    soundfile.write(target, sound.wave, sound.rate, format="WAV", subtype="PCM_16")
    return target.getvalue()


def drifting(pixels: NDArray[np.uint8], count: int) -> list[NDArray[np.uint8]]:
    """A picture `[H, W]` as frames of a clip: each is shifted a little further to the right than the one before."""
    return [np.roll(pixels, 2 * step, 1) for step in range(count)]


def as_flash(frames: Sequence[NDArray[np.uint8]], sound: bytes) -> bytes:
    """Grey pictures and a WAV file as a Flash video, each pixel a square; at the nearest rate that Flash knows."""
    wave, rate = soundfile.read(io.BytesIO(sound))
    near = min(RATES, key=lambda each: abs(each - rate))
    seconds = len(wave) / rate
    times = np.arange(round(seconds * near)) / near
    heard = np.interp(times, np.arange(len(wave)) / rate, wave)
    return flash_video(frames, seconds, heard, near)


def jpeg(pixels: NDArray[np.uint8]) -> bytes:
    """A JPEG file."""
    return _picture_file(pixels, "JPEG", quality=92)


def put(path: Path, content: bytes | str) -> None:
    """Write a file, and the folders that it lies in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def cut_off(path: Path) -> None:
    """Keep the first third of a file, as a download that broke off does."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 3])


def png(pixels: NDArray[np.uint8]) -> bytes:
    """A PNG file."""
    return _picture_file(pixels, "PNG")


def pictures_with_sentences(classes: int, each: int) -> Iterator[tuple[int, NDArray[np.uint8], str]]:
    """Class, colour picture `[H, W, 3]` and a sentence: drawn faces and opinions.

    One class at a time, `each` of every class; classes are steps of the opinion from one end of its scale to the other.
    """
    recorder = Recorder("train")
    order = np.argsort(recorder.opinions, kind="stable")
    for number, rows in enumerate(np.array_split(order, classes)):
        for row in rows[len(rows) // 3 :][:each]:
            raw = recorder.item(int(row)).raw
            picture, text = raw["face"], raw["text"]
            assert isinstance(picture, Picture)
            assert isinstance(text, Text)
            yield number, np.asarray(Image.fromarray(picture.pixels).convert("RGB")), text.text


def npy(values: NDArray[Any]) -> bytes:
    """A .npy file."""
    target = io.BytesIO()
    np.save(target, values, allow_pickle=False)
    return target.getvalue()


def resized(pixels: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """A grey picture as a square of `size`."""
    return np.asarray(Image.fromarray(pixels).convert("L").resize((size, size)), dtype=np.uint8)


def spectrogram(sound: bytes, steps: int, bands: int = 0) -> NDArray[np.float64]:
    """Log magnitudes `[steps, bands]` of a WAV from 0 to 255, as many bands as steps if none are said."""
    wave, _ = soundfile.read(io.BytesIO(sound))
    bands = bands or steps
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(wave, 2 * bands), 2 * bands)
    taken = frames[np.linspace(0, len(frames) - 1, steps).astype(int)] * np.hanning(2 * bands)
    logs = np.log(np.abs(np.fft.rfft(taken))[:, :bands] + 1e-3)
    return np.asarray(255 * (logs - logs.min()) / max(float(np.ptp(logs)), 1e-9))


def scenes(count: int) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]]:
    """Colour `[H, W, 3]`, nearness `[H, W]` and labels `[H, W]` of drawn faces: 1 above, 2 below, 3 a face."""
    rows = ((part, row) for part in recordings("train") for row in range(len(part.ids)))
    for part, row in islice(rows, count):
        colour, near = part.pictures["color"][row], part.pictures["depth"][row]
        above = np.arange(len(near))[:, None] < len(near) / 2
        yield colour, near, np.where(near > near.mean(), 3, np.where(above, 1, 2)).astype(np.uint8)


def deep_png(values: NDArray[Any]) -> bytes:
    """A PNG file of sixteen bits."""
    return _picture_file(values.astype(np.uint16), "PNG")


def _picture_file(values: NDArray[Any], form: str, **how: int) -> bytes:
    target = io.BytesIO()
    Image.fromarray(values).save(target, form, **how)
    return target.getvalue()
