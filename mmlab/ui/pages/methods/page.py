"""The Methods page: one card at a time, its diagram, our departures from the paper, and the views of its evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from html import escape

import streamlit as st

from mmlab.core import csv_file
from mmlab.core.declarations import Card
from mmlab.core.errors import CheckpointError, UnknownName
from mmlab.core.method import METHODS
from mmlab.core.phrases import language, phrase, say
from mmlab.core.reference import Reference
from mmlab.core.task import Task, advice, is_trained_here
from mmlab.ui.bar.bar import BarSelection
from mmlab.ui.components import (
    clickable_svg,
    model_picker,
    page_frame,
    pickers,
    registered_card,
    run_picker,
)
from mmlab.ui.pages.methods.evidence_views import EVIDENCE, PLAIN, Shown, Source, View
from mmlab.ui.session import cache, url_state
from mmlab.ui.text import wording
from mmlab.viz.base import theme
from mmlab.viz.methods import method_diagrams

KEY = phrase("Blue boxes are trained. Dashed boxes are frozen, pale ones are absent.")
STYLE = """<style>
.mm-drawing { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(300px, 100%), 1fr)); gap: 14px; }
.mm-drawing figure { margin: 0; padding: 10px 12px 4px; border-radius: 14px;
  border: 1px solid color-mix(in srgb, currentColor 18%, transparent); }
.mm-drawing figcaption { font-weight: 600; font-size: 0.92rem; }
.mm-drawing svg { display: block; width: 100%; max-width: 460px; margin: 0 auto; height: auto; }
.mm-idea { font-size: 1.08rem; line-height: 1.5; max-width: 860px; margin: 0; }
.mm-key { font-size: 0.82rem; opacity: 0.8; margin: 0; }
.mm-facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(240px, 100%), 1fr)); gap: 14px 26px; }
.mm-facts h4 { font-size: 0.95rem; margin: 0; padding: 0; }
.mm-facts p { font-size: 0.93rem; margin: 0.2rem 0 0; opacity: 0.9; }
</style>"""


def show(at: BarSelection) -> None:
    """The whole page under the bar."""
    task = at.task
    st.html(STYLE)
    if not is_trained_here(task):
        registered_card.show_all(task)
        return
    with at.place:
        method = _picker(at.models)
    _card(task, method)
    st.subheader(say("Evidence from the trained model"), help=wording.help("evidence"), anchor=False)
    with page_frame.error_boundary():
        source = _source(task, method)
        st.caption(
            say(
                "From {model}: its log, and up to 400 test samples. {letters}.",
                model=page_frame.plain(source.reference.name),
                letters=_key(task),
            )
        )
        for number, name in enumerate(METHODS[method].evidence_views):
            with page_frame.error_boundary():
                _view(task.name, method, number, say(EVIDENCE[name].title))
    pickers.numbers_help("evidence")


def _picker(models: model_picker.Models) -> str:
    """The method of the address, or of the model that is shown; papers first. One that is trained is shown elsewhere,
    too."""
    there = sorted(
        (name for name in METHODS if METHODS[name].trained_here), key=lambda name: (not METHODS[name].year, name)
    )
    papers = [name for name in there if METHODS[name].year]
    ordered = [*sorted(papers, key=lambda name: (name != "dmrnet", METHODS[name].title.lower())), *there[len(papers) :]]
    shown = models.shown.method if models.shown is not None else ""
    wanted = url_state.get("method") or (shown if shown in ordered else ordered[0])
    if wanted not in ordered:
        page_frame.show_error(
            UnknownName(say("There is no card for a method “{name}”.", name=wanted), say("Choose one in the bar.")),
            quiet=True,
        )
        wanted = ordered[0]
    st.selectbox(
        say("Method"),
        ordered,
        format_func=lambda name: say("Shown: {model}", model=cache.title(name)),
        key=url_state.follow("card", wanted),
        label_visibility="collapsed",
        width=208,
        on_change=partial(_open, models),
    )
    return wanted


def _open(models: model_picker.Models) -> None:
    method = st.session_state["card"]
    if method in models.there and models.shown is not None:
        model_picker.show(method, models.chosen, models.shown.method)
    else:
        url_state.put(method=method)


def _card(task: Task, method: str) -> None:
    kind = METHODS[method]
    card = kind.card or Card(kind.about, "", "", "", kind.paper)
    group = say("published {year}", year=kind.year) if kind.year else say("for comparison")
    with st.container(border=True):
        st.html(f'<div class="mm-way"><h3>{escape(kind.title)} <span class="mm-muted">· {group}</span></h3></div>')
        if card.warning:
            st.warning(say(card.warning))
        st.html(f'<p class="mm-idea">{escape(say(card.idea))}</p>')
        letters = tuple(pickers.letters(task.info.modalities).values())
        missing = list(pickers.labels(task.info.modalities).values())[1]
        # a component, because `st.html` takes drawings out
        clickable_svg.board(
            method_diagrams.draw(METHODS[method].diagram, letters, missing),
            key=f"drawing.{method}",
            on_pick=lambda _: None,
        )
        st.html('<p class="mm-key">' + escape(say(KEY)) + "</p>")
        st.html(_facts(card))
        _paper(card)


def _facts(card: Card) -> str:
    parts = (
        (say("Training"), card.trained),
        (say("When something is missing"), card.missing),
        (say("What to look at"), card.look),
    )
    inside = "".join(
        f"<section><h4>{title}</h4><p>{_emphasis(say(text))}</p></section>" for title, text in parts if text
    )
    return f'<div class="mm-facts">{inside}</div>'


def _emphasis(text: str) -> str:
    """`*word*` in the cards' own texts as emphasis."""
    pieces = escape(text).split("*")
    return "".join(f"<em>{piece}</em>" if i % 2 else piece for i, piece in enumerate(pieces))


