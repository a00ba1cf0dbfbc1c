"""A data folder from WebDataset shards: consecutive files with the same key form a sample.

7.photo.jpg  7.voice.wav  7.cls        an input `photo`, an input `voice`, the class (a file .cls, or json with target)
7.jpg  7.txt  7.json                   inputs that are called by their kind; json: target, split, group, texts, numbers

Archives are taken as hostile: nothing in them becomes a path, links are refused, sizes and counts are bounded.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from mmlab.core.errors import DataError
from mmlab.storage import strict_json
from mmlab.tasks.custom.fixing import usual_split
from mmlab.tasks.custom.from_arrays import GROUPS, TARGETS
from mmlab.tasks.custom.from_samples import ANSWERS, LARGEST_WHOLE, SPLIT, File, Sample, Value, clean, is_input
from mmlab.tasks.custom.manifest import MOST_ROWS, SPLITS
from mmlab.tasks.custom.safe_paths import LARGEST_FILE
from mmlab.tasks.custom.starting import KINDS, joined

ENDINGS = (".tar", ".tar.gz", ".tgz")
MOST_MEMBERS = 8 * MOST_ROWS
LARGEST_TEXT = 2**20
LAYOUT = "Name its files 7.photo.jpg, 7.voice.wav, 7.cls: one name per sample, files of a sample beside each other."


def shards_of(source: Path) -> list[Path]:
    """The tar files that a source is: itself, or all that lie in a folder."""
    if source.is_dir():
        return sorted(each for each in source.iterdir() if each.is_file() and each.name.lower().endswith(ENDINGS))
    return [source] if source.name.lower().endswith(ENDINGS) else []


def samples_of_shards(shards: Sequence[Path]) -> Iterator[Sample]:
    """The samples of tar files. One that is called train-..., val-... or test-... says the split. Raises DataError."""
    for shard in shards:
        word = shard.name.lower().partition(".")[0].replace("_", "-").partition("-")[0]
        split = usual_split(word)
        for key, files in _samples(shard):
            yield _sample(shard, key, files, split if split in SPLITS else "")


def _samples(shard: Path) -> Iterator[tuple[str, dict[str, bytes]]]:
    """The files of each sample by what stands behind its name."""
    current = ""
    files: dict[str, bytes] = {}
    for name, content in _members(shard):
        folder, _, base = name.rpartition("/")
        start, _, rest = base.partition(".")
        key = f"{folder}/{start}" if folder else start
        if files and key != current:
            yield current, files
            files = {}
        current = key
        if rest.lower() in files:
            raise DataError(f"'{_shown(name)}' is in {shard.name} twice.", LAYOUT)
        files[rest.lower()] = content
    if files:
        yield current, files


def _members(shard: Path) -> Iterator[tuple[str, bytes]]:
    """The files of an archive in order, each read whole. Raises DataError."""
    total = 0
    try:
        with _stream(shard) as stream, tarfile.open(fileobj=cast(IO[bytes], stream), mode="r:") as archive:
            for count, member in enumerate(archive):
                archive.members.clear()  # type: ignore[attr-defined]  # it keeps them all, and there may be a million
                if count >= MOST_MEMBERS:
                    raise DataError(f"{shard.name} holds more than {MOST_MEMBERS:,} files.", "Split it.")
                if member.isdir() or Path(member.name).name.startswith((".", "__")):
                    continue
                if not member.isreg() or member.issparse():
                    raise DataError(f"'{_shown(member.name)}' in {shard.name} is no ordinary file.", "Leave it out.")
                total += member.size
                if member.size > LARGEST_FILE or total > LARGEST_WHOLE:
                    raise DataError(f"'{_shown(member.name)}' in {shard.name} is too large.", "Make it smaller.")
                opened = archive.extractfile(member)
                content = opened.read() if opened is not None else b""
                if len(content) != member.size:
                    raise DataError(f"{shard.name} ends too early.", "Copy it again.")
                yield member.name, content
            if stream.last != bytes(tarfile.BLOCKSIZE):  # an archive ends with an empty block
                raise DataError(f"{shard.name} ends too early.", "Copy it again.")
    except (tarfile.TarError, EOFError, zlib.error, ValueError, OSError) as error:
        raise DataError(f"'{shard.name}' is no tar archive that can be read.", LAYOUT) from error


class _Bounded(io.RawIOBase):
    """A stream of which nobody reads more at once than a file may hold: headers can ask for anything."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream, self.last = stream, b""

    def read(self, size: int = -1) -> bytes:
        """At most so many bytes. Raises DataError for more than a file may hold."""
        if not 0 <= size <= 2 * LARGEST_FILE:
            raise DataError("A header in the archive asks for too much.", "Write it again.")
        self.last = self.stream.read(size)
        return self.last

    def seek(self, place: int, whence: int = 0) -> int:
        """Go there. Raises DataError for a place beyond any archive of ours."""
        if place > 2 * LARGEST_WHOLE:
            raise DataError("A header in the archive points beyond it.", "Write it again.")
        return self.stream.seek(place, whence)

    def tell(self) -> int:
        """Where it stands."""
        return self.stream.tell()


