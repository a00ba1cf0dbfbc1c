"""Folders of one's own data for the tests: small ones of each kind of answer, and what to write into their files."""

from __future__ import annotations

import gzip
import io
import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from PIL import Image

from mmlab.core.task import TASKS
from mmlab.tasks.custom import locations

Task = dict[str, Any]
SPLITS = ("train",) * 24 + ("valid",) * 6 + ("test",) * 14


def png(pixels: np.ndarray | None = None) -> bytes:
    target = io.BytesIO()
    Image.fromarray(np.eye(8, dtype=np.uint8) * 200 if pixels is None else pixels).save(target, "PNG")
    return target.getvalue()


def wav(seconds: float = 0.5, hertz: float = 440.0, rate: int = 8000) -> bytes:
    target = io.BytesIO()
    time = np.arange(int(seconds * rate)) / rate
    soundfile.write(target, 0.5 * np.sin(2 * np.pi * hertz * time), rate, format="WAV")
    return target.getvalue()


def nifti(voxels: np.ndarray, spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> bytes:
    """A NIfTI-1 file of unsigned bytes, packed; its axes go to the right, to the front and up."""
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, 3, *voxels.shape, 1, 1, 1, 1)
    struct.pack_into("<2h", header, 70, 2, 8)
    struct.pack_into("<4f", header, 76, 1.0, *spacing)
    struct.pack_into("<3f", header, 108, 352.0, 1.0, 0.0)
    struct.pack_into("<h", header, 254, 1)
    for axis, step in enumerate(spacing):
        struct.pack_into("<f", header, 280 + 16 * axis + 4 * axis, step)
    header[344:348] = b"n+1\0"
    return gzip.compress(bytes(header) + voxels.astype(np.uint8).tobytes(order="F"), mtime=0)


PAIR: Task = {
    "name": "pair",
    "output": {"kind": "classification", "classes": ["low", "high"]},
    "modalities": [
        {"name": "photo", "kind": "image", "size": 8},
        {"name": "numbers", "kind": "vector", "columns": ["a", "b"], "inline": True},
    ],
}
ROWS = [
    "id,split,target,photo,numbers",
    "a,train,low,a.png,1 10",
    "b,train,high,b.png,3 30",
    "c,train,low,,2 20",
    "d,valid,high,a.png,",
    "e,test,low,b.png,1 10",
    "f,test,high,a.png,",
]
FILES = {"a.png": png(), "b.png": png(np.full((8, 8), 90, np.uint8))}


