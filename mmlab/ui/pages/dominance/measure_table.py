"""The table of measures, whether they agree, and the derivation of the selected number."""

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
from mmlab.analysis.dominance.report import DominanceReport, PairRow
from mmlab.core.modality import Modalities
from mmlab.core.number_text import fixed, p_value
from mmlab.core.phrases import phrase, say
from mmlab.core.reference import Reference
from mmlab.core.task import Task
from mmlab.ui.components import clickable_svg, page_frame, pickers, selection
from mmlab.ui.pages.dominance import result_cache
from mmlab.ui.session import cache, url_state
from mmlab.ui.text import wording
from mmlab.ui.text.markdown import plain
from mmlab.viz.dominance import measure_table

RULES = {"": phrase("As the method does"), result_cache.DONOR: phrase("Another sample’s input")}
OLD_COLUMNS = {"both": "redundancy"}  # in addresses of version 0.1


def show(task: Task, reference: Reference) -> None:
    """One table, one rule for what is absent, and whom the measures put first."""
    modalities = task.info.modalities
    wanted = selection.names(cache.sweep(reference).ids)
    rule, asked = _rule(), result_cache.known_probes(reference, wanted) is not None
    found = result_cache.report(reference, rule, wanted)
    if not asked and result_cache.known_probes(reference, wanted) is not None:
        st.rerun()  # the verdict above counts what the model was asked now
    if rule:
        st.caption(say("The verdict above leaves an absent input to the method; this table does not."))
    _leading(found)
    colours = pickers.colours(modalities)
    heads = [measure_table.Head(m.name, say(m.label), m.letter, colours[m.name]) for m in modalities]
    told = say(
        "An absent input is {rule}; no input at all is predicted as {nothing}. Bold: the largest of a row. Press a "
        "number to see its arithmetic.",
        rule=say(found.rule),
        nothing=plain(say(found.nothing)),
    )
    st.caption(f"{told} {found.basis}")
    picked = url_state.get("number")
    lines = [_line(row.measure.name, found, modalities) for row in found.rows]
    clickable_svg.board(measure_table.table(heads, lines, picked), key=f"dominance.table.{task.name}", on_pick=_pick)
    if len(modalities) > 1:
        st.markdown(say("**Pairs**"))
        columns = [column for measure in found.pair_measures for column in measure.columns]
        pair_heads = [
            measure_table.Head(column.name, say(column.label), "", "", say(column.note)) for column in columns
        ]
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
        say("Imputation"),
        list(RULES),
        format_func=lambda name: say(RULES[name]),
        key=url_state.follow("dominance.absent", chosen),
        required=True,
        help=wording.help("absent"),
        on_change=lambda: url_state.put(absent=st.session_state["dominance.absent"] or None),
    )
    return chosen


def _pick(name: str) -> None:
    url_state.put(number=name)


def _leading(found: DominanceReport) -> None:
    """Whom the measures put first, and why they can differ. All of it is said from the same counts."""
    agreed = found.agreement
    w = "–" if np.isnan(agreed.w) else f"{agreed.w:.2f}"
    null = agreed.chance
    most = max(map(len, agreed.leaders.values()), default=0)
    top = [f"**{plain(say(label))}**" for label, by in agreed.leaders.items() if len(by) == most]
    counts = {"inputs": wording.together(top), "count": most, "total": agreed.judges, "verdict": agreed.verdict}
    if len(top) > 1:
        leading = say("{inputs} are put clearly first by {count} of {total} measures each: {verdict}.", **counts)
    elif top:
        leading = say("{inputs} is put clearly first by {count} of {total} measures: {verdict}.", **counts)
    else:
        leading = say("No measure puts an input clearly first.")
    kendall = say("Kendall’s W of the whole rankings: {w} of 1.", w=w)
    if null is not None:
        chance = {"w": w, "mean": f"{null.mean:.2f}", "p": p_value(null.p)}
        kendall = say("Kendall’s W of the whole rankings: {w} of 1 ({mean} by chance, p {p}).", **chance)
    evenly = say(
        "Spread of the Shapley values: {evenness} (1 is even, {least} is all in one).",
        evenness=f"{found.evenness:.2f}",
        least=f"{1 / len(found.names):.2f}",
    )
    st.markdown(f"{leading} {kendall} {evenly}", help=wording.help("agreement"))
    if not agreed.disputes:
        return
    others = [
        say(
            "{measures}: **{input}** first",
            measures=", ".join(f"“{say(found.row(name).measure.title)}”" for name in names),
            input=plain(say(label)),
        )
        for label, names in list(agreed.leaders.items())[1:]
    ]
    with st.container(border=True, key="mm-dispute"):
        reasons = dict.fromkeys(dispute.why for dispute in agreed.disputes)
        said = "\n".join(f"- {say(why)}" for why in reasons)
        told = say("**Others put first:** {others}. This need not be a mistake:", others="; ".join(others))
        st.markdown(f"{told}\n\n{said}")


