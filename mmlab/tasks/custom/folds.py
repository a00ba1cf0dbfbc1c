"""Folds of a folder: its samples divided into parts of whole groups, so that each part is the test split once.

MMLAB_FOLDS says into how many, such as `5`, or `5:sample` where samples rather than groups are cut apart; several are
separated by commas. Each fold is a task of its own, `mine_fold1of5` (`mine_part1of5` by sample): part 1 is the test,
the next one the validation, the rest the training. What the manifest says of splits stays as it is, and is not used.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from mmlab.core.errors import DataError

VARIABLE = "MMLAB_FOLDS"
FEWEST, MOST = 3, 20
WORDS = {"group": "fold", "sample": "part"}  # what one is called in the name of its task, by what is kept together
NAME = re.compile(r"(.+)_(fold|part)([1-9]\d?)of([1-9]\d?)")


@dataclass(frozen=True)
class Fold:
    """One of `count`, its number from 1. by: what stays together, "group" or "sample"."""

    number: int
    count: int
    by: str = "group"

    def name_of(self, task: str) -> str:
        """The name of the task of this fold."""
        return f"{task}_{WORDS[self.by]}{self.number}of{self.count}"

    def title_of(self, title: str) -> str:
        """The title of the task of this fold."""
        return f"{title} ({self.in_words()})"

    def in_words(self) -> str:
        """For a title and a card."""
        return f"fold {self.number} of {self.count}, by {self.by}"


def folds_of(count: int, by: str = "group") -> tuple[Fold, ...]:
    """All folds. Raises DataError for a number or a way that there is not."""
    if by not in WORDS:
        raise DataError(f"Folds are not made by '{by[:40]}'.", f"There are: {', '.join(WORDS)}.")
    if not FEWEST <= count <= MOST:
        raise DataError(
            f"There cannot be {count} folds.", f"Use {FEWEST} to {MOST}: training, validation and test need parts."
        )
    return tuple(Fold(number, count, by) for number in range(1, count + 1))


def wanted() -> tuple[Fold, ...]:
    """The folds that MMLAB_FOLDS asks for, of every folder. Raises DataError."""
    found: dict[Fold, None] = {}
    for part in filter(None, (part.strip() for part in os.environ.get(VARIABLE, "").split(","))):
        count, _, by = part.partition(":")
        if not re.fullmatch(r"\d{1,3}", count):
            raise DataError(f"{VARIABLE} says '{part[:40]}'.", "Write how many, such as 5.")
        found |= dict.fromkeys(folds_of(int(count), by or "group"))
    return tuple(found)


def ask_for(count: int, by: str = "group") -> tuple[Fold, ...]:
    """Name folds in MMLAB_FOLDS, so that this process and those that it starts find their tasks. Raises DataError."""
    found = folds_of(count, by)
    there = [part for part in os.environ.get(VARIABLE, "").split(",") if part]
    spec = f"{count}:{by}"
    if spec not in there:
        os.environ[VARIABLE] = ",".join([*there, spec])
    return found


def named(text: str) -> tuple[str, Fold] | None:
    """The folder or task and the fold in the name of a fold's task; None in any other name."""
    found = NAME.fullmatch(text)
    if found is None or not int(found[3]) <= int(found[4]):
        return None
    by = next(by for by, word in WORDS.items() if word == found[2])
    return found[1], Fold(int(found[3]), int(found[4]), by)
