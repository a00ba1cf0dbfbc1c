"""Complete jobs, by names and numbers only, so that they can run here, in a process or elsewhere."""

from __future__ import annotations

import hashlib
import json
import math
import platform
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from mmlab.core.backbone_families import as_read
from mmlab.core.batch import Samples
from mmlab.core.data_version import changed_since, fingerprint_of
from mmlab.core.errors import DataError, Unsupported
from mmlab.core.method import METHODS, Method
from mmlab.core.options import as_dict, build
from mmlab.core.storage_errors import storage_errors
from mmlab.core.task import TASKS, Source, Split, Task
from mmlab.core.training_plan import Plan
from mmlab.core.untrained import sentence, untrained
from mmlab.core.version import __version__
from mmlab.experiments.gap_card import gaps_of, has_other_gaps, is_there, set_aside_other_gaps
from mmlab.experiments.plan_search import search_plan
from mmlab.experiments.recorders.usual import usual
from mmlab.experiments.run_plan import default_plan as default_plan
from mmlab.experiments.run_plan import whole_plan
from mmlab.experiments.summary import summary as summary
from mmlab.inference import cached_features
from mmlab.inference.cached_features import any_cached
from mmlab.inference.device import device, label, one_thread
from mmlab.inference.sweep import sweep
from mmlab.networks.parts import resolved
from mmlab.storage import checkpoints, sweep_file
from mmlab.storage.atomic_files import remove_folder
from mmlab.storage.file_lock import held
from mmlab.storage.library import ALIVE, Library
from mmlab.training.loop import Progress, Trainer
from mmlab.training.missing_data import missing_shares, with_missing
from mmlab.training.process_group import ALONE, ProcessGroup
from mmlab.training.resume_state import STATE
from mmlab.training.selection import LAST, RULES


@dataclass(frozen=True)
class TrainJob:
    """One run: (task, method, options, plan, seed), and the folder name it gets in the library."""

    task: str
    method: str
    config: Mapping[str, Any] = field(default_factory=dict)
    plan: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    tag: str = ""

    @property
    def folder(self) -> str:
        """The tag, `seed<n>` unless another was given."""
        return self.tag or f"seed{self.seed}"


class TrainedElsewhere(DataError):
    """Another process trains this run."""


@contextmanager
def claim(job: TrainJob, library: Library, patience: float = 0.0) -> Iterator[None]:
    """Keep a run for this process. Raises TrainedElsewhere where another has it for `patience` seconds.

    The same lock tells the Train page that the run is being trained.
    """
    home = library.run_home(job.task, job.method, job.folder)
    with held(home / ALIVE, patience) as is_ours:
        if not is_ours:
            raise TrainedElsewhere(
                f"{job.task}/{job.method}/{job.folder} is being trained already, by another process.",
                "Wait for it, or give this run a name of its own (--tag).",
            )
        yield


def train(job: TrainJob, library: Library, claimed: bool = False, together: ProcessGroup = ALONE) -> Iterator[Progress]:
    """Train, yielding after each epoch; at the end the checkpoint, its report and its sweep are in the library.

    claimed: whether the caller has the run for itself already (`claim`). Teachers come from the library or are trained
    first. together: the processes that train this run, of which the first writes it. Raises UnknownName, DataError or
    Unsupported; TrainedElsewhere where another process trains this run.
    """
    with storage_errors(), nullcontext() if claimed else claim(job, library):
        yield from _train(job, library, together)


