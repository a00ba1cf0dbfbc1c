"""Automatic corrections of an unusable manifest, in a new file beside it: `check --fix`."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mmlab.core import csv_file
from mmlab.core.errors import DataError
from mmlab.core.outputs.multilabel import SEPARATOR
from mmlab.tasks.custom.locations import MANIFEST
from mmlab.tasks.custom.manifest import cells_of
from mmlab.tasks.custom.problems import Problems
from mmlab.tasks.custom.safe_paths import content_of
from mmlab.tasks.custom.samples import is_there, path_of
from mmlab.tasks.custom.task_json import Description, read_description

FIXED = "manifest.fixed.csv"
OTHER_SPLITS = {"training": "train", "val": "valid", "validation": "valid", "dev": "valid", "testing": "test"}
ENCODINGS = ("utf-8-sig", "utf-16", "cp1252")  # the last takes nearly everything: what Excel writes in the west


@dataclass(frozen=True)
class Change:
    """One cell, or a whole line or file where the column or the line is empty, and what became of it."""

    line: int
    column: str
    what: str

    def __str__(self) -> str:
        place = ", ".join(part for part in (f"line {self.line}" if self.line else "", self.column) if part)
        return f"{place}: {self.what}" if place else self.what


def fix(folder: Path) -> list[Change]:
    """Write `manifest.fixed.csv` where something can be corrected without guessing; what was. The manifest stays.

    Raises DataError where task.json or the manifest cannot be read at all.
    """
    problems = Problems()
    description = read_description(folder, problems)
    problems.raise_first(folder)
    assert description is not None  # it is only left out where there are errors
    changes: list[Change] = []
    lines = _lines(folder, changes)
    header = _header(lines[0][1], description, changes)
    rows = [_row(number, cells, header, description, changes) for number, cells in lines[1:]]
    _give_ids(rows, [number for number, _ in lines[1:]], header, changes)
    if changes:
        try:
            (folder / FIXED).write_text(csv_file.verbatim(header, rows), "utf-8", newline="")
        except OSError as error:
            raise DataError(f"{FIXED} cannot be written: {error.strerror}.", "Make the folder writable.") from error
    return changes


def _lines(folder: Path, changes: list[Change]) -> list[tuple[int, list[str]]]:
    content = content_of(folder, MANIFEST)
    for encoding in ENCODINGS:
        if encoding == "utf-16" and content[:2] not in (b"\xff\xfe", b"\xfe\xff"):
            continue
        try:
            text = unicodedata.normalize("NFC", content.decode(encoding))
        except UnicodeDecodeError:
            continue
        if encoding != ENCODINGS[0]:
            changes.append(Change(0, "", f"The file was in {encoding} and is in UTF-8 now."))
        try:
            lines = list(cells_of(text))
        except csv.Error:
            break
        if lines:
            return lines
    raise DataError(f"{MANIFEST} holds no lines of text.", "Save it as CSV in UTF-8.")


def _header(cells: Sequence[str], description: Description, changes: list[Change]) -> list[str]:
    """The names of the columns: those that only differ in case or spaces become what they should be."""
    wanted = ("id", description.split_column, "target", "group", "note", *description.info.modalities.names)
    header = [cell.strip() for cell in cells]
    while header and not header[-1]:
        header.pop()  # spreadsheets write empty columns
    for place, name in enumerate(header):
        should = name.casefold().replace(" ", "_").replace("-", "_")
        if name not in wanted and should in wanted and should not in header:
            header[place] = should
            changes.append(Change(1, name, f"the column is named '{should}' now"))
    return header


def _row(
    line: int, cells: Sequence[str], header: Sequence[str], description: Description, changes: list[Change]
) -> list[str]:
    found = [cell.strip() for cell in cells]
    while len(found) > len(header) and not found[-1]:
        found.pop()
    if len(found) < len(header):
        changes.append(Change(line, "", f"{len(header) - len(found)} empty cells were added at its end"))
        found += [""] * (len(header) - len(found))
    for place, name in enumerate(header[: len(found)]):
        cell = found[place]
        mended = _mender(name, description)(cell) if cell else cell
        if mended != cell:
            found[place] = mended
            changes.append(Change(line, name, f"'{cell[:60]}' is '{mended[:60]}' now"))
    return found


def usual_split(word: str) -> str:
    """A word for a split as a manifest has it; any other as it is, in small letters."""
    return OTHER_SPLITS.get(word.casefold(), word.casefold())


def _mender(column: str, description: Description) -> Callable[[str], str]:
    """What corrects the cells of a column."""
    if column == description.split_column:
        return usual_split
    if column == "target" and not description.has_label_maps:
        output = description.info.output
        if output.class_names or not output.label_names:
            return lambda cell: _class(cell, output.class_names)
        return lambda cell: _labels(cell, output.label_names)
    is_path = column in description.info.modalities.names and not description[column].inline
    return (lambda cell: _path(cell, column, description)) if is_path else (lambda cell: cell)


def _class(cell: str, classes: Sequence[str]) -> str:
    """The class that differs in case and spaces only, where there is one."""
    plain = "".join(cell.casefold().split())
    same = [name for name in classes if "".join(name.casefold().split()) == plain]
    return cell if cell in classes or len(same) != 1 else same[0]


def _labels(cell: str, names: Sequence[str]) -> str:
    """Labels that differ in case and spaces only, with `|` between them instead of another sign, and each once."""
    for sign in (SEPARATOR, ",", ";", "/"):
        parts = [_class(part.strip(), names) for part in cell.split(sign) if part.strip()]
        if all(part in names for part in parts):
            return SEPARATOR.join(dict.fromkeys(parts))
    return cell


def _path(cell: str, column: str, description: Description) -> str:
    """The file that is really there: with slashes, from the folder on, in the case that it is written in."""
    item = description[column]
    path = path_of(item, cell)
    number = cell[len(path) :]
    tried = path.replace("\\", "/")
    home = f"{description.folder.absolute().as_posix()}/"
    for wanted in (path, tried, tried.removeprefix(home), _as_written(description.folder, tried.removeprefix(home))):
        if is_there(description.folder, item, wanted):
            return wanted + number
    return cell


def _as_written(folder: Path, path: str) -> str:
    """The path in the case in which its parts are written, where only one is."""
    place, parts = folder, []
    for part in PurePosixPath(path).parts:
        try:
            names = [each.name for each in place.iterdir() if each.name.casefold() == part.casefold()]
        except OSError:
            return path
        if part in ("..", "/") or len(names) != 1:
            return path
        parts.append(names[0])
        place = place / names[0]
    return "/".join(parts)


def _give_ids(rows: Sequence[list[str]], lines: Sequence[int], header: Sequence[str], changes: list[Change]) -> None:
    """A name for samples that have none, or that of an earlier one."""
    if "id" not in header:
        return
    column, taken = header.index("id"), {row[header.index("id")] for row in rows if len(row) == len(header)}
    seen: set[str] = set()
    for line, row in zip(lines, rows, strict=True):
        old = row[column]
        if old and old not in seen:
            seen.add(old)
            continue
        tried = (f"{old or 'row'}-{line}{'x' * more}" for more in range(len(rows) + 1))
        new = next(name for name in tried if name not in taken)
        row[column] = new
        taken.add(new)
        seen.add(new)
        changes.append(Change(line, "id", f"'{old[:60]}' is '{new[:60]}' now"))
