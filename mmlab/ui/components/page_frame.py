"""What every page shares: settings, style, navigation, and error handling.

`run()` is the app: it opens the page of the address in its frame. A page is declared with
`mmlab.ui.session.page_registry.app_page`; torch loads behind its painted title, since only its function imports it.

`error_boundary()` guards a part of a page: an MmlabError becomes its sentence and hint right there and the rest of the
page goes on. `@panel` is `st.fragment` with `error_boundary()` inside, for everything that reacts to a toggle.
"""

from __future__ import annotations

import functools
import gc
import logging
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from html import escape
from pathlib import Path
from typing import Literal, ParamSpec

import streamlit as st
from PIL import Image, ImageDraw

from mmlab.core.errors import MmlabError
from mmlab.core.phrases import say
from mmlab.core.storage_errors import storage_errors
from mmlab.storage.shipped_files import PAGES as PAGE_FILES
from mmlab.ui.components import modes
from mmlab.ui.session import access, browser_files, head_start, refusal_log, session_expiry, url_state
from mmlab.ui.session.page_registry import HOME, PAGES, Page, group_of, navigation, pages
from mmlab.ui.text import language, refusals, wording
from mmlab.ui.text.markdown import plain
from mmlab.viz.base.theme import MODALITIES

P = ParamSpec("P")
Width = Literal["content", "stretch"]
LESSON_LIST = "lessons"
HERE = Path(__file__).resolve().parent
HERE_NOW, ON_ENTRY = "mmlab.page", "mmlab.entry"  # session: the page, and what was settled when it was entered
LOG = logging.getLogger("mmlab.app")


@dataclass(frozen=True)
class _Link:
    """The place of a link of the navigation: to which page, under which name."""

    place: st.delta_generator.DeltaGenerator
    page: str
    label: str
    width: Width = "content"


_navigated: ContextVar[bool] = ContextVar("navigated", default=False)


def run() -> None:
    """The whole app: the page of the address, in its frame."""
    token = _navigated.set(True)
    try:
        st.navigation([_routed(page) for page in pages()], position="hidden").run()
    finally:
        _navigated.reset(token)


def show(name: str) -> None:
    """One page, for its file in `pages/`; the whole app where the file was opened by itself."""
    if _navigated.get():
        _framed(PAGES[name])
    else:
        run()


def page_link(name: str, label: str, view: Mapping[str, str] | None = None, width: Width = "content") -> None:
    """A link to a page, with a view in its address. Raises UnknownName for a page that does not exist."""
    fields = None if view is None else {**url_state.modes(), **view}
    if fields and name == LESSON_LIST:
        fields.pop("step", None)  # with it, the list would lead straight back to the running step
    st.page_link(_routed(PAGES[name]), label=label, width=width, query_params=fields)


def open_page(name: str, view: Mapping[str, str]) -> None:
    """Go to a page with a view, at once: what follows is not run. Raises UnknownName for one that does not exist."""
    st.switch_page(_routed(PAGES[name]), query_params=dict(view))


def _routed(page: Page) -> st.Page:
    """A page as Streamlit takes it. Its name is its address; Home's is the root."""
    file = PAGE_FILES / f"{page.name}.py"  # as Streamlit and its hosts expect; none needs one
    shown = file if file.is_file() else partial(_framed, page)
    return st.Page(shown, title=page.title, url_path=page.name, default=page.name == HOME)


def _framed(page: Page) -> None:
    """A page under its navigation and title."""
    if st.session_state.get(HERE_NOW) != page.name:
        st.session_state[HERE_NOW], st.session_state[ON_ENTRY] = page.name, {}
        url_state.enter()
    language.use(url_state.get("lang"))
    wording.forget_asked()
    title = f"{say(page.title)} · mmlab"
    st.set_page_config(page_title=title, page_icon=_icon(), layout="wide", initial_sidebar_state=230)
    if not browser_files.have_style():
        st.html(browser_files.STYLE)
    view = url_state.carried()
    links, foot = _navigation(page)
    is_hidden = _lesson(page)
    kind = "mm-head mm-compact" if page.compact else "mm-head"
    st.html(f'<header class="{kind}"><h1>{escape(say(page.title))}</h1><p>{escape(say(page.about))}</p></header>')
    if not page.compact:
        links += _tabs(page)
    _link_all(links, view)
    head_start.wait()
    with error_boundary():
        if is_hidden:
            st.caption(say("This page shows the answer. It appears once you have chosen an option above."))
        else:
            page.show()
    if (settled := url_state.carried()) != view:
        _link_all(links, settled)  # the page found by itself what to look at
    modes.show(page)
    _settle_once()
    if (where := _where()) is not None:
        foot.caption(where)


