"""The content of the page of all tasks: the subject of each and the scores of its models."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import streamlit as st

from mmlab.analysis.methods.seed_comparison import Row
from mmlab.core.errors import CheckpointError
from mmlab.core.group_name import several
from mmlab.core.metric import is_share
from mmlab.core.phrases import say
from mmlab.core.task import TASKS, Task, advice
from mmlab.storage.library import Entry
from mmlab.ui.components import page_frame, pickers
from mmlab.ui.session import cache, comparison_cache
from mmlab.ui.text import refusals, wording
from mmlab.viz.base import theme
from mmlab.viz.compare.method_tables import Scale


def show() -> None:
    """The whole page under its title."""
    st.html(f'<h2 class="mm-unseen">{say("All tasks")}</h2>')
    for name in cache.task_names():
        with page_frame.error_boundary():
            _task(cache.task(name))
    for name, problem in TASKS.problems.items():
        st.warning(
            say(
                "**{name}** cannot be used: {problem}",
                name=page_frame.plain(name),
                problem=page_frame.plain(refusals.message_and_hint(problem)),
            )
        )
    pickers.numbers_help("score")


def _task(task: Task) -> None:
    chips = " ".join(
        f"{theme.chip(item.letter, theme.modality_colour(i))} {escape(say(item.label))}&ensp;"
        for i, item in enumerate(task.info.modalities)
    )
    with st.container(border=True):
        title = escape(pickers.task_title(task.name))
        st.html(f'<div class="mm-way"><h3>{title}</h3><p>{escape(say(task.about))}</p><p>{chips}</p></div>')
        entries = [entry for entry in cache.entries(task.name) if entry.problem is None]
        measured = [(entry, cache.report(entry.reference)) for entry in entries]
        sources = sorted({name for _, report in measured for name in report.get("sources", {})} - {"both"})
        if not measured:
            command = f"python -m mmlab train --task {task.name} --method dmrnet"
            what, _, command = advice(task, command).partition(": ")
            st.caption(f"{say('No model yet.')} {say(what)}: `{command}`")
            return
        if not sources:
            names = ", ".join(pickers.marked_title(entry.reference.method) for entry in entries)
            st.caption(say("Trained and not measured yet: {models}.", models=names))
        for source in sources:
            st.html(_scores(task, measured, source))
        for warned in _warnings(task):
            st.caption(f":material/warning: {page_frame.plain(warned)}")
        if told := _simulated(measured):
            st.caption(told)
        with st.container(key=f"mm-go-{task.name}"):
            page_frame.page_link("predict", say("**Use on the Bench →**"), {"task": task.name})


def _scores(task: Task, measured: Sequence[tuple[Entry, Mapping[str, Any]]], source: str) -> str:
    """One table: a row per method, over its seeds; the mean, everything, and each input alone."""
    modalities, output = task.info.modalities, task.info.output
    letters = pickers.letters(modalities)
    columns = [("mean", say("mean of all combinations")), (modalities.full.key, say("all inputs"))]
    columns += [(name, say("{letter} only", letter=letters[name])) for name in modalities.names]
    scale = Scale(is_share(output.headline), higher_is_better=output.higher_is_better)
    seeds, places = _over_seeds(task, source)
    rows = []
    for entry, report in measured:
        found = report.get("sources", {}).get(source)
        if found:
            values = [_value(found, key, output.headline) for key, _ in columns]
            name, run = entry.reference.method, entry.reference.tag
            if name in seeds:
                score = {key: float(seeds[name].score[place]) for key, place in places.items()}
                values = [seeds[name].mean, *(score.get(key, math.nan) for key, _ in columns[1:])]
                run = several(seeds[name].seeds, "seed")
            rows.append((cache.title(name), run, values))
    best = [_best([row[2][i] for row in rows], output.higher_is_better) for i in range(len(columns))]
    samples = next((r["sources"][source]["samples"] for _, r in measured if source in r.get("sources", {})), 0)
    head = "".join(f"<th>{_heading(key, label)}</th>" for key, label in columns)
    body = "".join(
        f"<tr><td>{escape(title)} <span class='mm-muted'>{escape(run)}</span></td>"
        f"{''.join(_cell(value, best[i], scale) for i, value in enumerate(values))}</tr>"
        for title, run, values in rows
    )
    named = {"built-in": say("Built-in test samples"), "real": say("Real recordings")}
    only = all(set(report.get("sources", {})) <= {"built-in"} for _, report in measured)
    where = say("Test samples") if only else named.get(source, escape(source))
    return (
        f'<div class="mm-scroll"><table class="mm-table"><caption style="text-align:left;caption-side:top">'
        f"<b>{where}</b> <span class='mm-muted'>({samples:,}), {escape(_measure(output.headline))}</span></caption>"
        f"<thead><tr><th>{say('Method')}</th>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _heading(key: str, label: str) -> str:
    """What a column is; on a narrow screen the mean, whose words are long, in one."""
    if key != "mean":
        return escape(label)
    return f'<span class="mm-only-wide">{escape(label)}</span><span class="mm-only-narrow">{escape(say("mean"))}</span>'


def _warnings(task: Task) -> list[str]:
    """What Compare warns of: models below a plain reference model, and inputs that lower a score."""
    try:
        found = comparison_cache.comparison(task.name, "", "built-in", "dropout", "", comparison_cache.stamp(task.name))
    except CheckpointError:
        return []
    return found.warnings(lambda key: task.info.modalities.parse(key).label)


def _over_seeds(task: Task, source: str) -> tuple[dict[str, Row], dict[str, int]]:
    """The rows of Compare, so that a cell is the same number there and here, and where each combination stands."""
    try:
        found = comparison_cache.comparison(task.name, "", source, "dropout", "", comparison_cache.stamp(task.name))
    except CheckpointError:  # nothing but runs of other names: each shows its own numbers
        return {}, {}
    return {row.name: row for row in found.rows}, {key: place for place, key in enumerate(found.combinations)}


def _value(found: Mapping[str, Any], key: str, metric: str) -> float:
    row = found["mean"] if key == "mean" else found["metrics"].get(key, {})
    return float(row.get(metric, math.nan))


def _measure(metric: str) -> str:
    return f"{wording.metric(metric)}{wording.metric_meaning(metric)}"


def _best(values: Sequence[float], higher_is_better: bool) -> float:
    return (max if higher_is_better else min)((value for value in values if math.isfinite(value)), default=math.nan)


def _cell(value: float, best: float, scale: Scale) -> str:
    """A number with a bar, where it is a share; the best one is bold. A dash where no test sample has what it takes."""
    if not math.isfinite(value):
        return f'<td class="mm-num" title="{escape(say("no test sample has what this takes"))}">–</td>'
    text = f"{scale.text(value)} %" if scale.is_share else scale.text(value)
    strong = f"<b>{text}</b>" if value == best else text
    bar = f'<i style="width:{max(0, min(100, 100 * value)):.0f}%"></i>' if scale.is_share else ""
    return f'<td class="mm-num"><span class="mm-cell" style="--c:{theme.ACCENT}">{strong}{bar}</span></td>'


def _simulated(measured: Sequence[tuple[Entry, Mapping[str, Any]]]) -> str:
    """Which parts are simulated, from the cards; nothing where a card does not say."""
    parts: list[str] | None = next((e.card.get("data", {}).get("simulated") for e, _ in measured), None)
    if parts is None:
        return ""
    if not parts:
        return say("Nothing here is simulated.")
    return say("Simulated here: {parts}.", parts=page_frame.plain(", ".join(say(str(part)) for part in parts)))
