"""How `mmlab/` is built: who imports whom, read from the source with `ast`, and drawn as docs/architecture.svg.

python tools/architecture.py            draws the picture and prints every arrow with its number of imports
python tools/architecture.py --check    draws nothing; exit code 1 if an import points upwards, if imports form a
                                        circle, if a folder has no floor, or if the picture is out of date

`FLOORS` is the one place that says what stands on what; `tests/test_layers.py` holds the code to it.
"""

from __future__ import annotations

import argparse
import ast
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
PICTURE = Path("docs") / "architecture.svg"

# For each folder of the package the folders in it, floor by floor from the ground up. Those on one floor do not know
# each other. `*` is every folder that is not named: one that is found because it is there. At the top, files count
# too: `__init__` holds the public names; `app` stands beside the package.
FLOORS: Mapping[str, tuple[str, ...]] = {
    "": (
        "core",
        "losses metrics storage viz",
        "networks",
        "modalities",
        "methods tasks inference",
        "training analysis",
        "experiments",
        "foreign lessons",
        "ui cli notebook",
        "testing",
        "app __init__ __main__",
        "examples",
    ),
    "analysis": ("base", "embedding attribution", "robustness dominance", "methods"),
    "analysis/attribution": ("explainers",),
    "analysis/dominance": ("measures",),
    "cli": ("commands",),
    "core": ("outputs",),
    "experiments": ("recorders", "background", "control", "training_logs"),
    "foreign": ("doctor",),
    "lessons": ("facts",),
    "modalities": ("image series", "scan frames", "*"),
    "networks": ("backbones",),
    "tasks": ("generators", "custom", "official", "benchmarks"),
    "tasks/generators": ("*", "opinion"),
    "ui": ("text", "session", "components", "inputs", "bar", "pages"),
    "ui/pages": ("*", "dominance predict", "sandbox"),
    "ui/pages/methods": ("evidence",),
    "viz": ("base", "inputs", "*", "robustness dominance"),
}


@dataclass(frozen=True)
class Import:
    """One module that imports another, by dotted names, and where."""

    importer: str
    imported: str
    place: str

    def __str__(self) -> str:
        return f"{self.place} imports {self.imported}"


@dataclass(frozen=True)
class Code:
    """The modules of the package and of the app beside it, and all imports between them, late or for types too."""

    modules: frozenset[str]
    folders: frozenset[str]
    imports: tuple[Import, ...]

    def between(self, folder: str = "") -> dict[tuple[str, str], list[Import]]:
        """The imports between the direct children of a folder, by (importer, imported)."""
        found: dict[tuple[str, str], list[Import]] = {}
        for item in self.imports:
            pair = child(item.importer, folder), child(item.imported, folder)
            if "" not in pair and pair[0] != pair[1]:
                found.setdefault(pair, []).append(item)
        return found


def child(module: str, folder: str) -> str:
    """The child of `folder` (`analysis`; nothing for the top) that a module is in; nothing if it is elsewhere."""
    names = module.split(".")
    inside = ["mmlab", *folder.split("/")] if folder else ["mmlab"]
    if names[0] != "mmlab":
        return "" if folder else names[0]
    if names[: len(inside)] != inside:
        return ""
    return names[len(inside)] if len(names) > len(inside) else "__init__"


@cache
def read(root: Path = ROOT) -> Code:
    """Parse every source file below `root`."""
    files = sorted([*(root / "mmlab").rglob("*.py"), *root.glob("app.py")])
    named = {_name(path.relative_to(root)): path for path in files}
    imports: dict[tuple[str, str], Import] = {}
    for module, path in named.items():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            for imported in _targets(node, module, path.name == "__init__.py"):
                target = imported if imported in named else imported.rpartition(".")[0]
                if target in named and target != module:
                    place = f"{path.relative_to(root).as_posix()}:{getattr(node, 'lineno', 0)}"
                    imports.setdefault((module, target), Import(module, target, place))
    folders = {path.parent.relative_to(root / "mmlab").as_posix() for path in files if "mmlab" in path.parts}
    return Code(frozenset(named), frozenset(folders - {"."}), tuple(imports.values()))


def _name(path: Path) -> str:
    names = path.with_suffix("").parts
    return ".".join(names[:-1] if names[-1] == "__init__" else names)


