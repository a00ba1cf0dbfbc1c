"""What a browser gets before any page: Streamlit's files from memory, and its index with what helps."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
import streamlit as st

from mmlab.ui.session import browser_files
from mmlab.ui.session.browser_files import FIRST, ROOT, STYLE, BrowserFiles, Message, Receive, Send
from mmlab.ui.session.page_registry import PAGES

ENTRY = next((ROOT / "static" / "js").glob("index.*.js"))
PASSED = 404  # what Streamlit, which stands behind, answers here


async def behind(scope: Message, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": PASSED, "headers": []})


@pytest.fixture(autouse=True)
def not_serving(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser_files, "_serving", [])


def ask(path: str, method: str = "GET", headers: tuple[tuple[bytes, bytes], ...] = ()) -> dict[str, Any]:
    """The answer to one request: its status, its headers and its body."""
    answer: dict[str, Any] = {"body": b""}

    async def send(message: Message) -> None:
        answer.update({name: message[name] for name in ("status", "headers", "body") if name in message})

    scope = {"type": "http", "method": method, "path": path, "headers": headers}
    asyncio.run(BrowserFiles(behind)(scope, behind, send))  # type: ignore[arg-type]
    return answer


def test_a_file_of_streamlits_is_handed_out_as_it_is_and_kept_for_good() -> None:
    got = ask(f"/static/js/{ENTRY.name}")
    headers = dict(got["headers"])
    assert got["status"] == 200
    assert got["body"] == ENTRY.read_bytes()
    assert headers[b"content-type"] == b"text/javascript"
    assert headers[b"content-length"] == str(ENTRY.stat().st_size).encode()
    assert b"immutable" in headers[b"cache-control"]


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/static/js/none.js",
            "/static/../index.html",
            "/static//etc/passwd",
            "/static/js",
            "/_stcore/health",
            "/a/b",
        ),
        *("/favicon.png", "//predict", "/predict/", "/media/x.wav"),
    ],
)
def test_what_is_none_of_its_files_is_left_to_streamlit(path: str) -> None:
    assert ask(path)["status"] == PASSED


def test_parts_of_a_file_and_other_methods_are_left_to_streamlit() -> None:
    path = f"/static/js/{ENTRY.name}"
    assert ask(path, headers=((b"range", b"bytes=0-9"),))["status"] == PASSED
    assert ask(path, "HEAD")["status"] == PASSED
    assert ask("/predict", "POST")["status"] == PASSED


def test_large_files_are_not_kept_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    browser_files._asset.cache_clear()
    monkeypatch.setattr(browser_files, "LARGEST", 100)
    assert ask(f"/static/js/{ENTRY.name}")["status"] == PASSED
    browser_files._asset.cache_clear()


@pytest.mark.parametrize("path", ["/", *(f"/{name}" for name in ("predict", "compare", "a_page-1"))])
def test_every_address_of_a_page_gets_the_index_which_the_browser_asks_for_each_time(path: str) -> None:
    got = ask(path)
    assert got["status"] == 200
    assert got["body"].decode() == browser_files.index()
    assert dict(got["headers"])[b"cache-control"] == b"no-cache"


def test_the_index_is_streamlits_with_the_place_of_the_server_and_the_style() -> None:
    page, theirs = browser_files.index(), (ROOT / "index.html").read_text("utf-8")
    assert page.index("BACKEND_BASE_URL") < page.index('<script type="module"')
    assert page.index("<body>") < page.index(STYLE.read_text("utf-8")) < page.index('<div id="root">')
    assert [line for line in theirs.splitlines() if line.strip() not in page] == []
    compact = [name for name in PAGES if PAGES[name].compact]
    assert compact
    assert all(f'"{name}"' in page for name in compact)


def test_the_parts_that_every_page_needs_are_there_and_load_with_what_they_import() -> None:
    page = browser_files.index()
    for name in FIRST:
        assert f'href="./static/js/{name}.' in page, f"Streamlit has no part {name} any more"
    links = [line for line in page.split('"') if line.startswith("./static/js/")]
    assert len(links) == len(set(links))
    files = {f"./static/js/{path.name}" for path in (ROOT / "static" / "js").iterdir()}
    assert set(links) <= files
    for link in links:
        needed = browser_files.IMPORT.findall((ROOT / link).read_text("utf-8"))
        assert {f"./static/js/{each}" for each in needed} <= {*links}, link


def test_an_index_that_is_not_the_one_we_know_stays_as_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    (tmp_path / "index.html").write_text("<html>another</html>")
    monkeypatch.setattr(browser_files, "ROOT", tmp_path)
    assert browser_files.index() == "<html>another</html>"


@pytest.fixture
def base() -> Iterator[str]:
    st.config.set_option("server.baseUrlPath", "lab")
    yield "/lab"
    st.config.set_option("server.baseUrlPath", "")


def test_under_a_path_of_its_own_it_answers_there_only(base: str) -> None:
    assert ask(f"{base}/static/js/{ENTRY.name}")["status"] == 200
    assert ask(f"{base}/predict")["status"] == 200
    assert ask("/predict")["status"] == PASSED


def test_pages_bring_the_style_where_the_index_does_not() -> None:
    assert not browser_files.have_style()
    BrowserFiles(behind)
    assert browser_files.have_style()
