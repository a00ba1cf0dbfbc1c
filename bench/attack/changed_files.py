"""Changed files for every reader, each call held to its time and its memory; and the largest files that are taken."""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import resource
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stderr
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path

import nibabel
import numpy as np
import soundfile
from PIL import Image

from mmlab.core.errors import MmlabError
from mmlab.core.modality_kinds import modality_kind
from mmlab.modalities.frames.pictures import packed
from mmlab.modalities.scan.folder_input import SlicesInput, read_labels
from mmlab.ui.session import uploads
from tests.attack import control_readers, page_readers, recording_readers, stored_readers
from tests.attack.readers import READERS, attacks, outcome

assert control_readers
assert page_readers
assert recording_readers
assert stored_readers  # importing them fills READERS

MOST_SECONDS, MOST_MEGABYTES = 2.0, 512.0
STATUS = Path("/proc/self/status")


@dataclass
class Found:
    """What came of some calls. slowest, largest: seconds of processor time and megabytes, with the reader."""

    inputs: int = 0
    values: int = 0
    sentences: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    slowest: tuple[float, str] = (0.0, "")
    largest: tuple[float, str] = (0.0, "")
    seconds: float = 0.0


def attack(count: int, seed: int) -> Found:
    """About `count` changed files, spread over the readers by their weights."""
    found, begun = Found(), time.time()
    warnings.simplefilter("ignore")
    whole = sum(read.weight for read in READERS.values())
    for name, read in READERS.items():
        each = max(1, round(count * read.weight / whole))
        with tempfile.TemporaryDirectory() as place:
            for file, content in islice(attacks(read, Path(place), seed), each):
                _one(found, name, partial(outcome, read, content, file, Path(place)), content)
        print(f"{name}: {each} files, {sum(found.faults.values())} faults so far", file=sys.stderr, flush=True)
    found.seconds = time.time() - begun
    return found


def _one(found: Found, name: str, call: Callable[[], str], content: bytes) -> None:
    """One call. One that takes too long is made again, and the shorter counts: the first of a kind imports modules."""
    before, start = _memory("VmRSS"), time.process_time()
    _forget_peak()
    ended = ""
    try:
        ended = call()
    except Exception as error:
        place = next(
            (f for f in traceback.extract_tb(error.__traceback__)[::-1] if "site-packages" not in f.filename), None
        )
        where = f"{Path(place.filename).name}:{place.lineno}" if place else "?"
        fault = f"{name}: {type(error).__name__} in {where}"
        if fault not in found.faults:
            _keep(fault, content)
        found.faults[fault] += 1
    seconds, megabytes = time.process_time() - start, _memory("VmHWM") - before
    if ended and seconds > MOST_SECONDS:
        start = time.process_time()
        call()
        seconds = min(seconds, time.process_time() - start)
    found.inputs += 1
    found.values += ended == "value"
    found.sentences += ended == "sentence"
    found.slowest = max(found.slowest, (seconds, name))
    found.largest = max(found.largest, (megabytes, name))
    for is_beyond, what in ((seconds > MOST_SECONDS, "time"), (megabytes > MOST_MEGABYTES, "memory")):
        if is_beyond:
            _keep(f"{name}: too much {what}", content)
            found.faults[f"{name}: too much {what}"] += 1


def _keep(fault: str, content: bytes) -> None:
    """A file that found something, so that it can be looked at."""
    folder = Path(tempfile.gettempdir()) / "mmlab-attack"
    folder.mkdir(exist_ok=True)
    (folder / "".join(letter if letter.isalnum() else "-" for letter in fault)[:120]).write_bytes(content)


def _memory(name: str) -> float:
    """A figure of this process in megabytes: what it has now, or its peak."""
    if not STATUS.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) / 1024


def _forget_peak() -> None:
    """From here on the peak is that of what comes next (Linux)."""
    if STATUS.exists():
        Path("/proc/self/clear_refs").write_text("5")


@dataclass(frozen=True)
class Large:
    """The largest file of a kind that is taken, and what reading it takes."""

    name: str
    megabytes: float
    seconds: float
    memory: float
    ended: str


def largest_files() -> list[Large]:
    """Each in a process of its own, so that nothing is shared with what came before. The slowest of three."""
    return [_alone(name) for name in LARGEST]


