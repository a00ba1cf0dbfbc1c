"""`train`: train a method on a task, with one or several seeds; resumes interrupted runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmlab.cli.common_options import (
    Checkpoints,
    Data,
    Device,
    FoldCount,
    FoldsBy,
    Json,
    MethodName,
    TaskName,
    fold_tasks,
    opened,
    pairs,
    settings,
    settle,
)
from mmlab.cli.console import STOPPED, Bar, bar, emit, number, say, table, whisper
from mmlab.cli.run_logs import Logs, follow
from mmlab.cli.spread import Devices, Spread, Strategy
from mmlab.core.backbone import merged
from mmlab.core.errors import DataError, MmlabError, UnknownName, Unsupported
from mmlab.storage.library import Library

if TYPE_CHECKING:
    from mmlab.core.declarations import Setting
    from mmlab.core.method import Method
    from mmlab.core.task import Task
    from mmlab.experiments.train_job import TrainJob
    from mmlab.experiments.training_logs.followed_run import TrainingLog
    from mmlab.training.loop import Progress

Seeds = Annotated[int, typer.Option(min=1, help="Number of seeds to train, one after another.")]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="An option of the method (--options lists them), or an encoder: image.encoder=timm:resnet18.",
    ),
]
Preset = Annotated[str, typer.Option(help="A preset of the method, such as paper; --set and --plan override it.")]
LOGS = Path("logs")
LogKinds = Annotated[
    list[str] | None,
    typer.Option(
        "--log",
        metavar="KIND",
        help="Also log to csv, tensorboard, mlflow, wandb or profile (a trace of an epoch); can be repeated.",
    ),
]
LogFolder = Annotated[Path, typer.Option(metavar="FOLDER", help="Folder of the logs: FOLDER/<task>/<method>/<run>.")]


def command(
    task: TaskName,
    method: MethodName,
    seed: Annotated[int, typer.Option(min=0, help="The seed, or the first of several.")] = 0,
    seeds: Seeds = 1,
    set_: Settings = None,
    plan: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="A training setting, such as epochs=20; --options lists them."),
    ] = None,
    preset: Preset = "",
    folds: FoldCount = 0,
    by: FoldsBy = "group",
    tag: Annotated[
        str, typer.Option(help="Name of the run in the library; seed<n> by default, <preset>-seed<n> with one.")
    ] = "",
    restart: Annotated[bool, typer.Option("--restart", help="Discard existing progress and start again.")] = False,
    log: LogKinds = None,
    log_folder: LogFolder = LOGS,
    options: Annotated[bool, typer.Option("--options", help="List all options; train nothing.")] = False,
    json: Json = False,
    data: Data = None,
    device: Device = "",
    devices: Devices = 1,
    strategy: Strategy = "ddp",
    checkpoints: Checkpoints = None,
) -> None:
    """Train a method on a task and save the model in the library. An interrupted run is resumed."""
    data = opened(task, data)
    library = settle(data, device, checkpoints)
    with bar("Starting", None):
        from mmlab.core.method import METHODS
        from mmlab.core.task import TASKS
        from mmlab.experiments.train_job import default_plan

        tasks = fold_tasks(task, folds, by)
        built, kind = TASKS[tasks[0]](), METHODS[method]
    _fitting(kind, built, data)
    if options:
        _show_options(kind, default_plan(built, kind), json)
        return
    config, encoders = settings(set_ or [])
    planned: dict[str, Any] = dict(pairs(plan or [], "--plan"))
    if preset:
        chosen = _preset(kind, preset)
        config, planned = {**chosen.config, **config}, {**chosen.plan, **planned}
        tag = tag or (f"{preset}-seed{seed}" if seeds == 1 else preset)
        whisper(chosen.about)
    if encoders:
        planned["encoders"] = merged(str(planned.get("encoders", "")), encoders)
    _check(kind, built, config, planned)  # a bad option must not cost a run that --restart removes
    jobs = [job for each in tasks for job in _jobs(each, method, config, planned, (seed, seeds), tag)]
    spread, logs = Spread(devices, strategy), Logs(tuple(log or ()), log_folder)
    finished = [_train(job, library, restart, logs, spread) for job in jobs]
    if json:
        emit({"runs": finished})
        return
    rows = [(run["name"], number(run["mean"]), f"{run['parameters']:,}", run["best_epoch"]) for run in finished]
    table("", ("run", f"{finished[0]['headline']}, mean", "parameters", "best epoch"), _words(rows))


def _fitting(kind: type[Method], task: Task, data: Path | None) -> None:
    """Raise MmlabError for a folder that holds no recordings of the task, or a method that cannot do it."""
    if data is not None and "real" not in task.sources():
        raise DataError(
            f"'{data}' does not hold the recordings of {task.name}.", "README.md says which files it needs."
        )
    if reason := kind.unsupported_reason(task.info):
        raise Unsupported(reason, "Train another method.")


def _check(kind: type[Method], task: Task, config: Mapping[str, Any], plan: Mapping[str, Any]) -> None:
    """Raise MmlabError for an option that there is not, or that does not fit."""
    from mmlab.core.backbone_families import as_read
    from mmlab.core.options import build
    from mmlab.core.training_plan import Plan

    build(kind.Config, config)
    as_read(task.info, build(Plan, plan))


def _jobs(
    task: str,
    method: str,
    config: Mapping[str, Any],
    plan: Mapping[str, Any],
    seeds: tuple[int, int],
    tag: str,
) -> list[TrainJob]:
    from mmlab.experiments.train_job import TrainJob

    first, count = seeds
    numbers = range(first, first + count)
    tags = [tag if count == 1 or not tag else f"{tag}-seed{number}" for number in numbers]
    return [TrainJob(task, method, config, plan, n, t) for n, t in zip(numbers, tags, strict=True)]


def _train(job: TrainJob, library: Library, restart: bool, logs: Logs, spread: Spread) -> dict[str, Any]:
    """One run, or what is there already; what the command reports about it."""
    from mmlab.experiments import train_job as jobs

    with jobs.claim(job, library), logs.of(job) as opened:
        return _train_alone(job, library, restart, opened, spread)


def _train_alone(
    job: TrainJob, library: Library, restart: bool, logs: list[TrainingLog], spread: Spread
) -> dict[str, Any]:
    from mmlab.experiments import train_job as jobs

    folder = library.folder(job.task, job.method, job.folder)
    name = f"{job.task}/{job.method}/{job.folder}"
    if restart:
        jobs.clean(folder)
    if kept := jobs.set_aside(job, library):
        whisper(f"The data has changed since {name} was trained. That model is kept as {kept}.")
    if _is_done(job, library):
        _check_same(job, folder, name)
        whisper(f"{name} is trained already; --restart trains it again.")
    else:
        with bar("Reading the training set", None):
            told = jobs.untrained_inputs(job)
        if told:
            whisper(told)
        with bar(name, None) as shown:
            _run(job, library, name, shown, logs, spread)
    for log in logs:
        follow(log, folder)
    return _report(folder, name)


def _run(job: TrainJob, library: Library, name: str, shown: Bar, logs: list[TrainingLog], spread: Spread) -> None:

    last = None
    try:
        for progress in spread.train(job, library):
            if last is None or progress.epoch <= last.epoch:  # a teacher's epochs come before the method's own
                shown.start(name, progress.epochs)
            _show(progress, name, shown)
            for log in logs:
                follow(log, library.folder(job.task, job.method, job.folder))
            last = progress
    except KeyboardInterrupt:
        done = f"after epoch {last.epoch + 1} of {last.epochs}" if last else "before an epoch was over"
        whisper(f"Stopped {done}. The same command resumes from there; --restart starts again.")
        raise typer.Exit(STOPPED) from None


def _show(progress: Progress, name: str, shown: Bar) -> None:
    losses = "  ".join(f"{term} {value:.3f}" for term, value in progress.losses.items())
    notes = f"epoch {progress.epoch + 1}/{progress.epochs}  {losses}  validation {progress.mean:.3f}"
    shown.move(progress.epoch + 1, notes)
    shown.note(f"{name}  {notes}  {progress.seconds:.1f} s")


def _is_done(job: TrainJob, library: Library) -> bool:
    """Whether a run is finished and its weights are here."""
    from mmlab.experiments.train_job import is_done
    from mmlab.storage.checkpoints import MODEL

    folder = library.folder(job.task, job.method, job.folder)
    return is_done(job, library) and (folder / MODEL).is_file()


def _check_same(job: TrainJob, folder: Path, name: str) -> None:
    """Raise MmlabError where the finished run had other options than are asked for now."""
    from mmlab.core.method import METHODS
    from mmlab.core.options import as_dict, build
    from mmlab.core.training_plan import Plan
    from mmlab.experiments.gap_card import has_other_gaps
    from mmlab.storage.checkpoints import config_of, read_card

    card = read_card(folder)
    config = as_dict(build(METHODS[job.method].Config, job.config))
    plan = {name: as_dict(build(Plan, job.plan))[name] for name in job.plan if name != "search"}
    had = {**config_of(card), **{name: card["plan"].get(name) for name in plan}, "seed": card["seed"]}
    wanted = {**config, **plan, "seed": job.seed}
    other = sorted(key for key in wanted if wanted[key] != had.get(key))
    if has_other_gaps(folder, str(job.plan.get("missing", ""))):
        other = [*other, "missing (the table is another one now)"]
    if other:
        raise MmlabError(
            f"{name} was trained with other values of {', '.join(other)}.",
            "Give this run a name of its own with --tag, or replace it with --restart.",
        )


def _report(folder: Path, name: str) -> dict[str, Any]:
    from mmlab.storage import report_file
    from mmlab.storage.checkpoints import read_card

    card, report = read_card(folder), report_file.read(folder)
    return {
        "name": name,
        "headline": report["headline"],
        "mean": report["sources"]["built-in"]["mean"][report["headline"]],
        "sources": report["sources"],
        "seed": card["seed"],
        "best_epoch": card["best_epoch"],
        "parameters": card["parameters"],
        "training_seconds": card["training_seconds"],
    }


def _preset(kind: type[Method], name: str) -> Setting:
    """The settings of a method under a name. Raises UnknownName."""
    found = {each.name: each for each in kind.presets}
    if name not in found:
        raise UnknownName(f"{kind.title} has no preset '{name}'.", f"There are: {', '.join(found) or 'none'}.")
    return found[name]


def _show_options(kind: type[Method], defaults: Mapping[str, Any], json: bool) -> None:
    from mmlab.core.options import describe
    from mmlab.core.training_plan import Plan

    groups = {"set": describe(kind.Config), "plan": describe(Plan)}
    values = {"set": {}, "plan": defaults}
    found = {
        group: [
            {"name": item.name, "default": values[group].get(item.name, item.default), "help": item.help}
            | {"symbol": item.symbol, "low": item.low, "high": item.high, "choices": item.choices}
            for item in items
        ]
        for group, items in groups.items()
    }
    if json:
        emit({**found, "presets": [vars(each) for each in kind.presets]})
        return
    for group, items in found.items():
        columns = ("name", "symbol", "default", "help")
        rows = [tuple(str(item[name]) for name in columns) for item in items]
        if rows:
            table(f"--{group}", ("name", "symbol", "default", "what it is"), rows, left=4)
            say()
    if kind.presets:
        shown = [(each.name, _pairs(each), each.about) for each in kind.presets]
        table("--preset", ("name", "what it sets", "what it is"), shown, left=3)
        say()


def _pairs(setting: Setting) -> str:
    return ", ".join(f"{name}={value}" for name, value in {**setting.config, **setting.plan}.items())


def _words(rows: list[tuple[Any, ...]]) -> list[tuple[str, ...]]:
    return [tuple(str(cell) for cell in row) for row in rows]
