"""`report.json`: the evaluation results of a checkpoint, read without torch."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from mmlab.core.errors import CheckpointError
from mmlab.storage import strict_json

REPORT = "report.json"
LARGEST = 2 * 2**20
AGAIN = "Run `python -m mmlab evaluate` to make it again."


def read(folder: Path) -> dict[str, Any]:
    """The report of the checkpoint in `folder`, whole and within bounds. Raises CheckpointError."""
    what = f"{REPORT} of {'/'.join(folder.parts[-3:])}"
    try:
        with (folder / REPORT).open("rb") as opened:
            content = opened.read(LARGEST + 1)
    except FileNotFoundError as error:
        raise CheckpointError(f"{what} is missing.", AGAIN) from error
    except OSError as error:
        raise CheckpointError(f"{what} cannot be read.", AGAIN) from error
    return decoded(content, what)


def decoded(content: bytes, what: str = REPORT, hint: str = AGAIN) -> dict[str, Any]:
    """The report in `content`; `what` names it in sentences. Raises CheckpointError.

    A score that does not exist, such as the rate of a class without samples, is null in the file and NaN here.
    """
    from mmlab.storage.file_schemas import Report

    found: dict[str, Any] = strict_json.checked(content, Report, what, hint, LARGEST, CheckpointError)
    for measured in found["sources"].values():
        for table in (*measured["metrics"].values(), measured["mean"], measured.get("nothing", {})):
            table.update({name: math.nan for name, value in table.items() if value is None})
    return found


def problem(folder: Path) -> str:
    """What is wrong with the report in a sentence; empty where there is none or it is sound."""
    if not (folder / REPORT).is_file():
        return ""
    try:
        read(folder)
    except CheckpointError as error:
        return error.message
    return ""
