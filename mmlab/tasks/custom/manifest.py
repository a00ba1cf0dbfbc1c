"""manifest.csv as rows: one line per sample, with its line number for messages."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmlab.core.errors import DataError, MmlabError
from mmlab.core.plain_text import MARKUP, is_plain, plain
from mmlab.core.task import Split
from mmlab.tasks.custom.locations import MANIFEST
from mmlab.tasks.custom.problems import Problems
from mmlab.tasks.custom.safe_paths import content_of
from mmlab.tasks.custom.task_json import COLUMNS, Description

SPLITS: tuple[Split, ...] = ("train", "valid", "test")
NEEDED = ("id", "split", "target")
MOST_ROWS, LONGEST_ID, LONGEST_GROUP, LONGEST_NOTE = 200_000, 80, 200, 300
LEAST_TRAINING = 2  # batch normalisation has nothing to compare in a single sample
OWN = "own-"  # begins the ids of what people bring to the app


@dataclass(frozen=True)
class Row:
    """One sample: its line, what it is, and a cell per modality that it has. A label map's target is its path."""

    line: int
    id: str
    split: Split
    target: Any
    group: str
    note: str
    cells: dict[str, str]


def read_manifest(description: Description, problems: Problems) -> list[Row]:
    """The rows that can be used; what is wrong with the others goes to `problems`."""
    lines = _lines(description.folder, problems)
    if not lines:
        return []
    header = [name.strip() for name in lines[0][1]]
    if not _check_header(header, description, problems):
        return []
    rows: list[Row] = []
    seen: dict[str, int] = {}
    for number, cells in lines[1:]:
        row = _row(number, header, cells, description, problems)
        if row is None:
            continue
        if row.id in seen:
            problems.error(
                f"The id '{row.id}' is that of line {seen[row.id]}, too.", "Give each its own.", number, "id"
            )
            continue
        seen[row.id] = number
        rows.append(row)
    check_splits(rows, problems)
    return rows


def _lines(folder: Path, problems: Problems) -> list[tuple[int, list[str]]]:
    """Numbered lines of cells, the header first; empty lines are left out."""
    if not (folder / MANIFEST).is_file():
        hint = f"Its first line is {','.join(NEEDED)} and the modalities."
        problems.error("There is no such file in the folder.", hint)
        return []
    try:
        text = unicodedata.normalize("NFC", content_of(folder, MANIFEST).decode("utf-8-sig"))
    except DataError as error:
        problems.caught(error)
        return []
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        problems.error("It is not text in UTF-8.", "Save it as CSV in UTF-8.", line)
        return []
    try:
        lines = list(cells_of(text))
    except csv.Error as error:
        problems.error(f"It is not CSV: {error}.", "Save it as CSV in UTF-8.")
        return []
    if len(lines) < 2 or len(lines) > MOST_ROWS:
        problems.error(f"It has {max(len(lines) - 1, 0):,} samples.", f"Give a line per sample, at most {MOST_ROWS:,}.")
        return []
    return lines


def cells_of(text: str) -> Iterator[tuple[int, list[str]]]:
    """Numbered lines of cells. Raises csv.Error.

    Tabs or semicolons part the cells where the first line has no comma: so do spreadsheets that write 3,5 for 3.5.
    """
    first = text.partition("\n")[0]
    between = next((mark for mark in (",", "\t") if mark in first), ";")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=between, strict=True)
    line = 1
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield line, cells
        line = reader.line_num + 1


def _check_header(header: Sequence[str], description: Description, problems: Problems) -> bool:
    needed = ("id", description.split_column, "target")
    wanted = (*needed, *description.info.modalities.names)
    before = problems.errors
    for name in wanted:
        if name not in header:
            problems.error(f"There is no column '{name}'.", f"There are: {', '.join(header)[:200]}.", 1)
    for name in header:
        if name and name not in wanted and name not in COLUMNS:
            problems.warn(f"The column '{name[:40]}' is not used.", "It is no modality of task.json.", 1)
        if name and header.count(name) > 1:
            problems.error(f"Two columns are named '{name[:40]}'.", "Give each its own name.", 1)
    return problems.errors == before


def _row(
    line: int, header: Sequence[str], cells: Sequence[str], description: Description, problems: Problems
) -> Row | None:
    """One sample, None where it cannot be used."""
    if len(cells) != len(header):
        hint = "Put quotes around a cell that holds a comma."
        problems.error(f"It has {len(cells)} cells where the first line has {len(header)}.", hint, line)
        return None
    found = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
    before = problems.errors
    given = {name: found[name] for name in description.info.modalities.names if found[name]}
    if not given:
        problems.error("The sample has no input at all.", "Give at least one, or remove the line.", line)
    split = next((each for each in SPLITS if each == found[description.split_column]), None)
    if split is None:
        said, column = found[description.split_column][:40], description.split_column
        problems.error(f"'{said}' is no split.", f"Use {', '.join(SPLITS)}.", line, column)
    try:
        sample = _checked_id(found["id"])
    except DataError as error:
        problems.caught(error, line, "id")
    target = _target(found["target"], description, line, problems)
    if problems.errors > before or split is None:
        return None
    group = plain(found.get("group", ""), LONGEST_GROUP) or sample
    return Row(line, sample, split, target, group, plain(found.get("note", ""), LONGEST_NOTE), given)


def _checked_id(text: str) -> str:
    if not is_plain(text, LONGEST_ID):
        hint = f"Use up to {LONGEST_ID} letters, digits and signs, none of {' '.join(sorted(MARKUP))}."
        raise DataError("This is no id." if text else "A sample needs an id.", hint)
    if text.startswith(OWN):
        raise DataError(f"An id cannot begin with '{OWN}'.", "mmlab uses it for what people bring to the app.")
    return text


def _target(cell: str, description: Description, line: int, problems: Problems) -> Any:
    if not cell and not description.info.output.may_be_empty:
        problems.error("The right answer is missing.", "Fill it in, or remove the line.", line, "target")
        return None
    if description.has_label_maps:
        return cell
    try:
        return description.info.output.parse(cell)
    except MmlabError as error:
        problems.caught(error, line, "target")
        return None


def check_splits(rows: Sequence[Row], problems: Problems) -> None:
    """Each split needs samples."""
    for split in SPLITS:
        count, least = sum(row.split == split for row in rows), LEAST_TRAINING if split == "train" else 1
        if count < least and not problems.errors:
            hint = "Models are trained on train, selected on valid and measured on test."
            problems.error(f"There {'is one sample' if count else 'are no samples'} in {split}.", hint, 0, "split")
