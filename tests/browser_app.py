"""The app in Chromium for tests: one server for a whole session, one browser for a file, a context for each visit.

The fixtures are known everywhere (`tests/conftest.py`); what is heavy is imported when one of them is asked for.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"),
]
LESSON = """+++
title = "Mine"
minutes = 3
learn = "Something."
[[steps]]
page = "predict"
view = { task = "digits", sample = "test-0136", methods = "joint" }
then = { on = "image-pen" }
say = "All is on."
question = "Without the sound?"
options = { right-sure = "Right, sure", right-unsure = "Perhaps", wrong-unsure = "Hardly", wrong-sure = "Not, sure" }
answer = { fact = "verdict" }
reveal = "So it is."
+++
"""
AT_REST = """() => document.querySelector('[data-test-script-state]')?.dataset.testScriptState === 'notRunning'
    && document.querySelector('h1') !== null"""
VIEWPORT = {"width": 1280, "height": 1000}
STORED = "cookies,local_storage,indexeddb,service_workers,cache_storage"  # by a page, not by the browser itself
WAIT = 240_000  # ms; a loaded machine is slow, not wrong
IS_MISSING = pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed: apt-get install chromium")


@pytest.fixture(scope="session")
def browser_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models that never learned anything, measured on a few samples; of faces two runs of each."""
    from mmlab.analysis.embedding import map_file
    from mmlab.storage import checkpoints, sweep_file
    from tests.library import as_umap, measured

    root = tmp_path_factory.mktemp("checkpoints")
    for reference in measured(root, "digits", "joint", "dmrnet"):
        loaded = checkpoints.load(Path(reference.path))
        map_file.write_map(Path(reference.path), as_umap(sweep_file.read(Path(reference.path), loaded.digest)))
    measured(root, "brain", "dropout")
    for seed in (0, 6):
        measured(root, "faces", "joint", "dmrnet", seed=seed, is_scored=True)
    return root


@pytest.fixture(scope="session")
def address(browser_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app on a free port, with these models."""
    lessons = tmp_path_factory.mktemp("lessons")
    (lessons / "mine.md").write_text(LESSON, "utf-8")
    with served(MMLAB_CHECKPOINTS=str(browser_models), MMLAB_LESSONS=str(lessons)) as found:
        yield found


@contextmanager
def served(**environment: str) -> Iterator[str]:
    """An app of its own on a free port, with these variables."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    known = {**os.environ, "MMLAB_DEVICE": "cpu", **environment}
    process = subprocess.Popen(command, cwd=ROOT, env=known, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
    try:
        _wait_until_healthy(f"http://127.0.0.1:{port}/_stcore/health")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def _wait_until_healthy(url: str) -> None:
    for _ in range(2400):
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail("The app does not come up.")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Not for the whole session: as long as it runs, nothing else in the process can have an event loop."""
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        yield playwright.chromium


@pytest.fixture(scope="module")
def browser(chromium: Any) -> Iterator[Any]:
    """Contexts of it know nothing of each other, and compile all that Streamlit loads again."""
    found = chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
    yield found
    found.close()


@pytest.fixture(scope="session")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a browser keeps what it has loaded and compiled: a visit takes a third less of the processor then."""
    return tmp_path_factory.mktemp("profile")


@pytest.fixture(scope="module")
def kept_context(chromium: Any, profile: Path) -> Iterator[Any]:
    found = chromium.launch_persistent_context(
        profile, executable_path=str(CHROMIUM), args=FLAGS, viewport=VIEWPORT, accept_downloads=True
    )
    yield found
    found.close()


def _tidied(context: Any, address: str) -> None:
    """Nothing is left of a visit but what was loaded and compiled."""
    first, *others = context.pages
    for page in others:
        page.close()
    context.clear_permissions()
    session = context.new_cdp_session(first)
    session.send("Storage.clearDataForOrigin", {"origin": address, "storageTypes": STORED})
    session.detach()


@pytest.fixture
def visit(request: pytest.FixtureRequest, kept_context: Any, address: str) -> Iterator[Any]:
    """Open a page, and refuse whatever asks for another host. A second visit of a test comes from another browser.

    heard: gets each message of the app as it comes.
    """
    pages, outside = [], []

    def opened(viewport: dict[str, int], permissions: Sequence[str] = (), **media: str) -> Any:
        if pages:
            context = request.getfixturevalue("browser").new_context(
                viewport=viewport, permissions=list(permissions), **media
            )
            return context.new_page()
        kept_context.grant_permissions(list(permissions), origin=address)
        page = kept_context.new_page()
        page.set_viewport_size(viewport)
        page.emulate_media(**media)
        return page

    def go(
        path: str, selector: str = "[data-answer]", heard: Callable[[bytes], None] | None = None, **options: Any
    ) -> Any:
        page = opened(**{"viewport": VIEWPORT, **options})
        pages.append(page)
        page.context.set_default_timeout(WAIT)
        page.on("request", lambda request: _note(request.url, outside))
        if heard:
            page.on("websocket", lambda socket: socket.on("framereceived", lambda content: heard(content)))
        page.goto(address + path)
        page.wait_for_selector(selector)
        return page

    yield go
    for page in pages[1:]:
        page.context.close()
    _tidied(kept_context, address)
    assert not outside, f"The page asked other hosts: {outside}"


def _note(url: str, outside: list[str]) -> None:
    parts = urlsplit(url)
    if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname != "127.0.0.1":
        outside.append(url)


def at_rest(page: Any, title: str = "") -> None:
    """Wait until the script of the page, which has this title, has run: a click before may meet what is replaced."""
    if title:
        page.wait_for_selector(f"h1:has-text('{title}')")
    page.wait_for_function(AT_REST, polling=50)


def in_place(page: Any, part: Any) -> Any:
    """Where a part of the page is, once nothing above it moves it any more."""
    box = None
    while box != (box := part.bounding_box()):
        page.wait_for_timeout(200)
    return box
