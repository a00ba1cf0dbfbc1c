"""Many short recordings in one Opus file, end to end: small to ship, and split again by their lengths."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from mmlab.core.errors import DataError

Wave = NDArray[np.float32]
RATE = 8_000
GAP = 400  # samples of silence between two clips in the file


def read_clips(file: Path, lengths: Sequence[int], again: str) -> list[Wave]:
    """The clips of a file, float32 `[length]` each. Raises DataError; `again` is the command that makes the file."""
    hint = f"Run: {again}"
    try:
        wave, rate = soundfile.read(file, dtype="float32")
    except (OSError, RuntimeError) as error:
        raise DataError("The bank of voices is missing or damaged.", hint) from error
    if rate != RATE or len(wave) < sum(lengths) + GAP * len(lengths):
        raise DataError("The bank of voices does not fit its index.", hint)
    starts = np.cumsum([0, *(length + GAP for length in lengths)])
    return [wave[start : start + length] for start, length in zip(starts, lengths, strict=False)]


def write_clips(file: Path, clips: Iterable[Wave], quality: float) -> None:
    """One Opus file of all clips. `quality` of libsndfile: 0 is best, 1 is smallest."""
    pieces = [piece for clip in clips for piece in (clip, np.zeros(GAP, np.float32))]
    soundfile.write(file, np.concatenate(pieces), RATE, format="OGG", subtype="OPUS", compression_level=quality)
