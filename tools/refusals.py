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
PACKAGE = ROOT / "mmlab"
ERRORS = (
    *("MmlabError", "UnknownName", "NothingPresent", "TaskMismatch"),
    *("CheckpointError", "DataError", "StorageError", "Unsupported"),
)
ROOMS = (  # whose errors a page can show, and those of all that they import; the others speak on the command line
    *("core", "modalities", "inference", "storage", "analysis", "lessons", "training", "methods", "ui"),
    *("experiments/background", "tasks/benchmarks"),
)
TASKS = "tasks/*.py"
JOINING = ("join", "strip", "rstrip")  # methods of text that leave its words
COLLECTED = ("error", "warn")  # methods of what collects the problems of a folder
SAYING = {"shown_name": (1, 2), "Registry": (0, 1)}  # what a file without a name is called; a kind of thing: arguments
DEEPEST = 4  # names of names
FEWEST = 4  # letters of a sentence beside its places
PLACE = re.compile(r"{\w+}")


def sentences() -> Iterator[str]:
    """Every sentence once, in the order of the files: `{name} has {count} columns.`; what says the same around its
    places is one, and what has hardly a word of its own is none."""
    found: dict[str, str] = {}
    for file in sorted(files()):
        for sentence in _of(file):
            found.setdefault(PLACE.sub("{}", sentence), sentence)
    for around, sentence in found.items():
        if sum(map(str.isalpha, around)) >= FEWEST:
            yield sentence


@cache
def files() -> frozenset[Path]:
    """The source files of the app: its pages, what they find in registries, and whatever these import."""
    waiting = [file for room in ROOMS for file in (PACKAGE / room).rglob("*.py")] + [*PACKAGE.glob(TASKS)]
    found = set[Path]()
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            waiting += _imported(file)
    return frozenset(found)


def _imported(file: Path) -> Iterator[Path]:
    for node in ast.walk(_tree(file)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == PACKAGE.name:
            for name in (node.module, *(f"{node.module}.{alias.name}" for alias in node.names)):
                place = ROOT / f"{str(name).replace('.', '/')}.py"
                yield from (place,) if place.is_file() else ()


def _of(file: Path) -> Iterator[str]:
    for node in ast.walk(_tree(file)):
        if isinstance(node, ast.Call):
            for argument in node.args[_about(node)]:
                yield from filter(None, _resolved(argument, file))
    for node in _tree(file).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id.isupper():
            yield from (text for text in _resolved(node.value, file) if text.endswith(".") and " " in text)


def _about(call: ast.Call) -> slice:
    """Which arguments of a call are sentences."""
    whose, _, called = ast.unparse(call.func).rpartition(".")
    if called in COLLECTED:
        return slice(0, 2 if whose.endswith("problems") else 0)
    return slice(*SAYING.get(called, (0, 2 if called in ERRORS else 0)))


def _resolved(node: ast.expr, file: Path, depth: int = 0) -> Iterator[str]:
    """The sentences that an expression can be, as far as they stand in the source."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield _escaped(node.value)
    elif isinstance(node, ast.JoinedStr):
        yield _template(node)
        for value in node.values:
            if isinstance(value, ast.FormattedValue) and not isinstance(value.value, ast.Constant):
                yield from (text for text in _resolved(value.value, file, depth + 1) if " " in text)
    elif isinstance(node, ast.IfExp | ast.Starred | ast.Tuple | ast.List):
        for each in ast.iter_child_nodes(node):
            if isinstance(each, ast.expr) and each is not getattr(node, "test", None):
                yield from _resolved(each, file, depth)
    elif isinstance(node, ast.Name) and depth < DEEPEST:
        yield from _named(node.id, file, depth)
    elif isinstance(node, ast.Call) and depth < DEEPEST:
        yield from (text for text in _made(node, file, depth + 1) if " " in text)


def _made(call: ast.Call, file: Path, depth: int) -> Iterator[str]:
    """What a function of the same file answers, or what a method of text is given."""
    if isinstance(call.func, ast.Attribute) and call.func.attr in JOINING:
        for each in (call.func.value, *call.args):
            yield from _resolved(each, file, depth)
    elif isinstance(call.func, ast.Name) and call.func.id == "filter":
        yield from _resolved(call.args[-1], file, depth)
    elif isinstance(call.func, ast.Name):
        for node in ast.walk(_tree(file)):
            if isinstance(node, ast.FunctionDef) and node.name == call.func.id:
                answers = (each.value for each in ast.walk(node) if isinstance(each, ast.Return))
                for answer in filter(None, answers):
                    yield from _resolved(answer, file, depth)


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
