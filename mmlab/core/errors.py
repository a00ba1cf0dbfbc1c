"""Errors that the user can fix: one sentence that says what is wrong, one that says what to do."""

from __future__ import annotations

LONGEST, LONGEST_HINT = 480, 4000  # letters: what a file calls things may be endless


class MmlabError(Exception):
    """What happened (`message`) and what to do about it (`hint`).

    Two plain arguments, so that the error survives a process boundary. What is too long is cut in its middle.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        self.message, self.hint = _readable(message, LONGEST), _readable(hint, LONGEST_HINT)
        super().__init__(self.message, self.hint)

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


def _readable(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most // 2]}…{text[-most // 2 + 1 :]}"


def first_line(error: BaseException) -> str:
    """The first line of a foreign error, for use in a sentence; the name of its type if it has no message."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


class UnknownName(MmlabError):
    """A task, method, modality, sample or option of this name does not exist."""


class NothingPresent(MmlabError):
    """No modality is switched on, so there is nothing to answer from."""


class TaskMismatch(MmlabError):
    """A checkpoint was made for other modalities or another output than the task has."""


class CheckpointError(MmlabError):
    """A checkpoint is missing, truncated, corrupted or of unknown make."""


class DataError(MmlabError):
    """A file, a recording or a folder of data cannot be used as it is."""


class StorageError(MmlabError):
    """The disk is full, or a folder cannot be written to or read."""


class Unsupported(MmlabError):
    """A method, by its own definition, cannot do what was asked."""


class PluginError(MmlabError):
    """A plug-in file could not be imported or breaks the contract."""


class MissingExtra(MmlabError):
    """An optional package is needed and not installed."""
