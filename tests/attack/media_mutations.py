"""Pictures, sounds and scans, changed in their chunks and headers, with check sums that hold."""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Callable
from random import Random

from tests.attack.raw_mutations import raw

WHOLE = (0, 1, 2, 3, 7, 255, 1024, 5000, 65_535, 2**31 - 1, 2**31, 2**32 - 1)
REAL = (0.0, -0.0, 1.0, -1.0, 1e-30, 1e30, 3e38, float("inf"), float("-inf"), float("nan"), 352.0, 1e9)
MORE_CHUNKS = (b"tEXt", b"zTXt", b"iTXt", b"tRNS", b"PLTE", b"gAMA", b"eXIf", b"acTL", b"fcTL", b"iCCP", b"sBIT")
# of a NIfTI-1 header: where a field stands, and how it is written
FIELDS = [(40 + 2 * i, "<h") for i in range(8)] + [(70, "<h"), (72, "<h"), (252, "<h"), (254, "<h"), (0, "<i")]
FIELDS += [(76 + 4 * i, "<f") for i in range(8)] + [(108, "<f"), (112, "<f"), (116, "<f"), (123, "<b")]
FIELDS += [(256 + 4 * i, "<f") for i in range(18)] + [(344, "<i")]


def png(content: bytes, rng: Random) -> bytes:
    """One chunk of a PNG changed, left out, repeated, exchanged or added."""
    chunks, at = [], 8
    while at + 12 <= len(content):
        size = int.from_bytes(content[at : at + 4], "big")
        chunks.append((content[at + 4 : at + 8], content[at + 8 : at + 8 + size]))
        at += 12 + size
    if not chunks or sum(len(data) for _, data in chunks) > 2 * len(content):
        return raw(content, rng)
    place, other, act = rng.randrange(len(chunks)), rng.randrange(len(chunks)), rng.random()
    name, data = chunks[place]
    if act < 0.3 and chunks[0][0] == b"IHDR" and len(chunks[0][1]) == 13:
        chunks[0] = (b"IHDR", _other_size(chunks[0][1], rng))
    elif act < 0.55:
        chunks[place] = (name, _pixels(data, rng) if name == b"IDAT" else raw(data, rng))
    elif act < 0.65:
        del chunks[place]
    elif act < 0.75:
        chunks.insert(place, (name, data))
    elif act < 0.85:
        chunks[place], chunks[other] = chunks[other], chunks[place]
    else:
        chunks.insert(min(place, 1), (rng.choice(MORE_CHUNKS), rng.randbytes(rng.choice((0, 3, 6, 26, 300)))))
    return content[:8] + b"".join(_chunk(*chunk) for chunk in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _other_size(header: bytes, rng: Random) -> bytes:
    if rng.random() < 0.5:
        at = rng.choice((0, 4))
        return header[:at] + struct.pack(">I", rng.choice(WHOLE)) + header[at + 4 :]
    at = rng.randrange(8, 13)  # bits, colours, packing, filter, interlacing
    return header[:at] + bytes([rng.choice((0, 1, 2, 3, 4, 6, 8, 16, 255))]) + header[at + 1 :]


def _pixels(data: bytes, rng: Random) -> bytes:
    try:
        return zlib.compress(raw(zlib.decompress(data), rng))
    except zlib.error:
        return raw(data, rng)


def riff(content: bytes, rng: Random) -> bytes:
    """One chunk of a WAV or WebP file changed, with its length or without; left out, repeated or exchanged."""
    chunks, at = [], 12
    while at + 8 <= len(content):
        size = int.from_bytes(content[at + 4 : at + 8], "little")
        chunks.append((content[at : at + 4], content[at + 8 : at + 8 + size]))
        at += 8 + size + size % 2
    if not chunks:
        return raw(content, rng)
    place, act = rng.randrange(len(chunks)), rng.random()
    name, data = chunks[place]
    if act < 0.45:
        chunks[place] = (name, with_numbers(data, rng))
    elif act < 0.55:
        del chunks[place]
    elif act < 0.65:
        chunks.insert(place, (rng.choice((name, b"LIST", b"fact", b"JUNK")), data))
    elif act < 0.75:
        rng.shuffle(chunks)
    sizes = [len(part) for _, part in chunks]
    if act >= 0.75:
        sizes[place] = rng.choice(WHOLE)
    body = b"".join(
        name + struct.pack("<I", size) + part + b"\0" * (len(part) % 2)
        for (name, part), size in zip(chunks, sizes, strict=True)
    )
    whole = len(body) + 4 if rng.random() < 0.9 else rng.choice(WHOLE)
    return content[:4] + struct.pack("<I", whole & 0xFFFFFFFF) + content[8:12] + body


def with_numbers(data: bytes, rng: Random) -> bytes:
    """One field of two or four bytes holds an extreme number."""
    if len(data) < 4:
        return raw(data, rng)
    at = rng.randrange(min(len(data) - 3, 4096)) & ~1
    kind, values = rng.choice((("<I", WHOLE), ("<f", REAL), ("<H", tuple(value & 0xFFFF for value in WHOLE))))
    field = struct.pack(kind, rng.choice(values))
    return data[:at] + field + data[at + len(field) :]


def packed(content: bytes, rng: Random, inner: Callable[[bytes, Random], bytes]) -> bytes:
    """A gzip file with something else in it, in two members, or with more behind it."""
    try:
        plain = gzip.decompress(content)
    except (OSError, EOFError, zlib.error):
        return raw(content, rng)
    act = rng.random()
    if act < 0.7:
        return gzip.compress(inner(plain, rng), 1)
    if act < 0.8:
        half = len(plain) // 2
        return gzip.compress(plain[:half]) + gzip.compress(plain[half:])
    return raw(content, rng) if act < 0.9 else content + rng.choice((b"\0" * 40, b"x", content))


def is_nifti(content: bytes) -> bool:
    """Whether this is an unpacked NIfTI-1 file."""
    return len(content) >= 352 and content[344:348] in (b"n+1\0", b"ni1\0")


def nifti(content: bytes, rng: Random) -> bytes:
    """One to three fields of the header, or voxels."""
    if rng.random() < 0.2:
        return content[:352] + raw(content[352:], rng)
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 3))):
        at, kind = rng.choice(FIELDS)
        size = struct.calcsize(kind)
        small = tuple(each for each in (*WHOLE[:8], -1, 16, 64, 512, 1280, 2048) if -128 <= each < 128 or size > 1)
        struct.pack_into(kind, changed, at, rng.choice(REAL if kind == "<f" else small))
    return bytes(changed)


def head(content: bytes, rng: Random) -> bytes:
    """The first bytes, which say how large a picture or a sound is and how it is packed."""
    end = min(len(content), rng.choice((32, 64, 256)))
    return with_numbers(content[:end], rng) + content[end:] if rng.random() < 0.7 else raw(content, rng)