@contextmanager
def _stream(shard: Path) -> Iterator[_Bounded]:
    with shard.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        yield _Bounded(cast(IO[bytes], gzip.GzipFile(fileobj=raw)) if packed else raw)


def _sample(shard: Path, key: str, files: Mapping[str, bytes], split: str) -> Sample:
    inputs: dict[str, Value] = {}
    said: dict[str, Any] = {}
    for rest, content in files.items():
        name, _, last = rest.rpartition(".")
        ending = ".nii.gz" if rest.endswith("nii.gz") else f".{last}"
        where = f"'{_shown(f'{key}.{rest}')}' in {shard.name}"
        if ending == ".json":
            said |= _object(content, where)
        elif ending in (".cls", ".id") or (ending == ".txt" and not is_input(name)):
            said[name if name and not is_input(name) else "target"] = _text(content, where).strip()
        else:
            found, value = _value(name.removesuffix(".nii"), ending, content, where)
            inputs[found] = value
    for name, each in said.items():
        if is_input(name) and (value_of := _of_json(each)) is not None:
            inputs.setdefault(clean(name), value_of)
    target = joined(_first(said, ANSWERS))
    if not isinstance(target, str | int | float):
        raise DataError(
            f"Sample '{_shown(key)}' in {shard.name} has no right answer.", f"Name it {TARGETS[1]}. {LAYOUT}"
        )
    stated = str(said.get(SPLIT, "") or split)
    return Sample(
        str(int(target)) if isinstance(target, bool) else target,
        inputs,
        key,
        usual_split(stated),
        str(_first(said, GROUPS) or ""),
    )


def _value(name: str, ending: str, content: bytes, where: str) -> tuple[str, Value]:
    """An input and its value."""
    if ending == ".npy":
        return clean(name or "numbers"), _numbers(content, where)
    kind = KINDS.get(".gz" if ending == ".nii.gz" else ending)
    if kind is None:
        raise DataError(f"{where} is of no kind that is known here.", LAYOUT)
    value: Value = _text(content, where) if ending == ".txt" else File(content, ending)
    return clean(name or str(kind["kind"])), value


def _numbers(content: bytes, where: str) -> NDArray[Any]:
    try:
        found = np.load(io.BytesIO(content), allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise DataError(f"{where} is no .npy that can be read.", "Write it with numpy.save.") from error
    if not isinstance(found, np.ndarray) or found.dtype.kind not in "fiub":
        raise DataError(f"{where} holds no numbers.", "Write it with numpy.save.")
    return found


def _text(content: bytes, where: str) -> str:
    if len(content) > LARGEST_TEXT:
        raise DataError(f"{where} is longer than {LARGEST_TEXT >> 20} MB.", "Make it shorter.")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise DataError(f"{where} is no text in UTF-8.", "Save it in UTF-8.") from error


def _object(content: bytes, where: str) -> dict[str, Any]:
    found = strict_json.decode(content, where, "Write an object with names.", LARGEST_TEXT)
    if not isinstance(found, dict):
        raise DataError(f"{where} is no object.", 'Write {"target": "dog"}.')
    return found


def _of_json(value: Any) -> Value | None:
    """A text or a list of numbers; None for anything else, such as one number, which describes rather than shows."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, list) and value and all(isinstance(each, int | float) for each in value):
        return np.array(value, np.float32)
    return None


def _first(said: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((said[name] for name in names if name in said), None)


def _shown(name: str) -> str:
    return "".join(letter for letter in name if letter.isprintable())[-60:]
