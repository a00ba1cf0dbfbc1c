"""A checkpoint as one file: a zip of its weights, report, sweep and training log.

What comes in is checked before it is used: names and sizes before anything is unpacked, the card against the task
before a network is built from it, the report and the sweep against the weights.

>>> content = model_archive.export(library, "digits", "dmrnet", "seed0")
>>> model_archive.import_model(library, content)             # raises NameTaken where there is one of this name
ImportedModel(task='digits', method='dmrnet', tag='seed0')
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmlab.core import permissions
from mmlab.core.errors import CheckpointError, DataError, MmlabError, UnknownName
from mmlab.core.method import METHODS
from mmlab.core.permissions import Action
from mmlab.core.task import TASKS, TaskInfo
from mmlab.experiments.background.manager import TAG, TrainingQueue
from mmlab.experiments.usable_reports import why_unusable
from mmlab.storage import bounded_zip, checkpoints, packed_arrays, progress_file, report_file, strict_json, sweep_file
from mmlab.storage.atomic_files import hidden, put_folder, remove_folder, temporary_name
from mmlab.storage.bounded_zip import Bounds, DamagedArchive
from mmlab.storage.checkpoints import MODEL, PROGRESS, REPORT, SWEEP
from mmlab.storage.file_schemas import ArchiveNames
from mmlab.storage.library import Library
from mmlab.training.resume_state import STATE

FORMAT = 1
NAMES = "bundle.json"
LARGEST = {
    NAMES: 2**16,
    MODEL: 32 * 2**20,
    REPORT: report_file.LARGEST,
    SWEEP: 32 * 2**20,
    PROGRESS: progress_file.LARGEST,
}
ROOM, USUAL_ROOM = "MMLAB_LIBRARY_GB", 20.0  # how much a library may hold for an import to be filed
LARGEST_UPLOAD = 64 * 2**20
LARGEST_SWEEP = 256 * 2**20
WHEN = (1980, 1, 1, 0, 0, 0)  # the same checkpoint is always the same file
ASK = "Ask for a new export of the model, or export it again."


class NameTaken(DataError):
    """There is a checkpoint of this name; importing it again would replace it."""


@dataclass(frozen=True)
class ImportedModel:
    """The name under which an import was filed."""

    task: str
    method: str
    tag: str


def export(library: Library, task: str, method: str, tag: str) -> bytes:
    """The checkpoint as one file. Raises CheckpointError where it is missing or damaged."""
    names = {"format": FORMAT, "task": task, "method": method, "tag": tag}
    parts = {NAMES: json.dumps(names).encode(), **parts_of(library.folder(task, method, tag))}
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name, WHEN), content, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def parts_of(folder: Path) -> dict[str, bytes]:
    """The files of a checkpoint that travel, by name. Raises CheckpointError where it is missing or damaged."""
    checkpoints.read_card(folder)
    parts = {name: (folder / name).read_bytes() for name in LARGEST if (folder / name).is_file()}
    if SWEEP in parts:
        parts[SWEEP] = _packed_plainly(folder / SWEEP)
    return parts


def _packed_plainly(sweep: Path) -> bytes:
    """A sweep packed in a way that an import takes, see `PLAIN`. Raises CheckpointError for a damaged one."""
    target = io.BytesIO()
    try:
        np.savez_compressed(target, allow_pickle=False, **packed_arrays.read(sweep))
    except (OSError, packed_arrays.DamagedFile) as error:
        raise CheckpointError("The stored answers of this model are damaged.", "Evaluate it again.") from error
    return target.getvalue()


def import_model(library: Library, content: bytes, tag: str = "", replace: bool = False) -> ImportedModel:
    """File an exported checkpoint in the library, under its own name or another `tag`.

    Raises DataError or CheckpointError for what is no sound export, NameTaken where it would replace something,
    NotAllowed.
    """
    permissions.require(Action.IMPORT)
    parts = _unpacked(content)
    names = _names(parts.pop(NAMES, b"{}"))
    return file_parts(library, parts, tag or str(names.get("tag", "imported")), replace)


def file_parts(library: Library, parts: Mapping[str, bytes], tag: str, replace: bool = False) -> ImportedModel:
    """File the files of a checkpoint, from anywhere and within `LARGEST`, as the run `tag`.

    Raises DataError or CheckpointError for what is no sound model, NameTaken where it would replace something,
    NotAllowed.
    """
    permissions.require(Action.IMPORT)
    _check_room(library, sum(map(len, parts.values())))
    with tempfile.TemporaryDirectory(prefix=temporary_name("import")) as place:
        folder = Path(place) / "imported"
        folder.mkdir()
        for name, part in parts.items():
            (folder / name).write_bytes(part)
        card = _sound_card(folder)
        task, method = card["task"]["name"], card["method"]
        _check_measured(folder, hashlib.sha256(parts[MODEL]).hexdigest(), TASKS[task].info)
        if not TAG.fullmatch(tag):
            raise DataError("The name in this file cannot name a run.", "Give it another name.")
        _file(folder, library.folder(task, method, tag), replace)
    return ImportedModel(task, method, tag)


def delete(library: Library, task: str, method: str, tag: str) -> None:
    """Remove a checkpoint, what was measured of it, and the record of its training.

    Raises DataError while it is being trained, NotAllowed.
    """
    permissions.require(Action.DELETE)
    folder = library.folder(task, method, tag)
    trainings = TrainingQueue(library)
    if any(
        run.alive for run in trainings.all() if (run.order.task, run.order.method, run.order.tag) == (task, method, tag)
    ):
        raise DataError(f"{task}/{method}/{tag} is being trained.", "Stop it first.")
    if folder.is_dir():
        remove_folder(folder)
    trainings.discard(task, method, tag)


def _check_room(library: Library, more: int) -> None:
    """Raise DataError where a library would grow beyond its bound, `MMLAB_LIBRARY_GB`."""
    try:
        bound = float(os.environ.get(ROOM, "") or USUAL_ROOM) * 1e9
    except ValueError as error:
        raise DataError(f"{ROOM} is no number.", "Whoever hosts this sets it, such as 20.") from error
    used = sum(file.stat().st_size for file in library.root.rglob("*") if file.is_file())
    if used + more > bound:
        raise DataError(
            f"The library is full: it holds {used / 1e9:.1f} GB.", "Delete a model, or raise MMLAB_LIBRARY_GB."
        )


def _unpacked(content: bytes) -> dict[str, bytes]:
    """The parts of the zip by name. Everything about them is checked before one byte is unpacked."""
    if len(content) > LARGEST_UPLOAD:
        raise DataError("The file is larger than 64 MB.", "An exported model is far smaller.")
    try:
        with bounded_zip.opened(content, Bounds(len(LARGEST), sum(LARGEST.values()))) as archive:
            if not {MODEL} <= set(archive.names) <= set(LARGEST):
                raise DataError("This is not an exported model.", "Take a file that was made with Export.")
            for name in archive.names:
                if archive.size(name) > LARGEST[name]:
                    raise DataError(f"{name} in this file is too large.", ASK)
            return {name: archive.read(name, LARGEST[name]) for name in archive.names}
    except DamagedArchive as error:
        raise DataError(f"The file {error}, so it is not an exported model.", ASK) from error


def _names(content: bytes) -> dict[str, Any]:
    found: dict[str, Any] = strict_json.checked(content, ArchiveNames, f"{NAMES} in this file", ASK, LARGEST[NAMES])
    return found


def _sound_card(folder: Path) -> dict[str, Any]:
    """The card, once the model could be rebuilt from it; the task must be ours, or shapes could be anything."""
    try:
        card = checkpoints.read_card(folder)
    except MmlabError as error:
        raise CheckpointError("The model in this file is damaged, or another version of mmlab made it.", ASK) from error
    name, method = card["task"]["name"], card["method"]
    if name not in TASKS or method not in METHODS:
        raise UnknownName(
            "The model in this file is for a task or of a method that is not here.",
            "Get the plug-in that it came from.",
        )
    if any("backbone" in item for item in card["task"]["modalities"]):
        raise CheckpointError("This model reads its inputs by large networks of another machine.", "Copy its folder.")
    if card["task"] != _plain(TASKS[name].info.card()):
        raise CheckpointError(f"This model was made for other inputs or answers than {name} has here.", ASK)
    try:
        checkpoints.load(folder)
    except MmlabError as error:
        raise CheckpointError("The model in this file does not fit its card.", ASK) from error
    return card


def _check_measured(folder: Path, digest: str, info: TaskInfo) -> None:
    """The report, sweep and log must be about this very model, and as large as what we make."""
    if (folder / REPORT).is_file():
        report = report_file.decoded((folder / REPORT).read_bytes(), f"{REPORT} in this file", ASK)
        if report.get("digest") != digest:
            raise DataError("The report in this file is about another model.", ASK)
        if why := why_unusable(report, info):
            raise DataError(f"The report in this file cannot be used: {why}.", ASK)
    if (folder / SWEEP).is_file():
        try:
            with bounded_zip.opened(folder / SWEEP, Bounds(64, LARGEST_SWEEP)):
                pass  # only looked at: its directory, the ways of packing and the sizes that it says
        except DamagedArchive as error:
            raise DataError("The stored answers in this file are too large or damaged.", ASK) from error
        try:
            sweep_file.read(folder, digest, info)
        except CheckpointError as error:
            raise DataError("The stored answers in this file do not fit the model, or are damaged.", ASK) from error
    if (folder / PROGRESS).is_file():
        log = (folder / PROGRESS).read_bytes()
        progress_file.decoded(log, info.modalities.names, f"{PROGRESS} in this file", ASK)


def _file(folder: Path, target: Path, replace: bool) -> None:
    """Put a checked folder into the library in one step."""
    if (target / STATE).exists():
        raise DataError(
            f"{target.name} is being trained, or its training was stopped.", "Give the import another name."
        )
    if target.exists() and not replace:
        raise NameTaken(
            f"There is a model named {'/'.join(target.parts[-3:])} already.",
            "Give the import another name, or replace it.",
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    coming = hidden(target)
    try:
        shutil.copytree(folder, coming)
        put_folder(coming, target)
    finally:
        shutil.rmtree(coming, ignore_errors=True)


def _plain(content: Any) -> Any:
    """As it comes back from JSON: tuples become lists."""
    return json.loads(json.dumps(content))
