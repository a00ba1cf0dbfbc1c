"""The panel of measures, whether they agree, and the arithmetic of the number that was picked."""

from __future__ import annotations

import json
from functools import partial
from html import escape

import numpy as np
import streamlit as st

from mmlab.analysis.dominance.catalogue import MEASURES, PAIRS
from mmlab.analysis.dominance.export import as_csv, as_json
from mmlab.analysis.dominance.report import Number, PairRow, Panel
from mmlab.core.modality import Modalities
from mmlab.core.reference import Reference
from mmlab.core.task import Task
from mmlab.ui.components import clickable_svg, page_frame, pickers, selection
from mmlab.ui.pages.dominance import result_cache
from mmlab.ui.session import cache, url_state
from mmlab.ui.text import wording
from mmlab.viz.dominance import measure_table

RULES = {"": "As the method does", result_cache.DONOR: "Another sample’s input"}
COLUMNS = (
    ("interaction", "interaction"),
    ("utilisation_gap", "leans on the first"),
    ("both", "both know"),
    ("first", "only the first"),
    ("second", "only the second"),
    ("synergy", "only together"),
)


def show(task: Task, reference: Reference) -> None:
    """One table, one rule for what is absent, and a verdict."""
    modalities = task.info.modalities
    wanted = selection.announced(cache.sweep(reference).ids)
    found = result_cache.panel(reference, _rule(), wanted)
    _verdict(found)
    heads = [measure_table.Head(m.name, m.label, m.letter, pickers.colours(modalities)[m.name]) for m in modalities]
    st.caption(
        f"Absent is {found.rule}; nothing at all is answered with {found.nothing}. Bold: the largest of a row. "
        "Press a number to see its arithmetic."
    )
    picked = url_state.get("number")
    lines = [_line(row.measure.name, found, modalities) for row in found.rows]
    clickable_svg.board(measure_table.table(heads, lines, picked), key=f"dominance.table.{task.name}", on_pick=_pick)
    if len(modalities) > 1:
        st.markdown("**Pairs**", help=_pairs_help())
        pair_heads = [measure_table.Head(name, label, "", "") for name, label in COLUMNS]
        pair_lines = [_pair_line(pair, modalities) for pair in found.pairs]
        clickable_svg.board(
            measure_table.pairs(pair_heads, pair_lines, picked), key=f"dominance.pairs.{task.name}", on_pick=_pick
        )
    with page_frame.error_boundary():
        _arithmetic(found, modalities, picked)
    _foot(found, reference)


def _rule() -> str:
    wanted = url_state.get("absent")
    chosen = wanted if wanted in RULES else ""
    st.segmented_control(
        "What stands in for an absent input",
        list(RULES),
        format_func=RULES.__getitem__,
        key=url_state.follow("dominance.absent", chosen),
        required=True,
        help=wording.help("absent"),
        on_change=lambda: url_state.put(absent=st.session_state["dominance.absent"] or None),
    )
    return chosen


def _pick(name: str) -> None:
    url_state.put(number=name)


def _verdict(found: Panel) -> None:
    agreed = found.agreement
    top = next(iter(agreed.leaders.items()), None)
    w = "–" if np.isnan(agreed.w) else f"{agreed.w:.2f}"
    leading = f"**{top[0]}** is put first by {len(top[1])} of {agreed.judges} measures." if top else "No input leads."
    evenly = f" Spread of the fair shares: {found.evenness:.2f} (1 is even, {1 / len(found.names):.2f} is all in one)."
    st.markdown(
        f"{leading} Agreement of the measures: **{w}** of 1: {agreed.verdict}.{evenly}", help=wording.help("agreement")
    )
    if not agreed.disputes:
        return
    others = [
        f"{', '.join(f'“{MEASURES[name].title}”' for name in names)}: **{label}** first"
        for label, names in list(agreed.leaders.items())[1:]
    ]
    with st.container(border=True, key="mm-dispute"):
        reasons = dict.fromkeys(dispute.why for dispute in agreed.disputes)
        said = "\n".join(f"- {why}" for why in reasons)
        st.markdown(f"⚠ **They do not agree.** {'; '.join(others)}. This need not be a mistake:\n\n{said}")


def _line(name: str, found: Panel, modalities: Modalities) -> measure_table.Line:
    row = found.row(name)
    unit = row.measure.unit
    notes = [_note(number, unit, row.samples) for number in row.numbers]
    return measure_table.Line(
        name,
        row.measure.title,
        row.measure.question,
        (unit,) * len(row.numbers),
        tuple(number.value for number in row.numbers),
        tuple(notes),
        row.problem,
    )