def written(
    folder: Path,
    task: Mapping[str, Any] | str = PAIR,
    rows: Sequence[str] = ROWS,
    files: Mapping[str, bytes] = FILES,
) -> Path:
    """A folder with these contents."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "task.json").write_text(task if isinstance(task, str) else json.dumps(task))
    (folder / "manifest.csv").write_text("\n".join(rows) + "\n")
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def changed(line: int, old: str, new: str) -> list[str]:
    """The rows with a change in one line (counted from 1, as editors do)."""
    assert old in ROWS[line - 1]
    return [row.replace(old, new) if place == line else row for place, row in enumerate(ROWS, 1)]


def with_task(**changes: Any) -> Task:
    return {**PAIR, **changes}


def with_photo(**changes: Any) -> Task:
    return with_task(modalities=[{**PAIR["modalities"][0], **changes}, PAIR["modalities"][1]])


SENSORS = {"Temperature": "T", "Humidity": "H", "Pressure": "P", "Wind": "W", "Light": "L", "Magnetometer": "M"}


def sensors(folder: Path, name: str = "sensors", classes: Sequence[str] = ("closed", "half open", "ajar")) -> Path:
    """Six inputs of two numbers each, from which any of the classes can be told."""
    rng = np.random.default_rng(0)
    inputs = [label.lower() for label in SENSORS]
    rows = [f"id,split,target,{','.join(inputs)}"]
    for i, split in enumerate(SPLITS):
        place = i % len(classes)
        cells = (f"{place + rng.normal():.3f} {rng.normal():.3f}" for _ in inputs)
        rows.append(f"s{i},{split},{classes[place]},{','.join(cells)}")
    task = {
        "name": name,
        "output": {"kind": "classification", "classes": list(classes)},
        "modalities": [
            {
                "name": label.lower(),
                "label": label,
                "letter": letter,
                "kind": "vector",
                "columns": ["a", "b"],
                "inline": True,
            }
            for label, letter in SENSORS.items()
        ],
    }
    return written(folder, task, rows, {})


def opened(folder: Path) -> Any:
    """The task of a folder."""
    locations.add(folder)
    return TASKS[locations.glance(folder).name]()


def scans(folder: Path) -> Path:
    scan = np.zeros((8, 8, 3), np.uint8)
    scan[2:6, 2:6, 1] = 100
    scan[2:6, 2:6, 2] = 50
    labels = np.zeros_like(scan)
    labels[3:5, 3:5, 1] = 2
    labels[2, 2, 1] = 1
    options = {"kind": "slices", "size": 8}
    task = {
        "name": "lesions",
        "output": {"kind": "segmentation", "regions": {"whole": [1, 2], "core": [2]}},
        "modalities": [{"name": "t1", **options}, {"name": "t2", **options, "letter": "2"}],
    }
    rows = [
        "id,split,target,t1,t2",
        "a,train,labels.nii.gz#1,scan.nii.gz#1,scan.nii.gz#2",
        "b,train,labels.nii.gz#0,scan.nii.gz#0,",
        "c,valid,labels.nii.gz#1,,scan.nii.gz#2",
        "d,test,labels.nii.gz#1,scan.nii.gz#1,scan.nii.gz#2",
    ]
    return written(folder, task, rows, {"scan.nii.gz": nifti(scan), "labels.nii.gz": nifti(labels)})


def lesions(folder: Path) -> Path:
    """44 pictures and slices with label maps; each contrast is missing in a fifth."""
    rng, (y, x) = np.random.default_rng(0), np.mgrid[:20, :20]
    options = {"kind": "slices", "size": 16}
    task = {
        "name": "lesions",
        "output": {"kind": "segmentation", "regions": {"whole": [1, 2], "core": [2]}},
        "modalities": [{"name": "t1", **options}, {"name": "t2", "letter": "2", **options}],
    }
    rows, files = ["id,split,target,t1,t2"], {}
    for i, split in enumerate(SPLITS):
        far = np.hypot(*(axis - centre for axis, centre in zip((x, y), rng.uniform(6, 14, 2), strict=True)))
        size = rng.uniform(2, 5)
        noisy = [(60 + 80 * (far < part) + rng.normal(0, 15, far.shape)).clip(1, 255) for part in (size, size / 2)]
        files[f"m{i}.png"] = png(((far < size).astype(np.uint8) + (far < size / 2)).astype(np.uint8))
        files[f"a{i}.png"] = png(noisy[0].astype(np.uint8))
        files[f"b{i}.nii.gz"] = nifti(np.rot90(noisy[1], -1)[..., None].repeat(2, 2))
        cells = "" if i % 5 == 1 else f"a{i}.png", "" if i % 5 == 2 else f"b{i}.nii.gz#1"
        rows.append(f"s{i},{split},m{i}.png,{','.join(cells)}")
    return written(folder, task, rows, files)


def prices(folder: Path) -> Path:
    """44 numbers on a scale of thousands, said, measured over time and drawn; in semicolons."""
    rng = np.random.default_rng(0)
    task = {
        "name": "prices",
        "output": {"kind": "regression", "low": 10_000, "high": 90_000},
        "modalities": [
            {"name": "words", "kind": "text", "inline": True},
            {"name": "warmth", "kind": "series", "columns": ["t"], "rate": 0.01, "seconds": 1600, "steps": 16},
            {"name": "pen", "kind": "path"},
        ],
    }
    rows, files = ["id;split;target;words;warmth;pen"], {}
    for i, split in enumerate(SPLITS):
        value = rng.uniform(10_000, 90_000)
        files[f"t{i}.csv"] = ("t\n" + "\n".join(f"{value / 1000 + rng.normal():.2f}" for _ in range(20))).encode()
        files[f"p{i}.json"] = json.dumps({"strokes": [[[0, 0], [value / 90_000, rng.uniform()], [1, 1]]]}).encode()
        said = " ".join(rng.choice(["dear", "huge"] if value > 50_000 else ["cheap", "small"], 3))
        cells = "" if i % 5 == 1 else said, "" if i % 5 == 2 else f"t{i}.csv", "" if i % 5 == 3 else f"p{i}.json"
        rows.append(f"s{i};{split};{value:.2f};{';'.join(cells)}")
    return written(folder, task, rows, files)


def gate(folder: Path) -> Path:
    """44 faces, or not: a picture in colour, numbers and a sound, one of which is always missing in half of them."""
    rng = np.random.default_rng(0)
    task = {
        "name": "gate",
        "output": {"kind": "detection", "classes": ["genuine", "attack"], "accept": "genuine"},
        "modalities": [
            {"name": "face", "kind": "image", "size": 16, "colour": True},
            {"name": "numbers", "kind": "vector", "columns": ["x", "y"], "inline": True},
            {"name": "voice", "kind": "sound", "rate": 8000, "seconds": 0.5},
        ],
    }
    rows, files = ["id,split,target,face,numbers,voice"], {}
    for i, split in enumerate(SPLITS):
        real = i % 2
        files[f"f{i}.png"] = png((rng.uniform(0, 120, (20, 30, 3)) + 100 * real).astype(np.uint8))
        files[f"v{i}.wav"] = wav(0.5, 300 + 300 * real)
        cells = f"f{i}.png", f"{real + rng.normal():.3f} {rng.normal():.3f}", f"v{i}.wav"
        kept = ["" if i % 4 < 2 and i % 3 == place else cell for place, cell in enumerate(cells)]
        rows.append(f"s{i},{split},{('attack', 'genuine')[real]},{','.join(kept)}")
    return written(folder, task, rows, files)


def films(folder: Path) -> Path:
    """44 films with none, one or several of four labels: numbers that tell two of them, words that tell the rest."""
    rng, labels = np.random.default_rng(0), ("drama", "comedy", "sci-fi", "war")
    task = {
        "name": "films",
        "output": {"kind": "multilabel", "classes": list(labels)},
        "modalities": [
            {"name": "numbers", "kind": "vector", "columns": ["x", "y"], "inline": True},
            {"name": "plot", "kind": "text", "inline": True},
            {"name": "still", "kind": "image", "size": 8},
        ],
    }
    rows, files = ["id,split,target,numbers,plot,still"], {}
    for i, split in enumerate(SPLITS):
        has = rng.random(4) < (0.5, 0.5, 0.4, 0.3)
        numbers = " ".join(f"{2 * on + rng.normal():.3f}" for on in has[:2])
        words = " ".join(word if on else "calm" for word, on in zip(("rocket", "battle"), has[2:], strict=True))
        files[f"s{i}.png"] = png(rng.integers(0, 255, (8, 8)).astype(np.uint8))
        cells = numbers, words, f"s{i}.png"
        kept = ["" if i % 4 == 1 and i % 3 == place else cell for place, cell in enumerate(cells)]
        target = "|".join(name for name, on in zip(labels, has, strict=True) if on)
        rows.append(f"s{i},{split},{target},{','.join(kept)}")
    return written(folder, task, rows, files)


def apart(folder: Path) -> Path:
    """Three inputs of which the last is never there with another: no sample is complete, in any split."""
    columns = {"kind": "vector", "columns": ["x"], "inline": True}
    task = with_task(name="apart", modalities=[{"name": name, **columns} for name in ("one", "two", "far")])
    rng, rows = np.random.default_rng(0), ["id,split,target,one,two,far"]
    for i, split in enumerate(SPLITS):
        value = rng.normal() + 2 * (i % 2)
        cells = f",,{value}" if i % 3 == 0 else f"{value},{value},"
        rows.append(f"s{i},{split},{('low', 'high')[i % 2]},{cells}")
    return written(folder, task, rows, {})


def words(folder: Path) -> Path:
    """Sequences of 4 to 9 words in an archive with their lengths, and two numbers by chance: a rise comes before a fall
    or behind it, which is in the order of the words and nowhere else. What lies behind the last word is far off."""
    task = {
        "name": "words",
        "output": {"kind": "classification", "classes": ["rise first", "fall first"]},
        "modalities": [
            {"name": "voice", "kind": "sequence", "size": 2, "steps": 10},
            {"name": "chance", "kind": "vector", "columns": ["a", "b"], "inline": True},
        ],
    }
    rng, rows = np.random.default_rng(0), ["id,split,target,voice,chance"]
    splits = ("train",) * 96 + ("valid",) * 16 + ("test",) * 40
    values, lengths = np.full((len(splits), 10, 2), 50, np.float32), rng.integers(4, 10, len(splits))
    for number, (split, length) in enumerate(zip(splits, lengths, strict=True)):
        order = number % 2
        first, second = np.sort(rng.choice(length, 2, replace=False))
        values[number, :length] = rng.normal(0, 0.1, (length, 2))
        values[number, first, order] += 3
        values[number, second, 1 - order] += 3
        chance = " ".join(f"{each:.3f}" for each in rng.normal(size=2))
        rows.append(f"s{number},{split},{('rise first', 'fall first')[order]},all.npz#voice.{number},{chance}")
    written(folder, task, rows, {})
    np.savez(folder / "all.npz", voice=values, voice_lengths=lengths)
    return folder


def heads(folder: Path) -> Path:
    """Scans of a ball with a spot in its upper or its lower half: which slice holds it is all that tells the classes
    apart, so that the middle slice, as a picture, cannot; and two numbers that only hint at it."""
    size, deep = 12, 10
    task = {
        "name": "heads",
        "output": {"kind": "classification", "classes": ["low", "high"]},
        "modalities": [
            {"name": "scan", "kind": "volume", "size": 12},
            {"name": "chart", "kind": "vector", "columns": ["one", "two"], "inline": True},
        ],
    }
    rng, rows, files = np.random.default_rng(0), ["id,split,target,scan,chart"], {}
    far = np.sqrt((np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j, -1 : 1 : deep * 1j] ** 2).sum(0))
    for number, split in enumerate(("train",) * 48 + ("valid",) * 16 + ("test",) * 24):
        high = number % 2
        voxels = np.where(far < 0.95, 90 + rng.integers(-10, 11, far.shape), 0)
        across, front = rng.integers(3, size - 5, 2)
        up = int(rng.integers(1, 3)) + 5 * high
        voxels[across : across + 3, front : front + 3, up : up + 2] = 240
        files[f"{number}.nii.gz"] = nifti(voxels.astype(np.uint8), (2.0, 2.0, 2.4))
        hint = " ".join(f"{each:.3f}" for each in rng.normal(size=2) + high)
        rows.append(f"s{number},{split},{('low', 'high')[high]},{number}.nii.gz,{hint}")
    return written(folder, task, rows, files)


def motion(folder: Path) -> Path:
    """Clips of a bar that goes to the left or to the right, from anywhere and round the edge, and their middle frames:
    which way it goes is in the order of the frames and nowhere else, so that one frame cannot tell."""
    size, frames = 16, 6
    task = {
        "name": "motion",
        "output": {"kind": "classification", "classes": ["left", "right"]},
        "modalities": [
            {"name": "clip", "kind": "frames", "frames": frames, "size": size},
            {"name": "frame", "kind": "image", "size": size},
        ],
    }
    rng, clips, rows = np.random.default_rng(0), [], ["id,split,target,clip,frame"]
    for number, split in enumerate(("train",) * 64 + ("valid",) * 16 + ("test",) * 40):
        way = number % 2
        at = rng.integers(size) + (2 * way - 1) * 2 * np.arange(frames)
        bar = np.where((np.arange(size) - at[:, None]) % size < 4, 220, 20)
        clips.append(bar[:, None].repeat(size, 1) + rng.integers(-8, 9, (frames, size, size)))
        rows.append(f"s{number},{split},{('left', 'right')[way]},clips.npy#{number},frames.npy#{number}")
    pixels = np.stack(clips).astype(np.uint8)
    written(folder, task, rows, {})
    np.save(folder / "clips.npy", pixels)
    np.save(folder / "frames.npy", np.ascontiguousarray(pixels[:, frames // 2]))
    return folder


def whole_lesions(folder: Path) -> Path:
    """Scans as a whole in two contrasts, with a ball in a ball somewhere in them: one contrast shows the outer one, the
    other the inner one."""
    size, deep = 16, 12
    task = {
        "name": "whole_lesions",
        "grouped_by": "person",
        "output": {"kind": "segmentation", "regions": {"whole": [1, 2], "core": [2]}},
        "modalities": [
            {"name": "flair", "kind": "volume", "size": size, "slices": deep, "label": "FLAIR", "letter": "F"},
            {"name": "t1", "kind": "volume", "size": size, "slices": deep, "label": "T1", "letter": "T"},
        ],
        "plan": {"epochs": 2, "batch_size": 4, "window": 12, "windows": 2, "learning_rate": 0.01},
    }
    rng, rows, files = np.random.default_rng(0), ["id,split,target,group,flair,t1"], {}
    places = np.mgrid[:size, :size, :deep]
    for number, split in enumerate(("train",) * 8 + ("valid",) * 3 + ("test",) * 3):
        middle = rng.uniform((5, 5, 4), (11, 11, 8)).reshape(3, 1, 1, 1)
        far = np.sqrt(((places - middle) ** 2).sum(0))
        labels = np.select([far < 2, far < 4], [2, 1], 0)
        seen = {"flair": labels > 0, "t1": labels > 1}
        for part, there in seen.items():
            grey = 90 + 120 * there + rng.integers(-10, 11, far.shape)
            files[f"{part}-{number}.nii.gz"] = nifti(grey.astype(np.uint8), (1.0, 1.0, 1.0))
        files[f"labels-{number}.nii.gz"] = nifti(labels.astype(np.uint8), (1.0, 1.0, 1.0))
        cells = [f"{part}-{number}.nii.gz" for part in ("labels", *seen)]
        rows.append(f"s{number},{split},{cells[0]},person {number},{cells[1]},{cells[2]}")
    return written(folder, task, rows, files)
