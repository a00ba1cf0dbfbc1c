"""The user's file of real sentences about films: tab-separated lines of a number, a rating (-4 to 4, a mean of twenty
people) and a sentence. There is only text, no voice and no face.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path

from mmlab.core.errors import DataError
from mmlab.core.task import Split
from mmlab.tasks.generators.digits.real_recordings import parts
from mmlab.tasks.generators.opinion.sentences import SCALE

FILE = "vader_movie_reviews.txt"
HINT = f"Point --data or MMLAB_DATA to a folder with {FILE} (see the README)."


@dataclass(frozen=True)
class Review:
    """A sentence, and its rating on the task's scale, -3 to 3."""

    id: str
    text: str
    score: float


def review_file(folder: str | None = None) -> Path | None:
    """The file in the folder that was given, or in the one that `MMLAB_DATA` names."""
    named = folder or os.environ.get("MMLAB_DATA")
    found = Path(named).expanduser() / FILE if named else None
    return found if found is not None and found.is_file() else None


def reviews(file: Path, split: Split) -> list[Review]:
    """The reviews of a split: a fixed shuffle cut in three; the same words are never in two splits."""
    first: dict[str, Review] = {}
    for review in _read(file):
        first.setdefault("".join(letter for letter in review.text.lower() if letter.isalnum()), review)
    kept = [review for words, review in first.items() if words]
    return [kept[row] for row in parts(len(kept), split)]


def _read(file: Path) -> list[Review]:
    try:
        rows = [line.split("\t") for line in file.read_text("utf-8-sig").splitlines() if line.strip()]
        found = [Review(number.strip(), " ".join(text.split()), float(rating) * SCALE) for number, rating, text in rows]
    except (OSError, ValueError) as error:
        raise DataError(f"{file.name} cannot be read.", HINT) from error
    if len(found) < 100 or not all(math.isfinite(review.score) and abs(review.score) <= 3 for review in found):
        raise DataError(f"{file.name} holds too few ratings, or some outside of -4 to 4.", HINT)
    return found
