"""AV-MNIST (Vielzeuf et al., ECCV workshops 2018): written digits and spectrograms of spoken ones, as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from mmlab.core.errors import DataError
from mmlab.tasks.official.array_files import rows_of, whole
from mmlab.tasks.official.benchmark import BENCHMARKS, Benchmark, Protocol, Sample
from mmlab.tasks.official.stand_ins import npy, pictures_with_sounds, put, resized, spectrogram

DIGITS = tuple(map(str, range(10)))
PIXELS, STEPS = 28, 112
FOR_VALIDATION = 12  # the last twelfth of the training rows: 5,000 of 60,000
PARTS = {"picture": "image", "sound": "audio"}


@BENCHMARKS.register("avmnist")
class AvMnist(Benchmark):
    """Arrays `image/train_data.npy` and `audio/train_data.npy` with a row per sample, and `train_labels.npy`."""

    title = "AV-MNIST"
    about = "Which digit it is, from a noisy picture of it and a spectrogram of somebody who says it."
    licence = "MNIST CC BY-SA 3.0; FSDD CC BY-SA 4.0; the pairs as in their download"
    origin = "https://github.com/pliang279/MultiBench (its README has the address of avmnist.tar.gz)"
    output: ClassVar[Mapping[str, Any]] = {"kind": "classification", "classes": list(DIGITS)}
    protocols: ClassVar[tuple[Protocol, ...]] = (
        Protocol(
            "multibench",
            "Rows 0 to 54,999 to train, 55,000 to 59,999 to choose the epoch, 10,000 to measure; both divided by 255.",
            "Pictures of 28 × 28, spectrograms of 112 × 112, in 256 greys.",
            "pliang279/MultiBench",
            (
                {"name": "picture", "kind": "image", "size": PIXELS, "white": 255.0, "label": "Picture"},
                {"name": "sound", "kind": "image", "size": STEPS, "white": 255.0, "label": "Sound", "vary": False},
            ),
            {"train": 55_000, "valid": 5_000, "test": 10_000},
        ),
        Protocol(
            "smil",
            "1,500 of the pairs, of which the sound is missing in most.",
            "Cannot be run here: the list of the pairs is not published. Take multibench and --missing sound=0.8.",
            "mengmenm/SMIL",
        ),
    )

    def find(self, folder: Path, protocol: Protocol) -> list[Sample]:
        """A sample per label."""
        found = []
        for split in ("train", "test"):
            labels = whole(folder, f"{split}_labels.npy")
            rows_of(folder, [f"{part}/{split}_data.npy" for part in PARTS.values()], len(labels))
            first_valid = len(labels) - round(len(labels) / FOR_VALIDATION) if split == "train" else len(labels)
            for row, label in enumerate(labels.tolist()):
                if label not in range(10):
                    raise DataError(f"{split}_labels.npy, row {row}: {label!s:.20} is no digit.", "Take it again.")
                cells = {name: f"{part}/{split}_data.npy#{row}" for name, part in PARTS.items()}
                into = "valid" if row >= first_valid else split
                found.append(Sample(f"{split}-{row:05d}", into, str(int(label)), cells))
        return found

    def miniature(self, folder: Path) -> None:
        """Five digits, twelve of each, and one in six for the test."""
        parts: dict[str, list[Any]] = {"train": [], "test": []}
        for turn, (number, pixels, sound) in enumerate(pictures_with_sounds(5, 12)):
            sample = (number, resized(pixels, PIXELS).ravel(), spectrogram(sound, STEPS))
            parts["test" if turn % 6 == 5 else "train"].append(sample)
        for split, samples in parts.items():
            order = np.random.default_rng(0).permutation(len(samples))
            labels, pictures, sounds = (np.array([samples[row][part] for row in order], float) for part in range(3))
            put(folder / f"{split}_labels.npy", npy(labels.astype(np.uint8)))
            put(folder / f"image/{split}_data.npy", npy(pictures))
            put(folder / f"audio/{split}_data.npy", npy(sounds))
