"""The shape of the code, read with `ast`: who may import whom, where heavy packages stay, how long things get."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tools.architecture import FLOORS, circles, read, upward, without_floor

ROOT = Path(__file__).resolve().parent.parent
FOR_FIGURES = {
    "diagram",
    "csv_file",
    "drawing",
    "modality_kinds",
    "results",
    "recordings",
    "modality",
    "phrases",
    "outputs",
    "metric",
    "task",
    "errors",
    "number_text",
    "spans",
}
LONGEST_FILE, LONGEST_FUNCTION = 320, 60
LONGER_FILES: dict[str, int] = {}
CONVERTER, WRITER = "mmlab/tasks/official/unpickling.py", "mmlab/tasks/official/pickled.py"
PICKLES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}


@dataclass(frozen=True)
class Import:
    """One import: of what, and whether it happens when the file itself is imported."""

    module: str
    at_start: bool
    line: int


@dataclass(frozen=True)
class File:
    """A source file, parsed."""

    name: str
    tree: ast.Module
    imports: tuple[Import, ...]

    @property
    def part(self) -> str:
        """What of the architecture it belongs to: `methods`, `jobs`, `pages`."""
        parts = Path(self.name).with_suffix("").parts
        return parts[1] if parts[0] == "mmlab" else parts[0]


def _imports(tree: ast.Module) -> Iterator[Import]:
    late = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) or _for_types(node)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for item in node.names:
                yield Import(item.name, id(node) not in late, node.lineno)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{item.name}" for item in node.names]
            for name in names if node.module.split(".")[0] == "mmlab" else [node.module]:
                yield Import(name, id(node) not in late, node.lineno)


def _for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


@cache
def files() -> tuple[File, ...]:
    found = [*(ROOT / "mmlab").rglob("*.py"), *ROOT.glob("app.py")]
    return tuple(_parsed(path) for path in sorted(found))


def _parsed(path: Path) -> File:
    tree = ast.parse(path.read_text("utf-8"))
    return File(str(path.relative_to(ROOT)), tree, tuple(_imports(tree)))


def outside(package: str) -> list[tuple[File, Import]]:
    """Every import of a third-party package."""
    return [(file, item) for file in files() for item in file.imports if item.module.split(".")[0] == package]


def test_every_folder_has_a_floor() -> None:
    """`FLOORS` in tools/architecture.py names it, or a `*` there stands for it; files at the top are named, too."""
    assert without_floor(read()) == []


def test_imports_point_downwards() -> None:
    """Of the package, and inside each of its folders; what stands on one floor does not know each other."""
    wrong = [str(item) for folder in FLOORS for items in upward(read(), folder).values() for item in items]
    assert not wrong, "\n".join(wrong)


def test_no_imports_form_a_circle() -> None:
    assert circles(read()) == []


def test_figures_need_results_only() -> None:
    for file in (file for file in files() if file.part == "viz"):
        for item in file.imports:
            names = item.module.split(".")
            assert names[0] not in ("torch", "streamlit", "captum"), f"{file.name}:{item.line} imports {names[0]}"
            inside = names[0] != "mmlab" or names[1] == "viz"
            assert inside or (names[1] == "core" and names[2] in FOR_FIGURES), f"{file.name}:{item.line} {item.module}"


@pytest.mark.parametrize(
    ("package", "places"),
    [
        ("streamlit", ("mmlab/ui/", "mmlab/testing/page_contract.py", "app.py")),
        ("plotly", ("mmlab/viz/", "mmlab/ui/")),
        ("captum", ("mmlab/analysis/",)),
        ("umap", ("mmlab/analysis/",)),
        ("ray", ("mmlab/experiments/ray_engine.py", "mmlab/experiments/ray_serving.py")),
        ("typer", ("mmlab/cli/",)),
        ("rich", ("mmlab/cli/",)),
    ],
)
def test_a_heavy_package_stays_in_its_place(package: str, places: tuple[str, ...]) -> None:
    wrong = [f"{file.name}:{item.line}" for file, item in outside(package) if not file.name.startswith(places)]
    assert not wrong, f"{package} in {wrong}"


@pytest.mark.parametrize("package", ["umap", "ray", "timm", "transformers", "torchvision"])
def test_a_slow_package_is_imported_where_it_is_needed(package: str) -> None:
    wrong = [f"{file.name}:{item.line}" for file, item in outside(package) if item.at_start]
    assert not wrong, f"{package} is imported at the start of {wrong}"


def test_the_command_line_starts_without_torch() -> None:
    early = {"torch", "captum", "pandas", "scipy", "sklearn", "numpy"}
    for file in (file for file in files() if file.part in ("cli", "__main__")):
        for item in (item for item in file.imports if item.at_start):
            assert item.module.split(".")[0] not in early, f"{file.name}:{item.line} imports {item.module}"


def test_the_loop_knows_no_method_by_name() -> None:
    names = {Path(file.name).stem for file in files() if file.part == "methods"} - {"__init__"}
    for file in (file for file in files() if file.part in ("training", "inference", "core")):
        texts = [node.value for node in ast.walk(file.tree) if isinstance(node, ast.Constant)]
        assert not names.intersection(text for text in texts if isinstance(text, str)), file.name


def test_nothing_is_unpickled() -> None:
    """Exceptions: weights that somebody names, which torch reads without running anything; the converter of data sets,
    which no part of the app imports and which names what it reads; and what writes a pickle and reads none.
    """
    for file in files():
        safe = {
            call.func
            for call in ast.walk(file.tree)
            if isinstance(call, ast.Call) and file.name == "mmlab/networks/backbone_weights.py"
            if any(each.arg == "weights_only" and ast.unparse(each.value) == "True" for each in call.keywords)
        }
        for item in file.imports:
            assert item.module != CONVERTER.removesuffix(".py").replace("/", "."), f"{file.name}:{item.line}"
            if file.name not in (CONVERTER, WRITER):
                assert item.module.split(".")[0] not in PICKLES, f"{file.name}:{item.line} imports {item.module}"
        for node in ast.walk(file.tree):
            match node:
                case ast.Attribute(value=ast.Name(id="torch"), attr="load") if node not in safe:
                    pytest.fail(f"{file.name}:{node.lineno} calls torch.load")
                case ast.Attribute(value=ast.Name(id="pickle"), attr="load" | "loads"):
                    pytest.fail(f"{file.name}:{node.lineno} unpickles whatever there is")
                case ast.keyword(arg="allow_pickle", value=ast.Constant(value=True)):
                    pytest.fail(f"{file.name}:{node.lineno} allows pickles")


def test_everything_public_says_what_it_is() -> None:
    """A method may leave it to the one it overrides, which has the same name."""
    documented = {
        node.name for file in files() for node in ast.walk(file.tree) if _is_function(node) and ast.get_docstring(node)
    }
    silent = []
    for file in files():
        if not ast.get_docstring(file.tree) and file.tree.body:
            silent.append(file.name)
        for node, owner in _public(file.tree):
            inherited = owner is not None and node.name in documented
            if not ast.get_docstring(node) and not inherited:
                silent.append(f"{file.name}:{node.lineno} {node.name}")
    assert not silent, "\n".join(silent)


def _is_function(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


def _public(tree: ast.Module) -> Iterator[tuple[ast.FunctionDef | ast.ClassDef, ast.ClassDef | None]]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node, None
            for part in node.body if isinstance(node, ast.ClassDef) else ():
                if isinstance(part, ast.FunctionDef) and not part.name.startswith("_"):
                    yield part, node


def test_files_and_functions_stay_short() -> None:
    long = []
    for file in files():
        lines = len((ROOT / file.name).read_text("utf-8").splitlines())
        if lines > LONGER_FILES.get(file.name, LONGEST_FILE):
            long.append(f"{file.name}: {lines} lines")
        for node in ast.walk(file.tree):
            if (
                isinstance(node, ast.FunctionDef)
                and (size := (node.end_lineno or 0) - node.lineno + 1) > LONGEST_FUNCTION
            ):
                long.append(f"{file.name}:{node.lineno} {node.name}: {size} lines")
    assert not long, "\n".join(long)


COMPUTING = {"linalg", "histogram", "nanmean", "softmax", "corrcoef", "einsum", "arccos", "argsort"}


def test_pages_leave_numbers_to_analysis() -> None:
    """What a page computes itself cannot be tested without the page."""
    inside = [file for file in files() if file.name.startswith("mmlab/ui/")]
    wrong = [
        f"{file.name}:{node.lineno} {node.attr}"
        for file in inside
        for node in ast.walk(file.tree)
        if isinstance(node, ast.Attribute) and node.attr in COMPUTING
    ]
    wrong += [f"{file.name} imports {item.module}" for file in inside for item in file.imports if _is_scientific(item)]
    assert not wrong, wrong


def _is_scientific(item: Import) -> bool:
    return item.module.split(".")[0] in ("scipy", "sklearn")
