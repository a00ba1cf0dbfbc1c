"""Tiny pickles in the layouts of CMU-MOSI and CMU-MOSEI: synthetic opinions as artificial features per word."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.tasks.generators.opinion.recordings import Recorder
from mmlab.tasks.official.affect_layouts import Layout
from mmlab.tasks.official.pickled import pickled
from mmlab.tasks.official.plain_arrays import plain_arrays
from mmlab.tasks.official.stand_ins import put

BOUNDS = {"train": (0, 18), "valid": (18, 24), "test": (24, 30)}  # items of the generator
WORDS, FEWEST, MOST = 50, 4, 12
PER_WORD = {"voice": 5, "face": 6}  # frames, where these are not aligned with the words
WITNESSES = {"text": "text", "voice": "voice", "face": "face"}
CLIPS = 3  # of each video


def write(folder: Path, layouts: Mapping[str, Layout]) -> None:
    """A pickle of each layout, and the archive that is made of it."""
    recorder = Recorder("train")
    for name, layout in layouts.items():
        parts = {split: _split(recorder, layout, split) for split in BOUNDS}
        if "{}" in layout.file:
            made = {layout.splits[split]: _misa(part) if name == "misa" else part for split, part in parts.items()}
            for called, value in made.items():
                _put(folder, layout.file.format(called), layout.pickle.format(called), value)
        else:
            _put(folder, layout.file, layout.pickle, parts)


def _put(folder: Path, file: str, pickle: str, value: Any) -> None:
    if pickle.endswith(".pkl"):  # the others are objects of a class, which is not here
        put(folder / pickle, pickled(value))
    with (folder / file).open("wb") as opened:
        np.savez(opened, allow_pickle=False, **plain_arrays(value).stored)


def _split(recorder: Recorder, layout: Layout, split: str) -> dict[str, Any]:
    """The arrays of a split under the names of the layout, padded in front as MulT does, or behind with lengths."""
    rows = range(*BOUNDS[split])
    rng = np.random.default_rng(rows.start)
    counts = rng.integers(FEWEST, MOST, len(rows))
    keys = {part: name.replace("{}_", "") for part, name in layout.arrays.items()}
    sizes = {"text": 4, **layout.sizes}
    found: dict[str, Any] = {}
    for part, witness in WITNESSES.items():
        levels = np.array([recorder.shown(row)[witness] for row in rows])
        frames = PER_WORD[part] if part in layout.steps else 1
        longest = frames * MOST if part in layout.steps else WORDS
        found[keys[part]] = _features(levels, frames * counts, sizes[part], rng, longest)
    found[keys["voice"]][0, -1, 0] = -np.inf  # as in the files that MulT gives
    for name, frames in ((keys[part], PER_WORD[part]) for part in layout.steps if layout.has_lengths):
        lengths = [frames * int(count) for count in counts]
        found[name] = np.stack([np.roll(row, length, 0) for row, length in zip(found[name], lengths, strict=True)])
        found[f"{name}_lengths"] = lengths
    found[keys["labels"]] = np.round(recorder.opinions[rows], 1).astype(np.float32).reshape(-1, 1, 1)
    names = [[f"video{row // CLIPS:02d}", str(row % CLIPS), str(row % CLIPS + 1)] for row in rows]
    found[keys["id"]] = np.array([[part.encode() for part in name] for name in names])
    found["raw_text"] = [recorder.sentence(row) for row in rows]
    return found


def _features(
    levels: NDArray[Any], counts: NDArray[Any], size: int, rng: np.random.Generator, steps: int
) -> NDArray[Any]:
    """`[N, steps, size]`: a direction of the opinion in noise, at the last steps, zeros before them."""
    found = np.zeros((len(levels), steps, size), np.float32)
    direction = np.random.default_rng(size).normal(size=size)
    for row, (level, count) in enumerate(zip(levels, counts, strict=True)):
        found[row, -count:] = level * direction / 3 + rng.normal(0, 0.7, (count, size))
    return found


def _misa(part: Mapping[str, Any]) -> list[Any]:
    """The samples of a split as MISA keeps them."""
    found = []
    for row, text in enumerate(part["raw_text"]):
        words = text.split()[:MOST]
        means = {}
        for name in ("visual", "acoustic"):
            there = part[name][row][part[name][row].any(1)].clip(-99)
            means[name] = there[np.linspace(0, len(there) - 1, len(words)).astype(int)]
        numbers = np.arange(len(words))
        name = b"[".join(part["id"][row][:2]).decode() + "]"
        found.append(((numbers, means["visual"], means["acoustic"], words), part["labels"][row], name))
    return found
