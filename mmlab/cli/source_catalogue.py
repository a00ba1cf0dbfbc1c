"""The catalogue of tasks, methods and scores, read without importing them: from their source and from reports.

Importing a task or a method takes torch and seconds; `list` and scripts around it should answer at once.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any

from mmlab.cli.plugin_record import Registered, added_by_plugins
from mmlab.core.errors import CheckpointError, DataError
from mmlab.storage import report_file, safetensors_header
from mmlab.storage.library import Library
from mmlab.storage.measured import measured_folders
from mmlab.tasks.custom.folds import wanted
from mmlab.tasks.custom.locations import folders, glance

PACKAGE = Path(__file__).resolve().parent.parent
MODEL, REPORT = "model.safetensors", "report.json"
Runs = dict[str, dict[str, dict[str, Any]]]


@dataclass
class Catalogue:
    """Tasks and methods by name, the files and folders that cannot be read (`problems`), and plug-ins: what each adds
    (`plugins`), and which are `left_out`."""

    tasks: dict[str, Registered] = field(default_factory=dict)
    methods: dict[str, Registered] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    plugins: dict[str, tuple[str, ...]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


def catalogue(package: Path = PACKAGE) -> Catalogue:
    """Read the files under `tasks/` and `methods/`."""
    found = Catalogue()
    headlines = _headlines(package / "core" / "outputs")
    for folder, registry, items in (("tasks", "TASKS", found.tasks), ("methods", "METHODS", found.methods)):
        for file in sorted((package / folder).glob("*.py")):
            try:
                tree = ast.parse(file.read_text("utf-8"), str(file))
            except (SyntaxError, ValueError) as error:
                found.problems[f"{folder}/{file.name}"] = str(error)
                continue
            items |= {item.name: item for item in _registered(tree, registry, headlines)}
    _add_folders(found, headlines)
    _add_plugins(found)
    _add_measured(found)
    return found


def _add_plugins(found: Catalogue) -> None:
    """What plug-ins add: they are loaded once to see it, and remembered until one of their files changes."""
    added = added_by_plugins()
    found.tasks |= {item.name: item for item in added.tasks}
    found.methods |= {item.name: item for item in added.methods}
    found.plugins |= added.given
    found.left_out |= added.problems


def _add_measured(found: Catalogue) -> None:
    """The registered models that were measured (MMLAB_MODELS), from their reports: nothing of theirs is run."""
    for file in (file for root in measured_folders() for file in sorted(root.glob(f"*/*/*/{REPORT}"))):
        try:
            report = report_file.read(file.parent)
            task, method = report["card"]["task"], str(report["card"]["method"])
            names = tuple(str(item["name"]) for item in task["modalities"])
            item = Registered(str(task["name"]), _spoken(task["name"]), "", names, str(report["headline"]))
        except (CheckpointError, KeyError, TypeError) as error:
            found.problems[str(file)] = str(error)
            continue
        found.tasks.setdefault(item.name, item)
        found.methods.setdefault(method, Registered(method, _spoken(method), "A model that was registered."))


def _spoken(name: object) -> str:
    return str(name).replace("_", " ").capitalize()


def _add_folders(found: Catalogue, headlines: Mapping[str, str]) -> None:
    """The tasks in users' data folders (MMLAB_FOLDERS), from what their task.json says."""
    for folder in folders():
        try:
            seen = glance(folder)
        except DataError as error:
            found.problems[str(folder)] = str(error)
            continue
        headline = headlines.get(seen.kind.capitalize(), "")
        found.tasks[seen.name] = Registered(seen.name, seen.title, seen.about, seen.modalities, headline)
        for fold in wanted():
            name, title = fold.name_of(seen.name), fold.title_of(seen.title)
            found.tasks[name] = Registered(name, title, seen.about, seen.modalities, headline)


def runs(library: Library, task: str) -> Runs:
    """What is trained for a task: by method and tag, the report, or a `problem` in words.

    A run may have a report and no weights: it was trained elsewhere, and counts all the same.
    """
    found: Runs = {}
    folders = {file.parent for name in (MODEL, REPORT) for file in library.glob(f"{task}/*/*/{name}")}
    for folder in sorted(folder for folder in folders if not folder.name.startswith(".")):
        found.setdefault(folder.parent.name, {})[folder.name] = _report(folder)
    return found


def score(report: Mapping[str, Any], metric: str, source: str = "built-in") -> dict[str, float]:
    """The mean over all combinations and the value on complete input, where the report has them."""
    try:
        measured = report["sources"][source]
        complete = max(measured["metrics"], key=lambda key: key.count("-"))
        return {"mean": float(measured["mean"][metric]), "complete": float(measured["metrics"][complete][metric])}
    except (KeyError, TypeError, ValueError, AttributeError):
        return {}


def average(scores: list[dict[str, float]], name: str) -> float | None:
    """The mean of one figure over runs, None where no run has it."""
    values = [each[name] for each in scores if name in each and math.isfinite(each[name])]
    return fmean(values) if values else None


def _report(folder: Path) -> dict[str, Any]:
    if (folder / MODEL).exists() and not _is_ours(folder / MODEL):
        return {"problem": "damaged"}
    if not (folder / REPORT).is_file():
        return {"problem": "not evaluated"}
    try:
        return report_file.read(folder)
    except CheckpointError as error:
        return {"problem": error.message}


def _is_ours(file: Path) -> bool:
    """Whether the header can be read and holds a card. The weights are not touched."""
    try:
        return "mmlab" in safetensors_header.read(file).metadata
    except CheckpointError:
        return False


def _registered(tree: ast.Module, registry: str, headlines: Mapping[str, str]) -> Iterator[Registered]:
    for node in tree.body:
        name = _registered_name(node, registry)
        if name and isinstance(node, ast.ClassDef):
            texts = dict(_literals(node))
            outputs = [headlines[call] for call, _ in _calls(tree) if call in headlines]
            yield Registered(
                name=name,
                title=str(texts.get("title", name)),
                about=str(texts.get("about", "")),
                modalities=tuple(first for call, first in _calls(tree) if call == "Modality"),
                headline=next(iter(outputs), ""),
            )


def _registered_name(node: ast.stmt, registry: str) -> str:
    """`x` for a class under `@REGISTRY.register("x")`, nothing for anything else."""
    for decorator in node.decorator_list if isinstance(node, ast.ClassDef) else ():
        match decorator:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id=owner), attr="register"), args=[ast.Constant(value=str(name))]
            ) if owner == registry:
                return name
    return ""


def _literals(node: ast.ClassDef) -> Iterator[tuple[str, Any]]:
    """The names in a class's body that are given a plain value."""
    for line in node.body:
        match line:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=value)):
                yield name, value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=value)):
                yield name, value


def _calls(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Calls of plain names in the order of the file, with their first argument where it is a text."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    for node in sorted(calls, key=lambda call: (call.lineno, call.col_offset)):
        match node:
            case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=str(first)), *_]):
                yield name, first
            case ast.Call(func=ast.Name(id=name)):
                yield name, ""


def _headlines(outputs: Path) -> dict[str, str]:
    """By kind of output, its headline."""
    found = {}
    classes = (node for file in sorted(outputs.glob("*.py")) for node in ast.parse(file.read_text("utf-8")).body)
    for node in classes:
        for part in node.body if isinstance(node, ast.ClassDef) else ():
            match part:
                case ast.AnnAssign(target=ast.Name(id="headline"), value=ast.Constant(value=first)):
                    found[node.name] = str(first)  # type: ignore[attr-defined]
    return found
