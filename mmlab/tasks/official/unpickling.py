"""Reads a pickle of arrays as data sets ship them, and writes .npz: in a separate process, with limits.

>>> python -m mmlab.tasks.official.unpickling mosi_data.pkl mosi_data.npz

A pickle is a program. This reader knows numpy's arrays, Python's own containers, and of torch the way in which tensors
are stored; every other name in a file is refused before anything is called. Objects of a data set's class (GMC's
`AffectDataset`) become plain holders of what they hold: their class is neither needed nor imported. No part of the app
imports this file; `mmlab.tasks.official.converting` starts it.
"""

from __future__ import annotations

import json
import pickle
import sys
import zipfile
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from mmlab.tasks.official.plain_arrays import Converted, plain_arrays

GIB = 2**30
LEAST_MEMORY, TIMES_FILE = 4 * GIB, 8
SECONDS = 900
LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
STORAGES = {
    "DoubleStorage": "f8",
    "FloatStorage": "f4",
    "HalfStorage": "f2",
    "LongStorage": "i8",
    "IntStorage": "i4",
    "ShortStorage": "i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}
BUILTINS = {
    each.__name__: each
    for each in (bool, bytearray, bytes, complex, dict, float, frozenset, int, list, set, str, tuple)
}
HOLDERS = ("Dataset", "Datasets")  # ends of the names of classes whose objects are read as what they hold


class Refused(pickle.UnpicklingError):
    """A file asks for what is not read here."""


class Holder:
    """An object of a class that is not here: what it holds is kept, and nothing is done with it."""

    def __init__(self, *arguments: object) -> None:
        self.held: dict[str, Any] = {}

    def __setstate__(self, state: object) -> None:
        self.held = state if isinstance(state, dict) else {}


def encoded(text: object, encoding: object = "latin1") -> bytes:
    """Bytes as Python 2 and protocol 2 write them. Raises Refused."""
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1", "utf-8", "ascii"):
        raise Refused("bytes in an encoding that is not known")
    return text.encode(str(encoding))


def scalar(kind: object, content: object = b"") -> Any:
    """One number of numpy. Raises Refused for one that holds objects."""
    if not isinstance(kind, np.dtype) or kind.hasobject or not isinstance(content, bytes):
        raise Refused("a number of numpy that is an object")
    return np.frombuffer(content, kind)[0]


def tensor(storage: NDArray[Any], offset: int, size: tuple[int, ...], stride: tuple[int, ...], *rest: object) -> Any:
    """A tensor as a view of its numbers. Raises Refused where it leaves them."""
    last = offset + sum((length - 1) * step for length, step in zip(size, stride, strict=True))
    if min(offset, *size, *stride, 0) < 0 or (all(size) and last >= len(storage)):
        raise Refused("a tensor that is larger than its numbers")
    steps = [step * storage.itemsize for step in stride]
    return np.lib.stride_tricks.as_strided(storage[offset:], size, steps, writeable=False)


FUNCTIONS: dict[tuple[str, str], Any] = {
    ("_codecs", "encode"): encoded,
    ("collections", "OrderedDict"): OrderedDict,
    ("collections", "defaultdict"): defaultdict,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("torch._utils", "_rebuild_tensor_v2"): tensor,
    **{(f"numpy.{core}.multiarray", "scalar"): scalar for core in ("core", "_core")},
    **{
        (f"numpy.{core}.multiarray", "_reconstruct"): np._core.multiarray._reconstruct  # type: ignore[attr-defined]
        for core in ("core", "_core")
    },
    **{
        (f"numpy.{core}.numeric", "_frombuffer"): np._core.numeric._frombuffer  # type: ignore[attr-defined]
        for core in ("core", "_core")
    },
}


class Reader(pickle.Unpickler):
    """An unpickler that knows nothing but arrays, containers and stored tensors."""

    def __init__(self, content: IO[bytes], stored: Callable[[str, np.dtype[Any], int], NDArray[Any]]) -> None:
        super().__init__(content, encoding="latin1")
        self._stored = stored

    def find_class(self, module: str, name: str) -> Any:
        """What a name in the file stands for. Raises Refused for whatever is not known here."""
        if module in ("builtins", "__builtin__") and name in BUILTINS:
            return BUILTINS[name]
        if (module, name) in FUNCTIONS:
            return FUNCTIONS[module, name]
        if module == "torch" and name in STORAGES:
            return np.dtype(STORAGES[name])
        if name.endswith(HOLDERS):
            return Holder
        raise Refused(f"{module}.{name}")

    def persistent_load(self, pid: Any) -> Any:
        """The numbers of a tensor, which lie outside of the pickle."""
        kind, key, count = pid[1], str(pid[2]), int(pid[4])
        if pid[0] != "storage" or not isinstance(kind, np.dtype):
            raise Refused("a storage that is not known")
        return self._stored(key, kind, count)


def read(path: Path) -> Any:
    """What a pickle or a file of torch holds. Raises Refused, and whatever a damaged file raises."""
    if zipfile.is_zipfile(path):
        return _of_archive(path)
    with path.open("rb") as opened:
        begins = opened.read(64)
        opened.seek(0)
        if begins[:2] == b"\x80\x02" and LEGACY_MAGIC.to_bytes(10, "little") in begins:
            return _of_legacy(opened, path.stat().st_size)
        return Reader(opened, _no_storage).load()


def _no_storage(key: str, kind: np.dtype[Any], count: int) -> NDArray[Any]:
    raise Refused("a tensor outside of a file of torch")


def _of_archive(path: Path) -> Any:
    """Of a file that torch saved since 1.6: an archive of a pickle and a member per storage."""
    with zipfile.ZipFile(path) as archive:
        name = next((each for each in archive.namelist() if each.endswith("/data.pkl")), "")
        if not name:
            raise Refused("an archive that torch did not write")

        def stored(key: str, kind: np.dtype[Any], count: int) -> NDArray[Any]:
            content = archive.read(f"{name.removesuffix('data.pkl')}data/{key}")
            return np.frombuffer(content, kind, count)

        with archive.open(name) as opened:
            return Reader(opened, stored).load()


def _of_legacy(opened: IO[bytes], size: int) -> Any:
    """Of a file that torch saved before: pickles one after the other, then the numbers of every storage."""
    buffers: dict[str, NDArray[Any]] = {}

    def stored(key: str, kind: np.dtype[Any], count: int) -> NDArray[Any]:
        if count * kind.itemsize > size:
            raise Refused("a storage that is larger than its file")
        return buffers.setdefault(key, np.zeros(count, kind))

    for _ in range(3):  # the mark, the version, and the machine that wrote it
        Reader(opened, stored).load()
    value = Reader(opened, stored).load()
    for key in Reader(opened, stored).load():
        count = int.from_bytes(opened.read(8), "little")
        buffer = buffers[str(key)]
        buffer[:] = np.frombuffer(opened.read(count * buffer.itemsize), buffer.dtype)
    return value


def limit(size: int) -> None:
    """Bound the memory and the time of this process, where the system can."""
    try:
        import resource
    except ImportError:  # Windows has none
        return
    memory = max(LEAST_MEMORY, TIMES_FILE * size)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))


def _tell(message: str, hint: str) -> int:
    print(json.dumps({"message": message, "hint": hint}))
    return 1


def main(source: Path, target: Path) -> int:
    """Read, write, and say in JSON what was written or what is wrong."""
    limit(source.stat().st_size)
    again = "Take it from the official download again."
    try:
        found: Converted = plain_arrays(read(source))
    except Refused as error:
        hint = "It holds more than numbers and texts; nothing of it was run. Convert a file from where it comes from."
        return _tell(f"'{source.name}' asks for {str(error)[:80]}, which is not read.", hint)
    except MemoryError:
        return _tell(f"'{source.name}' takes more memory than such a file may.", again)
    except Exception as error:  # a damaged pickle can raise anything
        return _tell(f"'{source.name}' cannot be read: it is damaged or cut off ({type(error).__name__}).", again)
    if not found.arrays:
        return _tell(f"'{source.name}' holds no arrays.", "Name the file of the features.")
    with target.open("wb") as opened:
        np.savez(opened, allow_pickle=False, **found.stored)
    print(json.dumps(found.as_json()))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
