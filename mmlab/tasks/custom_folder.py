"""Tasks from users' data folders: `task.json`, `manifest.csv` and files (docs/own-data.md).

MMLAB_FOLDERS names the folders. Each is a task like the built-in ones, under the name that its task.json gives it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmlab.core.batch import Samples
from mmlab.core.errors import DataError, MmlabError, PluginError, UnknownName
from mmlab.core.file_stamp import Stamp, stamp_of
from mmlab.core.modality_kinds import modality_kind
from mmlab.core.options import NO_OPTIONS, build
from mmlab.core.recordings import Raw
from mmlab.core.task import TASKS, GallerySample, PreparedInput, Source, Split, Task, TaskInfo
from mmlab.storage import disk_cache
from mmlab.tasks.cached_splits import cached_split, kept_split
from mmlab.tasks.custom import locations
from mmlab.tasks.custom.current_rows import manifest_state, rows_of
from mmlab.tasks.custom.dropping import dropped, only_present, recordings
from mmlab.tasks.custom.fold_rows import in_fold
from mmlab.tasks.custom.folds import VARIABLE as FOLDS
from mmlab.tasks.custom.folds import Fold, wanted
from mmlab.tasks.custom.manifest import SPLITS, Row
from mmlab.tasks.custom.problems import Problems
from mmlab.tasks.custom.samples import (
    Scales,
    contents_of,
    on_scale,
    paths_of,
    region_maps,
    scales_of,
    stacked,
    state_of,
)
from mmlab.tasks.custom.stored_split import check_room, stored_names, stored_split
from mmlab.tasks.custom.task_json import Description, read_description
from mmlab.tasks.custom.text_tokens import WORDS, inputs_without_tokens
from mmlab.tasks.custom.usual_plan import usual_plan

VERSION = 4  # of what a split holds; raise it when a kind's reading or preparation changes
MOST_SHOWN = 200


class FolderTask:
    """A task in a folder. Subclasses are made by `task_class`, one per folder; they are built without arguments."""

    description: ClassVar[Description]
    name: ClassVar[str]
    title: ClassVar[str]
    about: ClassVar[str]
    info: ClassVar[TaskInfo]
    grouped_by: ClassVar[str]

    @property
    def plan(self) -> Mapping[str, Any]:
        """By how many training samples there are, and how large (`usual_plan`), unless task.json says so."""
        return usual_plan(self.description, sum(row.split == "train" for row in rows_of(self.description)))

    @property
    def protocol(self) -> str:
        """Of an official data set, how it is measured; empty for any other folder."""
        return self.description.protocol

    def taken_as_words(self) -> tuple[str, ...]:
        """The texts of which task.json does not say what they are taken as, and which are words for that reason."""
        return inputs_without_tokens(self.description)

    def sources(self) -> tuple[Source, ...]:
        """A folder is one source: what it holds is `built-in`."""
        return ("built-in",)

    def samples(self, split: Split, source: Source = "built-in") -> Samples:
        """A split in half precision, as tensors in memory of large inputs on disk. Raises DataError, with the line."""
        if source != "built-in":
            raise DataError(f"'{self.name}' has no other source than its folder.", "Leave the source out.")
        for each in SPLITS:  # before anything is read
            check_room(self.description, each, sum(row.split == each for row in rows_of(self.description)))
        if split == "train":  # what is wrong with the other splits is said before a training, not after it
            for other in ("valid", "test"):
                self.samples(other)
        version = _version(self.description, split, self.info.modalities.names)
        return _samples(self.description, split, version, _version_of_scales(self.description))

    def augment(self, inputs: Mapping[str, Tensor], seed: int) -> dict[str, Tensor]:
        """Training-time variation by kind, a function of `seed`.

        Pictures with label maps are left as they are: the training moves them together with their labels (`move`).
        """
        if self.description.has_label_maps:
            return dict(inputs)
        generator = torch.Generator().manual_seed(seed)
        return {name: self._varied(name, value, generator) for name, value in inputs.items()}

    def gallery(self) -> tuple[str, ...]:
        """Ids of the first test samples, in the manifest's order."""
        rows = rows_of(self.description, "test")
        usable = {*self.samples("test").ids} if self.description.drops else {row.id for row in rows}
        return tuple(row.id for row in rows if row.id in usable)[:MOST_SHOWN]

    def example(self, sample: str) -> GallerySample:
        """One sample, decoded from its files. Raises UnknownName and DataError."""
        row = next((row for row in rows_of(self.description) if row.id == sample), None)
        if row is None:
            raise UnknownName(f"There is no sample '{sample[:40]}'.", f"See the ids in {self.description.folder.name}.")
        raw = recordings(self.description, row)
        target = region_maps(self.description, row) if self.description.has_label_maps else row.target
        lacking = [item.label for item in self.info.modalities if item.name not in raw]
        notes = [row.note, f"Without {', '.join(lacking)}." if lacking else ""]
        return GallerySample(row.id, raw, target, self.info.output.in_words(target), " ".join(filter(None, notes)))

    def read(self, modality: str, content: bytes, name: str = "", options: Mapping[str, Any] = NO_OPTIONS) -> Raw:
        """Decode a file that a user uploaded. Raises DataError."""
        kind = self.description[modality].kind
        return kind.read_as_stated(content, name, build(kind.ReadOptions, options))

    def prepare(self, modality: str, raw: Raw) -> PreparedInput:
        """Preprocess a recording into a model input, numbers on the scale of the training samples."""
        kind = self.description[modality].kind
        made = kind.prepare(raw)
        scales = _scales_by_manifest(self.description, manifest_state(self.description)) if kind.standardised else {}
        return PreparedInput(on_scale(self.description, scales, modality, made), made.notes, made.words)

    def describe(self) -> dict[str, Any]:
        """Counts, shares of missing inputs and what tells this version of the folder from another, for a card."""
        stated = rows_of(self.description)
        rows = self._read_rows(stated) if self.description.drops else stated
        counts = {split: sum(row.split == split for row in rows) for split in SPLITS}
        missing = {
            name: round(sum(name not in row.cells for row in rows) / max(len(rows), 1), 4)
            for name in self.info.modalities.names
        }
        return {
            "sources": {"built-in": {"folder": f"the folder {self.description.folder.name}"}},
            "sizes": counts,
            "groups": len({row.group for row in rows}),
            "missing": missing,
            "contents": self.fingerprint(),
            "fingerprint": disk_cache.cache_key(VERSION, self.description.settings(), [vars(row) for row in stated]),
            "version": VERSION,
            **({"fold": self.description.fold.in_words()} if self.description.fold else {}),
            **({"protocol": self.description.protocol} if self.description.protocol else {}),
            **({"dropped": dropped(stated, rows)} if self.description.drops else {}),
            **({"learned": learned} if (learned := _learned(self.description)) else {}),
            **({} if self.description.simulated is None else {"simulated": list(self.description.simulated)}),
        }

    def _read_rows(self, rows: Sequence[Row]) -> list[Row]:
        """The rows as their files allow: with the inputs that were read, without samples that had none."""
        present: dict[str, list[bool]] = {}
        for split in SPLITS:
            found = self.samples(split)
            present |= dict(zip(found.ids, found.present.tolist(), strict=True))
        return [only_present(row, present[row.id], self.info.modalities.names) for row in rows if row.id in present]

    def version(self, sample: str) -> object:
        """What tells this version of a sample, and of how it is read, from another."""
        rows = (row for row in rows_of(self.description) if row.id == sample)
        names = self.info.modalities.names
        files = tuple(state_of(self.description, paths_of(self.description, row, names)) for row in rows)
        return stamp_of(self.description.folder / locations.TASK_FILE), manifest_state(self.description), files

    def fingerprint(self) -> str:
        """A digest of ids, splits, answers, groups, all files' contents, and the options under which they are read."""
        rows = rows_of(self.description)
        names = self.info.modalities.names
        paths = dict.fromkeys(path for row in rows for path in paths_of(self.description, row, names))
        said = [(row.id, row.split, row.target, row.group, sorted(row.cells.items())) for row in rows]
        return disk_cache.cache_key(self._stated(), said, contents_of(self.description, paths))

    def _stated(self) -> str:
        """How the data is read, as far as task.json says it: defaults may change with the version of mmlab."""
        found = locations.load(self.description.folder)
        inputs = [self._stated_of(item) for item in found["modalities"]]
        drops = ["drop"] if self.description.drops else []
        protocol = [f"protocol {self.description.protocol}"] if self.description.protocol else []
        return json.dumps([inputs, found["output"], *drops, *protocol], sort_keys=True)

    def _stated_of(self, item: Mapping[str, Any]) -> dict[str, Any]:
        """What task.json says of one input. Words are words, whether it says so or not; an encoder may bring tokens."""
        tokens = {"tokens": found} if (found := self.info.modalities[item["name"]].tokens) else {}
        said = {key: value for key, value in item.items() if key not in ("label", "encoder")}
        if said.get("tokens") == WORDS:
            del said["tokens"]
        return {**tokens, **said}

    def _varied(self, name: str, value: Tensor, generator: torch.Generator) -> Tensor:
        item = self.description[name]
        if not item.vary:
            return value
        return modality_kind(item.modality.kind).augment(value, generator)


