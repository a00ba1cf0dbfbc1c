"""Sound files, changed where their format means something: the way into a reader that random bytes do not find.

What a file is, is seen from its first bytes; what lies inside (a member of a zip, a card in a header) is changed by the
same rules. The same `Random` gives the same file.

>>> mutated(content, Random(7))
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from contextlib import suppress
from random import Random

from tests.attack import array_mutations, media_mutations, text_mutations
from tests.attack.raw_mutations import raw

Change = Callable[[bytes, Random], bytes]
WAYS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


def mutated(content: bytes, rng: Random) -> bytes:
    """Another file of the same kind, of one to three changes; now and then bytes that know nothing of the kind."""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        change = raw if rng.random() < 0.15 else change_for(content)
        content = change(content, rng)
    return content


def change_for(content: bytes) -> Change:
    """What changes a file of this kind."""
    for starts, change in STARTS:
        if content.startswith(starts):
            return change
    if media_mutations.is_nifti(content):
        return media_mutations.nifti
    if len(content) > 10 and content[8:9] == b"{" and int.from_bytes(content[:8], "little") < len(content):
        return weights
    with suppress(ValueError):
        content.decode("utf-8-sig")
        return text_mutations.text_of_some_kind
    return raw


def archive(content: bytes, rng: Random) -> bytes:
    """A zip with a member changed, renamed, left out, repeated, exchanged or packed otherwise; or a lie about it."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as opened:
            members = [(name, opened.read(name), opened.getinfo(name).compress_type) for name in opened.namelist()]
    except Exception:  # one that an earlier change made unreadable
        return raw(content, rng)
    if not members:
        return raw(content, rng)
    place, other = rng.randrange(len(members)), rng.randrange(len(members))
    name, inner, way = members[place]
    act = rng.random()
    if act < 0.6:
        members[place] = (name, mutated(inner, rng), way)
    elif act < 0.68:
        del members[place]
    elif act < 0.74:
        members[place] = (rng.choice(["../x", "a.npy", "", name + ".npy", "x" * 300, name.upper()]), inner, way)
    elif act < 0.8:
        members.append((name if rng.random() < 0.5 else f"more{name}", inner, way))
    elif act < 0.88:
        members[place], members[other] = (name, members[other][1], way), (members[other][0], inner, way)
    elif act < 0.94:
        members[place] = (name, inner, rng.choice(WAYS))
    packed = _packed(members)
    return packed if act < 0.94 else _lying(packed, rng)


def _packed(members: list[tuple[str, bytes, int]]) -> bytes:
    import warnings

    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w") as opened:
        warnings.simplefilter("ignore")  # of two members with one name
        for name, inner, way in members:
            opened.writestr(zipfile.ZipInfo(name or "x"), inner, way)
    return buffer.getvalue()


def _lying(packed: bytes, rng: Random) -> bytes:
    """One number in the directory of a zip, or in front of a member, says something else."""
    mark, fields = rng.choice([(b"PK\1\2", (8, 10, 16, 20, 24, 28, 30, 42)), (b"PK\3\4", (6, 8, 14, 18, 22, 26, 28))])
    at = packed.rfind(mark)
    if at < 0:
        return raw(packed, rng)
    at += rng.choice(fields)
    return packed[:at] + rng.choice((b"\0\0\0\0", b"\xff\xff\xff\xff", b"\1\0\0\0", b"\0\0\0\x7f")) + packed[at + 4 :]


def weights(content: bytes, rng: Random) -> bytes:
    """A safetensors file with another header, another card in it, or other numbers."""
    size = int.from_bytes(content[:8], "little")
    head, body = content[8 : 8 + size], content[8 + size :]
    act = rng.random()
    if act < 0.15 and body:
        return content[: 8 + size] + media_mutations.with_numbers(body, rng)
    try:
        found = json.loads(head)
        notes = found.get("__metadata__", {})
        if act < 0.75 and notes:
            name = rng.choice(sorted(notes))
            notes[name] = text_mutations.text_of_some_kind(str(notes[name]).encode(), rng).decode("utf-8", "replace")
            head = json.dumps(found).encode()
        else:
            head = text_mutations.document(head, rng)
    except (ValueError, AttributeError, IndexError, TypeError, RecursionError):  # changed before, it may be anything
        head = raw(head, rng)
    return len(head).to_bytes(8, "little") + head + body


STARTS: tuple[tuple[bytes, Change], ...] = (
    (b"?", text_mutations.address),
    (b"PK\3\4", archive),
    (b"\x93NUMPY", array_mutations.array),
    (b"\x89PNG", media_mutations.png),
    (b"RIFF", media_mutations.riff),
    (b"\x1f\x8b", lambda content, rng: media_mutations.packed(content, rng, mutated)),
    (b"GIF8", media_mutations.head),
    (b"BM", media_mutations.head),
    (b"\xff\xd8", media_mutations.head),
    (b"II*\0", media_mutations.head),
    (b"MM\0*", media_mutations.head),
    (b"fLaC", media_mutations.head),
    (b"OggS", media_mutations.head),
)