def _alone(name: str) -> Large:
    read, descriptor = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        with os.fdopen(descriptor, "wb") as pipe, redirect_stderr(io.StringIO()):
            pickle.dump(_measured(name), pipe)
        os._exit(0)
    os.close(descriptor)
    with os.fdopen(read, "rb") as pipe:
        found = pipe.read()
    os.waitpid(child, 0)
    return pickle.loads(found)  # what this very script wrote


def _measured(name: str) -> Large:
    make, use = LARGEST[name]
    content, taken, peaks, ended = make(), [], [], "value"
    for _ in range(3):
        before = _memory("VmRSS")
        _forget_peak()
        start = time.process_time()
        try:
            use(content)
        except MmlabError as error:
            ended = error.message
        taken.append(time.process_time() - start)
        peaks.append(_memory("VmHWM") - before)
    return Large(name, len(content) / 1e6, max(taken), max(peaks), ended)


def _picture(mode: str) -> bytes:
    count = 24_000_000 * (4 if mode == "RGBA" else 1)
    pixels = (np.arange(count, dtype=np.uint32) % 251).astype(np.uint8 if mode == "RGBA" else np.uint16)
    target = io.BytesIO()
    Image.fromarray(pixels.reshape(4000, 6000, -1).squeeze()).save(target, "PNG", compress_level=9)
    return target.getvalue()


def _volume(kind: type[np.generic]) -> bytes:
    values = (np.arange(512 * 512 * 152) % 211).astype(kind).reshape(512, 512, 152)
    return gzip.compress(nibabel.Nifti1Image(values, np.diag([1.0, 1.0, 1.0, 1.0])).to_bytes(), 1)


def _array() -> bytes:
    target = io.BytesIO()
    np.save(target, np.arange(7_900_000, dtype=np.float32).reshape(79_000, 100))
    return target.getvalue()


def _sound() -> bytes:
    target = io.BytesIO()
    noise = np.random.default_rng(0).integers(-9000, 9000, (30 * 48_000, 5), np.int16)
    soundfile.write(target, noise, 48_000, format="WAV")
    return target.getvalue()


def _bundle() -> bytes:
    part = uploads.UploadedFile(np.random.default_rng(0).bytes(11_000_000), "a.csv")
    return uploads.bundle(uploads.Upload("watch", {"accelerometer": part, "gyroscope": part}), {})


LARGEST: dict[str, tuple[Callable[[], bytes], Callable[[bytes], object]]] = {
    "a table of 64 columns": (
        lambda: b"\n".join([b",".join([b"1"] * 64)] * 62_000),
        lambda c: modality_kind("series").read(c),
    ),
    "a table of quoted cells": (
        lambda: b"\n".join([b",".join([b'"1"'] * 40)] * 49_000),
        lambda c: modality_kind("series").read(c),
    ),
    "an array of 8 million numbers": (_array, lambda c: modality_kind("series").read(c)),
    "a picture of 24 megapixels with transparency": (
        partial(_picture, "RGBA"),
        lambda c: modality_kind("image").read(c),
    ),
    "a picture of 24 megapixels in sixteen bits": (partial(_picture, "I;16"), lambda c: modality_kind("image").read(c)),
    "a clip of three such pictures": (
        lambda: packed({f"{place}.png": _picture("I;16") for place in range(3)}),
        lambda c: modality_kind("frames").read(c),
    ),
    "a scan of 40 million voxels, one slice": (
        partial(_volume, np.float32),
        lambda c: modality_kind("scan").read(c, "a.nii.gz"),
    ),
    "the same for a folder, in grey": (partial(_volume, np.float32), lambda c: SlicesInput().read(c, "a.nii.gz")),
    "the same as a label map": (partial(_volume, np.uint8), lambda c: read_labels(c, "a.nii.gz", "axial")),
    "a sound of 30 seconds and 5 channels": (_sound, lambda c: modality_kind("sound").read(c)),
    "a drawing of 2 MB": (
        lambda: json.dumps({"strokes": [[[i % 99, i % 97] for i in range(9_000)]]}).encode(),
        lambda c: modality_kind("path").read(c),
    ),
    "a view bundle of 22 MB": (_bundle, uploads.open_bundle),
}