def _learned(description: Description) -> dict[str, str]:
    """What of the training samples inputs were made with, such as subwords, so that models keep it."""
    return {item.modality.name: text for item in description.inputs if (text := item.kind.learned())}


def _version(description: Description, split: Split, names: Sequence[str]) -> str:
    """What tells a split, with the files of these modalities, from any other version of it; empty for no modality."""
    if not names:
        return ""
    rows = rows_of(description, split)
    files = state_of(description, [path for row in rows for path in paths_of(description, row, names)])
    return disk_cache.cache_key(VERSION, description.settings(), [vars(row) for row in rows], files)


def _version_of_scales(description: Description) -> str:
    names = [item.modality.name for item in description.inputs if item.kind.standardised]
    return _version(description, "train", names)


@lru_cache(maxsize=16)
def _scales(description: Description, version: str) -> Scales:
    """Means and spreads of this version of the training samples: from the cache on disk, or found and put there."""
    if not version:
        return {}
    key = f"{description.info.name}-scales-{version}"
    arrays = disk_cache.load(key)
    if arrays is None:
        arrays = {
            name: np.stack(scale) for name, scale in scales_of(description, rows_of(description, "train")).items()
        }
        disk_cache.save(key, arrays)
    return {name: tuple(scale) for name, scale in arrays.items()}


