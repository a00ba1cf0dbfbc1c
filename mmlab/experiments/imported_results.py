"""Imported external results, in the form that a comparison uses."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from mmlab.core.errors import MmlabError
from mmlab.storage import imported_scores
from mmlab.storage.library import Library

Scores = Mapping[str, Mapping[str, float]]  # by title and combination


def scores(library: Library, task: str, metric: str) -> tuple[Scores, list[str]]:
    """What was imported for a metric, by title and combination, and what is wrong with the file."""
    try:
        results = imported_scores.read(library, task)
    except MmlabError as error:
        return {}, [str(error)]
    tables = {title: each["metrics"][metric] for title, each in results.items() if metric in each["metrics"]}
    return {title: {key: _or_nan(value) for key, value in table.items()} for title, table in tables.items()}, []


def named(found: Scores) -> Scores:
    """By a title that says that they are imported, for tables of several kinds."""
    return {f"{title} (imported)": table for title, table in found.items()}


def lines(found: Scores) -> Iterator[tuple[str, str, str]]:
    """Title, combination and score as text, empty where it does not exist."""
    for title, table in named(found).items():
        for key, value in table.items():
            yield title, key, f"{value:.5f}" if math.isfinite(value) else ""


def as_json(found: Scores) -> dict[str, dict[str, dict[str, float | None]]]:
    """Under `imported`, null for a score that does not exist; nothing where nothing was imported."""
    tables = {
        title: {key: v if math.isfinite(v) else None for key, v in table.items()} for title, table in found.items()
    }
    return {"imported": tables} if tables else {}


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else float(value)
