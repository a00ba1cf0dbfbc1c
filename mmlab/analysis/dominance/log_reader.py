"""Uploaded training logs: JSON lines as written by `progress.jsonl` and `DominanceLog`; treated as hostile."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from mmlab.core.errors import DataError
from mmlab.core.modality import NAME
from mmlab.storage import strict_json

LARGEST = 8 * 2**20
MOST_LINES, MOST_NAMES, MOST_MODALITIES = 5000, 64, 6
HINT = "Take a progress.jsonl of mmlab, or a file that DominanceLog wrote."


def read_log(content: bytes) -> list[dict[str, Any]]:
    """The lines of a log, with `epoch`, `stage`, `metrics`, `gradient_norm` and `logs` in the shapes that are promised.

    Nothing else of a line is kept. Raises DataError for anything that is no such log.
    """
    if len(content) > LARGEST:
        raise DataError(f"The log is larger than {LARGEST >> 20} MB.", HINT)
    lines = content.split(b"\n")
    if len(lines) > MOST_LINES:
        raise DataError(f"The log has more than {MOST_LINES} lines.", HINT)
    try:
        rows = [_row(_decoded(line), number) for number, line in enumerate(line for line in lines if line.strip())]
    except DataError:
        raise
    except (ValueError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise DataError("This is no log of a training, or it is damaged.", HINT) from error
    if not rows:
        raise DataError("The log is empty.", HINT)
    if len({tuple(row["gradient_norm"]) for row in rows}) > 1:
        raise DataError("The lines of the log name different inputs.", HINT)
    if len({_form(row["logs"]) for row in rows if "cosines" in row["logs"]}) > 1:
        raise DataError("The angles in the lines of the log have different forms.", HINT)
    return rows


def _decoded(line: bytes) -> Any:
    return strict_json.decode(line, "A line of the log", HINT)


def _form(logs: Mapping[str, Any]) -> tuple[Any, ...]:
    """What must be the same in every line that has angles."""
    sizes = (len(logs[name]) for name in ("cosines", "angles_before", "angles_after"))
    return (tuple(logs.get("combinations", ())), *sizes)


def _row(line: Any, number: int) -> dict[str, Any]:
    if not isinstance(line, dict):
        raise DataError("A line of the log is not a JSON object.", HINT)
    norms = _numbers(line.get("gradient_norm", {}), MOST_MODALITIES)
    if len(norms) < 2 or not all(NAME.fullmatch(name) for name in norms):
        raise DataError("The log does not say how long the gradients of two or more inputs were.", HINT)
    metrics = {key: _numbers(value, MOST_NAMES) for key, value in _few(line.get("metrics", {}), MOST_NAMES).items()}
    unknown = [key for key in metrics if not set(key.split("-")) <= set(norms)]
    if unknown:
        raise DataError(f"The log scores '{unknown[0][:40]}', which is made of inputs that it does not name.", HINT)
    stage = line.get("stage", "all")
    return {
        "epoch": number,
        "stage": stage[:40] if isinstance(stage, str) else "all",
        "losses": _numbers(line.get("losses", {}), MOST_NAMES),
        "metrics": metrics,
        "variance": {},
        "gradient_norm": norms,
        "logs": _logs(_few(line.get("logs", {}), MOST_NAMES), set(norms)),
    }


def _logs(given: Mapping[str, Any], names: set[str]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    shares = _numbers(given.get("shares", {}), MOST_MODALITIES)
    if set(shares) == names:
        kept["shares"] = shares
    keys = given.get("combinations")
    if isinstance(keys, list) and len(keys) <= MOST_NAMES and all(_is_key(key, names) for key in keys):
        kept["combinations"] = keys
    size = len(kept["combinations"]) if "combinations" in kept else 2 ** len(names) - 1
    if "cosines" in given:
        kept |= {
            "cosines": _table(given["cosines"], size),
            "angles_before": _list(given.get("angles_before"), 180),
            "angles_after": _list(given.get("angles_after"), 180),
        }
    if "lengths" in given:
        kept["lengths"] = _list(given["lengths"], size, exactly=True)
    return kept


def _is_key(key: Any, names: set[str]) -> bool:
    return isinstance(key, str) and len(key) < 200 and set(key.split("-")) <= names


def _few(value: Any, most: int) -> Mapping[str, Any]:
    if not isinstance(value, dict) or len(value) > most or any(len(name) > 200 for name in value):
        raise DataError("A part of the log has another shape than it should.", HINT)
    return value


def _numbers(value: Any, most: int) -> dict[str, float]:
    return {name: _number(each) for name, each in _few(value, most).items()}


def _number(value: Any) -> float:
    """A finite number; NaN for null."""
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e12:
        raise DataError("The log holds something else where a number should stand.", HINT)
    return float(value)


def _list(value: Any, most: int, exactly: bool = False) -> list[float]:
    if not isinstance(value, list) or not 1 <= len(value) <= most or (exactly and len(value) != most):
        raise DataError("A list in the log has another length than it should.", HINT)
    return [_number(each) for each in value]


def _table(value: Any, size: int) -> list[list[float]]:
    if not isinstance(value, list) or len(value) != size:
        raise DataError("The table of cosines does not fit the combinations.", HINT)
    return [_list(row, size, exactly=True) for row in value]
