"""A small example data folder: 120 spoken, photographed and written digits, with missing inputs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mmlab.core import csv_file
from mmlab.core.errors import DataError
from mmlab.core.recordings import Picture, Sound, Strokes
from mmlab.core.task import Split
from mmlab.modalities.audio.decode import encode_sound
from mmlab.modalities.image.decode import encode_picture
from mmlab.modalities.path.resample import resample_path
from mmlab.tasks.custom.locations import MANIFEST, TASK_FILE
from mmlab.tasks.generators.digits.recordings import BuiltIn, Recorder
from mmlab.tasks.generators.digits.sensor_noise import Noise

CLASSES = ("zero", "one", "two", "three")
SIZES: dict[Split, int] = {"train": 72, "valid": 20, "test": 28}
MISSING = {"photo": 0.2, "voice": 0.3, "pen": 0.25, "shape": 0.15}
PEN_RATE, PEN_SPEED = 50, 160.0  # rows a second; units a second on a sheet of 100 units
SEED = 5
TASK = {
    "name": "numerals",
    "title": "Numerals",
    "about": "Zero to three, photographed, spoken and written. Real handwriting in the photos; the rest is simulated.",
    "output": {"kind": "classification", "classes": list(CLASSES)},
    "modalities": [
        {"name": "photo", "kind": "image", "size": 28, "label": "Photo"},
        {"name": "voice", "kind": "sound", "rate": 8000, "seconds": 1.0, "label": "Voice"},
        {"name": "pen", "kind": "series", "columns": ["x", "y"], "seconds": 2.4, "steps": 48, "label": "Pen"},
        {"name": "shape", "kind": "vector", "columns": ["width", "height", "length", "strokes"], "inline": True},
    ],
    "simulated": ["voices", "pen paths", "shapes", "noise", "which recordings go together", "what is missing"],
}


def write_example(folder: Path) -> int:
    """Write the example into a folder that is new or empty; the number of samples. Raises DataError."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(f"'{folder}' is not empty.", "Name a new folder.")
    try:
        for name in ("photo", "voice", "pen"):
            (folder / name).mkdir(parents=True)
        (folder / TASK_FILE).write_text(json.dumps(TASK, indent=2) + "\n", "utf-8")
        rows = list(_rows(folder))
        table = csv_file.as_csv(("id", "split", "target", "group", *MISSING), rows)
        (folder / MANIFEST).write_text(table, "utf-8", newline="")
    except OSError as error:
        raise DataError(f"'{folder}' cannot be written: {error.strerror}.", "Name another folder.") from error
    return len(rows)


def _rows(folder: Path) -> Iterator[tuple[str, ...]]:
    """Write the files of each sample and yield its line."""
    rng = np.random.default_rng(SEED)
    for split, count in SIZES.items():
        recorder = Recorder(split, "built-in", BuiltIn(split), Noise(strength=0.5))
        indices = [index for index in range(len(recorder)) if recorder.digits[index] < len(CLASSES)]
        for index in indices[:count]:
            item = recorder.item(index)
            picture, sound, strokes = item.raw["image"], item.raw["sound"], item.raw["pen"]
            assert isinstance(picture, Picture)
            assert isinstance(sound, Sound)
            assert isinstance(strokes, Strokes)
            contents = {
                f"photo/{item.id}.png": encode_picture(picture),
                f"voice/{item.id}.flac": encode_sound(sound),
                f"pen/{item.id}.csv": _written(strokes).encode(),
            }
            kept = _kept(rng)
            cells = [path if keep else "" for path, keep in zip((*contents, _shape(strokes)), kept, strict=True)]
            for path, content in contents.items():
                if path in cells:
                    (folder / path).write_bytes(content)
            yield item.id, split, CLASSES[item.digit], item.speaker if cells[1] else item.id, *cells


def _kept(rng: np.random.Generator) -> list[bool]:
    """Which inputs a sample has, at least one."""
    kept = [bool(rng.random() >= rate) for rate in MISSING.values()]
    return kept if any(kept) else [True, *kept[1:]]


def _written(strokes: Strokes) -> str:
    """What a tablet notes while the digit is written: a time and a place per row."""
    path = np.concatenate(strokes.strokes).astype(np.float64)
    length = float(np.hypot(*np.diff(path, axis=0).T).sum())
    places = resample_path(path, max(2, round(length / PEN_SPEED * PEN_RATE)))
    rounded = np.round(places, 1) + 0.0  # no -0.0
    lines = [f"{row / PEN_RATE:.2f},{x:.1f},{y:.1f}" for row, (x, y) in enumerate(rounded)]
    return "\n".join(["time,x,y", *lines]) + "\n"


def _shape(strokes: Strokes) -> str:
    """Width, height and length of what is written, and the number of strokes."""
    path = np.concatenate(strokes.strokes)
    width, height = np.ptp(path, axis=0)
    length = sum(float(np.hypot(*np.diff(stroke, axis=0).T).sum()) for stroke in strokes.strokes)
    return f"{width:.0f} {height:.0f} {length:.0f} {len(strokes.strokes)}"
