"""Code from outside the repository: found by its folder, one that is broken is named, and nothing else is hidden."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from mmlab.analysis.attribution.registry import EXPLAINERS
from mmlab.analysis.dominance.measure import MEASURES
from mmlab.cli.app import main
from mmlab.core import plugins
from mmlab.core.errors import PluginError, UnknownName
from mmlab.core.method import METHODS
from mmlab.core.metric import METRICS
from mmlab.core.modality_kinds import MODALITY_KINDS
from mmlab.core.registry import Registry
from mmlab.core.task import TASKS
from mmlab.testing import (
    check_explainer,
    check_measure,
    check_method,
    check_metric,
    check_modality,
    check_page,
    check_task,
)
from mmlab.ui.pages.methods.evidence_views import EVIDENCE
from mmlab.ui.session import url_state
from mmlab.ui.session.page_registry import PAGES
from tests.apps import app_at, captions, html, sentences
from tests.toys import examples, folder_of_clouds

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
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def inside(*arguments: str) -> str:
    """The same in this process, which saves importing torch."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        assert main(list(arguments)) == 0, printed.getvalue()
    return printed.getvalue()


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
        timeout=600,
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
    "addressed.py": (
        "from mmlab.ui.session.page_registry import app_page\n"
        "app_page('notes', 'Notes', 'Models', 'Notes.', 1, ('embed',))(print)",
        "belongs to Streamlit",
    ),
    "again.py": (
        "from mmlab.ui.session.page_registry import app_page\nfrom mmlab.ui.text.glossary import Term\n"
        "app_page('notes', 'Notes', 'Models', 'Notes.', 1, terms={'kept': Term('a', 'b', 'c')})(print)",
        "The term 'kept' is already defined",
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
    assert str(gone) in inside("list")


def test_entry_points_of_installed_packages_are_plugins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, text in (("toy_from_a_package", method("installed")), ("toy_that_breaks", "1 / 0")):
        (tmp_path / f"{name}.py").write_text(text)
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.setenv(plugins.VARIABLE, str(site))
    monkeypatch.syspath_prepend(str(tmp_path))
    whole = EntryPoint("installed", "toy_from_a_package:Toy", "mmlab.methods")
    points = EntryPoints((whole, EntryPoint("breaks", "toy_that_breaks", "mmlab.tasks")))
    monkeypatch.setattr(plugins, "entry_points", lambda: points)
    assert "installed" in METHODS
    assert [(name, "division by zero" in str(why)) for name, why in plugins.problems().items()] == [
        ("?: mmlab.tasks breaks", True)
    ]
    assert plugins.files_of(whole) == (tmp_path / "toy_from_a_package.py",)


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


EVERY = (METHODS, TASKS, MEASURES, EXPLAINERS, METRICS, MODALITY_KINDS, PAGES, EVIDENCE)


@pytest.fixture(autouse=True)
def nothing_left() -> object:
    """After each test only what was there before it: what a test adds goes with its folder."""
    there: Mapping[str, list[str]] = {each.kind: list(each) for each in EVERY}
    yield
    plugins.load()
    assert {each.kind: list(each) for each in EVERY} == there


TOYS = {
    "echo.py": "method echo",
    "hits.py": "evidence view hits",
    "pulse.py": "task pulse",
    "swing.py": "measure swing",
    "size.py": "explainer size",
    "macro.py": "metric macro_recall",
    "cloud.py": "kind of modality cloud",
    "notes.py": "page notes",
}


@pytest.fixture
def toys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The toys of docs/plugins.md in a folder of plug-ins, with a library, a cache and data of their own."""
    shelf = tmp_path / "plugins"
    shelf.mkdir()
    for name, text in examples().items():
        (shelf / name).write_text(text)
    (shelf / "broken.py").write_text("1 / 0")
    environment = {
        "MMLAB_PLUGINS": str(shelf),
        "MMLAB_FOLDERS": str(folder_of_clouds(tmp_path / "clouds")),
        "MMLAB_CHECKPOINTS": str(tmp_path / "library"),
        "MMLAB_CACHE": str(tmp_path / "cache"),
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return environment


def test_every_toy_is_registered_under_its_kind(toys: dict[str, str]) -> None:
    shelf = Path(toys["MMLAB_PLUGINS"])
    assert {Path(origin).name: ", ".join(given) for origin, given in plugins.given().items()} == TOYS
    assert list(plugins.problems()) == [str(shelf / "broken.py")]
    assert "note" in url_state.fields()


def test_toys_from_a_folder_keep_the_contract(toys: dict[str, str]) -> None:
    check_task("pulse")
    check_measure("swing")
    check_explainer("size")
    check_metric("macro_recall")
    check_modality("cloud")


@pytest.mark.slow
def test_a_method_from_a_folder_keeps_the_contract(toys: dict[str, str]) -> None:
    check_method("echo")


@pytest.mark.slow
def test_toys_from_a_folder_are_in_the_grid_on_the_command_line_and_on_their_pages(toys: dict[str, str]) -> None:
    grid = ("grid", "--tasks", "pulse,clouds", "--methods", "echo,dropout", "--seeds", "1", "--plan", "epochs=2")
    assert "4 of 4 runs are done" in inside(*grid, "--processes", "1")
    assert "1 of 1 runs are done" in inside(
        "grid", "--tasks", "pulse", "--ladder", "echo", "--seeds", "1", "--processes", "1"
    )
    listed = inside("list")
    assert "pulse: Pulse (left, right)" in listed
    assert "clouds" in listed
    for toy in TOYS.values():
        assert toy in listed
    assert "broken.py is left out" in listed
    assert "Echo" in inside("compare", "--task", "pulse")
    assert "macro_recall in %" in inside("compare", "--task", "pulse", "--metric", "macro_recall")
    assert "Swing" in inside("dominance", "--task", "pulse", "--method", "echo")

    def opened(page: str, **fields: str) -> AppTest:
        app = app_at(page, **{"task": "pulse", **fields}).run()
        assert not app.exception
        return app

    st.cache_data.clear()
    st.cache_resource.clear()
    card = opened("methods", method="echo")
    assert card.selectbox(key="card").value == "echo"
    assert "An echo of modality dropout." in html(card)
    assert "Most predictions are right with" in "".join(each.value for each in card.markdown)
    assert "The others predict." in "".join(each.proto.json for each in card.get("bidi_component"))
    assert not sentences(card)
    explained = opened("explain", explainer="size")
    assert explained.selectbox(key="explainer").value == "size"
    assert not sentences(explained)
    assert not sentences(opened("predict"))
    assert not sentences(opened("predict", task="clouds"))
    assert "Swing" in "".join(each.proto.json for each in opened("dominance", aspect="measures").get("bidi_component"))
    check_page("notes", task="pulse", note="hello")
    notes = opened("notes", note="hello")
    assert "has 5 letters" in captions(notes)
    assert "**Letters.** How long a note is." in notes.text_input[0].help
    library = opened("library")
    assert "broken.py is left out" in sentences(library).replace("\\", "")
    assert "division by zero" in sentences(library)
    st.cache_data.clear()
    st.cache_resource.clear()
