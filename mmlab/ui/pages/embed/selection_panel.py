"""The samples selected on a map: their number and types, how well they are predicted, and links to the other pages."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from html import escape

import numpy as np
import streamlit as st

from mmlab.analysis.embedding.point_attributes import accuracy_like
from mmlab.core.errors import MmlabError
from mmlab.core.phrases import say
from mmlab.ui.components import page_frame, selection
from mmlab.ui.pages.embed import sample_path, view_data
from mmlab.ui.pages.embed.view_data import View
from mmlab.ui.session import url_state
from mmlab.ui.session.page_registry import PAGES
from mmlab.ui.text import wording

FIND = "embed.find"
ONWARD = ("robustness", "dominance", "predict")  # pages that look at the samples that were chosen
SHOWS = {"dominance": {"aspect": "samples"}}  # the section that goes sample by sample
MOST_PICTURES = 18
PROBLEM = "mmlab.embed.problem"


def search(view: View) -> None:
    """A field that lights the samples whose name, right answer or group holds what was typed."""
    st.text_input(
        say("Find samples"),
        key=FIND,
        placeholder=say("a name, a right answer, a person or source"),
        help=wording.help("choosing"),
        on_change=partial(_find, view),
    )
    if st.session_state.get(FIND) and view.rows is None:
        st.caption(say("No sample has that name."))


def matching(view: View, text: str) -> list[int]:
    """The samples that a search finds: a whole right answer or label, or a part of a name or group."""
    wanted = text.strip().lower()
    if not wanted:
        return []
    answers = [view_data.truth(view.task, target).lower() for target in view.found.target]
    exact = [row for row, answer in enumerate(answers) if wanted in (answer, *answer.split(", "))]
    if exact:
        return exact
    pairs = enumerate(zip(view.found.ids, view.found.groups, strict=True))
    return [row for row, (name, group) in pairs if wanted in name.lower() or wanted in group.lower()]


def show(view: View) -> None:
    """The chosen samples, with where to go on with them."""
    problem = st.session_state.get(PROBLEM)
    if problem is not None:
        page_frame.show_error(problem)
    if view.rows is None:
        st.caption(
            say("Nothing is selected. Choose 2-D to draw around dots.")
            if view.solid
            else say("Nothing is selected. Draw around dots with the lasso or the box (at the top right of the map).")
        )
        return
    rows = np.array(view.rows)
    st.subheader(say("{count} selected samples", count=f"{len(rows):,}"), help=wording.help("choosing"), anchor=False)
    st.html(_scores(view, rows))
    with st.container(horizontal=True, vertical_alignment="center", key="mm-go-chosen"):
        for name in ONWARD:
            fields = {**url_state.everything(), **SHOWS.get(name, {})}
            page_frame.page_link(name, say("In {page} →", page=say(PAGES[name].title)), fields)
        st.button(say("Clear selection"), key="embed.forget", type="tertiary", on_click=_forget)
    shipped = set(view.task.gallery())
    pictured = [row for row in view.rows if view.found.ids[row] in shipped]
    st.html(sample_path.pictured(view, pictured[:MOST_PICTURES]))
    left = len(pictured) - MOST_PICTURES
    if left > 0:
        st.caption(say("{count} more have pictures.", count=f"{left:,}"))


def _scores(view: View, rows: np.ndarray) -> str:
    """How well the chosen ones are answered under each combination, beside all samples."""
    good = accuracy_like(view.found, view.task.info.output)
    name, number = _measure(view)
    cells = ""
    for place, key in enumerate(view.found.combinations):
        some, all_of_them = (values[np.isfinite(values)] for values in (good[place, rows], good[place]))
        texts = [number(float(values.mean())) if len(values) else "–" for values in (some, all_of_them)]
        inside = "".join(f'<td class="mm-num">{text}</td>' for text in texts)
        cells += f'<tr><td class="mm-num"><b>{escape(view.letters[key])}</b></td>{inside}</tr>'
    titles = (say("Inputs"), say("{measure}, chosen", measure=name), say("{measure}, all", measure=name))
    head = f"<tr>{''.join(f'<th>{title}</th>' for title in titles)}</tr>"
    return f'<div class="mm-scroll"><table class="mm-table">{head}{cells}</table></div>'


def _measure(view: View) -> tuple[str, Callable[[float], str]]:
    output = view.task.info.output
    if not output.error_is_share:
        return say("mean error"), lambda value: f"{-value:.2f}"
    if output.class_names:
        return say("right"), wording.percent
    return say(output.goodness_name), output.goodness_text


def choose(view: View, rows: list[int]) -> None:
    """Keep the samples that were caught in the address. For callbacks."""
    st.session_state.pop(PROBLEM, None)
    try:
        url_state.put(chosen=selection.written(rows, view.found.ids))
    except MmlabError as error:
        st.session_state[PROBLEM] = error


def _find(view: View) -> None:
    choose(view, matching(view, st.session_state[FIND]))


def _forget() -> None:
    st.session_state[FIND] = ""
    url_state.put(chosen=None)
