"""What every page shares: settings, style, navigation, and what happens when something goes wrong.

A page is a short file. It opens its own frame, because a link straight to a page runs it without `app.py`:

>>> from mmlab.ui.components.page_frame import page
>>> with page("pages/predict.py"):
...     from mmlab.ui import cache, state, widgets      # inside: torch loads behind the painted title
...     task = widgets.task_picker()

`trouble()` guards a part of a page: an MmlabError becomes its sentence and hint right there and the rest of the page
goes on. `@panel` is `st.fragment` with `trouble()` inside, for everything that reacts to a toggle.
Adding a page: write `pages/x.py` and one line in PAGES.
"""

from __future__ import annotations

import functools
import gc
import logging
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec

import streamlit as st
from PIL import Image, ImageDraw

from mmlab.core.errors import MmlabError
from mmlab.core.storage_errors import storage_errors
from mmlab.ui.session import url_state
from mmlab.viz.base.theme import MODALITIES

P = ParamSpec("P")
ROOT = Path(__file__).resolve().parents[3]
HERE = Path(__file__).resolve().parent
HERE_NOW, ON_ENTRY = "mmlab.page", "mmlab.entry"  # session: the page, and what was settled when it was entered
LOG = logging.getLogger("mmlab.app")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+!|~$:^])")


@dataclass(frozen=True)
class Link:
    """One page: its file, its name, the group it stands in, and the sentence under its title."""

    path: str
    title: str
    group: str
    about: str


PAGES: tuple[Link, ...] = (
    Link("app.py", "Home", "", "See what a model does when some of its inputs are missing."),
    Link("pages/predict.py", "Predict", "One sample", "Remove inputs and see how the prediction changes."),
    Link(
        "pages/explain.py",
        "Explain",
        "One sample",
        "Attribution: where each model looks, and how much each input contributes.",
    ),
    Link(
        "pages/embed.py",
        "Embed",
        "One sample",
        "See how a sample moves in the embedding space when an input is missing.",
    ),
    Link("pages/compare.py", "Compare", "All samples", "Methods and combinations, side by side."),
    Link(
        "pages/robustness.py", "Robustness", "All samples", "Scores, missing rates, calibration and prediction flips."
    ),
    Link("pages/dominance.py", "Dominance", "All samples", "Modality dominance: which input decides."),
    Link("pages/methods.py", "Methods", "Models", "What each method does, and where it comes from."),
    Link("pages/train.py", "Train", "Models", "Train a model and follow its progress."),
    Link("pages/library.py", "Library", "Models", "The trained models and their measurements."),
)


def pages() -> tuple[Link, ...]:
    """The pages that exist."""
    return tuple(link for link in PAGES if (ROOT / link.path).is_file())


@contextmanager
def page(path: str) -> Iterator[None]:
    """The frame around a page's content. `path` is the page's file, as in PAGES."""
    link = next(link for link in PAGES if link.path == path)
    st.set_page_config(page_title=f"{link.title} · mmlab", page_icon=_icon(), layout="wide", initial_sidebar_state=230)
    st.html(HERE / "style.css")
    if st.session_state.get(HERE_NOW) != path:
        st.session_state[HERE_NOW], st.session_state[ON_ENTRY] = path, {}
        url_state.enter()
    foot = _navigation()
    if link.group:
        st.html(f'<header class="mm-head"><h1>{link.title}</h1><p>{link.about}</p></header>')
    with error_boundary():
        yield
    _settle_once()
    if (where := _where()) is not None:
        foot.caption(where)


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
            "Something went wrong in this part of the page. The rest still works; the details are in the app's log."
        )


def panel(function: Callable[P, None]) -> Callable[P, None]:
    """A part of a page that reruns by itself (`st.fragment`) and says its own errors."""

    @functools.wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        with error_boundary():
            function(*args, **kwargs)

    return st.fragment(guarded)


def show_error(error: MmlabError, quiet: bool = False) -> None:
    """The sentence and the hint of an error, where the eye is. `quiet`: a remark, when the page found a way out."""
    text = plain(error.message) + (f"  \n{plain(error.hint)}" if error.hint else "")
    (st.info if quiet else st.warning)(text)


def plain(text: str) -> str:
    """Text that may hold names from outside, so that no letter of it works as Markdown."""
    return _MARKDOWN.sub(r"\\\1", text)


def _navigation() -> st.delta_generator.DeltaGenerator:
    """The links to all pages; returns the place at the foot for where the models run."""
    with st.sidebar:
        st.html('<div class="mm-brand">mmlab</div>')
        group, view = "", url_state.carried()
        for link in pages():
            if link.group != group:
                group = link.group
                st.html(f'<div class="mm-group">{group}</div>')
            st.page_link(link.path, label=link.title, width="stretch", query_params=view)
        return st.empty()


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
        return f"Models run on this machine: {label(device())}."
    except MmlabError as error:
        return plain(str(error))
