"""Sample by sample: the effect of each input on the right answer, in lists to filter, with links to the other pages."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import streamlit as st
import torch

from mmlab.analysis.base.array_checks import Numbers
from mmlab.analysis.base.coalitions import Lattice
from mmlab.analysis.dominance.contributions import SAMPLE_KINDS, order_of_samples, sample_kinds
from mmlab.analysis.dominance.measures.shapley import shapley, shapley_derivation
from mmlab.analysis.dominance.payoffs import NUMBER, Payoff, payoffs
from mmlab.core.group_name import several
from mmlab.core.number_text import fixed
from mmlab.core.phrases import phrase, say
from mmlab.core.reference import Reference
from mmlab.core.task import Task
from mmlab.ui.components import clickable_svg, page_frame, pickers, selection
from mmlab.ui.pages.dominance import result_cache, sample_download
from mmlab.ui.session import cache, url_state
from mmlab.ui.text import wording
from mmlab.ui.text.markdown import plain
from mmlab.viz.dominance import measure_table, sample_bars
from mmlab.viz.inputs import recordings

KINDS = {
    "all": phrase("All"),
    "dominance": phrase("Dominance"),
    "complement": phrase("Complement"),
    "conflict": phrase("Conflict"),
    "none": phrase("None"),
}
SHOWN = 12
ALL = "all"
ORDERS = {
    "moved": phrase("Most moved first"),
    "one-sided": phrase("Most one-sided first"),
    "opposed": phrase("Most conflicting first"),
    "given": phrase("As in the test set"),
}


def show(task: Task, reference: Reference) -> None:
    """The number of samples of each type, and the list of one type."""
    found = result_cache.lattice(reference)
    with st.container(horizontal=True, vertical_alignment="bottom", key="mm-samples-by"):
        payoff = _payoff(task)
        order = st.selectbox(
            say("Order"), list(ORDERS), format_func=lambda name: say(ORDERS[name]), key="dominance.order", width=220
        )
    shares = shapley(result_cache.values(reference, payoff.name))
    kinds = sample_kinds(shares, task.info.output.scale[1] if payoff.unit == NUMBER else 1.0)
    there = np.array(selection.places(found.ids, selection.names(cache.sweep(reference).ids)), np.int64)
    kind = _kind(kinds[there])
    rows = there if kind == ALL else there[kinds[there] == SAMPLE_KINDS.index(kind)]
    st.caption(_said(task, shares[:, there], kinds[there]))
    if not len(rows):
        st.caption(say("No sample is of this kind."))
        return
    ranked = rows[order_of_samples(shares[:, rows], order)]
    last = -(-len(ranked) // SHOWN)
    page = 1 if last < 2 else st.number_input(say("Page"), 1, last, 1, key=f"dominance.page.{kind}", width=150)
    listed = ranked[(page - 1) * SHOWN : page * SHOWN]
    chosen = url_state.get("point") or url_state.get("sample")
    html = sample_bars.rows(
        [_row(task, found, shares, kinds, int(row), payoff) for row in listed],
        chosen,
        float(np.abs(shares[:, listed]).max()),
    )
    gallery = frozenset(task.gallery())
    clickable_svg.board(html, key=f"dominance.samples.{task.name}", on_pick=lambda name: _pick(name, gallery))
    bars = say("Bars to the right speak for the right answer, to the left against it. Press one.")
    st.caption(f"{several(len(ranked), 'sample')}. {bars}")
    sample_download.show(task, reference, found, shares, kinds, ranked, payoff)
    if chosen in found.ids:
        _detail(task, reference, found, found.ids.index(chosen), payoff)


def _payoff(task: Task) -> Payoff:
    there = {each.name: each for each in payoffs(task.info.output)}
    usual = list(there)[min(1, len(there) - 1)]
    wanted = url_state.get("worth")
    chosen = wanted if wanted in there else usual
    st.segmented_control(
        say("Payoff"),
        list(there),
        format_func=lambda name: _capital(say(there[name].title)),
        key=url_state.follow("dominance.payoff", chosen),
        required=True,
        help=wording.help("payoff"),
        on_change=lambda: url_state.put(worth=st.session_state["dominance.payoff"]),
    )
    return there[chosen]


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _kind(kinds: np.ndarray) -> str:
    counts = {ALL: len(kinds), **{name: int((kinds == i).sum()) for i, name in enumerate(SAMPLE_KINDS)}}
    wanted = url_state.get("kind")
    chosen = wanted if wanted in counts else ALL
    st.pills(
        say("Kind"),
        list(KINDS),
        required=True,
        format_func=lambda name: f"{say(KINDS[name])} · {counts[name]:,}",
        key=url_state.follow("dominance.kind", chosen),
        help=wording.help("kinds"),
        on_change=lambda: url_state.put(kind=st.session_state["dominance.kind"]),
    )
    return chosen


def _said(task: Task, shares: Numbers, kinds: np.ndarray) -> str:
    """Who dominates where one does, in a sentence."""
    rows = kinds == SAMPLE_KINDS.index("dominance")
    if not rows.any():
        return say("No sample is dominated by one input (three quarters of all that moves the prediction).")
    leaders = np.abs(shares[:, rows]).argmax(0)
    counts = {say(m.label): int((leaders == place).sum()) for place, m in enumerate(task.info.modalities)}
    parts = ", ".join(
        say("{input} in {count}", input=plain(label), count=f"{count:,}")
        for label, count in sorted(counts.items(), key=lambda item: -item[1])
        if count
    )
    share = wording.percent(float(rows.mean()))
    return say("One input dominates in {share} of the samples: {parts}.", share=share, parts=parts)


def _row(task: Task, found: Lattice, shares: Numbers, kinds: np.ndarray, row: int, payoff: Payoff) -> sample_bars.Row:
    shades = pickers.colours(task.info.modalities)
    bars = tuple(
        sample_bars.Bar(
            m.letter,
            shades[m.name],
            float(shares[place, row]),
            measure_table.figure(shares[place, row], payoff.unit, True),
        )
        for place, m in enumerate(task.info.modalities)
    )
    name = found.ids[row]
    return sample_bars.Row(
        name, say(KINDS[SAMPLE_KINDS[kinds[row]]]), _answers(task, found, row), bars, _picture(task, name, shades)
    )


def _answers(task: Task, found: Lattice, row: int) -> str:
    output, said = task.info.output, found.logits[-1, row]
    if not output.keeps_logits:
        return ""
    answer, truth = say(output.read(torch.from_numpy(said)).answer), say(output.in_words(found.target[row]))
    if not output.label_names:
        return say("{truth}, said {answer}", truth=truth.replace("-", "−"), answer=answer.replace("-", "−"))
    if answer == truth:
        return say("{truth}: right", truth=truth)
    return say("{truth}, said {answer}: wrong", truth=truth, answer=answer)


def _picture(task: Task, name: str, shades: Mapping[str, str]) -> str:
    """Small pictures of what ships; the others are numbers only."""
    if name not in task.gallery():
        return '<span class="mm-mini"></span>' if task.gallery() else ""
    return f'<span class="mm-mini">{recordings.thumbnail(cache.item(task.name, name).raw, dict(shades)).html}</span>'


def _pick(name: str, gallery: frozenset[str]) -> None:
    url_state.put(**({"sample": name, "point": None} if name in gallery else {"point": name}))


def _detail(task: Task, reference: Reference, found: Lattice, row: int, payoff: Payoff) -> None:
    """The arithmetic of one sample, and the way to the other pages."""
    name = found.ids[row]
    with st.container(border=True, key="mm-sample-detail"):
        with st.container(horizontal=True, vertical_alignment="center", key="mm-sample-links"):
            st.markdown(f"**{plain(name)}** · {plain(_answers(task, found, row))}")
            if name in task.gallery():
                page_frame.page_link("predict", say("Open on the Bench"))
                page_frame.page_link("explain", say("Open in Explain"))
            page_frame.page_link("embed", say("Open in Embed"))
        table = result_cache.values(reference, payoff.name)[:, row]
        labels = tuple(say(m.label) for m in task.info.modalities)
        share = shapley(table)
        chosen = st.segmented_control(
            say("The arithmetic of"),
            range(len(labels)),
            default=0,
            format_func=lambda place: plain(labels[place]),
            key="dominance.of",
            required=True,
        )
        steps = shapley_derivation(table, int(chosen or 0), labels)
        total = fixed(share[int(chosen or 0)], 4)
        st.html(measure_table.arithmetic(steps.head, steps.lines, steps.end, total))
        told = say(
            "Shared out: {payoff}. Nothing at all is answered with {nothing}.",
            payoff=say(payoff.about),
            nothing=plain(say(found.rule)),
        )
        st.caption(f"{plain(say(steps.rule))}. {told}")
