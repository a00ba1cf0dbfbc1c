"""All problems of a folder, collected, so that the user can fix them at once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from shlex import quote

from mmlab.core.errors import DataError, MmlabError
from mmlab.tasks.custom.locations import MANIFEST

MOST = 100


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong. `line` counts from 1 as editors do, 0 where it is about a whole file."""

    message: str
    hint: str = ""
    file: str = MANIFEST
    line: int = 0
    column: str = ""
    is_error: bool = True

    @property
    def place(self) -> str:
        """`manifest.csv, line 7, sound`."""
        return ", ".join(part for part in (self.file, f"line {self.line}" if self.line else "", self.column) if part)

    def __str__(self) -> str:
        return f"{self.place}: {self.message} {self.hint}".strip()


@dataclass
class Problems:
    """The first MOST errors and as many warnings, and how many of each there are in all."""

    found: list[Problem] = field(default_factory=list)
    errors: int = 0
    warnings: int = 0

    def add(self, problem: Problem) -> None:
        """One more."""
        counted = self.errors if problem.is_error else self.warnings
        if counted < MOST:
            self.found.append(problem)
        self.errors += problem.is_error
        self.warnings += not problem.is_error

    def error(self, message: str, hint: str = "", line: int = 0, column: str = "", file: str = MANIFEST) -> None:
        """Something that has to be corrected."""
        self.add(Problem(message, hint, file, line, column))

    def warn(self, message: str, hint: str = "", line: int = 0, column: str = "", file: str = MANIFEST) -> None:
        """Something that may be meant so."""
        self.add(Problem(message, hint, file, line, column, is_error=False))

    def caught(self, error: MmlabError, line: int = 0, column: str = "", file: str = MANIFEST) -> None:
        """An error that a reader raised, with its place."""
        self.error(error.message, error.hint, line, column, file)

    def extend(self, others: Problems) -> None:
        """All that was found elsewhere, after what was found here; of what was only counted there, the number."""
        for problem in others.found:
            self.add(problem)
        kept = sum(problem.is_error for problem in others.found)
        self.errors += others.errors - kept
        self.warnings += others.warnings - (len(others.found) - kept)

    def as_warnings(self, more: str) -> Problems:
        """The same as things that may be meant so. more: what becomes of each, in words."""
        found = [replace(problem, is_error=False, hint=f"{problem.hint} {more}".strip()) for problem in self.found]
        return Problems(found, 0, self.errors + self.warnings)

    def raise_first(self, folder: Path) -> None:
        """Raise DataError for the first error, where there is one, and say how many more there are."""
        first = next((problem for problem in self.found if problem.is_error), None)
        if first is not None:
            more = f"There are {self.errors - 1} more." if self.errors > 1 else ""
            see = f"See all: python -m mmlab check {quote(str(folder))}"
            hint = " ".join(filter(None, (first.hint, more, see)))
            raise DataError(f"{first.place}: {first.message}", hint)
