"""Multimodal Handwritten Digits (Vasco et al., AAMAS 2022): a digit as picture, as movement of a pen and as sound."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mmlab.core.errors import DataError
from mmlab.tasks.official.array_files import archive, rows_of
from mmlab.tasks.official.benchmark import BENCHMARKS, Benchmark, Protocol, Sample, with_validation
from mmlab.tasks.official.pickled import saved_by_torch
from mmlab.tasks.official.plain_arrays import plain_arrays
from mmlab.tasks.official.stand_ins import pictures_with_sounds, put, resized, spectrogram

DIGITS = tuple(map(str, range(10)))
LABELS = "part0"
PARTS = {"picture": "part1", "path": "part2", "sound": "part3"}  # by their place in the file
PIXELS, POINTS, BLOCKS, SIDE = 28, 200, 4, 32


@BENCHMARKS.register("mhd")
class MHD(Benchmark):
    """`mhd_train.pt` and `mhd_test.pt`, converted: labels, pictures, paths and sounds, in this order."""

    title = "MHD"
    about = "Which digit it is, from a picture, the path of the pen and a spectrogram of somebody who says it."
    licence = "None is stated with the files; its parts are those of MNIST, UJI Char Pen and Speech Commands"
    origin = "https://github.com/miguelsvasco/gmc (gmc_code/download_unsupervised_dataset.sh)"
    output: ClassVar[Mapping[str, Any]] = {"kind": "classification", "classes": list(DIGITS)}
    protocols: ClassVar[tuple[Protocol, ...]] = (
        Protocol(
            "gmc",
            "mhd_train and mhd_test; a random tenth of the training samples chooses the epoch.",
            "That tenth is drawn by name; sounds of 128 × 32 are fitted into 64 × 64; paths are standardised.",
            "miguelsvasco/gmc",
            (
                {"name": "picture", "kind": "image", "size": PIXELS, "label": "Picture"},
                {"name": "path", "kind": "vector", "size": POINTS, "label": "Path", "letter": "A"},
                {"name": "sound", "kind": "image", "size": 64, "label": "Sound", "vary": False},
            ),
        ),
    )

    def find(self, folder: Path, protocol: Protocol) -> list[Sample]:
        """A sample per label."""
        found = []
        for split in ("train", "test"):
            file = f"mhd_{split}.npz"
            labels = _numbers(archive(folder, file, LABELS, f"mhd_{split}.pt"))
            rows_of(folder, [f"{file}#{part}" for part in PARTS.values()], len(labels))
            for row, label in enumerate(labels.tolist()):
                if label not in range(10):
                    raise DataError(f"{file}, row {row}: {label!s:.20} is no digit.", "Take it again.")
                cells = {name: f"{file}#{part}.{row}" for name, part in PARTS.items()}
                found.append(Sample(f"{split}-{row:05d}", split, str(int(label)), cells))
        return with_validation(found)

    def miniature(self, folder: Path) -> None:
        """Five digits, twelve of each, one in six for the test, as torch saves them and as archives."""
        parts: dict[str, list[Any]] = {"train": [], "test": []}
        for turn, (number, pixels, sound) in enumerate(pictures_with_sounds(5, 12)):
            picture = resized(pixels, PIXELS) / 255
            path = np.resize(np.argwhere(picture > picture.mean()).ravel(), POINTS) / PIXELS
            blocks = spectrogram(sound, BLOCKS * SIDE, SIDE).reshape(BLOCKS, SIDE, SIDE) / 255
            parts["test" if turn % 6 == 5 else "train"].append((number, picture[None], path, blocks))
        for split, samples in parts.items():
            labels, *arrays = (np.array([each[place] for each in samples], np.float32) for place in range(4))
            ends = ({"min": float(each.min()), "max": float(each.max())} for each in arrays[1:])
            value = (labels.astype(np.int64), *arrays, *ends)
            put(folder / f"mhd_{split}.pt", saved_by_torch(value))
            with (folder / f"mhd_{split}.npz").open("wb") as opened:
                np.savez(opened, allow_pickle=False, **plain_arrays(value).arrays)


def _numbers(labels: NDArray[Any]) -> NDArray[Any]:
    """Labels as numbers, of vectors that mark one of ten, too."""
    plain = labels.reshape(len(labels), -1)
    return plain.argmax(1) if plain.shape[1] == len(DIGITS) else plain[:, 0]
