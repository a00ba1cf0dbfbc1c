"""Imputation: sweeps in which an absent input is replaced by a substitute, and sweeps of corrupted recordings.

The rule `native` is the method's own: it is told what is missing. Every other rule tells it that everything is there
and gives it something in place of what is not. Both inputs are encoded once and mixed per combination, where the
method encodes each input by itself; otherwise each combination is encoded again.

Sweeps are kept in the user's cache folder under the digest of the model and the rule.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mmlab.core.batch import Samples
from mmlab.core.errors import CheckpointError, DataError
from mmlab.core.method import Fused, Method
from mmlab.core.modality import Combination, Modality
from mmlab.core.phrases import phrase
from mmlab.core.results import Sweep
from mmlab.core.stored_rows import mean_of, rows_at, spread_of
from mmlab.core.task import TASKS, Task, TaskInfo, Versioned
from mmlab.inference.predictor import Model
from mmlab.inference.sweep import sweep
from mmlab.modalities.corruption import SEVERITIES, degrade
from mmlab.storage import sweep_file
from mmlab.storage.cache_folder import cache_folder
from mmlab.storage.checkpoints import SWEEP

VERSION = 1  # of what a rule gives; raise it when a rule changes
NATIVE = "native"
VALIDATION = "validation"  # not a rule: the answers to the validation split, kept beside those of the rules
OF_TRAINING = ("mean", "noise")  # rules that look at the training inputs
COUNT = 400  # test samples: enough for intervals of some 5 points
INSTEAD = "instead of "
SEED = 0
Progress = Callable[[float], None]


class NotComputed(DataError):
    """The answers under a rule or a corruption were not computed yet."""


@dataclass(frozen=True)
class Imputation:
    """A rule that replaces a missing input: a title that ends "missing is …", and a sentence."""

    title: str
    about: str


RULES: dict[str, Imputation] = {
    NATIVE: Imputation(
        phrase("left to the method"), phrase("The method knows what is missing and handles it in its own way.")
    ),
    "zeros": Imputation(
        phrase("filled with zeros"), phrase("Every number of the missing input is 0. The method does not know.")
    ),
    "mean": Imputation(
        phrase("filled with the training mean"),
        phrase("The average of the training inputs (of texts: no words) takes its place. The method does not know."),
    ),
    "noise": Imputation(
        phrase("filled with noise"),
        phrase(
            "Normal noise with the mean and spread of each place in the training inputs (of texts: the words of other "
            "texts, place by place) takes its place. The method does not know."
        ),
    ),
    "donor": Imputation(
        phrase("taken from another sample"),
        phrase("The input of another test sample takes its place. The method does not know."),
    ),
}


def replacements(rule: str, samples: Samples, modality: Modality, seen: Tensor | None = None) -> Tensor:
    """The replacements of one input of every sample under a rule, `[N, *shape]`.

    seen: that input in training, `[T, *shape]`; mean and noise need it. The same samples always get the same.
    Raises DataError for an unknown rule, for too few samples and where `seen` is needed and not given.
    """
    inputs = samples.inputs[modality.name].float()
    generator = torch.Generator().manual_seed(SEED)
    if rule == "zeros":
        return torch.zeros_like(inputs)
    if rule == "donor":
        return inputs[_donors(len(samples), generator)]
    if modality.discrete and rule == "mean":
        return torch.zeros_like(inputs)
    if modality.discrete and rule == "noise":
        return _shuffled_words(inputs, generator)
    if rule not in OF_TRAINING:
        raise DataError(f"There is no rule '{rule}'.", f"There are: {', '.join(RULES)}.")
    if seen is None:
        raise DataError(f"The rule '{rule}' needs the training samples.")
    if rule == "mean":
        return mean_of(seen).expand_as(inputs).clone()
    return mean_of(seen) + spread_of(seen) * torch.randn(inputs.shape, generator=generator)


def sweep_with_imputation(
    method: Method, samples: Samples, rule: str, training: Samples | None = None, **more: Any
) -> Sweep:
    """Every combination of every sample under a rule. `more` goes to `mmlab.inference.sweep.sweep`."""
    if rule == NATIVE:
        return sweep(method, samples, **more)
    instead = {}
    for position, modality in enumerate(method.modalities):
        seen = rows_at(training.inputs[modality.name], training.present[:, position]) if training else None
        instead[INSTEAD + modality.name] = replacements(rule, samples, modality, seen)
    return sweep(method, replace(samples, inputs={**samples.inputs, **instead}), answer=fuse_replaced, **more)


@torch.inference_mode()
def fuse_replaced(method: Method, inputs: Mapping[str, Tensor], combinations: Sequence[Combination]) -> list[Fused]:
    """As `mmlab.inference.sweep.fuse_all`, told that all is there; absent inputs come from `inputs["instead of …"]`."""
    names = method.modalities.names
    real = {name: inputs[name] for name in names}
    other = {name: inputs[INSTEAD + name] for name in names}
    rows, place = len(real[names[0]]), real[names[0]].device
    present = method.modalities.mask(method.modalities.full, rows, place)
    features = method.encode(real)
    if not features.shared:
        others = method.encode(other)
        return [method.fuse(features.replaced(others, c.names), present) for c in combinations]
    mixtures = ({name: (real if name in c else other)[name] for name in names} for c in combinations)
    return [method.fuse(method.encode(mixture), present) for mixture in mixtures]


def _donors(count: int, generator: torch.Generator) -> Tensor:
    """For each sample another one: a cycle through all of them in random order, so that nobody is their own."""
    if count < 2:
        raise DataError("A donor needs a second sample.", "Use more samples.")
    order = torch.randperm(count, generator=generator)
    donors = torch.empty(count, dtype=torch.long)
    donors[order] = order.roll(1)
    return donors


def _shuffled_words(words: Tensor, generator: torch.Generator) -> Tensor:
    """Texts `[N, 2, L]` whose every place holds the word of a random text at that place."""
    count, _, places = words.shape
    rows = torch.randint(count, (count, places), generator=generator)
    return torch.stack([words[rows[:, place], :, place] for place in range(places)], 2)


def only(found: Sweep, ids: Sequence[str]) -> Sweep:
    """The sweep of some of its samples, in the order of `ids`. Raises ValueError for a sample that it lacks."""
    return found.of_rows([found.ids.index(name) for name in ids])


# Computed when somebody asks, and kept


def compute(model: Model, rule: str, count: int = COUNT, on_progress: Progress | None = None) -> Sweep:
    """The sweep of a model under a rule on the first test samples, computed and kept. Raises DataError."""
    samples = _complete(model.task, count)
    training = model.task.samples("train") if rule in OF_TRAINING else None
    found = sweep_with_imputation(model.method, samples, rule, training, digest=model.digest, on_progress=on_progress)
    store(folder_of(model.digest, rule), found)
    return found


def compute_validation(model: Model, on_progress: Progress | None = None) -> Sweep:
    """The native sweep of a model on the validation split, computed and kept under `VALIDATION`. Raises DataError."""
    samples = model.task.samples("valid")
    found = sweep(model.method, samples, digest=model.digest, on_progress=on_progress, distances=False)
    store(folder_of(model.digest, VALIDATION), found)
    return found


def stored(digest: str, rule: str, info: TaskInfo | None = None) -> Sweep:
    """What `compute` or `compute_validation` kept. info: of the task that it must fit. Raises NotComputed."""
    return read_stored(folder_of(digest, rule), digest, info)


def file_of(digest: str, rule: str) -> Path:
    """The file of a sweep under a rule, once computed."""
    return folder_of(digest, rule) / SWEEP


def stamp(digest: str, rule: str) -> int:
    """When that file was written; 0 for never."""
    return modified(folder_of(digest, rule))


def compute_corrupted(
    model: Model, modality: str, kind: str, count: int = COUNT, on_progress: Progress | None = None
) -> list[Sweep]:
    """A model on the shipped samples with one input corrupted: severities 0 (none) to 5, computed and kept."""
    found = []
    for severity in (0, *SEVERITIES):
        samples = corrupted_pack(model.task.name, modality, kind, severity, count)
        each = sweep(model.method, samples, digest=model.digest)
        store(folder_of(model.digest, f"{modality}-{kind}-{severity}"), each)
        found.append(each)
        if on_progress is not None:
            on_progress((severity + 1) / (len(SEVERITIES) + 1))
    return found


def stored_corrupted(digest: str, modality: str, kind: str, info: TaskInfo | None = None) -> list[Sweep]:
    """What `compute_corrupted` kept, severities 0 to 5. info: of the task that it must fit. Raises NotComputed."""
    return [
        read_stored(folder_of(digest, f"{modality}-{kind}-{severity}"), digest, info) for severity in (0, *SEVERITIES)
    ]


def corrupted_files(digest: str, modality: str, kind: str) -> list[Path]:
    """The files of those sweeps, once computed."""
    return [file_of(digest, f"{modality}-{kind}-{severity}") for severity in (0, *SEVERITIES)]


def corrupted_stamp(digest: str, modality: str, kind: str) -> int:
    """When the last severity was written; 0 for never."""
    return modified(folder_of(digest, f"{modality}-{kind}-{SEVERITIES[-1]}"))


def corrupted_pack(task_name: str, modality: str, kind: str, severity: int, count: int = COUNT) -> Samples:
    """The first shipped samples that have every input, one of them corrupted and preprocessed again."""
    task, intact = TASKS[task_name](), shipped(task_name, count)
    if not severity:
        return intact
    rows = []
    for place, sample in enumerate(intact.ids):
        raw = degrade(task.example(sample).raw[modality], kind, severity, seed=place)
        rows.append(task.prepare(modality, raw).tensor)
    return replace(intact, inputs={**intact.inputs, modality: torch.stack(rows)})


def shipped(task_name: str, count: int = COUNT) -> Samples:
    """The shipped samples as a split; what a sample lacks leaves it out."""
    task = TASKS[task_name]()
    versions = tuple(map(task.version, task.gallery()[:count])) if isinstance(task, Versioned) else ()
    return _shipped(task_name, count, versions)


@lru_cache(maxsize=4)
def _shipped(task_name: str, count: int, versions: tuple[object, ...]) -> Samples:
    task = TASKS[task_name]()
    names = task.info.modalities.names
    examples = (task.example(sample) for sample in task.gallery()[:count])
    whole = [example for example in examples if all(name in example.raw for name in names)]
    if not whole:
        raise DataError("No shipped sample has every input.", "Corrupt single samples on the Bench.")
    inputs = {name: torch.stack([task.prepare(name, e.raw[name]).tensor for e in whole]) for name in names}
    ids = tuple(example.id for example in whole)
    target = torch.stack([torch.as_tensor(example.target) for example in whole])
    return Samples(inputs, torch.ones(len(whole), len(names), dtype=torch.bool), target, ids, ids)


def _complete(task: Task, count: int) -> Samples:
    """The first test samples that have every input."""
    samples = task.samples("test")
    rows = samples.present.all(1).nonzero()[:count, 0]
    if not len(rows):
        raise DataError("No test sample has every input.", "These measures compare complete samples.")
    batch = samples.batch(rows)
    groups = tuple(samples.groups[int(row)] for row in rows)
    return Samples(batch.inputs, batch.present, batch.target, batch.ids, groups)


def folder_of(digest: str, what: str) -> Path:
    """The folder of a model's sweep of this name. Raises NotComputed for a model without a digest."""
    if not digest.isalnum():
        raise NotComputed("The model was not measured yet.", "Run: python -m mmlab evaluate --save")
    return cache_folder() / "rules" / f"{digest[:32]}-{what}-{VERSION}"


def store(folder: Path, found: Sweep) -> None:
    """Write a sweep. Raises DataError if the disk is full."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        sweep_file.write(folder, found)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise DataError("The answers cannot be kept on disk.", f"Make room in {cache_folder()}.") from error


def read_stored(folder: Path, digest: str, info: TaskInfo | None) -> Sweep:
    """The sweep that is there. info: of the task that it must fit. Raises NotComputed."""
    if not (folder / SWEEP).is_file():
        raise NotComputed("This was not computed yet.", "Compute it under Imputation.")
    try:
        return sweep_file.read(folder, digest, info)
    except CheckpointError as error:
        raise NotComputed(
            "What was stored is damaged, or of another version of the task.", "Compute it again under Imputation."
        ) from error


def modified(folder: Path) -> int:
    """When the sweep in a folder was written; 0 for never."""
    try:
        return (folder / SWEEP).stat().st_mtime_ns
    except OSError:
        return 0