def _train(job: TrainJob, library: Library, together: ProcessGroup) -> Iterator[Progress]:
    one_thread()
    task, kind = TASKS[job.task](), METHODS[job.method]
    if reason := kind.unsupported_reason(task.info):
        raise Unsupported(reason, "Train another method.")
    set_aside(job, library)
    plan = plan_of(job, task)
    config = build(kind.Config, job.config)
    if plan.search:
        training, validation = (_samples(job, task, plan, split) for split in ("train", "valid"))
        plan = yield from search_plan(task, plan, job.seed, training, validation)
    teachers = yield from _teachers(kind, job, library)
    folder = library.folder(job.task, job.method, job.folder)
    torch.manual_seed(job.seed)
    training, validation = (_samples(job, task, plan, split) for split in ("train", "valid"))
    info, backbones = resolved(as_read(task.info, plan))
    if any_cached(info):
        training, validation = (
            cached_features.with_cached_features(each, info, device()) for each in (training, validation)
        )
    method = kind(info, config).to(device())
    trainer = Trainer(
        task=task,
        method=method,
        plan=plan,
        seed=job.seed,
        folder=folder,
        place=device(),
        teachers=teachers,
        training=training,
        validation=validation,
        recorders=usual(task, method, plan.epochs, validation, folder) if together.rank == 0 else (),
        together=together,
    )
    yield from trainer.epochs()
    if together.rank:
        return
    checkpoints.round_to_half(trainer.method)
    card = _card(job, task, trainer, config, backbones)
    digest = checkpoints.save(folder, trainer.method, card)
    evaluate(task, trainer.method, folder, digest, card)
    (folder / STATE).unlink(missing_ok=True)


def _samples(job: TrainJob, task: Task, plan: Plan, split: Split) -> Samples:
    """A split as the plan asks for it: from its source, with its gaps."""
    return with_missing(task.samples(split, _as_source(plan.source)), task.info, plan.missing, job.seed)


def untrained_inputs(job: TrainJob) -> str:
    """A sentence about the inputs that no training sample of a run has; empty where there are none."""
    task = TASKS[job.task]()
    plan = plan_of(job, task)
    samples = _samples(job, task, plan, "train")
    shares = missing_shares(samples.take(plan.samples) if plan.samples else samples, task.info.modalities)
    return sentence(untrained({"missing": shares}), task.info.modalities)


def plan_of(job: TrainJob, task: Task) -> Plan:
    """The whole plan of a run. Raises DataError for a value that does not fit."""
    return whole_plan(job.method, job.plan, task)


def _teachers(kind: type[Method], job: TrainJob, library: Library) -> Generator[Progress, None, dict[str, Method]]:
    """The methods that this one learns from, of the same seed: from the library, or trained now."""
    found = {}
    for name in kind.teachers:
        teacher = teacher_of(job, name)
        folder = library.folder(job.task, name, teacher.folder)
        with claim(teacher, library, patience=math.inf):
            if not is_there(folder, str(job.plan.get("missing", ""))) or is_stale(teacher, library):
                set_aside_other_gaps(folder, str(job.plan.get("missing", "")))
                yield from train(teacher, library, claimed=True)
        found[name] = checkpoints.load(folder, device()).method
    return found


def teacher_of(job: TrainJob, name: str) -> TrainJob:
    """The run of the method `name` that a run learns from: the ordinary one of that seed, or for an unusual plan one
    whose tag nobody takes for the ordinary one."""
    return TrainJob(job.task, name, {}, job.plan, job.seed, _teacher_tag(job))


def _teacher_tag(job: TrainJob) -> str:
    if not job.plan:
        return ""
    plan = json.dumps({name: str(value) for name, value in sorted(job.plan.items())})
    return f"teacher-{hashlib.sha256(plan.encode()).hexdigest()[:8]}-seed{job.seed}"


def run_train(job: TrainJob, root: str, patience: float = 0.0) -> str:
    """`train` to its end, for engines: names and numbers in, the folder of the run out.

    A run that another process has finished meanwhile is done. Raises TrainedElsewhere, see `claim`.
    """
    library = Library(Path(root))
    with storage_errors(), claim(job, library, patience):
        if not is_done(job, library) or is_outdated(job, library):
            set_aside_other_gaps(library.folder(job.task, job.method, job.folder), str(job.plan.get("missing", "")))
            for _ in train(job, library, claimed=True):
                pass
    return str(library.folder(job.task, job.method, job.folder))


