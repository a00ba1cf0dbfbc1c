"""The words that models of the task `opinion` saw in training, to point out those that they cannot know.

The shipped list holds the words of our own sentences and those that stand at least `OFTEN` times in the real reviews
for training (`tools/make_opinion.py --words`). Models know words by hashes (`mmlab.modalities.text.tokenize`), so one
that was never met still gets some value: that of the words that share its numbers by chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from mmlab.core.errors import DataError
from mmlab.tasks.generators.opinion.sentences import AGAIN, FOLDER

FILE = "vocabulary.txt"
OFTEN = 2
MOST_NAMED = 6


@lru_cache(maxsize=1)
def training_words() -> frozenset[str]:
    """The list. Raises DataError."""
    try:
        return frozenset((FOLDER / FILE).read_text("utf-8").split())
    except (OSError, ValueError) as error:
        raise DataError("The list of words is missing or damaged.", f"Run: {AGAIN}") from error


def note(words: Sequence[str]) -> str:
    """A sentence on the words that were not met; empty where all were."""
    unknown = list(dict.fromkeys(word for word in words if word not in training_words()))
    if not unknown:
        return ""
    if len(unknown) == len(set(words)):
        return "The models were never trained on any of these words, so the prediction is chance."
    named = ", ".join(f"“{word}”" for word in unknown[:MOST_NAMED])
    more = f" and {len(unknown) - MOST_NAMED} more" if len(unknown) > MOST_NAMED else ""
    return f"Rare in training, so it counts for little: {named}{more}."
