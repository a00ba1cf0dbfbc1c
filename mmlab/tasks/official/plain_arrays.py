"""The content of data set pickles, whatever its nesting, as named arrays of numbers and texts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

DEEPEST = 8
NOT_FINITE = "_not_finite"
MISA = ("words", "visual", "acoustic", "text")  # what the first part of a sample of MISA holds, in its order


@dataclass
class Converted:
    """arrays: by name, such as `train_vision`. filled: how many numbers of each were not finite, and are 0 now.

    left_out: what could not become an array.
    """

    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)
    filled: dict[str, int] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    @property
    def stored(self) -> dict[str, NDArray[Any]]:
        """What the archive holds: the arrays, and under `..._not_finite` how many numbers of one were not."""
        return {**self.arrays, **{f"{name}{NOT_FINITE}": np.array([count]) for name, count in self.filled.items()}}

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        shapes = {name: list(values.shape) for name, values in self.arrays.items()}
        return {"arrays": shapes, "filled": self.filled, "left_out": self.left_out}

    def add(self, name: str, value: Any) -> None:
        """Keep what can be an array of numbers or texts under a name."""
        values = _array(value)
        if values is None:
            self.left_out.append(name)
            return
        if values.dtype.kind == "f":
            wrong = ~np.isfinite(values)
            if wrong.any():
                self.filled[name] = int(wrong.sum())
                values = np.where(wrong, 0, values)
            values = values.astype(np.float32)
        self.arrays[name] = np.ascontiguousarray(values)


def plain_arrays(value: Any) -> Converted:
    """The arrays in dictionaries, tuples and holders of objects; of lists of MISA's samples, padded with zeros."""
    found = Converted()
    _walk(value, "", found, 0)
    return found


def _walk(value: Any, name: str, found: Converted, depth: int) -> None:
    held = getattr(value, "held", value)
    if depth > DEEPEST:
        found.left_out.append(name)
    elif isinstance(held, Mapping):
        for key, each in held.items():
            _walk(each, _joined(name, key), found, depth + 1)
    elif isinstance(held, list) and held and all(map(_is_misa, held)):
        for part, values in _of_misa(held):
            found.add(_joined(name, part), values)
    elif isinstance(held, tuple) and any(isinstance(each, np.ndarray | Mapping) for each in held):
        for place, each in enumerate(held):
            _walk(each, _joined(name, f"part{place}"), found, depth + 1)
    elif held is not None:
        found.add(name or "values", held)


def _joined(name: str, key: object) -> str:
    text = key.decode("utf-8", "replace") if isinstance(key, bytes) else str(key)
    clean = "".join(letter if letter.isalnum() and letter.isascii() else "_" for letter in text)[:40]
    return f"{name}_{clean}"[:60] if name else clean


def _array(value: Any) -> NDArray[Any] | None:
    """Numbers or texts as an array; None where it is neither."""
    if isinstance(value, str | bytes | bool | int | float):
        value = [value]
    if not isinstance(value, np.ndarray):
        if not isinstance(value, list | tuple) or not value:
            return None
        value = np.asarray([_text(each) if isinstance(each, str | bytes) else each for each in value], _kind(value))
    if value.dtype.kind == "O":
        flat = list(value.ravel())
        if not flat or not all(isinstance(each, str | bytes | int | float | np.number) for each in flat):
            return None
        value = np.asarray([_text(each) for each in flat] if _has_text(flat) else flat).reshape(value.shape)
    if value.dtype.kind == "S":
        value = np.char.decode(value, "utf-8", "replace")
    return value if value.dtype.kind in "fiubU" and value.size else None


def _kind(values: Iterable[Any]) -> type[object] | None:
    """Objects where parts differ in shape or kind: such a list is looked at one by one."""
    shapes = {np.shape(each) for each in values}
    return None if len(shapes) == 1 else object


def _has_text(values: Iterable[object]) -> bool:
    return any(isinstance(each, str | bytes) for each in values)


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _is_misa(value: object) -> bool:
    """Whether it is `((words, visual, acoustic, actual words), label, segment)`."""
    if not isinstance(value, tuple) or len(value) != 3 or not isinstance(value[0], tuple) or len(value[0]) != len(MISA):
        return False
    return all(isinstance(each, np.ndarray) and each.ndim == 2 for each in value[0][1:3])


def _of_misa(samples: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    longest = max(len(sample[0][1]) for sample in samples)
    for place in (1, 2):
        rows = [sample[0][place] for sample in samples]
        values = np.zeros((len(rows), longest, rows[0].shape[1]), np.float32)
        for number, row in enumerate(rows):
            values[number, : len(row)] = row
        yield MISA[place], values
    yield "text", [" ".join(map(_text, sample[0][3])) for sample in samples]
    yield "labels", np.array([float(np.ravel(sample[1])[0]) for sample in samples])
    yield "id", [_text(sample[2]) for sample in samples]
