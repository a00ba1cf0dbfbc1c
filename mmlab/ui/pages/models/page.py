"""The content of the Models page: cards of runs. Runs of one method with the default settings, which differ in their
seed, share a card; every other run has its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean, stdev
from typing import Any

import streamlit as st

from mmlab.core.group_name import several
from mmlab.core.method import METHODS
from mmlab.core.metric import is_share
from mmlab.core.phrases import say
from mmlab.core.reference import Reference
from mmlab.core.task import Task
from mmlab.storage.library import SEED_FOLDER
from mmlab.ui.components import clickable_svg, model_picker, page_frame, pickers
from mmlab.ui.session import cache, comparison_cache, url_state
from mmlab.ui.text import wording
from mmlab.viz.compare import method_tables
from mmlab.viz.methods import method_diagrams

PER_ROW = 3


def show(task: Task) -> None:
    """The whole page under its title."""
    runs = [entry.reference for entry in comparison_cache.runs(task.name) if entry.problem is None]
    if not runs:
        model_picker.no_model(task)
        return
    cards = _cards(runs)
    for start in range(0, len(cards), PER_ROW):
        for column, card in zip(st.columns(PER_ROW, gap="medium"), cards[start : start + PER_ROW], strict=False):
            with column, st.container(border=True, height="stretch"), page_frame.error_boundary():
                _card(task, card)
    pickers.numbers_help("score", "seed", "card")


def _cards(runs: Sequence[Reference]) -> list[tuple[Reference, ...]]:
    """The runs of each card: a person's own first, then the usual ones by method."""
    usual: dict[str, list[Reference]] = {}
    for run in runs:
        if SEED_FOLDER.fullmatch(run.tag):
            usual.setdefault(run.method, []).append(run)
    own = [(run,) for run in runs if not SEED_FOLDER.fullmatch(run.tag)]
    return [*own, *(tuple(each) for each in usual.values())]


@page_frame.panel
def _card(task: Task, runs: tuple[Reference, ...]) -> None:
    """Name, drawing, score, and the way to the Bench."""
    first = runs[0]
    is_usual = SEED_FOLDER.fullmatch(first.tag) is not None
    title = cache.title(first.method) if is_usual else f"{cache.title(first.method)} · {first.tag}"
    st.markdown(f"### {page_frame.plain(title)}")
    if is_usual and first.method in METHODS:
        drawn = method_diagrams.training(
            METHODS[first.method].diagram, tuple(pickers.letters(task.info.modalities).values())
        )
        clickable_svg.board(
            f'<div class="mm-drawn">{drawn}</div>', key=f"models.drawing.{first.method}", on_pick=lambda _: None
        )
    st.markdown(_scores(task, runs), help=wording.help("score"))
    chosen = _run(runs) if len(runs) > 1 else first
    view = {"task": task.name, "methods": chosen.method, "runs": f"{chosen.method}:{chosen.tag}"}
    with st.container(horizontal=True, key=f"mm-go-{first.method}-{first.tag}"):
        page_frame.page_link("predict", say("**Use on the Bench →**"), view)
        page_frame.page_link("library", say("Card and files →"), {"task": task.name, "run": chosen.name})


def _run(runs: Sequence[Reference]) -> Reference:
    """Which of several seeds is taken along."""
    by_tag = {run.tag: run for run in runs}
    asked = url_state.runs().get(runs[0].method)
    tag = st.selectbox(
        say("Run"),
        list(by_tag),
        index=list(by_tag).index(asked) if asked in by_tag else 0,
        key=f"models.run.{runs[0].task}.{runs[0].method}",
        label_visibility="collapsed",
        width=150,
    )
    return by_tag[str(tag)]


def _scores(task: Task, runs: Sequence[Reference]) -> str:
    """The mean over all combinations, of the usual runs over all seeds that were measured, as Markdown."""
    metric = task.info.output.headline
    scale = method_tables.Scale(is_share(metric))
    shared = (
        comparison_cache.seed_scores(task.name, runs[0].method, metric) if SEED_FOLDER.fullmatch(runs[0].tag) else []
    )
    found = shared or [value for run in runs if math.isfinite(value := _score(run, metric))]
    if not found:
        return say("Not measured yet.")
    spread = f" ± {scale.text(stdev(found))}" if len(found) > 1 else ""
    told = say("{metric}, mean of all combinations", metric=wording.metric(metric))
    seeds = f", {several(len(found), 'seed')}"
    return f"**{scale.text(fmean(found))}{spread}{' %' * scale.is_share}** {told}{seeds}"


def _score(run: Reference, metric: str) -> float:
    """A metric's mean over all combinations on the built-in test samples, or on the first ones there are; NaN where
    nothing was measured."""
    sources = cache.report(run).get("sources", {})
    found: Mapping[str, Any] = sources.get("built-in") or next(iter(sources.values()), {})
    return float(found.get("mean", {}).get(metric, math.nan))
