"""Spoken digits by synthetic voices: the shipped bank, one Opus file per split, made by tools/make_digits.py."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from mmlab.core.errors import DataError
from mmlab.core.task import Split

Wave = NDArray[np.float32]
FOLDER = Path(__file__).resolve().parents[3] / "samples" / "digits"
INDEX = "voices.json"
RATE = 8_000
GAP = 400  # samples of silence between two clips in the file


@dataclass(frozen=True)
class Clip:
    """One word by one voice: `wave` float32 `[T]` at 8 kHz, trimmed, peak near 0.9."""

    digit: int
    voice: str
    wave: Wave


def bank_file(split: Split) -> Path:
    """Where the clips of a split lie, end to end."""
    return FOLDER / f"voices-{split}.ogg"


@lru_cache(maxsize=1)
def bank_index() -> dict[str, Any]:
    """Who says what: `{"splits": {split: [{"voice", "speed", "pitch", "lengths": ten numbers}, ...]}}`."""
    try:
        found: dict[str, Any] = json.loads((FOLDER / INDEX).read_text("utf-8"))
        return found
    except (OSError, ValueError) as error:
        raise DataError("The bank of voices is missing or damaged.", "Run: python tools/make_digits.py") from error


@lru_cache(maxsize=3)
def clips(split: Split) -> tuple[Clip, ...]:
    """All clips of a split, in the order of the index: ten digits of a voice after each other."""
    entries = bank_index()["splits"][split]
    try:
        wave, rate = soundfile.read(bank_file(split), dtype="float32")
    except (OSError, RuntimeError) as error:
        raise DataError("The bank of voices is missing or damaged.", "Run: python tools/make_digits.py") from error
    needed = sum(length + GAP for entry in entries for length in entry["lengths"])
    if rate != RATE or len(wave) < needed:
        raise DataError("The bank of voices does not fit its index.", "Run: python tools/make_digits.py")
    found, start = [], 0
    for entry in entries:
        for digit, length in enumerate(entry["lengths"]):
            found.append(Clip(digit, entry["voice"], wave[start : start + length]))
            start += length + GAP
    return tuple(found)
