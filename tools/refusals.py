"""The sentences of errors that a page can show, as they are raised: with a place for everything that is filled in.

An error says English, wherever it is raised, for logs, the command line and other processes; the screen finds the
sentence behind what was filled in (`mmlab/ui/text/refusals.py`). `tools/phrases.py` writes them into `refusals.toml`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ERRORS = (
    *("MmlabError", "UnknownName", "NothingPresent", "TaskMismatch"),
    *("CheckpointError", "DataError", "StorageError", "Unsupported"),
)
ROOMS = (  # whose errors a page can show; the others speak on the command line and in notebooks
    *("core", "modalities", "inference", "storage", "analysis", "lessons", "training", "methods", "ui"),
    *("tasks/custom/locations.py", "tasks/custom_folder.py", "tasks/generators/sample_packs.py"),
    *("experiments/background", "experiments/comparison_tables.py", "experiments/model_archive.py"),
    *("experiments/control/policy.py", "experiments/train_job.py", "experiments/run_plan.py"),
)
SAYING = {"shown_name": (1, 2), "Registry": (0, 1)}  # what a file without a name is called; a kind of thing: arguments
DEEPEST = 4  # names of names
FEWEST = 4  # letters of a sentence beside its places
PLACE = re.compile(r"{\w+}")


def sentences() -> Iterator[str]:
    """Every sentence once, in the order of the files: `{name} has {count} columns.`; what says the same around its
    places is one, and what has hardly a word of its own is none."""
    found: dict[str, str] = {}
    for room in ROOMS:
        place = ROOT / "mmlab" / room
        for file in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            for sentence in _of(file):
                found.setdefault(PLACE.sub("{}", sentence), sentence)
    for around, sentence in found.items():
        if sum(map(str.isalpha, around)) >= FEWEST:
            yield sentence


def _of(file: Path) -> Iterator[str]:
    for node in ast.walk(_tree(file)):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func).rpartition(".")[2]
            about = node.args[slice(*SAYING.get(called, (0, 2 if called in ERRORS else 0)))]
            for argument in about:
                yield from filter(None, _resolved(argument, file))
    for node in _tree(file).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id.isupper():
            yield from (text for text in _resolved(node.value, file) if text.endswith(".") and " " in text)


def _resolved(node: ast.expr, file: Path, depth: int = 0) -> Iterator[str]:
    """The sentences that an expression can be, as far as they stand in the source."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield _escaped(node.value)
    elif isinstance(node, ast.JoinedStr):
        yield _template(node)
        for value in node.values:
            if isinstance(value, ast.FormattedValue) and not isinstance(value.value, ast.Constant):
                yield from (text for text in _resolved(value.value, file, depth + 1) if " " in text)
    elif isinstance(node, ast.IfExp):
        yield from (*_resolved(node.body, file, depth), *_resolved(node.orelse, file, depth))
    elif isinstance(node, ast.Starred):
        yield from _resolved(node.value, file, depth)
    elif isinstance(node, ast.Tuple):
        for each in node.elts:
            yield from _resolved(each, file, depth)
    elif isinstance(node, ast.Name) and depth < DEEPEST:
        yield from _named(node.id, file, depth)


def _named(name: str, file: Path, depth: int) -> Iterator[str]:
    """What a name is given in its file, or in the file that it is imported from."""
    for node in ast.walk(_tree(file)):
        if isinstance(node, ast.Assign):
            if any(isinstance(target, ast.Name) and target.id == name for target in node.targets):
                yield from _resolved(node.value, file, depth + 1)
        elif isinstance(node, ast.ImportFrom) and node.module:
            source = ROOT / f"{node.module.replace('.', '/')}.py"
            for alias in node.names:
                if (alias.asname or alias.name) == name and source.is_file():
                    yield from _named(alias.name, source, depth + 1)


def _template(node: ast.JoinedStr) -> str:
    """The sentence with a named place for each value; a name that comes twice is numbered."""
    text, seen = "", dict[str, int]()
    for value in node.values:
        if isinstance(value, ast.Constant):
            text += _escaped(str(value.value))
        elif isinstance(value, ast.FormattedValue):
            name = _place(value.value)
            seen[name] = seen.get(name, 0) + 1
            text += f"{{{name}{seen[name] if seen[name] > 1 else ''}}}"
    return text


def _place(node: ast.expr) -> str:
    """A name for the place of a value: the last word of what is filled in."""
    while True:
        if isinstance(node, ast.Name):
            return node.id.strip("_").lower()
        if isinstance(node, ast.Attribute):
            if node.attr not in ("name", "label", "title"):
                return node.attr.strip("_").lower()
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.args[0] if node.args else node.func
        elif isinstance(node, ast.Subscript):
            node = node.value
        else:
            return "value"


def _escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


@cache
def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"))