def _line(name: str, found: DominanceReport, modalities: Modalities) -> measure_table.Line:
    row = found.row(name)
    unit = row.measure.unit
    notes = [_note(number, unit, row.samples) for number in row.numbers]
    return measure_table.Line(
        name,
        say(row.measure.title),
        say(row.measure.question),
        (unit,) * len(row.numbers),
        tuple(number.value for number in row.numbers),
        tuple(notes),
        say(row.problem),
    )


def _note(number: Number, unit: str, samples: int) -> str:
    count = f"{samples:,}"
    if not np.isfinite(number.low):
        return say("on {count} samples", count=count)
    low, high = measure_table.figure(number.low, unit), measure_table.figure(number.high, unit)
    return say("on {count} samples; 95 % interval {low} to {high}", count=count, low=low, high=high)


def _pair_line(pair: PairRow, found: DominanceReport, modalities: Modalities) -> measure_table.Line:
    units, values, notes = [], [], []
    for measure in found.pair_measures:
        there = pair.found.get(measure.name)
        for place, column in enumerate(measure.columns):
            units.append(column.unit)
            values.append(pair.number(measure.name, place))
            notes.append(say(pair.problems[measure.name] if there is None else there.note or column.note))
    labels = wording.together([say(modalities[name].label) for name in (pair.first, pair.second)])
    return measure_table.Line(f"{pair.first}+{pair.second}", labels, "", tuple(units), tuple(values), tuple(notes))


def _entries(measures: Sequence[CatalogueEntry]) -> str:
    """What each measure asks, how it answers, and where it comes from."""
    return "\n\n".join(
        f"**{say(each.title)}** ({each.symbol}). {say(each.question)} {say(each.about)} *{escape(say(each.source))}*"
        for each in measures
    )


def _arithmetic(found: DominanceReport, modalities: Modalities, picked: str) -> None:
    """The steps to the picked number, its sentence and its source."""
    name, _, column = picked.partition("~")
    rows = {row.measure.name: row for row in found.rows}
    if name in rows and column in found.names and not rows[name].problem:
        number, measure = rows[name].numbers[found.names.index(column)], rows[name].measure
        _steps(f"{say(measure.title)}: {say(modalities[column].label)}", number, measure, measure.unit)
        return
    pair = next((pair for pair in found.pairs if f"{pair.first}+{pair.second}" == name), None)
    if pair is None:
        return
    labels = wording.together([say(modalities[each].label) for each in (pair.first, pair.second)])
    for of_pair in found.pair_measures:
        for place, each in enumerate(of_pair.columns):
            if each.name != OLD_COLUMNS.get(column, column):
                continue
            title = say(of_pair.title) if len(of_pair.columns) == 1 else f"{say(of_pair.title)}, {say(each.label)}"
            if of_pair.name in pair.found:
                _steps(f"{title}: {labels}", pair.found[of_pair.name].numbers[place], of_pair, each.unit)
            else:
                st.caption(plain(say(pair.problems[of_pair.name])))


def _steps(title: str, number: Number, measure: CatalogueEntry, unit: str) -> None:
    with st.container(border=True, key="mm-arithmetic"):
        shown = measure_table.figure(number.value, unit)
        st.markdown(f"**{plain(title)} = {shown}**  \n{say(measure.about)}")
        steps: Arithmetic = number.arithmetic
        total = fixed(steps.total, 4)
        st.html(measure_table.arithmetic(steps.head, steps.lines, steps.end, total))
        scores = [say("Scores are shares of 1.")] if unit == "share" else []
        source = f"{say('Source')}: {say(measure.source)}."
        st.caption(" ".join([f"{plain(say(steps.rule))}.", *scores, source]))


def _foot(found: DominanceReport, reference: Reference) -> None:
    name = f"mmlab-dominance-{reference.task}-{reference.method}"
    save = partial(st.download_button, on_click="ignore")
    with st.container(horizontal=True, vertical_alignment="center", key="mm-dominance-foot"):
        with st.popover(say("What do these measures ask?"), type="tertiary"):
            st.markdown(_entries([row.measure for row in found.rows]))
            st.markdown(_entries(found.pair_measures))
        with st.popover(say("Download")):
            title = {"model": reference.name, "method": cache.title(reference.method)}
            labels = pickers.labels(cache.task(reference.task).info.modalities)
            table = partial(as_csv, found, labels, cache.task(reference.task).title, cache.title(reference.method))
            save(say("Numbers (CSV)"), data=table, file_name=f"{name}.csv", mime="text/csv")
            save(
                say("Numbers (JSON)"),
                data=lambda: json.dumps({**title, **as_json(found)}, indent=1),
                file_name=f"{name}.json",
                mime="application/json",
            )
