"""The contract of an official data set: samples from its own layout, protocols, and a small copy of the layout."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

from mmlab.core.errors import DataError, UnknownName
from mmlab.core.registry import Registry
from mmlab.modalities.files import numbered, with_beside
from mmlab.tasks.official.array_steps import Steps

LEAST_VALID, VALID_SHARE = 2, 0.1
POINTER = b"version https://git-lfs"  # how a file begins that Git LFS has not fetched


@dataclass(frozen=True)
class Sample:
    """One sample: its name, split and right answer, a path in the folder per input, and who it comes from.

    Where task.json calls an input inline, its cell holds the content itself. An empty cell is an input that is missing.
    frames: by input, where its cell names a folder, the files in it that are read.
    """

    id: str
    split: str
    target: str
    cells: Mapping[str, str]
    group: str = ""
    frames: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Protocol:
    """One way to measure on a data set.

    about: splits and preparation as published. here: how a run of mmlab differs from that; empty where it does not.
    source: the repository that it was read in. inputs: the modalities as task.json names them; none where mmlab cannot
    run it, and the protocol only stands in the table. sizes: samples of each published list, where they are known.
    output: what is asked, where it is not what every protocol of the data set asks. package, extra: what has to be
    installed to read its files, and the extra of mmlab that brings it.
    """

    name: str
    about: str
    here: str
    source: str
    inputs: tuple[Mapping[str, Any], ...] = ()
    sizes: Mapping[str, int] = field(default_factory=dict)
    output: Mapping[str, Any] = field(default_factory=dict)
    package: str = ""
    extra: str = ""

    @property
    def is_installed(self) -> bool:
        """Whether what its files are read with is here."""
        return not self.package or find_spec(self.package) is not None

    def paths(self, sample: Sample) -> list[str]:
        """The files that a sample names for its inputs; an inline input has none."""
        return [path for name in sample.cells for path in self.files(sample, name)]

    def files(self, sample: Sample, name: str) -> tuple[str, ...]:
        """The files that a sample names for an input."""
        if name in sample.frames:
            return sample.frames[name]
        cell = sample.cells[name]
        item = next(each for each in self.inputs if each["name"] == name)
        return () if item.get("inline") or not cell else with_beside(numbered(cell)[0], str(item.get("beside", "")))


class Benchmark(ABC):
    """One official data set. Subclasses are built without arguments and registered under their name.

    output: what is asked, as task.json says it. protocols: the first one that can be run is taken where none is named.
    """

    title: ClassVar[str]
    about: ClassVar[str]
    licence: ClassVar[str]
    origin: ClassVar[str]
    grouped_by: ClassVar[str] = ""
    output: ClassVar[Mapping[str, Any]]
    protocols: ClassVar[tuple[Protocol, ...]]

    @abstractmethod
    def find(self, folder: Path, protocol: Protocol) -> list[Sample]:
        """Every sample that the lists of the official layout name, whether its files are there or not.

        Raises DataError with the name of a file: one that is needed and is not there, a line or a label that cannot be.
        """

    @abstractmethod
    def miniature(self, folder: Path) -> None:
        """Write a tiny copy of the official layout, from generators of mmlab, into a folder that is there and empty."""

    def steps(self, folder: Path, protocol: Protocol) -> Mapping[str, Steps]:
        """Of inputs that are sequences in arrays, what these hold; they are read for it. Raises DataError."""
        return {}

    def asks(self, protocol: Protocol) -> Mapping[str, Any]:
        """What is asked under a protocol, as task.json says it."""
        return protocol.output or self.output

    def protocol(self, name: str = "") -> Protocol:
        """The protocol of this name, or the first. Raises UnknownName for one that cannot be run here."""
        able = {each.name: each for each in self.protocols if each.inputs}
        if not name:
            return next(iter(able.values()))
        if name not in able:
            raise UnknownName(f"{self.title} has no protocol '{name}' here.", f"There are: {', '.join(able)}.")
        return able[name]


BENCHMARKS: Registry[type[Benchmark]] = Registry("benchmark", "mmlab.tasks.benchmarks")


def lines_of(folder: Path, name: str) -> list[tuple[int, str]]:
    """Numbered lines of a list file, empty ones left out. Raises DataError."""
    try:
        text = (folder / name).read_text("utf-8-sig")
    except FileNotFoundError as error:
        raise DataError(f"There is no '{name}' in '{folder}'.", "Name the folder that holds it.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"'{name}' cannot be read as text.", "Take it from the official download again.") from error
    if text.startswith(POINTER.decode()):
        raise DataError(f"'{name}' is a Git LFS pointer, not the file itself.", "Fetch it: git lfs pull")
    return [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]


def chance(name: str) -> float:
    """A number in [0, 1) that depends on a name alone: the same on every machine."""
    return int.from_bytes(blake2b(name.encode(), digest_size=7).digest()) / 2**56


def with_validation(samples: Sequence[Sample], by: Callable[[Sample], str] = lambda sample: sample.id) -> list[Sample]:
    """The samples in their order; a tenth of the training is for validation, drawn by names or by groups."""
    ordered = sorted({by(each) for each in samples if each.split == "train"}, key=chance)
    chosen = frozenset(ordered[: max(LEAST_VALID, round(VALID_SHARE * len(ordered)))])
    return [replace(each, split="valid") if each.split == "train" and by(each) in chosen else each for each in samples]
