"""What the server begins when it starts, so that the first visitor does not wait for it."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.web.server.app_discovery import discover_asgi_app

from mmlab.inference.predictor import Model
from mmlab.storage.shipped_files import APP
from mmlab.testing.page_contract import app_at
from mmlab.ui.pages import predict
from mmlab.ui.session import cache, head_start
from tests.apps import healthy


def test_the_server_finds_the_app_in_its_file_and_begins_with_it() -> None:
    """Otherwise Streamlit takes the file for a script alone, and nothing is begun before somebody asks for a page."""
    assert discover_asgi_app(Path(APP)).import_string == "app:app"


def test_a_page_waits_for_imports_and_not_for_what_is_computed_then() -> None:
    importing, working, seen = threading.Event(), threading.Event(), []

    def imports() -> Callable[[], None]:
        importing.wait(600)
        seen.append("imported")
        return lambda: seen.append("computed") if working.wait(600) else None

    thread = head_start.begin(imports)
    assert not head_start._imported.is_set()
    importing.set()
    head_start.wait()
    assert seen == ["imported"]
    working.set()
    thread.join(600)
    assert seen == ["imported", "computed"]


def test_what_fails_is_logged_and_holds_nobody_up(caplog: pytest.LogCaptureFixture) -> None:
    def imports() -> Callable[[], None]:
        raise ImportError("no such module")

    head_start.begin(imports).join(600)
    head_start.wait()
    assert "no such module" in caplog.text
    assert gc.isenabled()
    assert sys.getswitchinterval() == pytest.approx(0.005)


def test_a_page_does_not_wait_where_nothing_was_begun() -> None:
    head_start.wait()


def test_after_the_head_start_the_bench_opens_without_a_model_being_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answers of the two usual models to the sample that it opens on are there already."""
    answered: list[str] = []
    answer_many = Model.answer_many

    def noted(self: Model, samples: object) -> object:
        answered.append(type(self.method).__name__)
        return answer_many(self, samples)  # type: ignore[arg-type]

    monkeypatch.setattr(Model, "answer_many", noted)
    cache._shipped_answers.clear()
    predict.ahead()()
    first = sorted(answered)
    assert len(first) == 2
    healthy(app_at("predict").run())
    assert sorted(answered) == first
