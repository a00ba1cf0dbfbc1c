"""The navigation: few entries, every page behind one of them, and every address of old."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from mmlab.core import plugins
from mmlab.ui.session.page_registry import PAGES, group_of, navigation
from tests.apps import app_at, healthy, html, show_library
from tests.library import untrained

OLD = {  # name of every page there was, with what stood in its title
    "predict": "Bench",
    "explain": "Explain",
    "embed": "Embed",
    "compare": "Compare",
    "robustness": "Robustness",
    "dominance": "Dominance",
    "methods": "Methods",
    "train": "Train",
    "library": "Library",
}
BEHIND = {
    "Bench": ("predict", "explain", "embed"),
    "Dominance": ("dominance",),
    "Compare": ("compare", "robustness", "imputation", "trust", "report"),
}
NOTES = """
from mmlab.ui.session.page_registry import app_page
app_page("{name}", "{title}", "{group}", "Notes.", 65)(lambda: None)
"""


@pytest.fixture(autouse=True)
def models(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One model that never learned anything, and nothing kept from the test before."""
    root = tmp_path_factory.mktemp("checkpoints")
    untrained(root, "digits", "joint")
    show_library(monkeypatch, root)
    return root


def links(app: AppTest) -> list[str]:
    return [link.proto.label for link in app.main.get("page_link")]


def test_the_navigation_has_few_entries_and_every_page_of_old_is_behind_one() -> None:
    entries = {group.title: tuple(page.name for page in group.pages) for group in navigation()}
    assert {name: pages[: len(BEHIND[name])] for name, pages in entries.items() if name in BEHIND} == BEHIND
    assert len(entries) <= 5
    assert set(OLD) <= {name for pages in entries.values() for name in pages}


@pytest.mark.parametrize(("name", "title"), OLD.items())
def test_an_address_of_old_opens_the_same_page(name: str, title: str) -> None:
    assert PAGES[name].title == title
    assert group_of(PAGES[name]) in navigation()


def test_the_app_opens_on_the_bench_with_the_ways_in_below() -> None:
    app = app_at("home").run()
    healthy(app)
    assert "data-answer" in html(app)
    assert "**How each method works →**" in links(app)


def test_a_page_shows_the_others_of_its_group_in_one_line() -> None:
    app = app_at("train", task="digits").run()
    healthy(app)
    assert {"Methods", "Train", "Library"} <= set(links(app))
    assert not {"Bench", "Dominance"} & set(links(app))


def test_pages_from_outside_stand_in_a_group_of_ours_or_by_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, title, group in (("notes", "Notes", "Compare"), ("alone", "Alone", ""), ("old", "Old", "All samples")):
        (tmp_path / f"{name}.py").write_text(NOTES.format(name=name, title=title, group=group))
    monkeypatch.setenv(plugins.VARIABLE, str(tmp_path))
    entries = {group.title: [page.name for page in group.pages] for group in navigation()}
    assert "notes" in entries["Compare"]
    assert entries["Alone"] == ["alone"]
    assert entries["Old"] == ["old"]
    assert "Notes" in links(app_at("compare", task="digits").run())


SETTLED = """
from mmlab.ui.session.page_registry import app_page

@app_page("notes", "Notes", "Compare", "Notes.", 65)
def show():
    from mmlab.ui.session import url_state
    url_state.suppose(sample="test-0004")
"""


def test_what_a_page_settles_by_itself_goes_along_with_all_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "notes.py").write_text(SETTLED)
    monkeypatch.setenv(plugins.VARIABLE, str(tmp_path))
    app = app_at("notes", task="digits").run()
    healthy(app)
    found = {link.proto.query_string for link in app.get("page_link")}
    assert found == {"sample=test-0004&task=digits"} or found == {"task=digits&sample=test-0004"}
