"""What docs/compatibility.md promises: versions of files as they are in the code, public names that are there."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest

import mmlab

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = (ROOT / "docs" / "compatibility.md").read_text("utf-8")
NAMES = {"VERSION", "VERSIONS", "FORMAT"}


def constants() -> dict[str, str]:
    """Every constant that counts the versions of a file, with its value as the document writes it."""
    found = {}
    for file in (ROOT / "mmlab").rglob("*.py"):
        for statement in ast.parse(file.read_text("utf-8")).body:
            names = [each.id for each in getattr(statement, "targets", []) if isinstance(each, ast.Name)]
            for name in NAMES.intersection(names):
                assert isinstance(statement, ast.Assign)
                if not isinstance(statement.value, ast.Constant | ast.Tuple):
                    continue  # not a number of versions
                value = ast.literal_eval(statement.value)
                if isinstance(value, str) and "mmlab" not in value:  # the name of a variable of the environment
                    continue
                module = ".".join(file.relative_to(ROOT).with_suffix("").parts)
                found[f"{module}.{name}"] = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return found


def test_the_versions_of_all_files_are_those_of_the_document() -> None:
    rows = re.findall(r"^\| .+? \| (.+?) \| `(mmlab\.[\w.]+)` \|$", DOCUMENT, re.MULTILINE)
    assert {name: version for version, name in rows} == constants()


def test_each_number_is_the_one_that_the_module_uses() -> None:
    for name, value in constants().items():
        module, _, constant = name.rpartition(".")
        found = getattr(import_module(module), constant)
        assert value == (", ".join(map(str, found)) if isinstance(found, tuple) else str(found))


def test_what_is_called_public_is_there() -> None:
    for name in mmlab.__all__:
        assert getattr(mmlab, name) is not None
    for module in re.findall(r"`(mmlab\.[a-z_.]+)`", DOCUMENT.split("## How something")[0]):
        if module not in ("mmlab.__all__", "mmlab.__version__", "mmlab.register"):
            import_module(module)


def test_this_version_has_its_changes() -> None:
    headings = re.findall(r"^## (\S+)", (ROOT / "CHANGES.md").read_text("utf-8"), re.MULTILINE)
    assert headings[0].rstrip(",") == mmlab.__version__
    assert f"version: {mmlab.__version__}\n" in (ROOT / "CITATION.cff").read_text("utf-8")


def test_a_user_finds_changes_by_their_kind() -> None:
    """Of the newest version: what is new, by subject, then the rest; every line stands in a part."""
    top = (ROOT / "CHANGES.md").read_text("utf-8").split("\n## ")[1]
    parts = re.split(r"^### (.+)\n", top, flags=re.MULTILINE)
    assert parts[1::2] == ["Added", "Changed", "Fixed", "Numbers that changed"]
    assert "\n- " not in parts[0]
    assert all("\n- " in each for each in parts[2::2])


@pytest.mark.parametrize(
    ("module", "earlier", "name"),
    [
        ("mmlab.core.corruption_types", "Damage", "Corruption"),
        ("mmlab.losses", "doubt_shares", "uncertainty_shares"),
        ("mmlab.networks.parts", "hide", "zero_absent"),
        ("mmlab.analysis.attribution.registry", "Question", "AttributionRequest"),
    ],
)
def test_an_earlier_name_still_works_and_names_the_new_one(module: str, earlier: str, name: str) -> None:
    with pytest.warns(DeprecationWarning, match=f"{earlier} is now called {name}"):
        found = getattr(import_module(module), earlier)
    assert found is getattr(import_module(module), name)
    with pytest.raises(AttributeError, match="no attribute"):
        assert import_module(module).nothing_of_this_name
