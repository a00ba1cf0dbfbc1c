"""Code from outside the repository: found by its folder, one that is broken is named, and nothing else is hidden."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from mmlab.analysis.attribution.registry import EXPLAINERS
from mmlab.core import plugins
from mmlab.core.errors import PluginError, UnknownName
from mmlab.core.method import METHODS
from mmlab.core.metric import METRICS
from mmlab.core.registry import Registry
from mmlab.core.task import TASKS
from mmlab.testing import check_explainer, check_method, check_metric, check_task
from tests.apps import app_at, html, sentences

ROOT = Path(__file__).resolve().parent.parent
METHOD = """
from mmlab.core.method import METHODS
from mmlab.methods.dropout import Dropout

@METHODS.register("{name}")
class Toy(Dropout):
    '''A toy.'''

    title = "{title}"
    about = "A toy from outside."
"""


def method(name: str, title: str = "A toy") -> str:
    return METHOD.format(name=name, title=title)


def run(*arguments: str, **environment: str) -> str:
    """What the command line prints, both streams, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "mmlab", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_every_thread_that_asks_right_after_a_start_sees_everything(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text(method("one"))
    program = """if True:
        import threading
        from mmlab.core.task import TASKS
        from mmlab.core.method import METHODS
        seen, gate = [], threading.Barrier(16)
        def look(registry):
            gate.wait()
            seen.append((registry.kind, len(registry)))
        asked = [threading.Thread(target=look, args=(r,)) for r in (TASKS, METHODS) for _ in range(8)]
        [thread.start() for thread in asked], [thread.join() for thread in asked]
        print(sorted(set(seen)), len(seen))
    """
    said = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, plugins.VARIABLE: str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    ).stdout
    assert said.strip() == f"[('method', {len(METHODS) + 1}), ('task', {len(TASKS)})] 16"


def test_a_file_and_a_package_of_a_plugin_folder_are_found_and_go_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path
    ours = list(METHODS)
    (folder / "one.py").write_text(method("one"))
    (folder / "whole").mkdir()
    (folder / "whole" / "__init__.py").write_text("from . import two")
    (folder / "whole" / "two.py").write_text(method("two"))
    (folder / "_helper.py").write_text("raise ValueError")
    monkeypatch.setenv(plugins.VARIABLE, os.pathsep.join([str(folder), str(folder)]))
    assert set(METHODS) - set(ours) == {"one", "two"}
    assert METHODS.from_plugins() == {"one": str(folder / "one.py"), "two": str(folder / "whole")}
    assert not plugins.problems()
    monkeypatch.delenv(plugins.VARIABLE)
    assert list(METHODS) == ours


BROKEN = {
    "syntax.py": ("class Half(:", "SyntaxError"),
    "needs.py": ("import a_package_that_nobody_has", "a_package_that_nobody_has"),
    "leaves.py": (method("left") + "\nraise SystemExit(0)", "SystemExit"),
    "takes.py": (method("dropout"), "Two methods are named 'dropout'"),
    "nameless.py": (method("nameless", " "), "has no title"),
    "dotted.py": (method("../up"), "cannot name a method"),
    "stranger.py": ("from mmlab.core.method import METHODS as M\nM.register('stranger')(int)", "no subclass of Method"),
    "bare.py": (
        "from mmlab.core.method import METHODS as M, Method\n@M.register('bare')\nclass Bare(Method):\n  title = 'B'",
        "lacks fuse and losses",
    ),
    "gauge.py": (
        "from mmlab.core.metric import METRICS\n@METRICS.register('gauge')\nclass Gauge: pass",
        "has no title",
    ),
    "empty.py": ("from mmlab.core.task import TASKS\n@TASKS.register('empty')\nclass Empty: pass", "lacks about"),
}


