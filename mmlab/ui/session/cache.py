"""The caches of the app: keys are names, numbers and digests, values plain data; models are in the pool only.

All combinations of a sample are answered together, so that a toggle is a look-up and no model is called:

>>> task = cache.task("digits")
>>> entries = cache.entries("digits")                              # one per trained method, broken ones with why
>>> item = cache.item("digits", "test-0003")                       # a shipped sample, or one that a user uploaded
>>> model_inputs = cache.world("digits", "test-0003", damages)            # what the model sees: arrays by input
>>> answers = cache.answers(reference, "test-0003", damages)       # {"image-sound": Prediction, ...}
>>> found = cache.attribution(reference, "test-0003", damages, 7)  # where it looks for class 7, all combinations
>>> with cache.pool().lend(reference) as model: ...                # for what is not here yet

What a user uploaded is kept per session and goes with it; its id is the digest of its content.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
import torch
from numpy.typing import NDArray

from mmlab.core.data_version import fingerprint_of
from mmlab.core.errors import CheckpointError, DataError, MmlabError
from mmlab.core.method import METHODS
from mmlab.core.outputs import Prediction
from mmlab.core.phrases import language, say
from mmlab.core.recordings import Raw
from mmlab.core.reference import Reference
from mmlab.core.results import Attribution, Sweep
from mmlab.core.task import TASKS, Task, Versioned
from mmlab.inference.device import one_thread
from mmlab.inference.model_pool import ModelPool
from mmlab.inference.shared_answers import SharedAnswers, from_environment
from mmlab.inference.sweep import fuse_all
from mmlab.storage import leftovers, report_file, sweep_file
from mmlab.storage.library import Entry, Library
from mmlab.ui.session import corrupted_inputs, uploads
from mmlab.ui.session.decoded_uploads import decoded
from mmlab.ui.session.library_entries import entry_of, is_half, place
from mmlab.ui.session.url_state import InputCorruption

one_thread()
Corruptions = tuple[InputCorruption, ...]


@dataclass(frozen=True)
class Item:
    """A displayed sample: its recordings by input, and the target if it is known.

    target is None and answer empty for what a user uploaded without saying what it is.
    problems: inputs that were brought and cannot be used, with the reason. stack: the samples it lies among.
    """

    id: str
    raw: Mapping[str, Raw]
    target: Any
    answer: str
    note: str
    own: bool
    problems: Mapping[str, DataError] = field(default_factory=dict)
    stack: tuple[str, ...] = ()


@dataclass(frozen=True)
class ModelInputs:
    """What the model sees: `arrays` float32 `[*shape]`, what it was made from (corrupted), and what was done to it.

    words: by input, for a text, the word at each place of its array. blanks: the stretches that are blanked, by input.
    """

    arrays: Mapping[str, NDArray[np.float32]]
    raw: Mapping[str, Raw]
    notes: Mapping[str, tuple[str, ...]]
    problems: Mapping[str, DataError]
    words: Mapping[str, tuple[str, ...]]
    blanks: Mapping[str, corrupted_inputs.Blank] = field(default_factory=dict)

    def blank(self, name: str) -> tuple[float, float] | None:
        """The blanked stretch in what the model sees of an input; None if there is none."""
        return self.blanks[name].seen if name in self.blanks else None


@st.cache_resource(show_spinner=False)
def pool() -> ModelPool:
    """The pool of models in memory, shared by all sessions."""
    return ModelPool()


@st.cache_resource(show_spinner=False)
def shared_answers() -> SharedAnswers:
    """Predictions from the server that `MMLAB_SERVER` names, or from the pool."""
    return from_environment(pool())


def library() -> Library:
    """The checkpoints on disk, swept of what earlier processes left when it is opened first."""
    found = Library()
    for root in found.roots:
        _swept(str(root))
    return found


@st.cache_resource(show_spinner=False)
def _swept(root: str) -> None:
    leftovers.sweep(Path(root))


def task(name: str) -> Task:
    """The current version of a task: an edited folder gives a new one. Raises UnknownName."""
    return _built(TASKS[name])


@lru_cache(maxsize=64)
def _built(kind: type[Task]) -> Task:
    return kind()


@st.cache_data(show_spinner=False, ttl=10, max_entries=32)
def fingerprint(task_name: str) -> str:
    """The digest of a task's data, checked every ten seconds; empty for data that cannot change."""
    return fingerprint_of(task(task_name))


