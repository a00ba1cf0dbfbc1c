"""One contract over every file that a button of the Bench and the pages beside it offers: it says what it is.

A table names the sample and what is right where its rows are about samples, has a unit, and names as people read them;
a drawing carries its title, the task, the model and the day.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from mmlab.ui.pages.predict import downloads
from mmlab.viz.base.svg import standalone
from tests.apps import app_at, healthy
from tests.library import measured

DAY = re.compile(r"\b20\d\d-\d\d-\d\d\b")
SAMPLES = 24
PAGES: dict[str, tuple[str, dict[str, str]]] = {
    "bench": ("predict", {"view": "answer"}),
    "explain": ("explain", {}),
    "compare": ("compare", {}),
    "dominance": ("dominance", {"aspect": "measures"}),
    "samples": ("dominance", {"aspect": "samples"}),
    "embed": ("embed", {}),
}
MODEL = "Modality dropout"
Saved = dict[str, Callable[[], Any]]


@pytest.fixture(scope="module", autouse=True)
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One model that never learned anything, measured on a few samples."""
    root = tmp_path_factory.mktemp("checkpoints")
    measured(root, "digits", "dropout", samples=SAMPLES, is_scored=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MMLAB_CHECKPOINTS", str(root))
        patch.setattr(downloads.st, "popover", _open(st.popover))
        st.cache_data.clear()
        st.cache_resource.clear()
        yield root
    st.cache_data.clear()
    st.cache_resource.clear()


def _open(popover: Callable[..., Any]) -> Callable[..., Any]:
    """Popovers as they are once somebody has opened them."""

    class Open:
        def __init__(self, inner: Any) -> None:
            self.inner, self.open = inner, True

        def __getattr__(self, name: str) -> Any:
            return getattr(self.inner, name)

        def __enter__(self) -> Any:
            return self.inner.__enter__()

        def __exit__(self, *given: Any) -> Any:
            return self.inner.__exit__(*given)

    return lambda *given, **named: Open(popover(*given, **named))


def saved(name: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Saved, AppTest]:
    """The files that the buttons of a page offer, by their names, and the page."""
    found: Saved = {}
    button = st.download_button

    def noted(label: str, data: Any, file_name: str, *given: Any, **named: Any) -> bool:
        found[file_name] = data if callable(data) else lambda: data
        return button(label, data, file_name, *given, **named)

    monkeypatch.setattr(st, "download_button", noted)
    page, fields = PAGES[name]
    app = app_at(page, 240)
    for field, value in {"task": "digits", "methods": "dropout", "lattice": "dropout", **fields}.items():
        app.query_params[field] = value
    app.run()
    healthy(app)
    return found, app


def text_of(data: Callable[[], Any]) -> str:
    made = data()
    return made if isinstance(made, str) else made.decode()


def boards(app: AppTest) -> list[dict[str, Any]]:
    return [json.loads(each.proto.json) for each in app.get("bidi_component") if each.proto.json]


@pytest.mark.parametrize("page", PAGES)
def test_every_file_of_a_page_says_what_it_is(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found, app = saved(page, monkeypatch)
    tables = {name: text_of(data) for name, data in found.items() if name.endswith(".csv")}
    assert tables, "each of these pages has its numbers as a file"
    for name, text in tables.items():
        _check_table(name, text)
    for name, data in found.items():
        if name.endswith(".svg"):
            _check_words(name, text_of(data))
    for each in boards(app):
        files = json.loads(each.get("files", "{}"))
        for about in (files.get("about"), each.get("about")):
            if about:
                _check_words(page, about if isinstance(about, str) else " ".join(about))


def _check_words(name: str, text: str) -> None:
    """Title, task, model and day, as words."""
    assert DAY.search(text), f"{name} has no day"
    assert "Digits" in text, f"{name} does not name its task"
    assert MODEL in text, f"{name} does not name its model"


def _check_table(name: str, text: str) -> None:
    rows = list(csv.DictReader(io.StringIO("\n".join(line for line in text.splitlines() if not line.startswith("#")))))
    assert rows, f"{name} is empty"
    head = list(rows[0])
    assert MODEL in text, f"{name} does not name its model as people read it"
    assert "unit" in head, f"{name} has no unit"
    assert all(row["unit"] for row in rows), f"{name} leaves units open"
    if "combination" in head:
        assert any(row["inputs"] == "Image + Sound + Pen" for row in rows), f"{name} has no readable names"
    if "sample" in head:
        truth = next(column for column in ("right answer", "class") if column in head)
        assert all(row["sample"] and row[truth] for row in rows), f"{name} does not say what is right"
    assert "Digits" in text or rows[0]["task"] == "digits", f"{name} does not name its task"


def test_a_drawing_for_a_file_has_its_words_under_it_and_room_for_them() -> None:
    drawing = '<svg viewBox="0 0 120 50" font-family="system-ui, sans-serif"><g/></svg>'
    assert "<title>" not in standalone(drawing)
    found = standalone(drawing, about="All combinations of a <model>. Task: Digits. mmlab, 2026-01-02.")
    lines = re.findall(r'<text x="6" y="(\d+)"', found)
    high = float(re.search(r'viewBox="0 0 120 ([\d.]+)"', found)[1])  # type: ignore[index]
    assert len(lines) > 1
    assert 50 < int(lines[0]) < int(lines[-1]) < high
    assert "&lt;model&gt;" in found
    assert found.endswith("</svg>")
