"""External results as a table: a score for every combination of inputs, from CSV.

The columns are `combination` (`image-sound`, in any order, by names or letters) and either `score` or metrics by name;
`method` tells several methods apart. The CSV that Compare saves is such a table.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping
from itertools import islice

from mmlab.core.errors import DataError
from mmlab.core.metric import is_share
from mmlab.core.modality import Modalities
from mmlab.core.task import TaskInfo
from mmlab.storage.file_schemas import ImportedScores

LARGEST, MOST_ROWS = 2**20, 20_000
LONGEST = 80
MEAN = "mean"  # a line of Compare's own file, which is computed again
HINT = "Write a table with the columns combination and score: image-sound,0.93"


def read_scores(content: bytes, info: TaskInfo, title: str = "", file: str = "") -> dict[str, ImportedScores]:
    """The methods of a table by title, each with its scores by metric and combination.

    title: of the method, where no column says it; file: where it is from, which is kept with it.
    Raises DataError, which names the line.
    """
    rows = _rows(content)
    metrics = [name for name in rows[0][1] if name in info.output.metric_names]
    if "combination" not in rows[0][1] or not (metrics or "score" in rows[0][1]):
        raise DataError(f"{file or 'The table'} has no columns combination and score.", HINT)
    found: dict[str, ImportedScores] = {}
    for line, row in rows:
        if row["combination"] == MEAN:
            continue
        name = _title(row.get("method", "") or title, line)
        key = _combination(row["combination"], info.modalities, line)
        result = found.setdefault(name, {"title": name, "file": file[:200], "metrics": {}})
        scores = {metric: row[metric] for metric in metrics}
        if not metrics:
            scores = {_metric(row.get("metric", ""), info, line): row["score"]}
        for metric, text in scores.items():
            table = result["metrics"].setdefault(metric, {})
            if key in table:
                raise DataError(f"Line {line}: {key} of {name} is there twice.", "Give each combination once.")
            table[key] = _score(text, metric, line)
    return found


def _rows(content: bytes) -> list[tuple[int, Mapping[str, str]]]:
    """The rows with their line numbers; lines that begin with # are remarks."""
    if len(content) > LARGEST:
        raise DataError("The table is larger than 1 MB.", "Leave out everything but the scores.")
    try:
        text = content.decode("utf-8-sig")
        kept = [(n, line) for n, line in enumerate(text.splitlines(), 1) if line.strip() and not line.startswith("#")]
        first = kept[0][1] if kept else ""
        lines = io.StringIO("\n".join(line for _, line in kept))
        table = csv.reader(lines, delimiter=";" if ";" in first and "," not in first else ",", strict=True)
        cells = list(islice(table, MOST_ROWS + 2))
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError("The table is no CSV in UTF-8.", HINT) from error
    if len(cells) < 2 or len(cells) > MOST_ROWS + 1 or len(cells) != len(kept):
        raise DataError(f"The table has no rows, more than {MOST_ROWS:,}, or cells of several lines.", HINT)
    head = [name.strip().lower() for name in cells[0]]
    if len(set(head)) != len(head):
        raise DataError("Two columns have one name.", HINT)
    found: list[tuple[int, Mapping[str, str]]] = []
    for (number, _), row in zip(kept[1:], cells[1:], strict=True):
        if len(row) != len(head):
            raise DataError(f"Line {number} has {len(row)} cells, and the first line {len(head)}.", HINT)
        found.append((number, dict(zip(head, (cell.strip() for cell in row), strict=True))))
    return found


def _title(text: str, line: int) -> str:
    if not text or len(text) > LONGEST or not text.isprintable():
        raise DataError(f"Line {line}: the method has no name.", "Name it with --title, or in a column method.")
    return text


def _combination(text: str, modalities: Modalities, line: int) -> str:
    letters = {each.letter.lower(): each.name for each in modalities}
    parts = [part for part in re.split(r"[-+,&\s]+", text.lower()) if part]
    if len(parts) == 1 and parts[0] not in modalities.names and all(letter in letters for letter in parts[0]):
        parts = list(parts[0])  # ISP
    names = {letters.get(part, part) for part in parts}
    if not names or not names <= set(modalities.names) or len(names) != len(parts):
        there = ", ".join(f"{each.name} ({each.letter})" for each in modalities)
        raise DataError(f"Line {line}: '{text[:LONGEST]}' is no combination of inputs.", f"There are: {there}.")
    return "-".join(name for name in modalities.names if name in names)


def _metric(text: str, info: TaskInfo, line: int) -> str:
    metric = text or info.output.headline
    if metric not in info.output.metric_names:
        named = ", ".join(info.output.metric_names)
        raise DataError(f"Line {line}: {info.name} has no metric '{text[:LONGEST]}'.", f"There are: {named}.")
    return metric


def _score(text: str, metric: str, line: int) -> float | None:
    """The number, None for an empty cell; `93.1 %` is 0.931."""
    if not text:
        return None
    percent = text.endswith("%")
    try:
        value = float(text.rstrip("% "))
    except ValueError as error:
        raise DataError(f"Line {line}: '{text[:LONGEST]}' is not a number.", HINT) from error
    value = value / 100 if percent else value
    if not math.isfinite(value) or (is_share(metric) and not 0 <= value <= 1):
        raise DataError(f"Line {line}: {metric} is a share, between 0 and 1.", "Write 0.931 or 93.1 %.")
    return value
