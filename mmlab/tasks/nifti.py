"""Slices of scans in NIfTI-1 files (.nii, .nii.gz): header, bounds, one plane. Taken as hostile, like every file."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.core.errors import DataError
from mmlab.core.raw import Picture
from mmlab.tasks.readers import shown_name

AXES = {"sagittal": 0, "coronal": 1, "axial": 2}
TYPES = {2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4"}
HEADER, MAGIC_AT = 348, 344
FILE_BYTES, VOXEL_BYTES = 64_000_000, 512_000_000
GZIP = b"\x1f\x8b"
DARK, BRIGHT = 1.0, 99.0  # percentiles of the voxels that are not 0
HINT = "Give a NIfTI-1 scan of three dimensions (.nii or .nii.gz), and which slice after a #: scan.nii.gz#57."


@dataclass(frozen=True)
class Slice:
    """One plane `[H, W]` of a scan, up is up, and the range of grey that the whole scan uses."""

    values: NDArray[np.floating[Any]]
    low: float
    high: float


def is_scan(content: bytes) -> bool:
    """Whether these bytes look like NIfTI, packed or not."""
    return content[:2] == GZIP or content[MAGIC_AT : MAGIC_AT + 4] in (b"n+1\0", b"n+2\0", b"ni1\0")


def scan_slice(content: bytes, name: str, axis: str) -> Slice:
    """The slice that `name` asks for after a `#`, counted from 0; the one in the middle otherwise. Raises DataError."""
    path, _, wanted = name.partition("#")
    label = shown_name(path, "The scan")
    if len(content) > FILE_BYTES:
        raise DataError(f"{label} has {len(content) / 1e6:.0f} MB; the limit is {FILE_BYTES / 1e6:.0f} MB.", HINT)
    volume = _volume(unpacked(content, label), label)
    count = volume.shape[AXES[axis]]
    if wanted and not (wanted.isdecimal() and int(wanted) < count):
        raise DataError(f"{label} has no {axis} slice '{wanted[:12]}'.", f"It has 0 to {count - 1}.")
    plane = np.take(volume, int(wanted) if wanted else count // 2, AXES[axis]).astype(np.float64)
    inside = volume[volume != 0]
    low, high = np.percentile(inside, (DARK, BRIGHT)) if inside.size else (0.0, 1.0)
    return Slice(np.rot90(np.nan_to_num(plane, nan=0.0, posinf=0.0, neginf=0.0)), float(low), float(high))


def picture_of(found: Slice) -> Picture:
    """The slice in grey: what is not 0 runs from dark to bright, 0 stays black."""
    span = max(found.high - found.low, 1e-9)
    grey = np.clip((found.values - found.low) / span, 0, 1) * 254 + 1
    return Picture(np.round(np.where(found.values == 0, 0, grey)).astype(np.uint8))


def unpacked(content: bytes, label: str, most: int = VOXEL_BYTES) -> bytes:
    """The bytes of the file, unpacked up to a bound. Raises DataError."""
    if content[:2] != GZIP:
        return content
    unpacking = zlib.decompressobj(wbits=31)
    try:
        plain = unpacking.decompress(content, most)
    except zlib.error as error:
        raise DataError(f"{label} is damaged.", HINT) from error
    if unpacking.unconsumed_tail:
        raise DataError(f"{label} is larger than {most / 1e6:.0f} MB once unpacked.", HINT)
    return plain


def _volume(plain: bytes, label: str) -> NDArray[Any]:
    """The voxels `[X, Y, Z]`, scaled as the header says."""
    order = {HEADER: "<", int.from_bytes(struct.pack("<i", HEADER), "big"): ">"}.get(_number(plain, "<i", 0))
    if len(plain) < HEADER or order is None or plain[MAGIC_AT : MAGIC_AT + 4] != b"n+1\0":
        raise DataError(f"{label} is not a NIfTI-1 scan in one file.", HINT)
    count, *sides = struct.unpack_from(f"{order}8h", plain, 40)
    code = _number(plain, f"{order}h", 70)
    offset, slope, shift = struct.unpack_from(f"{order}3f", plain, 108)
    if count not in range(3, 8) or min(sides[:3]) < 1 or any(side > 1 for side in sides[3:count]) or code not in TYPES:
        raise DataError(f"{label} is not a plain scan of three dimensions.", HINT)
    kind = np.dtype(order + TYPES[code])
    size = int(np.prod([int(side) for side in sides[:3]], dtype=object))
    start = int(offset) if np.isfinite(offset) and offset >= HEADER else HEADER + 4
    if size * kind.itemsize > VOXEL_BYTES or start + size * kind.itemsize > len(plain):
        raise DataError(f"{label} is cut off, or its size is not what its header says.", HINT)
    voxels = np.frombuffer(plain, kind, size, start).reshape(sides[:3], order="F")
    if slope not in (0.0, 1.0) or shift != 0.0:
        if not (np.isfinite(slope) and np.isfinite(shift)):
            return voxels
        return voxels * np.float32(slope or 1.0) + np.float32(shift)
    return voxels


def _number(plain: bytes, form: str, place: int) -> int:
    return int(struct.unpack_from(form, plain, place)[0]) if len(plain) >= place + struct.calcsize(form) else 0
