"""Where lessons are: the shipped ones, those of a folder in `MMLAB_LESSONS`, and those of plug-ins.

A file that cannot be read is named with the reason and hides no other. Nobody takes the name of a lesson of ours.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from mmlab.core import plugins
from mmlab.core.errors import DataError, MmlabError
from mmlab.lessons import lesson_file, translation
from mmlab.lessons.lesson import Lesson

VARIABLE = "MMLAB_LESSONS"
OURS = Path(__file__).parent / "en"
MOST = 64  # files of one folder
_brought: dict[str, Path] = {}


@dataclass(frozen=True)
class LessonCollection:
    """The lessons by name, in order, and what is wrong with files that hold none, by file."""

    lessons: Mapping[str, Lesson]
    problems: Mapping[str, MmlabError]


def add_folder(folder: Path) -> None:
    """Add the lessons in a folder: for plug-ins, while they are loaded."""
    key = str(folder)
    _brought[key] = folder
    plugins.note("lessons", folder.name, lambda: _brought.pop(key, None))


def all_lessons() -> LessonCollection:
    """All lessons that there are now."""
    plugins.load()
    lessons: dict[str, Lesson] = {}
    problems: dict[str, MmlabError] = {}
    for folder in (OURS, *_own_folders(), *_brought.values()):
        files = sorted(folder.glob("*.md"))
        if folder != OURS and not folder.is_dir():
            problems[str(folder)] = DataError("There is no such folder.", f"Mend {VARIABLE}.")
        if len(files) > MOST:
            problems[str(folder)] = DataError(f"It holds more than {MOST} lessons.", "Divide it.")
        for file in files[:MOST]:
            try:
                found = _read(file, file.stat().st_mtime_ns, file.stat().st_size)
                if found.name in lessons:
                    raise DataError("Another lesson has this name.", "Rename the file.")
                lessons[found.name] = found
            except (MmlabError, OSError) as error:
                problems[str(file)] = error if isinstance(error, MmlabError) else DataError("It cannot be read.")
    in_order = sorted(lessons.values(), key=lambda each: (each.order, each.title))
    return LessonCollection({each.name: each for each in in_order}, problems)


def in_language(lesson: Lesson, language: str) -> Lesson:
    """A lesson in a language: as it is where that has no words for it. Raises DataError for a faulty translation."""
    if _ours(lesson.name) != lesson:
        return lesson
    file = translation.file_of(lesson, language)
    return translation.translated(lesson, file.read_bytes()) if language != OURS.name and file.is_file() else lesson


def _ours(name: str) -> Lesson | None:
    """A lesson of ours; None for names of others."""
    file = OURS / f"{name}.md"
    return _read(file, file.stat().st_mtime_ns, file.stat().st_size) if file.is_file() else None


def _own_folders() -> tuple[Path, ...]:
    return tuple(Path(text).expanduser() for text in os.environ.get(VARIABLE, "").split(os.pathsep) if text)


@lru_cache(maxsize=256)
def _read(file: Path, changed: int, size: int) -> Lesson:
    """A file as it was when it was looked at."""
    if size > lesson_file.LARGEST:
        raise DataError(f"It is larger than {lesson_file.LARGEST >> 10} kB.", lesson_file.HINT)
    return lesson_file.read(file.read_bytes(), file.stem)
