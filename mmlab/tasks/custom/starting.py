"""The common part of all ways to create a data folder: splits, targets, and the two files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.core import csv_file
from mmlab.core.errors import DataError
from mmlab.core.outputs.multilabel import SEPARATOR
from mmlab.tasks.custom.locations import MANIFEST, TASK_FILE
from mmlab.tasks.custom.manifest import SPLITS

SHARES = (0.6, 0.2)  # of the groups, for training and validation, where nothing says the split
HELD_OUT = 0.2  # of the training groups, for validation, where it has none of its own
FEW = 20  # whole numbers of more values than this are a scale, not classes
PICTURES, SOUNDS = (
    (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff"),
    (".wav", ".flac", ".ogg", ".mp3"),
)
VIDEOS = (".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi", ".flv", ".mpg", ".mpeg", ".wmv")
KINDS: Mapping[str, Mapping[str, Any]] = {  # what task.json says of an input, by how its files end
    **{ending: {"kind": "image", "size": 64} for ending in PICTURES},
    **{ending: {"kind": "sound"} for ending in SOUNDS},
    **{ending: {"kind": "frames", "frames": 8, "size": 64} for ending in VIDEOS},
    **{ending: {"kind": "slices", "size": 64} for ending in (".nii", ".gz")},
    ".txt": {"kind": "text"},
}


def check_new(folder: Path) -> None:
    """Raise DataError for a folder that holds something."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(f"'{folder}' is not empty.", "Name a new folder.")


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Write into the folder, which is made. Raises DataError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise DataError(f"'{folder}' cannot be written: {error.strerror}.", "Name another folder.") from error


def write_task(folder: Path, task: Mapping[str, Any], header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """task.json and the manifest."""
    (folder / TASK_FILE).write_text(json.dumps(task, indent=2) + "\n", "utf-8")
    (folder / MANIFEST).write_text(csv_file.verbatim(header, rows), "utf-8", newline="")


def splits_of(stated: list[str], groups: Sequence[str]) -> list[str]:
    """The split of each sample: as stated, with validation held out of the training where there is none."""
    names = np.random.default_rng(0).permutation(sorted(set(groups)))
    if not stated:
        edges = np.cumsum([round(share * len(names)) for share in SHARES])
        place = {name: SPLITS[int(np.searchsorted(edges, row, "right"))] for row, name in enumerate(names)}
        return [place[group] for group in groups]
    if len(stated) != len(groups) or not set(stated) <= set(SPLITS):
        raise DataError("The splits do not fit the samples.", f"Give one of {', '.join(SPLITS)} per sample.")
    if "valid" in stated:
        return stated
    trained = [
        name for name in names if name in {g for g, split in zip(groups, stated, strict=True) if split == "train"}
    ]
    held = set(trained[: max(1, round(HELD_OUT * len(trained)))])
    return [
        "valid" if split == "train" and group in held else split for group, split in zip(groups, stated, strict=True)
    ]


def joined(labels: Any) -> Any:
    """The cell of several labels that stand in a list; anything else as it is."""
    if isinstance(labels, list) and all(isinstance(each, str | int) for each in labels):
        return SEPARATOR.join(map(str, labels))
    return labels


def answers_of(truth: NDArray[Any], names: Sequence[str] = ()) -> tuple[dict[str, Any], list[str]]:
    """What task.json asks for, and the cell of each sample: classes, or a number on the scale that there is.

    Texts with a `|` in them, and rows of zeros and ones `[N, L]`, are several labels; names: of the columns of these.
    """
    if truth.ndim == 2:
        truth = _named_labels(truth, list(names) or [str(place) for place in range(truth.shape[1])])
    if truth.dtype.kind == "U" and any(SEPARATOR in each for each in truth):
        classes = sorted({name for each in truth for name in each.split(SEPARATOR) if name})
        return {"kind": "multilabel", "classes": classes}, [str(each) for each in truth]
    if truth.dtype.kind == "f" and not np.isfinite(truth).all():
        raise DataError("A right answer is not a finite number.", "Fill it in, or leave the sample out.")
    whole = truth.dtype.kind in "iubU" or bool((truth == np.round(truth)).all())
    if whole and (truth.dtype.kind == "U" or len(np.unique(truth)) <= FEW):
        cells = [str(each) if truth.dtype.kind == "U" else str(int(each)) for each in truth]
        classes = [str(each) if truth.dtype.kind == "U" else str(int(each)) for each in np.unique(truth)]
        return {"kind": "classification", "classes": classes}, cells
    low, high = float(truth.min()), float(truth.max())
    return {"kind": "regression", "low": low, "high": high}, [repr(float(each)) for each in truth]


def _named_labels(truth: NDArray[Any], names: list[str]) -> NDArray[np.str_]:
    if len(names) != truth.shape[1] or truth.dtype.kind not in "iufb" or not np.isin(truth, (0, 1)).all():
        raise DataError(
            "The right answers are rows, and not of zeros and ones.", "Give one answer, or a 0 or 1 for each label."
        )
    return np.array([SEPARATOR.join(name for name, on in zip(names, row, strict=True) if on) for row in truth])


def task_name(folder: Path) -> str:
    """From the name of the folder."""
    return re.sub(r"[^a-z0-9_]+", "_", folder.absolute().name.lower()).strip("_")[:40] or "features"