def version(task_name: str, *samples: str) -> object:
    """The version of a task's samples: part of every cache key."""
    of_task = task(task_name)
    return tuple(map(of_task.version, samples)) if isinstance(of_task, Versioned) else ()


def own_version(task_name: str) -> object:
    """The version of how a task reads uploads: part of their cache keys."""
    with suppress(MmlabError):  # where shipped samples are faulty, what was brought is shown all the same
        return version(task_name, "")
    return ()


def task_names() -> tuple[str, ...]:
    """The tasks there are, the one to begin with first: what was brought at the start and has a run, then `digits`."""
    brought = {name for name in TASKS if not TASKS.is_registered(name) and library().references(name)}
    return tuple(sorted(TASKS, key=lambda name: (name not in brought, name != "digits", name)))


def entries(task_name: str) -> tuple[Entry, ...]:
    """The first run of each method on a task, baselines first; a damaged one carries its problem.

    Reads headers once per file, so it is fit for every run of a page.
    """
    first: dict[str, Entry] = {}
    for reference in library().references(task_name):
        entry = entry_of(reference)
        if reference.method not in first or (first[reference.method].problem and not entry.problem):
            first[reference.method] = entry
    return tuple(sorted(first.values(), key=lambda entry: place(entry.reference.method)))


def unfinished(task_name: str) -> tuple[str, ...]:
    """Checkpoint folders without a model and without a running training: leftovers to be checked by the user."""
    folders = sorted(library().root.glob(f"{task_name}/*/*/"))
    half = [folder for folder in folders if not folder.name.startswith(".") and is_half(folder)]
    return tuple("/".join(folder.parts[-3:]) for folder in half)


def title(method: str) -> str:
    """The title of a method."""
    return METHODS[method].title if method in METHODS else method


def item(task_name: str, sample: str) -> Item:
    """One sample. Raises UnknownName, or UploadNotFound for an upload of another session."""
    if uploads.is_own(sample):
        return _own_item(task_name, sample, own_version(task_name))
    return _shipped_item(task_name, sample, version(task_name, sample), language())


def model_inputs(task_name: str, sample: str, corruptions: Corruptions = ()) -> ModelInputs:
    """The sample as the models see it, with these corruptions."""
    if uploads.is_own(sample):
        return _own_model_inputs(task_name, sample, corruptions, own_version(task_name))
    return _shipped_model_inputs(task_name, sample, corruptions, version(task_name, sample))


def answers(reference: Reference, sample: str, corruptions: Corruptions = ()) -> dict[str, Prediction]:
    """The answer of every combination of the sample's inputs, by key. Raises CheckpointError or TaskMismatch."""
    if uploads.is_own(sample):
        return _own_answers(reference, sample, corruptions, own_version(reference.task))
    return _shipped_answers(reference, sample, corruptions, version(reference.task, sample))


def stack_answers(reference: Reference, stack: tuple[str, ...], combination: str) -> list[Prediction]:
    """The predictions for several shipped samples at once, such as the slices of a volume."""
    return _stack_answers(reference, stack, combination, version(reference.task, *stack))


@st.cache_data(show_spinner=False, max_entries=64)
def _stack_answers(reference: Reference, stack: tuple[str, ...], combination: str, version: object) -> list[Prediction]:
    seen = [model_inputs(reference.task, sample).arrays for sample in stack]
    with pool().lend(reference) as model:
        wanted = [model.method.modalities.parse(combination)]
        names = model.method.modalities.names
        batch = {name: torch.from_numpy(np.stack([arrays[name] for arrays in seen])) for name in names}
        place = model.method.device
        fused = fuse_all(model.method, {name: value.to(place) for name, value in batch.items()}, wanted)[0]
        return [model.method.output.read(logits) for logits in fused.logits.float().cpu()]


@st.cache_data(show_spinner=False, max_entries=64)
def report(reference: Reference) -> dict[str, Any]:
    """The report of a checkpoint (report.json); empty if there is none or it is damaged.

    `report_file.problem` says what is wrong with a damaged one.
    """
    try:
        return report_file.read(Path(reference.path))
    except CheckpointError:
        return {}