def _note(number: Number, unit: str, samples: int) -> str:
    text = f"on {samples:,} samples"
    if np.isfinite(number.low):
        text += f"; 95 % interval {measure_table.figure(number.low, unit)} to {measure_table.figure(number.high, unit)}"
    return text


def _pair_line(pair: PairRow, modalities: Modalities) -> measure_table.Line:
    labels = [modalities[name].label for name in (pair.first, pair.second)]
    bits = (np.nan,) * 4
    note = pair.problem
    if pair.pid is not None:
        part = pair.pid.found
        bits = (part.redundancy, part.first, part.second, part.synergy)
        chance = pair.pid.chance.total
        note = f"classes in {pair.pid.bins} groups; {chance:.3f} bits that chance alone seems to know were taken away"
    return measure_table.Line(
        f"{pair.first}+{pair.second}",
        " and ".join(labels),
        "",
        ("share", "share", *("bits",) * 4),
        (pair.interaction.value, pair.lean.value, *bits),
        ("synergy above 0, redundancy below", "above 0: on the first", *(note,) * 4),
    )


def _pairs_help() -> str:
    return "\n\n".join(f"**{each.title}.** {each.question} {each.about} *{each.source}*" for each in PAIRS.values())


def _arithmetic(found: Panel, modalities: Modalities, picked: str) -> None:
    """The steps to the picked number, its sentence and its source."""
    name, _, column = picked.partition("~")
    if name in {row.measure.name for row in found.rows} and column in found.names and not found.row(name).problem:
        row = found.row(name)
        number, measure = row.numbers[found.names.index(column)], row.measure
        title = f"{measure.title}: {modalities[column].label}"
    else:
        pair = next((pair for pair in found.pairs if f"{pair.first}+{pair.second}" == name), None)
        if pair is None or column not in dict(COLUMNS):
            return
        if column not in ("interaction", "utilisation_gap"):
            _decomposition(pair, modalities)
            return
        measure = PAIRS[column]
        number = pair.interaction if column == "interaction" else pair.lean
        title = f"{measure.title}: {modalities[pair.first].label} and {modalities[pair.second].label}"
    with st.container(border=True, key="mm-arithmetic"):
        st.markdown(
            f"**{page_frame.plain(title)} = {measure_table.figure(number.value, measure.unit)}**  \n{measure.about}"
        )
        steps = number.arithmetic
        st.html(measure_table.arithmetic(steps.head, steps.lines, steps.end, f"{number.value:.4f}".replace("-", "−")))
        st.caption(
            f"{steps.rule}. Scores are shares of 1. Source: {measure.source}."
            if measure.unit == "share"
            else f"{steps.rule}. Source: {measure.source}."
        )


def _decomposition(pair: PairRow, modalities: Modalities) -> None:
    with st.container(border=True, key="mm-arithmetic"):
        labels = [modalities[name].label for name in (pair.first, pair.second)]
        st.markdown(f"**{PAIRS['pid'].title}: {labels[0]} and {labels[1]}**  \n{PAIRS['pid'].about}")
        if pair.pid is None:
            st.caption(page_frame.plain(pair.problem))
            return
        parts = (("both know", "redundancy"), (f"only {labels[0]}", "first"), (f"only {labels[1]}", "second"))
        lines = [
            (title, *(getattr(each, field) for each in (pair.pid.raw, pair.pid.chance, pair.pid.found)))
            for title, field in (*parts, ("only together", "synergy"))
        ]
        total = f"{pair.pid.found.total:.4f}"
        st.html(
            measure_table.arithmetic(("bits", "as counted", "by chance", "left (not below 0)"), lines, "sum", total)
        )
        st.caption(f"Classes were put into {pair.pid.bins} groups. Source: {PAIRS['pid'].source}.")


def _foot(found: Panel, reference: Reference) -> None:
    name = f"mmlab-dominance-{reference.task}-{reference.method}"
    save = partial(st.download_button, on_click="ignore")
    with st.container(horizontal=True, vertical_alignment="center", key="mm-dominance-foot"):
        with st.popover("What do these measures ask?", type="tertiary"):
            for row in found.rows:
                each = row.measure
                st.markdown(f"**{each.title}.** {each.question} {each.about} *{escape(each.source)}*")
            st.markdown(_pairs_help())
        with st.popover("Take it along"):
            title = {"model": reference.name, "method": cache.title(reference.method)}
            save("Numbers (CSV)", data=partial(as_csv, found), file_name=f"{name}.csv", mime="text/csv")
            save(
                "Numbers (JSON)",
                data=lambda: json.dumps({**title, **as_json(found)}, indent=1),
                file_name=f"{name}.json",
                mime="application/json",
            )
