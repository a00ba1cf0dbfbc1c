"""Readers of what people bring: files of every kind of modality, of every task, and folders of one's own."""

from __future__ import annotations

import gzip
import io
import json
import xml.etree.ElementTree as ET
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from PIL import Image

from mmlab.core.errors import MmlabError
from mmlab.core.modality_kinds import MODALITY_KINDS, modality_kind
from mmlab.core.options import build
from mmlab.core.prepared_input import PreparedInput
from mmlab.core.task import TASKS, takes_files
from mmlab.modalities.flow.decode import encode_flo
from mmlab.modalities.frames.pictures import packed
from mmlab.modalities.scan.folder_input import read_labels
from mmlab.tasks.custom.validate import check
from mmlab.tasks.custom_folder import task_class
from mmlab.testing.modality_contract import COLOUR, is_drawn
from mmlab.viz.inputs import recordings
from tests import folders
from tests.attack.readers import READERS, Files, Reader, reader
from tests.test_videos import film, numbered

RAMP = np.arange(40 * 36, dtype=np.uint16).reshape(40, 36) * 40
TONE = np.sin(np.arange(6000) / 5) / 2
WALK = "time,acc_x,acc_y,acc_z,gyr_x,gyr_y,gyr_z\n" + "".join(
    f"{step / 50:.2f},{step % 7 / 7:.2f},{step % 3},9.8,{step % 5 / 5:.2f},0.1,{step % 11 / 9:.2f}\n"
    for step in range(200)
)
FOLDER_OPTIONS: dict[str, dict[str, Any]] = {
    "sequence": {"size": 2},
    "series": {"columns": ("x", "y")},
    "vector": {"columns": ("width", "height")},
}


def saved(pixels: np.ndarray, kind: str, **options: object) -> bytes:
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, kind, **options)
    return target.getvalue()


def sound(kind: str, subtype: str | None = None, channels: int = 1) -> bytes:
    target = io.BytesIO()
    soundfile.write(target, np.repeat(TONE[:, None], channels, 1), 8000, format=kind, subtype=subtype)
    return target.getvalue()


def numbers(values: np.ndarray) -> bytes:
    target = io.BytesIO()
    np.save(target, values)
    return target.getvalue()


def pictures() -> Files:
    grey, colour = (RAMP >> 8).astype(np.uint8), np.stack([RAMP >> 8] * 3, -1).astype(np.uint8)
    clear = np.concatenate([colour, 255 - colour[..., :1]], -1)
    kinds = {"a.jpg": "JPEG", "a.webp": "WEBP", "a.gif": "GIF", "a.bmp": "BMP", "a.tif": "TIFF"}
    found = {name: saved(colour, kind) for name, kind in kinds.items()}
    found |= {"grey.png": saved(grey, "PNG"), "deep.png": saved(RAMP, "PNG"), "clear.png": saved(clear, "PNG")}
    return found | {"float.tif": saved((RAMP / 65535).astype(np.float32), "TIFF"), "deep.tif": saved(RAMP, "TIFF")}


def scans() -> Files:
    far = np.hypot(*(np.mgrid[:40, :44] - 20))[..., None].repeat(6, 2)
    head = np.where(far < 16, 200 - 6 * far, 0).astype(np.uint8)
    packed = folders.nifti(head, (5.0, 5.0, 5.0))
    found = {f"{name}.nii.gz#{number}": packed for name, number in (("a", "3"), ("b", "40%"))}
    return found | {"a.nii": gzip.decompress(packed), "slice.png": saved(np.ascontiguousarray(head[..., 3]), "PNG")}


def volumes() -> Files:
    far = np.hypot(*(np.mgrid[:14, :16] - 7))[..., None].repeat(5, 2)
    head = np.where(far < 6, 200 - 9 * far, 0)
    packed, upright = folders.nifti(head.astype(np.uint8), (3.0, 3.0, 5.0)), head.transpose(2, 1, 0)
    arrays = {"a.npy": numbers(upright.astype(np.uint8)), "b.npy": numbers(upright.astype(np.float32) / 200)}
    return {"a.nii.gz": packed, "a.nii": gzip.decompress(packed), **arrays}