def is_done(job: TrainJob, library: Library) -> bool:
    """Whether the run was trained and measured (its weights may be elsewhere), and no training of it is unfinished."""
    folder = library.folder(job.task, job.method, job.folder)
    return (folder / checkpoints.REPORT).is_file() and not (folder / STATE).is_file()


def is_stale(job: TrainJob, library: Library) -> bool:
    """Whether the run is there, trained on another version of the data than there is now."""
    folder = library.folder(job.task, job.method, job.folder)
    if not (folder / checkpoints.MODEL).is_file() or not (fingerprint := fingerprint_of(TASKS[job.task]())):
        return False
    return changed_since(checkpoints.read_card(folder), fingerprint)


def is_outdated(job: TrainJob, library: Library) -> bool:
    """Whether the run is there, trained on another version of the data or of its missing table than there is now."""
    folder = library.folder(job.task, job.method, job.folder)
    return is_stale(job, library) or has_other_gaps(folder, str(job.plan.get("missing", "")))


def set_aside(job: TrainJob, library: Library) -> str:
    """Give a run of an earlier version of the data a name of its own, and return it; nothing where there is none."""
    if not is_stale(job, library):
        return ""
    folder = library.folder(job.task, job.method, job.folder)
    version = checkpoints.read_card(folder)["data"]["contents"][:8]
    name = f"data-{version}-{job.folder}"
    kept = library.folder(job.task, job.method, name)
    remove_folder(kept)
    folder.rename(kept)
    return name


def evaluate(
    task: Task,
    method: Method,
    folder: Path,
    digest: str,
    card: Mapping[str, Any],
    on_progress: Callable[[float], None] | None = None,
) -> dict[str, Any]:
    """Measure on the built-in and, where there are, the real test recordings; write the report and the sweep."""
    report: dict[str, Any] = {
        "digest": digest,
        "headline": method.output.headline,
        "card": dict(card),
        "sources": {},
    }
    for source in (source for source in task.sources() if source != "both"):
        samples = cached_features.with_cached_features(task.samples("test", source), method.info, method.device)
        found = sweep(method, samples, digest=digest, on_progress=on_progress)
        report["sources"][source] = summary(found, method)
        if source == "built-in":
            sweep_file.write(folder, found, exact=not method.trained_here)
    checkpoints.write_json(folder / checkpoints.REPORT, report)
    return report


def clean(folder: Path) -> None:
    """Remove a run that is to be trained from the start."""
    remove_folder(folder)


def _card(
    job: TrainJob, task: Task, trainer: Trainer, config: Any, backbones: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    headline, rule = trainer.method.output.headline, trainer.plan.select
    return {
        "task": trainer.method.info.card(),
        "method": job.method,
        "config": as_dict(config),
        "plan": as_dict(trainer.plan),
        "seed": job.seed,
        "data": task.describe(),
        "missing": missing_shares(trainer.training, task.info.modalities),
        **gaps_of(trainer.plan.missing, METHODS[job.method].teachers),
        "parameters": sum(p.numel() for p in trainer.method.parameters()),
        **({"backbones": dict(backbones)} if backbones else {}),
        "best_epoch": trainer.state.best_epoch,
        "validation": round(trainer.validation_score(), 5),
        "selection": _selected(rule, headline),
        "training_seconds": round(trainer.seconds(), 1),
        "device": label(device()),
        "versions": {"mmlab": __version__, "torch": version("torch"), "python": platform.python_version()},
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _selected(rule: str, headline: str) -> str:
    """By what the epoch was chosen, in words."""
    if rule == "last":
        return LAST
    return f"the epoch with the best {headline} on validation, {RULES[rule]}"


def _as_source(name: str) -> Source:
    return {"built-in": "built-in", "real": "real"}.get(name, "both")  # type: ignore[return-value]
