"""Changes that know nothing of what a file is: cut, flipped, repeated, exchanged; and texts in other encodings."""

from __future__ import annotations

from random import Random

EXTREMES = (
    b"\0\0\0\0",
    b"\xff\xff\xff\xff",
    b"\xff\xff\xff\x7f",
    b"\0\0\0\x80",
    b"\0\0\x80\x7f",
    b"\0\0\xc0\x7f",
    b"\1\0\0\0",
)


def raw(content: bytes, rng: Random) -> bytes:
    """A few bytes changed, a part cut off, repeated, emptied or put elsewhere."""
    if not content:
        return rng.randbytes(rng.choice((1, 16, 300)))
    at, act = rng.randrange(len(content)), rng.random()
    length = rng.choice((1, 2, 4, 16, 64, 512))
    if act < 0.2:
        return content[:at]
    if act < 0.45:
        return content[:at] + bytes([content[at] ^ 1 << rng.randrange(8)]) + content[at + 1 :]
    if act < 0.6:
        return content[:at] + rng.choice(EXTREMES) + content[at + 4 :]
    if act < 0.7:
        return content[:at] + rng.randbytes(length) + content[at + rng.choice((0, length)) :]
    if act < 0.8:
        return content[:at] + bytes(length) + content[at + length :]
    if act < 0.87:
        return content[:at] + content[at + length :]
    if act < 0.94:
        return content[:at] + content[at : at + length] * rng.choice((2, 3, 50)) + content[at + length :]
    return rng.choice((content + content, content[at:] + content[:at], b"\xef\xbb\xbf" + content, content[::-1]))


def encoded(text: str, rng: Random) -> bytes:
    """A text as other programs write it, or as none should."""
    way = rng.choice(("utf-8-sig", "utf-16", "utf-16-be", "utf-32", "latin-1", "utf-7", "zero", "half"))
    if way == "zero":
        return text.replace("\n", "\0", 1).encode()
    if way == "half":
        return text.encode() + b"\xc3"
    return text.encode(way, "replace")