def flows() -> Files:
    colour = np.stack([RAMP >> 8] * 3, -1).astype(np.uint8)
    films = {name: content for name, content in clips().items() if name in ("a.gif", "a.webp", "a.tif")}
    return {"a.flo": encode_flo(np.stack([RAMP / 1e4, RAMP / 2e4])), "a.png": saved(colour, "PNG"), **films}


def clips() -> Files:
    grey = (RAMP >> 8).astype(np.uint8)
    frames = [Image.fromarray(np.roll(grey, 6 * step, 1)) for step in range(5)]
    found: Files = {}
    for name, kind in (("a.gif", "GIF"), ("a.webp", "WEBP"), ("a.png", "PNG"), ("a.tif", "TIFF")):
        target = io.BytesIO()
        frames[0].save(target, kind, save_all=True, append_images=frames[1:], duration=80)
        found[name] = target.getvalue()
    pictures = packed({f"{i}.png": saved(np.asarray(frame), "PNG") for i, frame in enumerate(frames)})
    arrays = {"a.npy": numbers(np.stack(frames)), "b.npy": numbers(np.stack(frames).astype(np.float32) / 255)}
    return {**found, "a.zip": pictures, **arrays, **(videos() if find_spec("av") else {})}


def videos() -> Files:
    """Of each container another codec; none without PyAV."""
    kinds = {"a.mp4": ("mp4", "libx264"), "a.webm": ("webm", "libvpx"), "a.avi": ("avi", "mpeg4")}
    kinds |= {"a.mov": ("mov", "mjpeg"), "a.mpg": ("mpeg", "mpeg1video"), "a.ts": ("mpegts", "libx264")}
    frames = [numbered(number) for number in range(12)]
    return {name: film(frames, *how) for name, how in kinds.items()}


LABELS = folders.nifti(np.eye(9, dtype=np.uint8)[..., None].repeat(5, 2))
MORE: dict[str, Files] = {
    "image": pictures(),
    "sound": {
        **{f"a.{kind.lower()}": sound(kind) for kind in ("WAV", "FLAC", "OGG", "MP3")},
        **{f"{form}.wav": sound("WAV", form, 2) for form in ("FLOAT", "DOUBLE", "ULAW", "PCM_U8", "IMA_ADPCM")},
    },
    "sequence": {
        "a.npy": numbers(np.where(np.arange(12)[:, None] == 5, np.nan, RAMP[:12, :2]).astype(np.float32)),
        "b.npy": numbers(np.where(RAMP[:12, :2] == 0, -np.inf, RAMP[:12, :2])),
        "a.csv": b"x,y\n1,2\n0,0\n3,4\n",
    },
    "series": {"walk.csv": WALK.encode(), "x.npy": numbers(RAMP[:, :2].astype(np.float64))},
    "vector": {"a.txt": b"3 4.5\n", "a.csv": b"width;height\n3,5;4,25\n", "a.npy": numbers(np.array([3.0, 4.5]))},
    "text": {"a.txt": "Ein schöner Tag, with 3 words & more…\n".encode()},
    "path": {},
    "scan": scans(),
    "volume": volumes(),
    "flow": flows(),
    "frames": clips(),
}


def _use(kind: str, raw: Any) -> None:
    """Draw it, and prepare it as every folder of one's own could ask for it."""
    assert isinstance(raw, modality_kind(kind).recording)
    drawn = recordings.recorded(raw, COLOUR, "It")
    if kind == "text":  # which may hold the word "nan"
        ET.fromstring(drawn.content.decode())
    else:
        is_drawn(drawn)
    for name, made in modality_kind(kind).folder_inputs().items():
        try:
            item = build(made, FOLDER_OPTIONS.get(name, {}))
            _check(item.prepare(raw), item.shape)
        except MmlabError:  # such as other columns than were asked for
            continue


