"""How often an input that has no business there is found far from the training data, and how often a real one is.

    python bench/foreign_inputs.py                      # all built-in tasks, as a table for docs/methods.md 11
    python bench/foreign_inputs.py actions rooms        # these only

Every model of METHODS that ships is asked about every input of its task: pictures (a photo of a black 7 on white, a
face, uniform noise, a ramp), optical flow (noise, a turning and an approaching camera, a face as a picture of flow),
sounds (white noise, a tone, a chirp), pen paths (a spiral, random points), recordings of
sensors (noise, a fast shake), texts (made-up words, German), rows of other numbers. What really may be such an input (a
photo of a 7 as the picture of a digit, a colour face as a face) is left out. Real ones are every EVERY-th of the
validation samples.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from mmlab.analysis.robustness import out_of_distribution
from mmlab.core.errors import MmlabError
from mmlab.core.task import TASKS, Task
from mmlab.inference.predictor import Model
from mmlab.modalities.flow.decode import encode_flo
from mmlab.storage.library import Library
from tests.unpacked import pack

TASK_NAMES = ("digits", "faces", "opinion", "pendulum", "watch", "objects", "actions", "rooms", "brain")
METHODS = ("joint", "dropout", "dmrnet")
EVERY = 5
OWN = {("digits", "image", "a photo of a 7"), ("faces", "color", "a face"), ("faces", "infrared", "a face")}


def main() -> None:
    """Print the table."""
    print("| task | input | validation samples found far | foreign inputs found far |\n| --- | --- | --- | --- |")
    for name in sys.argv[1:] or TASK_NAMES:
        task, library = TASKS[name](), Library()
        models = [Model.open(each) for each in library.references(name) if each.method in METHODS]
        for modality, alarms, of, found, asked in _rows(task, models):
            print(f"| `{name}` | {modality} | {alarms} of {of} | {found} of {asked} |", flush=True)


def _rows(task: Task, models: list[Model]) -> Iterator[tuple[str, int, int, int, int]]:
    known = [out_of_distribution.learn(model) for model in models]
    real = task.samples("valid")
    for place, item in enumerate(task.info.modalities):
        pairs = [(m, each) for m, each in zip(models, known, strict=True) if item.name in each]
        samples = [real.inputs[item.name][row] for row in range(0, len(real), EVERY) if real.present[row, place]]
        foreign = [
            _prepared(task, item.name, *file)
            for what, *file in _files(item.kind)
            if (task.name, item.name, what) not in OWN
        ]
        foreign = [each for each in foreign if each is not None]
        far = [
            [out_of_distribution.measure(m, each, {item.name: tensor})[item.name].is_far for tensor in tensors]
            for tensors in (samples, foreign)
            for m, each in pairs
        ]
        alarms, found = far[: len(pairs)], far[len(pairs) :]
        yield item.name, sum(map(sum, alarms)), sum(map(len, alarms)), sum(map(sum, found)), sum(map(len, found))


def _prepared(task: Task, modality: str, name: str, content: bytes) -> Tensor | None:
    try:
        return task.prepare(modality, task.read(modality, content, name)).tensor
    except MmlabError:
        return None  # refused with a sentence before any model sees it


def _files(kind: str) -> list[tuple[str, str, bytes]]:
    rng = np.random.default_rng(0)
    time = np.arange(16_000) / 16_000
    turn = np.linspace(0, 12 * np.pi, 300)
    shake = np.stack([15 * np.sin(2 * np.arange(200)), 9 * np.cos(2.2 * np.arange(200)), 8 * np.sin(np.arange(200))], 1)
    pictures = [
        ("a photo of a 7", "seven.png", _png(_seven())),
        ("a face", "face.png", (pack("faces") / "test-0000-color.png").read_bytes()),
        ("noise", "noise.png", _png(rng.integers(0, 256, (64, 64)))),
        ("a ramp", "ramp.png", _png(np.tile(np.linspace(0, 255, 64), (64, 1)))),
    ]
    down, across = np.mgrid[-32:32, -32:32]
    files = {
        "image": pictures,
        "scan": pictures,
        "flow": [
            ("noise", "noise.flo", encode_flo(rng.normal(0, 4, (2, 64, 64)))),
            ("a turning camera", "turn.flo", encode_flo(0.1 * np.stack([-down, across]))),
            ("an approaching camera", "zoom.flo", encode_flo(0.1 * np.stack([across, down]))),
            ("a face", "face.png", pictures[1][2]),
        ],
        "sound": [
            ("white noise", "noise.wav", _wav(rng.normal(0, 0.2, 16_000))),
            ("a tone", "tone.wav", _wav(0.5 * np.sin(2 * np.pi * 440 * time))),
            ("a chirp", "chirp.wav", _wav(0.4 * np.sin(2 * np.pi * (100 + 1950 * time) * time))),
        ],
        "path": [
            ("a spiral", "spiral.json", _strokes(np.stack([turn * np.cos(turn), turn * np.sin(turn)], 1))),
            ("random points", "random.json", _strokes(rng.normal(0, 1, (60, 2)))),
        ],
        "text": [
            ("made-up words", "words.txt", b"qwe zxc bnm poi lkj"),
            ("German", "german.txt", b"Der schnelle braune Fuchs springt"),
        ],
        "vector": [("other numbers", "row.csv", b"8000,9000,100,0.9,0.01,0.5")],
        "series": [("noise", "noise.csv", _csv(rng.normal(0, 8, (200, 3)))), ("a shake", "shake.csv", _csv(shake))],
    }
    return files.get(kind, [])


def _seven() -> np.ndarray:
    pixels = np.full((480, 640), 235)
    pixels[90:110, 200:440] = 30
    for row in range(100, 400):
        pixels[row, 430 - row // 2 : 455 - row // 2] = 30
    return pixels


def _png(pixels: np.ndarray) -> bytes:
    target = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(target, "PNG")
    return target.getvalue()


def _wav(samples: np.ndarray) -> bytes:
    target = io.BytesIO()
    soundfile.write(target, samples, 16_000, format="WAV")
    return target.getvalue()


def _strokes(points: np.ndarray) -> bytes:
    return json.dumps({"strokes": [points.tolist()]}).encode()


def _csv(rows: np.ndarray) -> bytes:
    return "\n".join(["x,y,z", *(",".join(f"{value:.3f}" for value in row) for row in rows)]).encode()


if __name__ == "__main__":
    main()