def _paper(card: Card) -> None:
    link = f"  \n[{card.link.removeprefix('https://')}]({card.link})" if card.link else ""
    if card.paper:
        st.markdown(f"**{say('Paper')}.** {say(card.paper)}{link}")
    if card.departs:
        with st.expander(say("Departures from the paper"), expanded=bool(card.warning)):
            st.markdown("\n".join(f"- {say(line)}" for line in card.departs))


def _source(task: Task, method: str) -> Source:
    """The run of the method that is shown, with the same run of the others where there is one."""
    shown = run_picker.entries(task.name)
    found: dict[str, Reference] = {each.reference.method: each.reference for each in shown if not each.problem}
    if method not in found:
        if reason := METHODS[method].unsupported_reason(task.info):
            raise CheckpointError(reason, say("Choose another task to see it at work."))
        raise CheckpointError(
            say(
                "There is no trained model of {method} for this task yet, so there is nothing to show.",
                method=cache.title(method),
            ),
            advice(task, f"python -m mmlab train --task {task.name} --method {method}"),
        )
    own = found[method]
    there = cache.library().references(task.name)
    same = {ref.method: ref for ref in there if ref.tag == own.tag and ref.method in found}
    others = {**found, **same}
    for reference in there if method == "dmrnet" else ():
        if (reference.method, reference.tag) == (method, f"ablation-dropout-{own.tag}"):
            others[PLAIN] = reference
    return Source(task, own, others)


@page_frame.panel
def _view(task_name: str, method: str, number: int, title: str) -> None:
    """One view: its question, its switch, the sentence, the figures, the numbers as a file."""
    view = EVIDENCE[METHODS[method].evidence_views[number]]
    with st.container(border=True, key=f"mm-view-{method}-{number}"):
        st.html(f'<div class="mm-way"><h3>{escape(title)}</h3></div>')
        with page_frame.error_boundary():
            source = _source(cache.task(task_name), method)
            choice = _choice(view, source, f"view.{method}.{number}")
            shown = _made(method, number, choice, source.reference, tuple(sorted(source.others.items())), language())
            st.markdown(shown.sentence)
            _figures(shown, f"{method}.{number}")
            st.download_button(
                f"↓ {say('Numbers (CSV)')}",
                data=partial(as_csv, shown.numbers, source.task.title, cache.title(method)),
                file_name=f"mmlab-{task_name}-{method}-{number + 1}.csv",
                mime="text/csv",
                key=f"save.{method}.{number}",
                on_click="ignore",
                type="tertiary",
            )


def _choice(view: View, source: Source, key: str) -> str:
    if view.choices is None:
        return ""
    choices = dict(view.choices(source))
    if len(choices) < 12:
        return str(st.selectbox(say(view.asks), list(choices), format_func=choices.__getitem__, key=key, width=420))
    return str(st.select_slider(say(view.asks), list(choices), format_func=choices.__getitem__, key=key, width=420))


def _figures(shown: Shown, key: str) -> None:
    for number, (column, (caption, figure)) in enumerate(
        zip(st.columns(len(shown.figures), gap="medium"), shown.figures.items(), strict=True)
    ):
        with column:
            if caption:
                st.caption(f"**{page_frame.plain(caption)}**")
            st.plotly_chart(figure, theme=None, config=theme.CONFIG, key=f"figure.{key}.{number}", alt=caption or None)


@st.cache_resource(show_spinner=False, max_entries=48)
def _made(
    method: str, number: int, choice: str, reference: Reference, others: tuple[tuple[str, Reference], ...], spoken: str
) -> Shown:
    """A view of one checkpoint in one language. Shared between sessions: read only."""
    return EVIDENCE[METHODS[method].evidence_views[number]].make(
        Source(cache.task(reference.task), reference, dict(others)), choice
    )


def _key(task: Task) -> str:
    """What the letters stand for."""
    return page_frame.plain(
        ", ".join(say("{letter} is {input}", letter=item.letter, input=item.spoken) for item in task.info.modalities)
    )


def as_csv(columns: Mapping[str, Sequence[object]], task: str = "", model: str = "") -> bytes:
    """Columns of one length as a file, behind them what they are of."""
    whose = {name: text for name, text in (("task", task), ("model", model)) if text}
    rows = ([*row, *whose.values()] for row in zip(*columns.values(), strict=True))
    return csv_file.as_csv([*columns, *whose], rows).encode()
