"""Errors that a person can mend: one sentence that says what is wrong, one that says what to do."""

from __future__ import annotations


class MmlabError(Exception):
    """What happened (`message`) and what to do about it (`hint`).

    Two plain arguments, so that the error survives a process boundary.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


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
