"""The content of an official data set's folder, in figures that two people can compare."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from mmlab.core.options import build
from mmlab.core.outputs.multilabel import SEPARATOR
from mmlab.core.task import Split
from mmlab.modalities.files import numbered
from mmlab.tasks.custom.input_kinds import kinds
from mmlab.tasks.custom.manifest import SPLITS
from mmlab.tasks.custom.task_json import COMMON
from mmlab.tasks.official.benchmark import POINTER, Benchmark, Protocol, Sample
from mmlab.tasks.official.cut_off import is_cut_off

LARGEST_POINTER = 1000  # bytes
NOT_THERE, IS_POINTER, EMPTY, CUT_OFF = "not there", "a Git LFS pointer", "empty", "cut off"


@dataclass(frozen=True)
class Fingerprint:
    """Of a folder under a protocol.

    lacking: paths that cannot be read, each with the reason. classes: samples of each by split. shared: by pair of
    splits, how many people or other groups, and how many ids, are in both. shapes: of each input as a model takes it.
    digest: of the sorted ids with their splits.
    """

    samples: tuple[Sample, ...]
    files: int
    lacking: tuple[tuple[str, str], ...]
    sizes: Mapping[str, int]
    published: Mapping[str, int]
    classes: Mapping[str, Mapping[str, int]]
    groups: int
    shared: Mapping[str, Mapping[str, int]]
    shapes: Mapping[str, tuple[int, ...]]
    digest: str

    @property
    def sentence(self) -> str:
        """What is lacking, in words, with the name of the first file."""
        (path, why), more = self.lacking[0], len(self.lacking) - 1
        others = f", and {more:,} more of {self.files:,} files cannot be used" if more else ""
        hint = " (fetch it: git lfs pull)" if why == IS_POINTER else ""
        return f"'{path}' is {why}{hint}{others}."

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        reasons = Counter(why for _, why in self.lacking)
        return {
            "files": self.files,
            "lacking": dict(reasons),
            "first_lacking": [path for path, _ in self.lacking[:10]],
            "sizes": dict(self.sizes),
            "published_sizes": dict(self.published),
            "classes": {name: dict(counts) for name, counts in self.classes.items()},
            "groups": self.groups,
            "shared": {pair: dict(counts) for pair, counts in self.shared.items()},
            "shapes": {name: list(shape) for name, shape in self.shapes.items()},
            "digest": self.digest,
        }


def fingerprint(benchmark: Benchmark, protocol: Protocol, folder: Path, samples: Sequence[Sample]) -> Fingerprint:
    """Look at every file that the samples name, without decoding it."""
    paths = dict.fromkeys(path for sample in samples for path in protocol.paths(sample))
    asked = benchmark.asks(protocol)
    dense = asked["kind"] == "segmentation"
    paths |= dict.fromkeys(numbered(sample.target)[0] for sample in samples if dense)
    named = [f"{sample.id} {sample.split}" for sample in samples]
    known = kinds()
    shapes = {}
    for item in protocol.inputs:
        options = {key: value for key, value in item.items() if key not in COMMON}
        shapes[str(item["name"])] = build(known[str(item["kind"])], options).shape
    return Fingerprint(
        samples=tuple(samples),
        files=len(paths),
        lacking=tuple(_lacking(folder, paths)),
        sizes={split: sum(sample.split == split for sample in samples) for split in SPLITS},
        published=protocol.sizes,
        classes={} if dense else _classes(asked, samples),
        groups=len({sample.group for sample in samples if sample.group}),
        shared=_shared(samples),
        shapes=shapes,
        digest=sha256("\n".join(sorted(named)).encode()).hexdigest()[:16],
    )


def _lacking(folder: Path, paths: Iterable[str]) -> Iterable[tuple[str, str]]:
    for path in paths:
        if why := unusable(folder / path):
            yield path, why


def unusable(file: Path) -> str:
    """Why a file cannot be what its name says, from its size and its ends; empty where nothing is wrong."""
    try:
        if not file.is_file():
            return NOT_THERE
        size = file.stat().st_size
        if size == 0:
            return EMPTY
        if size <= LARGEST_POINTER and file.read_bytes().startswith(POINTER):
            return IS_POINTER
        return CUT_OFF if is_cut_off(file) else ""
    except OSError:
        return "not readable"


def _classes(asked: Mapping[str, Any], samples: Sequence[Sample]) -> dict[str, dict[str, int]]:
    several = asked["kind"] == "multilabel"
    told = ((sample.target.split(SEPARATOR) if several else [sample.target], sample.split) for sample in samples)
    counts = Counter((name, split) for names, split in told for name in names)
    names = [str(name) for name in asked.get("classes", ())]
    return {name: {split: counts[name, split] for split in SPLITS} for name in names}


def _shared(samples: Sequence[Sample]) -> dict[str, dict[str, int]]:
    people = {split: {s.group for s in samples if s.split == split and s.group} for split in SPLITS}
    ids = {split: {s.id for s in samples if s.split == split} for split in SPLITS}
    pairs: tuple[tuple[Split, Split], ...] = (("train", "valid"), ("train", "test"), ("valid", "test"))
    return {f"{a} and {b}": {"groups": len(people[a] & people[b]), "ids": len(ids[a] & ids[b])} for a, b in pairs}