@st.cache_resource(show_spinner=False, max_entries=16)
def sweep(reference: Reference) -> Sweep:
    """Every combination of every test sample, as shipped beside the checkpoint. Raises CheckpointError.

    Shared between sessions: read only.
    """
    if not (digest := report(reference).get("digest", "")):
        if report_file.problem(Path(reference.path)):
            report_file.read(Path(reference.path))
        raise CheckpointError(
            say("{name} was not measured yet.", name=reference.name),
            f"Run: python -m mmlab evaluate --task {reference.task} --method {reference.method} --save",
        )
    return sweep_file.read(Path(reference.path), digest, task(reference.task).info)


def attribution(reference: Reference, sample: str, corruptions: Corruptions, target: int) -> Attribution:
    """Grad-CAM of every combination of the sample's inputs. Raises CheckpointError or TaskMismatch."""
    if uploads.is_own(sample):
        return _own_attribution(reference, sample, corruptions, target, own_version(reference.task))
    return _shipped_attribution(reference, sample, corruptions, target, version(reference.task, sample))


@st.cache_data(show_spinner=False, max_entries=64)
def _shipped_item(task_name: str, sample: str, version: object, spoken: str) -> Item:
    found = task(task_name).example(sample)
    return Item(found.id, found.raw, found.target, found.answer, found.note, own=False, stack=found.stack)


@st.cache_data(show_spinner=False, max_entries=16, scope="session")
def _own_item(task_name: str, sample: str, version: object) -> Item:
    own = uploads.find(sample, task_name)
    reads = task(task_name)
    raw: dict[str, Raw] = {}
    problems: dict[str, DataError] = {}
    for name, part in own.parts.items():
        try:
            raw[name] = decoded(reads, name, part)
        except DataError as error:
            problems[name] = error
    return Item(sample, raw, *_truth(reads, own.truth), note="", own=True, problems=problems)


def _truth(reads: Task, answer: str) -> tuple[Any, str]:
    """The class, labels or number that a person said it is, in words too; nothing where that is none of this task."""
    with suppress(MmlabError):
        if answer and (target := reads.info.output.parse(answer)) is not None:
            return target, reads.info.output.in_words(target)
    return None, ""


def _make_model_inputs(task_name: str, sample: str, corruptions: Corruptions, version: object) -> ModelInputs:
    reads, found = task(task_name), item(task_name, sample)
    arrays: dict[str, NDArray[np.float32]] = {}
    notes: dict[str, tuple[str, ...]] = {}
    said: dict[str, tuple[str, ...]] = {}
    raw, problems = corrupted_inputs.corrupted(found.raw, sample, corruptions), dict(found.problems)
    for name, recording in raw.items():
        try:
            reading = reads.prepare(name, recording)
        except DataError as error:
            problems[name] = error
        else:
            arrays[name], notes[name], said[name] = reading.tensor.numpy(), reading.notes, reading.words
    return ModelInputs(
        arrays, raw, notes, problems, said, corrupted_inputs.blanks(reads, found.raw, sample, corruptions)
    )


def _make_answers(
    reference: Reference, sample: str, corruptions: Corruptions, version: object
) -> dict[str, Prediction]:
    seen = model_inputs(reference.task, sample, corruptions)
    if not seen.arrays:
        return {}
    return shared_answers().answer(reference, {name: torch.from_numpy(array) for name, array in seen.arrays.items()})


def _make_attribution(
    reference: Reference, sample: str, corruptions: Corruptions, target: int, version: object
) -> Attribution:
    from mmlab.analysis.attribution.registry import find

    seen = model_inputs(reference.task, sample, corruptions)
    with pool().lend(reference) as model:
        tensors = {name: torch.from_numpy(array) for name, array in seen.arrays.items()}
        return find("gradcam").run(model.method, tensors, model.combinations(tensors), target)


_shipped_model_inputs = st.cache_data(show_spinner=False, max_entries=256)(_make_model_inputs)
_own_model_inputs = st.cache_data(show_spinner=False, max_entries=16, scope="session")(_make_model_inputs)
_shipped_answers = st.cache_data(show_spinner=False, max_entries=2048)(_make_answers)
_own_answers = st.cache_data(show_spinner=False, max_entries=64, scope="session")(_make_answers)
_shipped_attribution = st.cache_data(show_spinner=False, max_entries=512)(_make_attribution)
_own_attribution = st.cache_data(show_spinner=False, max_entries=16, scope="session")(_make_attribution)
