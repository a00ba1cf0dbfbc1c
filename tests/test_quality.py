"""Style and types, as `make lint` checks them, and how often the code asks for kinds of answers."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

from mmlab.core.outputs import ALL_KINDS, OUTPUTS

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.slow
@pytest.mark.timeout(1800)  # types without a cache take a minute alone, and many beside heavy work
@pytest.mark.parametrize("check", [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"]], ids=" ".join)
def test_the_code_is_clean(check: list[str]) -> None:
    found = subprocess.run([sys.executable, "-m", *check], cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


def test_what_the_check_of_types_does_not_read_is_not_ours_to_import() -> None:
    """Names from there would be of any type, and nobody would notice."""
    overrides = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["mypy"]["overrides"]
    skipped = [name for each in overrides if each.get("follow_imports") == "skip" for name in each["module"]]
    assert skipped
    imported = set()
    for file in (ROOT / "mmlab").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imported |= {f"{node.module}.{alias.name}" for alias in node.names}
            elif isinstance(node, ast.Attribute):
                imported.add(ast.unparse(node))
    assert [name for name in imported for of in skipped if fnmatch(f"{name}.", of)] == []


def test_tables_are_written_in_one_place() -> None:
    """`mmlab.core.csv_file` keeps names from working as formulas; whoever writes CSV by hand does not."""
    writers = ("csv.writer", "csv.DictWriter", ".to_csv(", "np.savetxt")
    sources = [path for folder in ("mmlab", "tools", "bench") for path in (ROOT / folder).rglob("*.py")]
    assert [
        str(path.relative_to(ROOT))
        for path in sources
        if path.name != "csv_file.py" and any(each in path.read_text("utf-8") for each in writers)
    ] == []


MOST_TESTS_FOR_KINDS = 9


def questions_for_kinds(file: Path) -> list[int]:
    """The lines that ask which kind of answer there is: `isinstance` of an output, `.dense`, a name of a kind."""
    kinds = {each.__name__ for output in OUTPUTS.values() for each in (output, *output.__subclasses__())}
    found = []
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        match node:
            case ast.Call(func=ast.Name(id="isinstance"), args=[_, of]):
                if kinds & {part.id for part in ast.walk(of) if isinstance(part, ast.Name)}:
                    found.append(node.lineno)
            case ast.Attribute(attr="dense"):
                found.append(node.lineno)
            case ast.Compare(left=ast.Attribute(attr="kind"), comparators=[ast.Constant(value=str(name))]):
                if name in ALL_KINDS:
                    found.append(node.lineno)
    return found


def test_what_depends_on_the_kind_of_answer_stands_on_the_output_and_each_exception_has_a_reason() -> None:
    places = []
    for file in [*(ROOT / "mmlab").rglob("*.py"), *(ROOT / "pages").glob("*.py"), ROOT / "app.py"]:
        if (ROOT / "mmlab" / "core" / "outputs") not in file.parents:
            lines = file.read_text("utf-8").splitlines()
            for line in questions_for_kinds(file):
                where = f"{file.relative_to(ROOT)}:{line}"
                assert any("#" in text for text in lines[line - 2 : line]), f"{where} has no comment that says why"
                places.append(where)
    assert len(places) <= MOST_TESTS_FOR_KINDS, f"Give `Output` a method instead: {places}"


def test_a_question_for_the_kind_is_found_however_it_is_put(tmp_path: Path) -> None:
    file = tmp_path / "asks.py"
    file.write_text('isinstance(x, (int, Regression))\nx.dense\nx.kind == "segmentation"\nisinstance(x, Output)\n')
    assert questions_for_kinds(file) == [1, 2, 3]


@pytest.mark.parametrize("name", ["requirements", "requirements-test"])
def test_the_lock_holds_every_pinned_package_to_its_hashes(name: str) -> None:
    locked = re.split(r"\n(?=[a-z0-9])", (ROOT / f"{name}.lock").read_text("utf-8").strip())
    versions = dict(re.match(r"([\w.-]+)(?:\[[\w,]+\])?==([^\s;]+)", entry).groups() for entry in locked)  # type: ignore[union-attr]
    assert all("--hash=sha256:" in entry for entry in locked)
    assert "+" not in versions["torch"], "a local version is found on one index only"
    for pinned in re.findall(r"^[\w.-]+==\S+", (ROOT / f"{name}.txt").read_text("utf-8"), re.MULTILINE):
        package, version = pinned.split("==")
        assert versions[package] == version, f"run `make lock`: {package}"
