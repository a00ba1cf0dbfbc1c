"""The header of a safetensors file, read and bounded before any tensor is: names, types and shapes.

Source: https://github.com/huggingface/safetensors#format. The file is eight bytes with the length of the header, the
header in JSON, and the tensors one after another.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from mmlab.core.errors import CheckpointError
from mmlab.storage import strict_json

LARGEST = 4 * 2**20
MOST_TENSORS = 20_000
MOST_SIDES, LONGEST_SIDE = 8, 2**31
BYTES = {"BOOL": 1, "U8": 1, "I8": 1, "F16": 2, "BF16": 2, "I16": 2, "F32": 4, "I32": 4, "F64": 8, "I64": 8}


@dataclass(frozen=True)
class Header:
    """What a file says of itself. shapes: by the name of the tensor; size: bytes of the whole file."""

    metadata: dict[str, str]
    shapes: dict[str, tuple[int, ...]]
    size: int

    @property
    def values(self) -> int:
        """How many numbers all tensors hold."""
        return sum(prod(shape) for shape in self.shapes.values())


def read(file: Path) -> Header:
    """The header of `file`, once it says the truth about the size of the file. Raises CheckpointError."""
    try:
        with file.open("rb") as opened:
            length = int.from_bytes(opened.read(8), "little")
            content = opened.read(length) if length <= LARGEST else b""
            size = opened.seek(0, 2)
    except OSError as error:
        raise CheckpointError("its file cannot be read.") from error
    if len(content) != length or not content:
        raise CheckpointError("its header has another length than it says.")
    found: dict[str, Any] = strict_json.decode(content, "its header", most=LARGEST, refuse=CheckpointError)
    if not isinstance(found, dict) or len(found) > MOST_TENSORS:
        raise CheckpointError("its header is no table of tensors.")
    metadata = found.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise CheckpointError("its header holds notes of another shape.")
    shapes, end = {}, 0
    for name, entry in found.items():
        shapes[name], stop = _tensor(entry)
        end = max(end, stop)
    if 8 + length + end != size:
        raise CheckpointError("its tensors are larger or smaller than its file.")
    return Header(metadata, shapes, size)


def _tensor(entry: Any) -> tuple[tuple[int, ...], int]:
    """The shape of a tensor, and where it ends among the tensors. Raises CheckpointError where both contradict."""
    try:
        shape, (start, stop) = entry["shape"], entry["data_offsets"]
        whole = all(type(each) is int and 0 <= each < LONGEST_SIDE for each in (*shape, start, stop))
        fits = whole and len(shape) <= MOST_SIDES and prod(shape) * BYTES[entry["dtype"]] == stop - start
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError("an entry of its header is no tensor.") from error
    if not fits:
        raise CheckpointError("a tensor in its header has another size than its shape.")
    return tuple(shape), stop
