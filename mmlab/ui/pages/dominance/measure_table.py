"""The panel of measures, whether they agree, and the arithmetic of the number that was picked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from html import escape

import numpy as np
import streamlit as st

from mmlab.analysis.dominance.derivation import Arithmetic
from mmlab.analysis.dominance.export import as_csv, as_json
from mmlab.analysis.dominance.measure import CatalogueEntry, Number
from mmlab.analysis.dominance.report import PairRow, Panel
from mmlab.core.modality import Modalities
from mmlab.core.number_text import fixed, p_value
from mmlab.core.reference import Reference
from mmlab.core.task import Task
from mmlab.ui.components import clickable_svg, page_frame, pickers, selection
from mmlab.ui.pages.dominance import result_cache
from mmlab.ui.session import cache, url_state
from mmlab.ui.text import wording
from mmlab.ui.text.markdown import plain
from mmlab.viz.dominance import measure_table

RULES = {"": "As the method does", result_cache.DONOR: "Another sample’s input"}
OLD_COLUMNS = {"both": "redundancy"}  # in addresses of version 0.1


def show(task: Task, reference: Reference) -> None:
    """One table, one rule for what is absent, and whom the measures put first."""
    modalities = task.info.modalities
    wanted = selection.names(cache.sweep(reference).ids)
    rule, asked = _rule(), result_cache.known_probes(reference, wanted) is not None
    found = result_cache.panel(reference, rule, wanted)
    if not asked and result_cache.known_probes(reference, wanted) is not None:
        st.rerun()  # the verdict above counts what the model was asked now
    if rule:
        st.caption("The verdict above leaves an absent input to the method; this table does not.")
    _leading(found)
    heads = [measure_table.Head(m.name, m.label, m.letter, pickers.colours(modalities)[m.name]) for m in modalities]
    st.caption(
        f"An absent input is {found.rule}; no input at all is predicted as {plain(found.nothing)}. Bold: the largest "
        f"of a row. Press a number to see its arithmetic. {found.basis}"
    )
    picked = url_state.get("number")
    lines = [_line(row.measure.name, found, modalities) for row in found.rows]
    clickable_svg.board(measure_table.table(heads, lines, picked), key=f"dominance.table.{task.name}", on_pick=_pick)
    if len(modalities) > 1:
        st.markdown("**Pairs**", help=_entries(found.pair_measures))
        columns = [column for measure in found.pair_measures for column in measure.columns]
        pair_heads = [measure_table.Head(column.name, column.label, "", "") for column in columns]
        pair_lines = [_pair_line(pair, found, modalities) for pair in found.pairs]
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
        "Imputation",
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


def _leading(found: Panel) -> None:
    """Whom the measures put first, and why they can differ. All of it is said from the same counts."""
    agreed = found.agreement
    w = "–" if np.isnan(agreed.w) else f"{agreed.w:.2f}"
    null = agreed.chance
    by_chance = "" if null is None else f" ({null.mean:.2f} by chance, p {p_value(null.p)})"
    most = max(map(len, agreed.leaders.values()), default=0)
    top = [f"**{plain(label)}**" for label, by in agreed.leaders.items() if len(by) == most]
    verb, each = ("are", " each") if len(top) > 1 else ("is", "")
    counted = f"by {most} of {agreed.judges} measures{each}: {agreed.verdict}."
    leading = (
        f"{wording.together(top)} {verb} put clearly first {counted}"
        if top
        else "No measure puts an input clearly first."
    )
    evenly = (
        f" Spread of the Shapley values: {found.evenness:.2f} (1 is even, {1 / len(found.names):.2f} is all in one)."
    )
    st.markdown(
        f"{leading} Kendall’s W of the whole rankings: {w} of 1{by_chance}.{evenly}", help=wording.help("agreement")
    )
    if not agreed.disputes:
        return
    others = [
        f"{', '.join(f'“{found.row(name).measure.title}”' for name in names)}: **{plain(label)}** first"
        for label, names in list(agreed.leaders.items())[1:]
    ]
    with st.container(border=True, key="mm-dispute"):
        reasons = dict.fromkeys(dispute.why for dispute in agreed.disputes)
        said = "\n".join(f"- {why}" for why in reasons)
        st.markdown(f"**Others put first:** {'; '.join(others)}. This need not be a mistake:\n\n{said}")


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


def _pair_line(pair: PairRow, found: Panel, modalities: Modalities) -> measure_table.Line:
    units, values, notes = [], [], []
    for measure in found.pair_measures:
        there = pair.found.get(measure.name)
        for place, column in enumerate(measure.columns):
            units.append(column.unit)
            values.append(pair.number(measure.name, place))
            notes.append(pair.problems[measure.name] if there is None else there.note or column.note)
    labels = " and ".join(modalities[name].label for name in (pair.first, pair.second))
    return measure_table.Line(f"{pair.first}+{pair.second}", labels, "", tuple(units), tuple(values), tuple(notes))


def _entries(measures: Sequence[CatalogueEntry]) -> str:
    """What each measure asks, how it answers, and where it comes from."""
    return "\n\n".join(
        f"**{each.title}** ({each.symbol}). {each.question} {each.about} *{escape(each.source)}*" for each in measures
    )


def _arithmetic(found: Panel, modalities: Modalities, picked: str) -> None:
    """The steps to the picked number, its sentence and its source."""
    name, _, column = picked.partition("~")
    rows = {row.measure.name: row for row in found.rows}
    if name in rows and column in found.names and not rows[name].problem:
        number, measure = rows[name].numbers[found.names.index(column)], rows[name].measure
        _steps(f"{measure.title}: {modalities[column].label}", number, measure, measure.unit)
        return
    pair = next((pair for pair in found.pairs if f"{pair.first}+{pair.second}" == name), None)
    if pair is None:
        return
    labels = " and ".join(modalities[each].label for each in (pair.first, pair.second))
    for of_pair in found.pair_measures:
        for place, each in enumerate(of_pair.columns):
            if each.name != OLD_COLUMNS.get(column, column):
                continue
            title = of_pair.title if len(of_pair.columns) == 1 else f"{of_pair.title}, {each.label}"
            if of_pair.name in pair.found:
                _steps(f"{title}: {labels}", pair.found[of_pair.name].numbers[place], of_pair, each.unit)
            else:
                st.caption(plain(pair.problems[of_pair.name]))


def _steps(title: str, number: Number, measure: CatalogueEntry, unit: str) -> None:
    with st.container(border=True, key="mm-arithmetic"):
        shown = measure_table.figure(number.value, unit)
        st.markdown(f"**{plain(title)} = {shown}**  \n{measure.about}")
        steps: Arithmetic = number.arithmetic
        total = fixed(steps.total, 4)
        st.html(measure_table.arithmetic(steps.head, steps.lines, steps.end, total))
        scores = "Scores are shares of 1. " if unit == "share" else ""
        st.caption(f"{plain(steps.rule)}. {scores}Source: {measure.source}.")


def _foot(found: Panel, reference: Reference) -> None:
    name = f"mmlab-dominance-{reference.task}-{reference.method}"
    save = partial(st.download_button, on_click="ignore")
    with st.container(horizontal=True, vertical_alignment="center", key="mm-dominance-foot"):
        with st.popover("What do these measures ask?", type="tertiary"):
            st.markdown(_entries([row.measure for row in found.rows]))
            st.markdown(_entries(found.pair_measures))
        with st.popover("Download"):
            title = {"model": reference.name, "method": cache.title(reference.method)}
            labels = pickers.labels(cache.task(reference.task).info.modalities)
            save("Numbers (CSV)", data=partial(as_csv, found, labels), file_name=f"{name}.csv", mime="text/csv")
            save(
                "Numbers (JSON)",
                data=lambda: json.dumps({**title, **as_json(found)}, indent=1),
                file_name=f"{name}.json",
                mime="application/json",
            )
