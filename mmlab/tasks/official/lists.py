"""List files of an official layout: JSON, JSON lines, and texts for the cells of a manifest."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmlab.core.errors import DataError
from mmlab.modalities.frames.folder_input import FramesInput
from mmlab.modalities.frames.pictures import is_picture
from mmlab.modalities.text.tokenize import has_words
from mmlab.tasks.official.benchmark import lines_of

LONGEST_TEXT = 2_000  # letters that are kept: a model reads the first words
AGAIN = "Take it from the official download again."


def json_of(folder: Path, name: str) -> Any:
    """What a JSON file holds. Raises DataError."""
    return _parsed("\n".join(line for _, line in lines_of(folder, name)), f"'{name}'")


def json_lines(folder: Path, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Numbered objects of a file with one in each line. Raises DataError."""
    for number, line in lines_of(folder, name):
        found = _parsed(line, f"{name}, line {number}: it")
        if not isinstance(found, dict):
            raise DataError(f"{name}, line {number}: this is no object of JSON.", AGAIN)
        yield number, found


def table_rows(folder: Path, name: str, cells: int) -> Iterator[tuple[int, list[str]]]:
    """Numbered rows of a CSV file without a header, each with so many cells. Raises DataError."""
    numbered = lines_of(folder, name)
    try:
        rows = list(csv.reader((line for _, line in numbered), strict=True))
    except csv.Error as error:
        raise DataError(f"'{name}' is no CSV: {error}.", AGAIN) from error
    for (number, _), row in zip(numbered, rows, strict=False):
        if len(row) != cells:
            raise DataError(f"{name}, line {number}: there are {len(row)} cells and should be {cells}.", AGAIN)
        yield number, row


def cell_text(text: object) -> str:
    """A text as a cell holds it: on one line, its beginning; empty where it has no word, so that it is missing."""
    line = " ".join(str(text).split())[:LONGEST_TEXT]
    return line if has_words(line) else ""


def middle_file(folder: Path, place: str, endings: tuple[str, ...] = (".jpg", ".png")) -> str:
    """The path of the file in the middle of a folder of frames by their names, or that of one that should be there."""
    frames = sorted(file.name for file in (folder / place).glob("*") if file.suffix.lower() in endings)
    return f"{place}/{frames[len(frames) // 2] if frames else '00000.jpg'}"


def frames_in(folder: Path, place: str, count: int) -> tuple[str, ...]:
    """The paths of so many frames of a folder, at even distances, or that of one that should be there."""
    names = [file.name for file in (folder / place).glob("*") if is_picture(file.name)]
    chosen = FramesInput(frames=count).chosen(names) if names else ("00000.jpg",)
    return tuple(f"{place}/{name}" for name in chosen)


def _parsed(text: str, place: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{place} is no JSON, or it is cut off.", AGAIN) from error