def test_a_broken_plugin_is_named_with_its_reason_and_hides_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path
    ours = (list(METHODS), list(TASKS), list(EXPLAINERS))
    for file, (text, _) in BROKEN.items():
        (folder / file).write_text(text)
    (folder / "unread.py").symlink_to(folder / "nowhere.py")
    (folder / "sound.py").write_text(method("sound"))
    monkeypatch.setenv(plugins.VARIABLE, str(folder))
    assert set(METHODS) == {*ours[0], "sound"}
    assert (list(TASKS), list(EXPLAINERS)) == ours[1:]
    problems = plugins.problems()
    assert set(problems) == {str(folder / file) for file in (*BROKEN, "unread.py")}
    for file, (_, reason) in BROKEN.items():
        assert reason in str(problems[str(folder / file)])
    assert METHODS["dropout"].__module__ == "mmlab.methods.dropout"
    with pytest.raises(UnknownName, match=r"leaves\.py is left out"):
        METHODS["left"]


def test_a_broken_plugin_is_named_by_the_command_line(tmp_path: Path) -> None:
    shelf, cache = tmp_path / "plugins", tmp_path / "cache"
    shelf.mkdir()
    (shelf / "leaves.py").write_text(method("left") + "\nraise SystemExit(0)")
    (shelf / "sound.py").write_text(method("sound", "A sound one"))
    for _ in range(2):  # found out, then remembered
        said = run("list", MMLAB_PLUGINS=str(shelf), MMLAB_CACHE=str(cache))
        assert f"The plug-in {shelf / 'leaves.py'} is left out. It cannot be loaded: SystemExit: 0 (leaves.py" in said
        assert "A sound one" in said
        assert "DMRNet" in said
    (shelf / "leaves.py").write_text(method("left", "A mended one"))
    found = json.loads(run("list", "--json", MMLAB_PLUGINS=str(shelf), MMLAB_CACHE=str(cache)))
    assert not found["problems"]
    assert {"left", "sound"} <= {each["name"] for each in found["methods"]}


def test_what_plugins_give_is_remembered_so_that_listing_them_needs_no_torch(tmp_path: Path) -> None:
    shelf = tmp_path / "plugins"
    shelf.mkdir()
    (shelf / "one.py").write_text(method("one"))
    environment = {**os.environ, "MMLAB_PLUGINS": str(shelf), "MMLAB_CACHE": str(tmp_path / "cache")}
    program = "import sys; from mmlab.cli.source_catalogue import catalogue; print('one' in catalogue().methods, "
    program += "'torch' in sys.modules)"
    said = [
        subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        ).stdout.split()
        for _ in range(2)
    ]
    assert said == [["True", "True"], ["True", "False"]]


def test_a_folder_of_plugins_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    monkeypatch.setenv(plugins.VARIABLE, str(gone))
    assert "no such folder" in str(plugins.problems()[str(gone)])
    assert len(METHODS)
    assert str(gone) in run("list")


def test_entry_points_of_installed_packages_are_plugins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, text in (("toy_from_a_package", method("installed")), ("toy_that_breaks", "1 / 0")):
        (tmp_path / f"{name}.py").write_text(text)
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.setenv(plugins.VARIABLE, str(site))
    monkeypatch.syspath_prepend(str(tmp_path))
    points = {
        "mmlab.methods": [EntryPoint("installed", "toy_from_a_package:Toy", "mmlab.methods")],
        "mmlab.tasks": [EntryPoint("breaks", "toy_that_breaks", "mmlab.tasks")],
    }
    monkeypatch.setattr(plugins, "entry_points", lambda group: points.get(group, []))
    assert "installed" in METHODS
    assert [(name, "division by zero" in str(why)) for name, why in plugins.problems().items()] == [
        ("?: mmlab.tasks breaks", True)
    ]
    assert plugins.files_of(points["mmlab.methods"][0]) == (tmp_path / "toy_from_a_package.py",)


