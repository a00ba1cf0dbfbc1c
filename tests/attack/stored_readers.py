"""Readers of what lies in the library and in the cache, and of what brings it there: exports, views, records, maps.

The sound files are those of two shipped models; each is changed where it lies, and everything that the program makes of
it is made.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

from mmlab.analysis.base.coalitions import sweep_to_coalitions
from mmlab.analysis.dominance import log_reader
from mmlab.analysis.dominance import training_dynamics as dynamics
from mmlab.analysis.embedding import maps
from mmlab.analysis.embedding.alignment import alignment
from mmlab.analysis.embedding.map_file import MAP, read_map
from mmlab.analysis.methods import training_log
from mmlab.analysis.robustness.per_sample_scores import grade
from mmlab.cli import plugin_record, source_catalogue
from mmlab.core.errors import CheckpointError, MmlabError
from mmlab.core.file_stamp import stamp_of
from mmlab.core.task import TASKS
from mmlab.experiments import comparison_tables, model_archive
from mmlab.experiments.background.manager import TrainingQueue, seconds_left
from mmlab.experiments.background.run_files import ORDER, STATUS, order_in, status_in
from mmlab.experiments.recorders import attribution_maps, embedding_maps
from mmlab.foreign.outputs_file import read_outputs, write_outputs
from mmlab.foreign.registration import read_file
from mmlab.storage import checkpoints, packed_arrays, progress_file, report_file, sweep_file
from mmlab.storage.library import SHIPPED, Library
from mmlab.training import resume_state
from mmlab.ui.session import uploads
from tests.attack.readers import READERS, Files, Reader, reader

INFO = TASKS["watch"].info
MODELS = ("gmd", "dmrnet")  # one whose log has angles, one with variances
SETTINGS = {"seed": 0}


def library(place: Path) -> Library:
    """A library of two models, made once."""
    for method in MODELS:
        target = place / "library" / "watch" / method / "seed0"
        if not target.is_dir():
            shutil.copytree(SHIPPED / "watch" / method / "seed0", target)
            make_small(target)
    return Library(place / "library")


def make_small(target: Path) -> None:
    """Leave a few samples in a sweep, so that changing it takes no time."""
    found = sweep_file.read(target, checkpoints.load(target).digest)
    rows = slice(0, 400, 10)
    few = replace(
        found,
        logits=found.logits[:, rows],
        mean=found.mean[:, rows],
        variance=None if found.variance is None else found.variance[:, rows],
        target=found.target[rows],
        present=found.present[rows],
        ids=found.ids[rows],
        groups=found.groups[rows],
    )
    sweep_file.write(target, few)


def folder(place: Path, method: str = MODELS[0]) -> Path:
    return library(place).folder("watch", method, "seed0")


def _stored(name: str, method: str, place: Path) -> Files:
    return {name: (folder(place, method) / name).read_bytes()}


def _read_stored(use: Callable[[Path], object], method: str, content: bytes, name: str, place: Path) -> None:
    """Put it where it lies, use it, and put the sound one back."""
    file = folder(place, method) / name
    before = file.read_bytes()
    try:
        file.write_bytes(content)
        use(file.parent)
    finally:
        file.write_bytes(before)


def use_report(found: Path) -> None:
    """Lists and comparisons never fail for it; whoever asks for it alone gets a value or a sentence."""
    root = Library(found.parents[2])
    source_catalogue.runs(root, "watch")
    with suppress(MmlabError):  # where it was the only sound one
        table = comparison_tables.compare(root, "watch")
        json.dumps(comparison_tables.as_json(table), allow_nan=False).encode()
        assert comparison_tables.as_csv(table).encode()
        assert comparison_tables.as_markdown(table).encode()
    assert len(root.entries()) == len(MODELS)
    source_catalogue.score(report_file.read(found), INFO.output.headline)


def use_log(found: Path) -> None:
    """What the pages Train, Dominance and Methods show of a training."""
    seconds_left(progress_file.whole_lines(found))
    with suppress(CheckpointError):
        log_reader.read_log((found / progress_file.PROGRESS).read_bytes())
    rows = progress_file.read(found, INFO.modalities.names)
    seconds_left([row for row in rows if "epochs" in row])
    for make in (
        dynamics.training_dynamics,
        dynamics.gradient_conflicts,
        training_log.spread_log,
        training_log.norm_log,
    ):
        with suppress(CheckpointError):
            make(rows)
    with suppress(CheckpointError):
        training_log.conflict_log(rows, INFO.modalities)
    with suppress(CheckpointError):
        training_log.drift_log(rows)


def use_foreign_log(content: bytes, name: str, place: Path) -> None:
    """A log that somebody uploads on the Dominance page."""
    rows = log_reader.read_log(content)
    dynamics.training_dynamics(rows)
    dynamics.gradient_conflicts(rows)


def use_sweep(found: Path) -> None:
    """Scores, maps, closeness and the games of the Dominance page."""
    read = sweep_file.read(found, checkpoints.load(found).digest, INFO)
    with np.errstate(all="ignore"):
        grade(read, INFO.output)
        maps.of_pca(read)
        alignment(read)
        sweep_to_coalitions(read)


def use_map(found: Path) -> None:
    """The map of a model, laid over its sweep."""
    digest = report_file.read(found)["digest"]
    read_map(found, digest)


def use_epochs(found: Path) -> None:
    """The maps of earlier epochs; a training that goes on adds to them whatever they hold."""
    page = {"epochs": np.array([3])}
    assert 3 in packed_arrays.after(found / embedding_maps.EPOCH_MAPS, page, 3)["epochs"].tolist()
    read = embedding_maps.read(found)
    assert np.isfinite(read.points).all()


def use_snapshots(found: Path) -> None:
    """Where a model looked while it learned."""
    page = {"epochs": np.array([3])}
    assert 3 in packed_arrays.after(found / attribution_maps.SNAPSHOTS, page, 3)["epochs"].tolist()
    assert attribution_maps.read(found).maps


def use_weights(found: Path) -> None:
    """The card in lists, and the model."""
    root = Library(found.parents[2])
    assert len(root.entries()) == len(MODELS)
    source_catalogue.runs(root, "watch")
    checkpoints.load(found)


STORED: dict[str, tuple[Callable[[Path], object], tuple[str, ...]]] = {
    "report.json": (use_report, ("gmd",)),
    "progress.jsonl": (use_log, MODELS),
    "sweep.npz": (use_sweep, MODELS),
    MAP: (use_map, ("dmrnet",)),
    embedding_maps.EPOCH_MAPS: (use_epochs, ("dmrnet",)),
    attribution_maps.SNAPSHOTS: (use_snapshots, ("gmd",)),
    checkpoints.MODEL: (use_weights, ("gmd",)),
}
for _name, (_use, _methods) in STORED.items():
    for _method in _methods:
        READERS[f"{_name} of {_method}"] = Reader(
            partial(_stored, _name, _method), partial(_read_stored, _use, _method), 12
        )
READERS["a log of a foreign training"] = Reader(partial(_stored, "progress.jsonl", "gmd"), use_foreign_log, 12)


@reader("an exported model", lambda place: {"x.zip": model_archive.export(library(place), "watch", "gmd", "seed0")}, 20)
def imported(content: bytes, name: str, place: Path) -> None:
    """What is filed can be listed, compared and loaded; what is not leaves nothing behind."""
    root = Library(place / "imports")
    try:
        try:
            made = model_archive.import_model(root, content)
        except MmlabError:
            assert not list(root.root.rglob("*.*")), "a refused import left something behind"
            raise
        target = root.folder(made.task, made.method, made.tag)
        checkpoints.load(target)
        for file, (use, _) in STORED.items():
            if (target / file).is_file() and use not in (use_report, use_weights):
                with suppress(CheckpointError):
                    use(target)
        source_catalogue.runs(root, made.task)
        with suppress(CheckpointError):
            comparison_tables.as_csv(comparison_tables.compare(root, made.task))
    finally:
        shutil.rmtree(root.root, ignore_errors=True)


def _views(place: Path) -> Files:
    part = uploads.UploadedFile(b"time,acc_x,acc_y,acc_z\n0,1,2,3\n1,3,4,5\n", "walk.csv", {"rate": 50.0})
    own = uploads.Upload("watch", {"accelerometer": part, "gyroscope": part}, "walking")
    return {"view.zip": uploads.bundle(own, {"task": "watch", "on": "accelerometer", "damage": "gyroscope:noise:3"})}


@reader("a view bundle", _views, 20)
def view_bundle(content: bytes, name: str, place: Path) -> None:
    """Opened, and bundled again; what its inputs hold is decoded by the task."""
    own, view = uploads.open_bundle(content)
    assert own.id.startswith("own-")
    uploads.open_bundle(uploads.bundle(own, view))
    for modality, part in own.parts.items():
        if own.task in TASKS and modality in TASKS[own.task].info.modalities.names:
            with suppress(MmlabError):
                TASKS[own.task]().read(modality, part.content, part.name, part.options)


ORDERED = {"task": "watch", "method": "joint", "config": {"width": 8}, "plan": {"epochs": 2}, "seed": 0, "tag": "mine"}
STATE = {"state": "failed", "message": "It broke.", "hint": "Mend it.", "asked": 1.7e9}


def _run_home(place: Path) -> Path:
    home = place / "library" / ".runs" / "watch" / "joint" / "mine"
    home.mkdir(parents=True, exist_ok=True)
    (home / ORDER).write_text(json.dumps(ORDERED))
    (home / STATUS).write_text(json.dumps(STATE))
    return home


def _read_run(which: str, content: bytes, name: str, place: Path) -> None:
    """The list of trainings, whatever one of them holds."""
    home = _run_home(place)
    (home / which).write_bytes(content)
    queue = TrainingQueue(library(place))
    for run in queue.all():
        run.order.command.encode()
        assert f"{run.message}{run.hint}".encode() is not None
    order_in(home)
    status_in(home)


for _which, _sound in ((ORDER, ORDERED), (STATUS, STATE)):
    READERS[f"{_which} of a training"] = Reader(
        lambda place, name=_which, sound=_sound: {name: json.dumps(sound).encode()}, partial(_read_run, _which), 8
    )


def _state(place: Path) -> Files:
    file = place / resume_state.STATE
    weight = torch.ones(3, 2)
    entry = {"step": torch.tensor(1.0), "exp_avg": weight, "exp_avg_sq": weight}
    optimiser = {"state": {0: entry}, "param_groups": [{"lr": 0.001, "betas": [0.9, 0.999], "params": [0]}]}
    state = resume_state.State(2, 1, 0.5, {"a": torch.zeros(3, 2)}, 4.0)
    resume_state.write(file, state, {"a": weight}, optimiser, SETTINGS)
    return {resume_state.STATE: file.read_bytes()}


@reader("the state that a training resumes from", _state, 8)
def resumed(content: bytes, name: str, place: Path) -> None:
    """Its tensors go into an optimiser and a network of the right shape, or into none."""
    file = place / "a" / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)
    resume_state.read(file, torch.device("cpu"), SETTINGS)


def _outputs(place: Path) -> Files:
    rng = np.random.default_rng(0)
    given = {"classes": ("a", "b", "c"), "embedding": rng.normal(size=(3, 9, 4)), "variance": rng.random((3, 9, 4))}
    target = rng.integers(0, 3, 9)
    write_outputs(place / "classes", rng.normal(size=(3, 9, 3)), target, ("image", "sound"), **given)  # type: ignore[arg-type]
    write_outputs(place / "numbers", rng.normal(size=(3, 9, 1)), target / 2, ("image", "sound"), scale=(0, 1))
    return {name: (place / name).read_bytes() for name in ("classes.npz", "numbers.npz")}


@reader("a file of answers", _outputs, 20)
def answers(content: bytes, name: str, place: Path) -> None:
    """Read as `python -m mmlab open` reads it, scored and mapped."""
    file = place / name
    file.write_bytes(content)
    stamp_of(file)
    read_file(file)
    outputs = read_outputs(file)
    assert np.isfinite(outputs.found.mean).all()
    with np.errstate(all="ignore"):
        grade(outputs.found, outputs.output)
        maps.of_pca(outputs.found)


RECORD = plugin_record.Added(
    (plugin_record.Registered("mine", "Mine", "A method of mine."),),
    (plugin_record.Registered("ours", "Ours", "A task of ours.", ("image", "sound"), "accuracy"),),
    {"mine.py": ("the method mine", "the task ours")},
    {"broken.py": "It cannot be imported."},
)


@reader("the record of plug-ins", lambda place: {"a.json": json.dumps(asdict(RECORD)).encode()}, 4)
def plugin_list(content: bytes, name: str, place: Path) -> None:
    """What `list` prints of it; a record that cannot be read counts as none."""
    file = place / name
    file.write_bytes(content)
    if (found := plugin_record.read(file)) is not None:
        for each in (*found.methods, *found.tasks):
            " ".join((each.name, each.title, each.about, each.headline, *each.modalities)).encode()
        " ".join(text for names in found.given.values() for text in names).encode()
        " ".join(found.problems.values()).encode()
