"""The same neutral words in every tone of voice: the shipped bank, one Opus file per split (tools/make_opinion.py).

The better the opinion, the higher, livelier and faster the voice. How loud it is says nothing: that depends on the
microphone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from mmlab.core.errors import DataError
from mmlab.core.task import Split
from mmlab.tasks.generators.audio_bank import Wave, read_clips
from mmlab.tasks.generators.opinion.sentences import FOLDER

INDEX = "voices.json"
AGAIN = "python tools/make_opinion.py --voices"


@dataclass(frozen=True)
class Tone:
    """One voice in one tone: `level` in [-3, 3], and what it says."""

    voice: str
    level: float
    words: str
    wave: Wave


@lru_cache(maxsize=1)
def bank_index() -> dict[str, Any]:
    """`{"levels", "phrases", "splits": {split: [{"voice", "phrases": index by level, "lengths": by level}]}}`."""
    try:
        found: dict[str, Any] = json.loads((FOLDER / INDEX).read_text("utf-8"))
        return found
    except (OSError, ValueError) as error:
        raise DataError("The bank of voices is missing or damaged.", f"Run: {AGAIN}") from error


def bank_file(split: Split) -> Path:
    """Where the clips of a split lie, end to end."""
    return FOLDER / f"voices-{split}.ogg"


@lru_cache(maxsize=3)
def tones(split: Split) -> dict[float, tuple[Tone, ...]]:
    """All clips of a split by level, the voices in the same order under each. Raises DataError."""
    index = bank_index()
    entries = index["splits"][split]
    waves = iter(read_clips(bank_file(split), [length for entry in entries for length in entry["lengths"]], AGAIN))
    found: dict[float, list[Tone]] = {float(level): [] for level in index["levels"]}
    for entry in entries:
        for level, phrase in zip(index["levels"], entry["phrases"], strict=True):
            found[float(level)].append(Tone(entry["voice"], float(level), index["phrases"][phrase], next(waves)))
    return {level: tuple(clips) for level, clips in found.items()}
