"""Untrusted zip archives: their declared sizes are bounded before a byte is unpacked, and then enforced.

The standard library unpacks bzip2 and LZMA without a bound: some hundred bytes become gigabytes in one step. Here every
way of packing stops at the size that the archive says, and that size is bounded by whoever asks.

>>> with bounded_zip.opened(content, Bounds(files=16, total=48 * 2**20)) as archive:
...     view = archive.read("view.json", 64 * 2**10)
"""

from __future__ import annotations

import bz2
import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

PLAIN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
EVERY = (*PLAIN, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
LARGEST_DICTIONARY = 2**26  # of LZMA: what it reserves before the first byte comes out
PER_FILE = 600  # bytes of an archive's directory for one file, its name included
END, END_SIZE, LOCAL_SIZE = b"PK\5\6", 22, 30


class DamagedArchive(ValueError):
    """What is no zip archive, is damaged, or is larger than it may be. Its text completes a sentence: 'it ...'."""


class _Unpacker(Protocol):
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


@dataclass(frozen=True)
class Bounds:
    """How many files an archive may hold, how many bytes all of them together, and packed in which ways."""

    files: int
    total: int
    ways: tuple[int, ...] = PLAIN


class Archive:
    """An archive whose directory was read and is within its bounds."""

    def __init__(self, stream: IO[bytes], entries: dict[str, zipfile.ZipInfo]) -> None:
        self._stream, self._entries = stream, entries

    @property
    def names(self) -> tuple[str, ...]:
        """The files in it, in order."""
        return tuple(self._entries)

    def size(self, name: str) -> int:
        """How many bytes a file says it unpacks to; it never unpacks to more."""
        return self._entry(name).file_size

    def start(self, name: str, count: int) -> bytes:
        """The first `count` bytes of a file, or all where it has fewer. Raises DamagedArchive."""
        entry = self._entry(name)
        return _unpacked(self._packed(entry), entry, min(count, entry.file_size))

    def read(self, name: str, most: int) -> bytes:
        """A whole file of at most `most` bytes. Raises DamagedArchive."""
        entry = self._entry(name)
        if entry.file_size > most:
            raise DamagedArchive(f"holds a file that is too large ({name[:40]})")
        content = _unpacked(self._packed(entry), entry, entry.file_size)
        if len(content) != entry.file_size or zlib.crc32(content) != entry.CRC:
            raise DamagedArchive(f"holds a file that is damaged ({name[:40]})")
        return content

    def _entry(self, name: str) -> zipfile.ZipInfo:
        if name not in self._entries:
            raise DamagedArchive(f"lacks {name[:40]}")
        return self._entries[name]

    def _packed(self, entry: zipfile.ZipInfo) -> bytes:
        if entry.header_offset < 0:  # of a directory that says it lies elsewhere
            raise DamagedArchive("is damaged")
        self._stream.seek(entry.header_offset)
        head = self._stream.read(LOCAL_SIZE)
        if len(head) != LOCAL_SIZE or head[:4] != b"PK\3\4":
            raise DamagedArchive("is damaged")
        name, extra = struct.unpack("<HH", head[26:30])
        self._stream.seek(name + extra, io.SEEK_CUR)
        packed = self._stream.read(entry.compress_size)
        if len(packed) != entry.compress_size:
            raise DamagedArchive("ends too early")
        return packed


@contextmanager
def opened(source: bytes | Path, bounds: Bounds) -> Iterator[Archive]:
    """The archive in some bytes or in a file. Raises OSError where a file cannot be read, and DamagedArchive."""
    with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as stream:
        _check_directory(stream, bounds.files)
        try:
            entries = zipfile.ZipFile(stream).infolist()
        except (zipfile.BadZipFile, ValueError, LookupError, EOFError, struct.error, NotImplementedError) as error:
            raise DamagedArchive("is not a zip archive, or is damaged") from error
        names = {entry.filename: entry for entry in entries}
        if len(names) != len(entries) or len(entries) > bounds.files:
            raise DamagedArchive(f"holds more than {bounds.files} files, or two of one name")
        if any(entry.compress_type not in bounds.ways or entry.flag_bits & 1 for entry in entries):
            raise DamagedArchive("is locked, or packed in a way that is not used here")
        if sum(entry.file_size for entry in entries) > bounds.total:
            raise DamagedArchive(f"unpacks to more than {bounds.total >> 20} MB")
        yield Archive(stream, names)


def _check_directory(stream: IO[bytes], files: int) -> None:
    """The directory itself can be a bomb: a million names. Its size stands at the end of the archive."""
    size = stream.seek(0, io.SEEK_END)
    stream.seek(max(0, size - END_SIZE - 2**16))
    tail = stream.read()
    at = tail.rfind(END)
    if at < 0 or len(tail) < at + END_SIZE:
        raise DamagedArchive("is not a zip archive, or is damaged")
    directory = struct.unpack("<I", tail[at + 12 : at + 16])[0]
    if directory > min(size, PER_FILE * files):
        raise DamagedArchive(f"holds more than {files} files, or is damaged")


def _unpacked(packed: bytes, entry: zipfile.ZipInfo, count: int) -> bytes:
    """The first `count` bytes of what was packed, and never more."""
    if entry.compress_type == zipfile.ZIP_STORED:
        return packed[:count]
    if count == 0:
        return b""
    try:
        unpacker, packed = _unpacker(packed, entry.compress_type)
        parts = [unpacker.decompress(packed, count)]
        while (left := count - sum(map(len, parts))) and parts[-1]:
            parts.append(unpacker.decompress(getattr(unpacker, "unconsumed_tail", b""), left))
    except EOFError:
        return b"".join(parts)
    except (zlib.error, lzma.LZMAError, OSError, ValueError, struct.error) as error:
        raise DamagedArchive(f"holds a file that is damaged ({entry.filename[:40]})") from error
    return b"".join(parts)


def _unpacker(packed: bytes, way: int) -> tuple[_Unpacker, bytes]:
    if way == zipfile.ZIP_DEFLATED:
        return zlib.decompressobj(-zlib.MAX_WBITS), packed
    if way == zipfile.ZIP_BZIP2:
        return bz2.BZ2Decompressor(), packed
    size, modes, dictionary = struct.unpack("<HBI", packed[2:9])  # after two bytes with a version
    if size != 5 or modes >= 9 * 5 * 5 or dictionary > LARGEST_DICTIONARY:
        raise ValueError("not packed by LZMA")
    filters = [
        {
            "id": lzma.FILTER_LZMA1,
            "dict_size": dictionary,
            "lc": modes % 9,
            "lp": modes // 9 % 5,
            "pb": modes // 45,
        }
    ]
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=filters), packed[9:]
