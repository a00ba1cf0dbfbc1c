"""Every reader of a file that somebody else may have written: sound files for it, and what is done with what it reads.

`recording_readers` and `stored_readers` fill `READERS`: what is added there, a kind of modality, a task, a file of the
library, is attacked by `test_fuzzing.py` and by `make attack`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

from mmlab.core.errors import MmlabError
from tests.attack.mutations import mutated

Files = Mapping[str, bytes]  # sound files, by the name that a person's file has


@dataclass(frozen=True)
class Reader:
    """files: makes sound files, in a folder of its own; read: reads one and uses what it finds as the program does.

    `read` gets the content, a name, and a folder of its own that is there from call to call. weight: how often it is
    taken, against the others.
    """

    files: Callable[[Path], Files]
    read: Callable[[bytes, str, Path], object]
    weight: int = 10


READERS: dict[str, Reader] = {}


def reader(
    name: str, files: Callable[[Path], Files], weight: int = 10
) -> Callable[[Callable[[bytes, str, Path], object]], Callable[[bytes, str, Path], object]]:
    """Decorator that files a reader under a name."""

    def decorate(read: Callable[[bytes, str, Path], object]) -> Callable[[bytes, str, Path], object]:
        READERS[name] = Reader(files, read, weight)
        return read

    return decorate


def outcome(read: Reader, content: bytes, name: str, place: Path) -> str:
    """`value` or `sentence`. Whatever else it ends in goes on as an error; so does a sentence that is none."""
    try:
        read.read(content, name, place)
    except MmlabError as error:
        check_sentence(error)
        return "sentence"
    return "value"


def check_sentence(error: MmlabError) -> None:
    """A sentence for people: it ends like one, is not endless, and names no part of the program."""
    text = str(error)
    assert error.message.rstrip().endswith((".", "!", "?")), f"not a sentence: {error.message!r}"
    assert len(text) < 1000, f"{len(text)} letters"
    text.encode()  # no half of a character, which a page cannot send
    assert "Traceback" not in text
    assert "object at 0x" not in text


def attacks(read: Reader, place: Path, seed: int) -> Iterator[tuple[str, bytes]]:
    """Without an end: changed files of one reader, the same for the same seed."""
    files = sorted(read.files(place).items())
    number = 0
    while True:
        rng = Random(f"{seed}/{number}")
        name, content = files[number % len(files)]
        yield name, mutated(content, rng)
        number += 1


def described(read: Callable[..., object]) -> str:
    """The first line of what a reader says of itself."""
    return (inspect.getdoc(read) or "").partition("\n")[0]
