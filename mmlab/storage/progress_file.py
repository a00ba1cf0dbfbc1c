"""`progress.jsonl`: the log of a training, a line per epoch, read without torch."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from mmlab.core.errors import CheckpointError, MmlabError
from mmlab.storage import strict_json

PROGRESS = "progress.jsonl"
LARGEST = 8 * 2**20
LARGEST_LINE = 2**20
MOST_LINES = 5000
AGAIN = "Train the model again to get one."
EMPTY: dict[str, Any] = {
    "stage": "all",
    "seconds": 0.0,
    "losses": {},
    "metrics": {},
    "variance": {},
    "gradient_norm": {},
    "logs": {},
}
TABLES = ("cosines", "angles_before", "angles_after")


def read(folder: Path, modalities: Sequence[str]) -> list[dict[str, Any]]:
    """The epochs in the log of the run in `folder`, of a task with these modalities. Raises CheckpointError.

    A last line that is not whole is being written, and left out.
    """
    what = f"{PROGRESS} of {'/'.join(folder.parts[-3:])}"
    content = _content(folder, what)
    whole = content.rfind(b"\n") + 1
    if content[whole:].rstrip().endswith(b"}"):  # the last line is whole: only its end is missing
        whole = len(content)
    return decoded(content[:whole] or content, modalities, what)


def decoded(content: bytes, modalities: Sequence[str], what: str = PROGRESS, hint: str = AGAIN) -> list[dict[str, Any]]:
    """The epochs in `content`, with nothing in place of what a line lacks. Raises CheckpointError, which names it."""
    rows: list[dict[str, Any]] = []
    for number, line in enumerate(_lines(content, what, hint), 1):
        row = copy.deepcopy(EMPTY) | _row(line, f"Line {number} of {what}", hint)
        if why := _misfit(row, rows[0] if rows else row, modalities):
            raise CheckpointError(f"Line {number} of {what} cannot be used: {why}.", hint)
        rows.append(row)
    return rows


def whole_lines(folder: Path) -> list[dict[str, Any]]:
    """What can be read of a log, however much of it is damaged or still missing; empty where there is none."""
    try:
        lines = _lines(_content(folder, PROGRESS), PROGRESS, AGAIN)
    except CheckpointError:
        return []
    rows = []
    for line in lines:
        try:
            row = _row(line, PROGRESS, AGAIN)
        except MmlabError:
            continue  # half written, or not ours: the others still say how far the training is
        rows += [row] if "epochs" in row else []
    return rows


def _content(folder: Path, what: str) -> bytes:
    try:
        with (folder / PROGRESS).open("rb") as opened:
            return opened.read(LARGEST + 1)
    except OSError as error:
        raise CheckpointError(f"{what} is missing or cannot be read.", AGAIN) from error


def _lines(content: bytes, what: str, hint: str) -> list[bytes]:
    if len(content) > LARGEST:
        raise CheckpointError(f"{what} is larger than {LARGEST >> 20} MB.", hint)
    if content.count(b"\n") > MOST_LINES:
        raise CheckpointError(f"{what} has more than {MOST_LINES} lines.", hint)
    return [line for line in content.split(b"\n") if line.strip()]


def _row(line: bytes, what: str, hint: str) -> dict[str, Any]:
    from mmlab.storage.file_schemas import EpochLine

    found: dict[str, Any] = strict_json.checked(line, EpochLine, what, hint, LARGEST_LINE, CheckpointError)
    return found


def _misfit(row: Mapping[str, Any], first: Mapping[str, Any], modalities: Sequence[str]) -> str:
    """Why a line does not fit the task or the first line of its log; empty where it does."""
    keys, logs = _keys(modalities), row["logs"]
    if set(row["gradient_norm"]) - set(modalities) or set(row["gradient_norm"]) != set(first["gradient_norm"]):
        return "it measures other inputs than the task or the first line has"
    by_key = [row["metrics"], row["variance"], *(logs.get(name, {}) for name in ("divergence", "warmup_variance"))]
    by_key += [logs.get(name, ()) for name in ("mined", "combinations")]
    if any(set(table) - keys for table in by_key):
        return "it names combinations that the task does not have"
    if set(row["metrics"]) != set(first["metrics"]):
        return "it scores other combinations than the first line"
    if set(logs.get("shares", {})) - set(modalities):
        return "it has shares of inputs that the task does not have"
    return _misfit_of_angles(logs, first["logs"], len(keys))


def _misfit_of_angles(logs: Mapping[str, Any], first: Mapping[str, Any], most: int) -> str:
    if not any(name in logs for name in TABLES):
        return ""
    if not all(name in logs for name in TABLES):
        return f"of {', '.join(TABLES)} it has some and not all"
    size = len(logs["combinations"]) if "combinations" in logs else most
    if len(logs["cosines"]) != size or any(len(row) != size for row in logs["cosines"]):
        return "its table of cosines does not fit the combinations"
    if "lengths" in logs and len(logs["lengths"]) != size:
        return "its lengths do not fit the combinations"
    angles = [len(logs["angles_before"]), len(logs["angles_after"])]
    if not all(angles) or (angles[0] != angles[1]):
        return "its counts of angles are not of one length"
    if "angles_before" in first and len(first["angles_before"]) != angles[0]:
        return "its counts of angles have another length than those of the first line"
    return ""


def _keys(modalities: Sequence[str]) -> set[str]:
    chosen = product((False, True), repeat=len(modalities))
    return {"-".join(n for n, is_in in zip(modalities, each, strict=True) if is_in) for each in chosen} - {""}