def test_a_file_of_ours_that_a_plugin_is_the_first_to_import_stays(tmp_path: Path) -> None:
    (tmp_path / "half.py").write_text("from mmlab.methods.gmd import GMD\n" + method("half") + "\n1 / 0")
    program = "from mmlab.core import plugins; plugins.load(); from mmlab.core.method import METHODS; print(*METHODS)"
    said = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, plugins.VARIABLE: str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert said == list(METHODS)


def test_a_registry_refuses_what_its_check_refuses() -> None:
    def check(name: str, item: int) -> None:
        if item < 0:
            raise PluginError("It is below zero.")

    numbers: Registry[int] = Registry("number", "tests", check=check)
    with pytest.raises(PluginError, match="below zero"):
        numbers.register("minus")(-1)


@pytest.fixture(autouse=True)
def nothing_left() -> object:
    """After each test only what was there before it: what a test adds goes with its folder."""
    there: Mapping[str, list[str]] = {each.kind: list(each) for each in (METHODS, TASKS, EXPLAINERS, METRICS)}
    yield
    plugins.load()
    assert {each.kind: list(each) for each in (METHODS, TASKS, EXPLAINERS, METRICS)} == there


def examples() -> dict[str, str]:
    """The files that docs/plugins.md shows, by name."""
    found = re.findall(
        r"```python\n# (\w+\.py)\n(.*?)```", (ROOT / "docs" / "plugins.md").read_text("utf-8"), re.DOTALL
    )
    assert [name for name, _ in found] == ["echo.py", "pulse.py", "size.py", "balanced.py"]
    return dict(found)


@pytest.fixture
def toys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The toys of docs/plugins.md in a folder of plug-ins, a library and a cache of their own, as an environment."""
    shelf = tmp_path / "plugins"
    shelf.mkdir()
    for name, text in examples().items():
        (shelf / name).write_text(text)
    (shelf / "broken.py").write_text("1 / 0")
    environment = {
        "MMLAB_PLUGINS": str(shelf),
        "MMLAB_CHECKPOINTS": str(tmp_path / "library"),
        "MMLAB_CACHE": str(tmp_path / "cache"),
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return environment


@pytest.mark.slow
def test_toys_from_a_folder_keep_the_contract(toys: dict[str, str]) -> None:
    check_method("echo")
    check_task("pulse")
    check_explainer("size")
    check_metric("balanced_accuracy")
    assert list(plugins.problems()) == [str(Path(toys["MMLAB_PLUGINS"]) / "broken.py")]


@pytest.mark.slow
def test_toys_from_a_folder_are_in_the_grid_on_the_command_line_and_on_their_pages(toys: dict[str, str]) -> None:
    grid = ("grid", "--tasks", "pulse", "--methods", "echo,dropout", "--seeds", "1", "--plan", "epochs=2")
    assert "2 of 2 runs are done" in run(*grid, "--processes", "1")
    assert "1 of 1 runs are done" in run("grid", "--tasks", "pulse", "--ladder", "echo", "--seeds", "1")
    listed = run("list")
    assert "pulse: Pulse (left, right)" in listed
    assert "Echo" in listed
    assert "Echo" in run("compare", "--task", "pulse")
    assert "balanced_accuracy in %" in run("compare", "--task", "pulse", "--metric", "balanced_accuracy")

    def opened(page: str, **fields: str) -> AppTest:
        app = app_at(page, 60)
        for name, value in {"task": "pulse", **fields}.items():
            app.query_params[name] = value
        app.run()
        assert not app.exception
        return app

    st.cache_data.clear()
    st.cache_resource.clear()
    card = opened("methods", method="echo")
    assert card.pills(key="card").value == "echo"
    assert "An echo of modality dropout." in html(card)
    assert not sentences(card)
    explained = opened("explain", explainer="size")
    assert explained.selectbox(key="explainer").value == "size"
    assert not sentences(explained)
    assert not sentences(opened("predict"))
    library = opened("library")
    assert "broken.py is left out" in sentences(library).replace("\\", "")
    assert "division by zero" in sentences(library)
    st.cache_data.clear()
    st.cache_resource.clear()
