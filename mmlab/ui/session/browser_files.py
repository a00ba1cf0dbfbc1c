"""What a browser loads before any page: Streamlit's own files, served from memory, and its index page with additions.

Streamlit opens each of its hundred small files in a thread, which waits for Python's lock again and again while another
thread imports or draws. From memory they are an answer of a fraction of a millisecond.

The index tells the browser more. Where the server is: otherwise it asks at the address of the page first, finds
nothing there, and waits before it asks elsewhere. Which parts of the interface every page will need, so that they load
while the rest is still being read, and not one after the other when a page names them. And how the app looks
(`STYLE`), so that everything stands in its place from the first frame on.
"""

from __future__ import annotations

import json
import mimetypes
import re
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import streamlit as st

from mmlab.ui.session.page_registry import PAGES

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]
Answer = tuple[list[tuple[bytes, bytes]], bytes]

ROOT = Path(st.__file__).parent / "static"
LARGEST = 2**20  # bytes: larger files are few and asked for seldom
FIRST = ("Html", "PageLink", "Selectbox", "Checkbox", "BidiComponent", "ButtonGroup", "Button")  # on nearly every page
STYLE = Path(__file__).resolve().parents[1] / "components" / "style.css"
ENTRY, END, BODY = '<script type="module"', "</head>", "<body>"
# Which address it is decides what is kept free at first: no side bar comes in Present, a compact page fills the window.
HERE = """<script>
      window.__streamlit = { BACKEND_BASE_URL: new URL("./", location.href).href };
      {
        const asked = new URLSearchParams(location.search), kept = document.documentElement.dataset;
        const bare = asked.get("present") === "1" || (asked.get("hide") || "").split(",").includes("sidebar");
        kept.mmShell = bare ? "bare" : "full";
        if (%s.includes(location.pathname.split("/").at(-1))) kept.mmCompact = "";
      }
    </script>"""
IMPORT = re.compile(r'(?:from|import)\s*"\./([^"/]+\.js)"')
PAGE = re.compile(r"/?[a-z0-9_-]*", re.IGNORECASE)  # what can be the address of a page; no file has such a name


_serving: list[bool] = []


def have_style() -> bool:
    """Whether the index page of this server includes the style of the app, so that pages need not."""
    return bool(_serving) and b"<style>" in _page()[1]


class BrowserFiles:
    """ASGI middleware that answers for Streamlit's files and its index, and passes everything else on."""

    def __init__(self, app: Application) -> None:
        _serving.append(True)
        self._app = app
        self._base = "/" + st.get_option("server.baseUrlPath").strip("/")

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        found = self._found(scope) if scope["type"] == "http" and scope["method"] == "GET" else None
        if found is None:
            await self._app(scope, receive, send)
            return
        headers, body = found
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _found(self, scope: Message) -> Answer | None:
        """The answer to a request; None where Streamlit has to answer, as for parts of a file."""
        path = str(scope["path"])
        if self._base != "/":
            if not path.startswith(f"{self._base}/"):
                return None
            path = path.removeprefix(self._base)
        if any(name == b"range" for name, _ in scope["headers"]):
            return None
        if path.startswith("/static/"):
            return _asset(path.removeprefix("/static/"))
        return _page() if PAGE.fullmatch(path) else None


def index() -> str:
    """Streamlit's index page with additions; unchanged if its form is unknown."""
    page = (ROOT / "index.html").read_text("utf-8")
    if not all(page.count(mark) == 1 for mark in (ENTRY, END, BODY)):
        return page
    compact = json.dumps([name for name in PAGES if PAGES[name].compact])
    links = "".join(
        f'<link rel="modulepreload" crossorigin href="./static/js/{name}">' for name in _needed() if name not in page
    )
    style = f"<style>{STYLE.read_text('utf-8')}</style>"  # behind Streamlit's own, before what pages add
    page = page.replace(ENTRY, f"{HERE % compact}\n    {ENTRY}").replace(END, f"{links}{END}")
    return page.replace(BODY, f"{BODY}{style}")


def _needed() -> Iterator[str]:
    """The files behind the elements of FIRST, with all that they import themselves."""
    files = {path.name: path for path in (ROOT / "static" / "js").glob("*.js")}
    waiting = [name for name in files if name.partition(".")[0] in FIRST]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in seen and name in files:
            seen.add(name)
            yield name
            waiting += IMPORT.findall(files[name].read_text("utf-8"))


@lru_cache(maxsize=1)
def _page() -> Answer:
    return _answer(index().encode(), "text/html; charset=utf-8", "no-cache")


@lru_cache(maxsize=512)
def _asset(name: str) -> Answer | None:
    """One file of Streamlit's, whose name changes with its content; None for what is not one of them, or large."""
    path = _assets().get(name)
    if path is None or path.stat().st_size > LARGEST:
        return None
    kind = "text/javascript" if path.suffix == ".js" else mimetypes.guess_type(path.name)[0]
    return _answer(path.read_bytes(), kind or "application/octet-stream", "public, immutable, max-age=31536000")


@lru_cache(maxsize=1)
def _assets() -> dict[str, Path]:
    """Streamlit's files by their addresses: what is not among them is not looked for on disk."""
    folder = ROOT / "static"
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}


def _answer(body: bytes, kind: str, kept: str) -> Answer:
    headers = {"content-type": kind, "content-length": str(len(body)), "cache-control": kept}
    return [(name.encode(), value.encode()) for name, value in headers.items()], body