def _check(prepared: PreparedInput, shape: tuple[int, ...]) -> None:
    assert tuple(prepared.tensor.shape) == shape
    assert bool(prepared.tensor.isfinite().all()), "a number in it is not finite"


def _read_kind(kind: str, content: bytes, name: str, place: Path) -> None:
    _use(kind, modality_kind(kind).read(content, name))


def _read_input(task_name: str, modality: str, content: bytes, name: str, place: Path) -> None:
    task = TASKS[task_name]()
    _check(task.prepare(modality, task.read(modality, content, name)), task.info.modalities[modality].shape)


OBJECTS: Files = {
    "a.obj": b"v 0 0 0 1 0 0\nv 1 0 0 0 1 0\nv 1 1 0 0 0 1\nv 0 1 .5\nf 1 2/1 3/1/1 -1\nf 1 2 4\n",
    "a.off": b"OFF\n4 2 0\n0 0 0\n1 0 0\n1 1 0\n0 1 .5\n4 0 1 2 3 255 0 0\n3 0 1 3\n",
}
OF_TASK: dict[tuple[str, str], Files] = {
    ("objects", "front"): OBJECTS,
    ("objects", "rear"): OBJECTS,
    ("pendulum", "sound"): {"sound.csv": b"440.1,512,399.9,0.2,0.1234,0.05\n"},  # six numbers and no others
}
for _kind in MODALITY_KINDS:
    _files = {"example": modality_kind(_kind).example(), **MORE.get(_kind, {})}
    READERS[f"a file of kind {_kind}"] = Reader(lambda place, found=_files: found, partial(_read_kind, _kind), 25)
for _task in ("actions", "brain", "digits", "faces", "objects", "opinion", "pendulum", "rooms", "watch"):
    for _modality in TASKS[_task].info.modalities:
        if takes_files(TASKS[_task](), _modality.name):
            _files = {"example": modality_kind(_modality.kind).example(), **MORE.get(_modality.kind, {})}
            _files |= OF_TASK.get((_task, _modality.name), {})
            READERS[f"{_modality.name} of {_task}"] = Reader(
                lambda place, found=_files: found, partial(_read_input, _task, _modality.name), 8
            )


@reader("a label map", lambda place: {"a.nii.gz#3": LABELS, "a.png": saved((RAMP >> 14).astype(np.uint8), "PNG")})
def label_map(content: bytes, name: str, place: Path) -> None:
    """The labels of a slice."""
    assert read_labels(content, name, "axial").ndim == 2


FOLDERS = {"pair": lambda place: folders.written(place), "lesions": folders.scans, "prices": folders.prices}


def _folder_file(made: str, which: str, place: Path) -> Files:
    return {which: (FOLDERS[made](place / made) / which).read_bytes()}


def _read_folder(made: str, which: str, content: bytes, name: str, place: Path) -> None:
    """Check the folder as `python -m mmlab check` does, then open it as a task, whether it was found sound or not."""
    file = place / made / which
    sound_content = file.read_bytes()
    try:
        file.write_bytes(content)
        found = check(place / made)
        for problem in found.problems.found:
            assert problem.message.endswith("."), problem.message
        json.dumps([str(problem) for problem in found.problems.found]).encode()
        task = task_class(place / made)()
        task.describe()
        for sample in task.gallery()[:2]:
            task.example(sample)
    finally:
        file.write_bytes(sound_content)


for _made, _which in (
    ("pair", "task.json"),
    ("lesions", "task.json"),
    ("pair", "manifest.csv"),
    ("lesions", "manifest.csv"),
):
    READERS[f"{_which} of a folder ({_made})"] = Reader(
        partial(_folder_file, _made, _which), partial(_read_folder, _made, _which), 12
    )
READERS["task.json of a folder (prices)"] = Reader(
    partial(_folder_file, "prices", "task.json"), partial(_read_folder, "prices", "task.json"), 3
)
