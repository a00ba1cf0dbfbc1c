"""Every public name has an example in its docstring, and the examples say what happens."""

from __future__ import annotations

import doctest
import functools
import inspect
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch

import mmlab
from mmlab.core.outputs import Prediction
from mmlab.foreign.notebook import Adapted
from mmlab.notebook import trained_model
from mmlab.notebook.shown import Shown

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTED = [Prediction, Adapted, Shown, trained_model.TrainedModel]
PUBLIC = {name: getattr(mmlab, name) for name in mmlab.__all__ if not name.startswith("__")}
DESCRIBED = {"mmlab": mmlab, **PUBLIC, **{each.__name__: each for each in DOCUMENTED}}


@functools.cache
def loaded(*names: str) -> Any:
    return ORIGINAL(*names)


ORIGINAL = mmlab.load


@pytest.fixture(autouse=True)
def a_place_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Examples write files where they stand, and share the models that they load."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(mmlab, "load", loaded)
    torch.manual_seed(0)


@pytest.mark.parametrize("name", DESCRIBED)
def test_the_example_of_a_public_name_does_what_it_says(name: str) -> None:
    described = ORIGINAL if name == "load" else DESCRIBED[name]
    source = inspect.getdoc(described) or ""
    test = doctest.DocTestParser().get_doctest(source, {"mmlab": mmlab, "torch": torch}, name, None, 0)
    assert test.examples, f"{name} has no example"
    assert any(each.want for each in test.examples), f"the example of {name} says nothing of what comes out"
    told: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=told.append)
    assert told == []


def test_the_page_of_the_interface_shows_every_public_name() -> None:
    page = (ROOT / "docs" / "api.md").read_text("utf-8")
    shown = [line.split()[1] for line in page.splitlines() if line.startswith("::: ")]
    assert {f"mmlab.{name}" for name in PUBLIC} <= set(shown)
    assert [each.__name__ for each in DOCUMENTED if not any(name.endswith(f".{each.__name__}") for name in shown)] == []


def test_every_page_is_in_the_navigation_of_the_site() -> None:
    settings = (ROOT / "mkdocs.yml").read_text("utf-8")
    named = set(re.findall(r"^ +- (\w[\w-]*\.md)$", settings, re.MULTILINE))
    assert named == {page.name for page in (ROOT / "docs").glob("*.md")} | {"index.md", "changes.md", "contributing.md"}


@pytest.mark.slow
@pytest.mark.skipif(not find_spec("mkdocstrings_handlers"), reason="requirements-docs.txt is not installed")
def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")]
    built = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    assert "mmlab.load" in (tmp_path / "site" / "api.html").read_text("utf-8")