def _lesson(page: Page) -> bool:
    """The card of the lesson that the address names, if it names one; whether it asks for what the page would show."""
    if "step" not in url_state.modes():
        return False
    head_start.wait()
    from mmlab.ui.components import lesson_bar  # reads lesson files, which nobody else needs

    with error_boundary():
        return lesson_bar.show(page, open_page)
    return False


@contextmanager
def error_boundary() -> Iterator[None]:
    """Say what went wrong inside, right here, and let the rest of the page go on."""
    try:
        with storage_errors():
            yield
    except MmlabError as error:
        show_error(error)
    except Exception:
        LOG.exception("The page failed.")
        st.error(
            say(
                "Something went wrong in this part of the page. The rest still works; the details are in the app's log."
            )
        )


def panel(function: Callable[P, None]) -> Callable[P, None]:
    """A part of a page that reruns by itself (`st.fragment`) and says its own errors."""
    return st.fragment(_guarded(function))


def named_panel(name: str) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """A panel that callbacks elsewhere make run again by its name (`run_again`), without the rest of the page."""

    return lambda function: st.fragment(_guarded(function), key=name)


def run_again(name: str) -> None:
    """Let the panel of this name run instead of what a widget is part of. For callbacks, as their last statement."""
    st.rerun(name)


def _guarded(function: Callable[P, None]) -> Callable[P, None]:
    @functools.wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        with error_boundary():
            function(*args, **kwargs)

    return guarded


def show_error(error: MmlabError, quiet: bool = False) -> None:
    """The sentence and the hint of an error, where the eye is. `quiet`: a remark, when the page found a way out."""
    text = plain(refusals.translated(error.message)) + (
        f"  \n{plain(refusals.translated(error.hint))}" if error.hint else ""
    )
    if not quiet:
        refusal_log.note(st.session_state.get(HERE_NOW, ""), error)
    (st.info if quiet else st.warning)(text)


def _navigation(page: Page) -> tuple[list[_Link], st.delta_generator.DeltaGenerator]:
    """The places of the links to all groups of pages, and that at the foot for where the models run."""
    here = group_of(page).title
    with st.sidebar:
        with st.container(key="mm-brand"):
            links = [_Link(st.empty(), HOME, "mmlab")]
        for place, group in enumerate(navigation()):
            with st.container(key="mm-nav-here" if group.title == here else f"mm-nav-{place}"):
                links.append(_Link(st.empty(), group.pages[0].name, say(group.title), "stretch"))
        access.foot()
        session_expiry.watch()
        return links, st.empty()


def _tabs(page: Page) -> list[_Link]:
    """The pages of the same group in one thin line; nothing for a page that stands alone."""
    inside = group_of(page).pages
    if len(inside) < 2:
        return []
    links = []
    with st.container(horizontal=True, gap="medium", key="mm-tabs"):
        for place, other in enumerate(inside):
            with st.container(key="mm-tab-here" if other == page else f"mm-tab-{place}", width="content"):
                links.append(_Link(st.empty(), other.name, say(other.tab or other.title)))
    return links


def _link_all(links: Sequence[_Link], view: Mapping[str, str]) -> None:
    """Fill the places of the links, with a view for their addresses; filled again where it changed."""
    for link in links:
        with link.place.container():
            page_link(link.page, plain(link.label), view, link.width)


@st.cache_resource(show_spinner=False)
def _icon() -> Image.Image:
    """Three overlapping discs. An emoji or a Material icon would make the browser ask another host."""
    picture = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    for (x, y), colour in zip(((20, 24), (44, 24), (32, 44)), MODALITIES, strict=False):
        disc = Image.new("RGBA", picture.size, (0, 0, 0, 0))
        ImageDraw.Draw(disc).ellipse((x - 18, y - 18, x + 18, y + 18), fill=f"{colour}D0")
        picture = Image.alpha_composite(picture, disc)
    return picture


def _settle_once() -> None:
    """Once all the heavy modules are in, take everything that lives for good out of the collector's way.

    A full collection over torch's and Plotly's objects takes over 100 ms with all sessions waiting.
    """
    heavy = tuple(name for name in ("torch", "plotly", "captum") if name in sys.modules)
    if heavy:
        _settle(heavy)


@st.cache_resource(show_spinner=False)
def _settle(heavy: tuple[str, ...]) -> int:
    gc.collect()
    gc.freeze()
    return len(heavy)


def _where() -> str | None:
    """Where models run, in words; nothing while torch has not been needed."""
    if "torch" not in sys.modules:
        return None
    from mmlab.inference.device import device, label

    try:
        return say("Models run on this machine: {device}.", device=label(device()))
    except MmlabError as error:
        return plain(refusals.message_and_hint(error))