def _targets(node: ast.AST, module: str, is_package: bool) -> Iterator[str]:
    """What an import statement may mean: a module, or a name in one."""
    if isinstance(node, ast.Import):
        yield from (item.name for item in node.names)
    elif isinstance(node, ast.ImportFrom):
        above = module.split(".")[: -(node.level - is_package) or None] if node.level else []
        yield from (".".join([*above, *filter(None, [node.module]), item.name]) for item in node.names)


def floor(folder: str, name: str) -> int | None:
    """The floor of a child of a folder, counted from 0; None for what is not named."""
    floors = [level.split() for level in FLOORS.get(folder, ())]
    named = [height for height, level in enumerate(floors) if name in level]
    others = [height for height, level in enumerate(floors) if "*" in level]
    return next(iter(named or others), None)


def without_floor(code: Code) -> list[str]:
    """Folders, and files at the top, that `FLOORS` does not name; and what it names that is not there."""
    missing = [f"mmlab/{folder} has no floor" for folder in sorted(code.folders) if floor(*_split(folder)) is None]
    loose = {child(module, "") for module in code.modules} - {folder.split("/")[0] for folder in code.folders}
    missing += [f"{name} has no floor" for name in sorted(loose) if floor("", name) is None]
    for folder, floors in FLOORS.items():
        there = {name for name in (child(module, folder) for module in code.modules) if name}
        missing += [f"{folder}/{name} is not there" for name in " ".join(floors).split() if name not in {*there, "*"}]
    return missing


def _split(folder: str) -> tuple[str, str]:
    parent, _, name = folder.rpartition("/")
    return parent, name


def upward(code: Code, folder: str = "") -> dict[tuple[str, str], list[Import]]:
    """Imports between the folders in a folder (at the top: and files) that do not point to a lower floor."""
    found = {}
    for (above, below), items in code.between(folder).items():
        high, low = floor(folder, above), floor(folder, below)
        rooms = not folder or {f"{folder}/{above}", f"{folder}/{below}"} <= code.folders
        if rooms and high is not None and low is not None and high <= low:
            found[above, below] = items
    return found


def circles(code: Code) -> list[str]:
    """The shortest circle through each knot of imports: of modules, and of folders with what stands beside them."""
    found = [f"modules: {circle}" for circle in _knots((item.importer, item.imported) for item in code.imports)]
    for folder in sorted({"", *(_split(name)[0] for name in code.folders)}):
        found += [f"folders of mmlab/{folder}: {circle}" for circle in _knots(code.between(folder))]
    return found


def _knots(pairs: Iterable[tuple[str, str]]) -> list[str]:
    onwards: dict[str, list[str]] = {}
    for importer, imported in sorted(pairs):
        onwards.setdefault(importer, []).append(imported)
    found, seen = [], set[str]()
    for start in onwards:
        path = _way_back(start, onwards)
        if path and not seen.intersection(path):
            found.append(" → ".join(path))
        seen.update(path)
    return found


def _way_back(start: str, onwards: Mapping[str, list[str]]) -> list[str]:
    """The shortest way from a node to itself; nothing if there is none."""
    came: dict[str, str] = {}
    waiting = deque([start])
    while waiting:
        here = waiting.popleft()
        for there in onwards.get(here, ()):
            if there == start:
                path = [start]
                while here != start:
                    path.append(here)
                    here = came[here]
                return [start, *reversed(path[1:]), start]
            if there not in came:
                came[there] = here
                waiting.append(there)
    return []


def faults(code: Code) -> list[str]:
    """All that is wrong, one sentence each."""
    wrong = without_floor(code)
    for folder in FLOORS:
        for (above, below), items in sorted(upward(code, folder).items()):
            wrong += [f"{above} must not know {below}: {item}" for item in items]
    return wrong + [f"a circle of {circle}" for circle in circles(code)]


def main() -> int:
    """Draw, or check; print what was found. Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="draw nothing, and exit with 1 if anything is wrong")
    parser.add_argument("--root", type=Path, default=ROOT, help="another checkout")
    options = parser.parse_args()
    from tools.architecture_svg import draw

    code = read(options.root)
    wrong, picture = faults(code), draw(code)
    path = options.root / PICTURE
    if not options.check:
        path.write_text(picture, "utf-8")
        for (above, below), items in sorted(code.between().items()):
            print(f"{above:>12} → {below:<12} {len(items):4}")
    elif not path.is_file() or path.read_text("utf-8") != picture:
        wrong.append(f"{PICTURE.as_posix()} is not up to date: python tools/architecture.py draws it")
    print("\n".join(wrong) or "No import points upwards, and none form a circle.")
    return 1 if wrong and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
