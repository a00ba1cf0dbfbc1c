"""`list`: the tasks and methods there are, and what is trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmlab.cli.common_options import Checkpoints, Json, settle
from mmlab.cli.console import emit, number, say, table, whisper
from mmlab.cli.source_catalogue import Registered, average, catalogue, runs, score
from mmlab.storage.library import SEED_FOLDER, Library


def command(json: Json = False, checkpoints: Checkpoints = None) -> None:
    """List the tasks, the methods, and the scores of trained models."""
    library = settle(checkpoints=checkpoints)
    found = catalogue()
    tasks = [_task(task, library) for task in found.tasks.values()]
    methods = [{"name": m.name, "title": m.title, "about": m.about} for m in found.methods.values()]
    for file, problem in found.problems.items():
        whisper(f"{Path('mmlab') / file} cannot be read: {problem}")
    for plugin, problem in found.left_out.items():
        whisper(f"The plug-in {plugin} is left out. {problem}")
    if json:
        problems = {**found.problems, **found.left_out}
        emit({"tasks": tasks, "methods": methods, "plugins": found.plugins, "problems": problems})
        return
    table("Methods", ("name", "title"), [(m["name"], m["title"]) for m in methods], left=2)
    if found.plugins:
        say()
        table("Plug-ins", ("plug-in", "adds"), [(n, ", ".join(added)) for n, added in found.plugins.items()], left=2)
    for task in tasks:
        say()
        _show(task)


def _task(task: Registered, library: Library) -> dict[str, Any]:
    trained = runs(library, task.name)
    return {
        "name": task.name,
        "title": task.title,
        "about": task.about,
        "modalities": list(task.modalities),
        "headline": task.headline,
        "methods": {method: _method(tags, task.headline) for method, tags in trained.items()},
    }


def _method(tags: dict[str, dict[str, Any]], metric: str) -> dict[str, Any]:
    """The scores of a method: averaged over its seeds (over all runs without one), and of each run or its problem."""
    each = {tag: {"problem": run["problem"]} if "problem" in run else score(run, metric) for tag, run in tags.items()}
    whole = {tag: run for tag, run in each.items() if "problem" not in run}
    sound = [run for tag, run in whole.items() if SEED_FOLDER.fullmatch(tag)] or list(whole.values())
    return {"mean": average(sound, "mean"), "complete": average(sound, "complete"), "runs": each}


def _show(task: dict[str, Any]) -> None:
    say(f"{task['name']}: {task['title']} ({', '.join(task['modalities'])})")
    rows = [
        (name, number(found["mean"]), number(found["complete"]), _runs(found["runs"]))
        for name, found in task["methods"].items()
    ]
    if rows:
        metric = task["headline"]
        table("", ("method", f"{metric}, mean of all combinations", "complete input", "runs"), rows)
    else:
        say(f"  nothing trained yet; try: python -m mmlab train --task {task['name']} --method dmrnet")


def _runs(found: dict[str, Any]) -> str:
    """The seeds by name, what is wrong with which, and how many runs there are of other settings."""
    named = {tag: f"{tag} ({run['problem']})" if "problem" in run else tag for tag, run in found.items()}
    shown = [text for tag, text in named.items() if SEED_FOLDER.fullmatch(tag) or "problem" in found[tag]]
    others = len(named) - len(shown)
    if not shown:
        return ", ".join(named.values())
    return ", ".join(shown) + (f", {others} of other settings" if others else "")