@lru_cache(maxsize=16)
def _scales_by_manifest(description: Description, state: Stamp) -> Scales:
    """For single recordings: files behind an unchanged manifest are not looked at again."""
    return _scales(description, _version_of_scales(description))


def _samples(description: Description, split: Split, version: str, version_of_scales: str) -> Samples:
    """This version of a split. Raises DataError."""
    rows, name = rows_of(description, split), description.info.name
    depends_on = (name, version, version_of_scales)
    if stored_names(description, len(rows)):

        def make() -> Samples:
            return stored_split(description, split, rows, _scales(description, version_of_scales), VERSION)

        return kept_split(f"{name}-{split}-{disk_cache.cache_key(*depends_on)}", make)

    def build() -> dict[str, NDArray[Any]]:
        return stacked(description, rows, _scales(description, version_of_scales))

    return cached_split(f"{name}-{split}", depends_on, description.info.modalities, build)


def task_class(folder: Path, fold: Fold | None = None) -> type[FolderTask]:
    """The task of a folder, or of a fold of it, as a class that is built without arguments. Raises DataError."""
    problems = Problems()
    description = read_description(folder, problems)
    problems.raise_first(folder)
    assert description is not None  # it is only left out where there are errors
    description = description if fold is None else in_fold(description, fold)
    texts = {
        "name": description.info.name,
        "title": description.title,
        "about": description.about,
        "grouped_by": description.grouped_by,
    }
    return type("FolderTask", (FolderTask,), {**texts, "info": description.info, "description": description})


@TASKS.supply
def folder_tasks() -> Mapping[str, type[Task] | Exception]:
    """The task of each folder that MMLAB_FOLDERS names and of its folds (MMLAB_FOLDS), or why there is none."""
    found: dict[str, type[Task] | Exception] = {}
    try:
        folds = wanted()
    except DataError as error:
        folds, found[FOLDS] = (), error
    for folder in locations.folders():
        for fold in (None, *folds):
            made = _made(folder, stamp_of(folder / locations.TASK_FILE), fold)
            name = _asked_for_as(folder) if isinstance(made, MmlabError) else made.name
            if name in found:
                made = PluginError(f"'{folder}' has the name '{name}' of another folder, too.", "Rename one of them.")
                name = str(folder)
            found[name] = made if isinstance(made, MmlabError) else cast(type[Task], made)
            if isinstance(made, MmlabError):
                break
    return found


def _asked_for_as(folder: Path) -> str:
    """The name of a folder that cannot be used: what it says itself where that can be read, so that it is found."""
    try:
        return locations.glance(folder).name
    except MmlabError:
        return folder.name


@lru_cache(maxsize=256)
def _made(folder: Path, state: Stamp, fold: Fold | None = None) -> type[FolderTask] | MmlabError:
    """The class for this version of task.json, or what is wrong with it."""
    try:
        return task_class(folder, fold)
    except MmlabError as error:
        return error
