"""The top of the page: a one-sentence verdict, a bar per seed, its basis, and its report."""

from __future__ import annotations

import math
from functools import partial

import streamlit as st

from mmlab.analysis.base.clusters import Clusters
from mmlab.analysis.dominance.contributions import DOMINANT
from mmlab.analysis.dominance.measure import MEASURES
from mmlab.analysis.dominance.payoffs import payoff
from mmlab.analysis.dominance.verdict import MEASURES as MEASURES_DISAGREE
from mmlab.analysis.dominance.verdict import SeedShares, Verdict
from mmlab.core.group_name import group_name
from mmlab.core.modality import Modality
from mmlab.core.number_text import percent
from mmlab.core.phrases import say
from mmlab.core.reference import Reference
from mmlab.core.task import Task
from mmlab.ui.components import figure_card, pickers, report_origin
from mmlab.ui.pages.dominance import result_cache, verdict_data, verdict_report
from mmlab.ui.pages.dominance.result_cache import Chosen
from mmlab.ui.session import cache
from mmlab.ui.text import language, wording
from mmlab.ui.text import verdict as words
from mmlab.ui.text.markdown import plain
from mmlab.viz.base.figure import Figure
from mmlab.viz.dominance import seed_bars


def show(task: Task, reference: Reference, wanted: Chosen) -> None:
    """The sentence, the bars and the button of the report; nothing is asked of the model."""
    found = verdict_data.verdict(reference, wanted)
    with st.container(key="mm-verdict"):
        st.markdown(f"### {plain(words.sentence(found))}", help=wording.help("verdict"))
    if told := words.measured(found, _title):
        st.markdown(plain(told))
    if found.kind == MEASURES_DISAGREE:
        st.markdown("\n".join(f"- {plain(say(reason))}" for reason in found.reasons))
    note = basis(task, reference, wanted, found)
    _report(task, reference, wanted, note)
    asked = result_cache.known_probes(reference, wanted) is not None
    later = "" if asked else say("The measures that ask the model itself are in the report, and in “All measures”.")
    figure = bars(task, reference, f"{note} {later}".strip(), found)
    figure_card.show(figure, key=f"dominance.verdict.{task.name}")


def _report(task: Task, reference: Reference, wanted: Chosen, note: str) -> None:
    """The button. The file is made when it is pressed, with what the model is asked then."""
    origin, evidence = report_origin.here("dominance"), verdict_data.evidence(reference, wanted)
    draw = partial(bars, task, reference, note)
    st.download_button(
        say("Report of this verdict"),
        data=language.with_language(partial(verdict_report.make, task, reference, draw, evidence, origin)),
        file_name=f"mmlab-verdict-{task.name}-{reference.method}-{reference.tag}.html",
        mime="text/html",
        on_click="ignore",
        type="primary",
        key="dominance.report",
    )


def bars(task: Task, reference: Reference, note: str, found: Verdict) -> Figure:
    """The parts of the Shapley value, a bar per seed, the input of the verdict first."""
    modalities = list(task.info.modalities)
    order = [found.leader, *(place for place in range(len(modalities)) if place != found.leader)]
    colours = pickers.colours(task.info.modalities)

    def of(run: SeedShares, place: int) -> seed_bars.Part:
        modality, share = modalities[place], float(run.shares[place])
        return part(modality, colours[modality.name], share, run.name, words.bounds(run, place))

    drawn = [
        seed_bars.Bar(
            run.name,
            tuple(of(run, place) for place in order),
            float(run.low[found.leader]),
            float(run.high[found.leader]),
        )
        for run in found.seeds
    ]
    model = cache.title(reference.method)
    title = say("Parts of the Shapley value by seed, {model}, {task}", model=model, task=say(task.title))
    rows = [
        (run.name, modality.label, *(_number(each[place]) for each in (run.shares, run.low, run.high)), "share of 1")
        for run in found.seeds
        for place, modality in enumerate(modalities)
    ]
    header = ("run", "input", "part of the Shapley value", "low", "high", "unit")
    drawing = seed_bars.drawing(drawn, DOMINANT, title)
    return Figure(f"verdict-{task.name}-{reference.method}", title, drawing, header, rows, note)


def part(modality: Modality, colour: str, share: float, whose: str, bounds: str = "") -> seed_bars.Part:
    """One input's part of a bar and its words. bounds: its interval in words."""
    label = say(modality.label)
    said = f"{label}, {whose}: {percent(abs(share))}{bounds}"
    if share < 0:
        said = say("{part}, against the right answer", part=said)
    return seed_bars.Part(modality.letter, label, colour, share, said)


def basis(task: Task, reference: Reference, wanted: Chosen, found: Verdict) -> str:
    """What the verdict rests on, in a few sentences."""
    shown, clusters = found.shown, Clusters.of(result_cache.answers(reference, wanted).groups)
    interval = clusters.in_words(group_name(task))
    rest = [run.name for run in found.seeds[1:] if not run.samples]
    told = [
        say(
            "Payoff: {payoff}, on {count} samples with every input; an absent input is left to the method. From "
            "{line} on an input dominates.",
            payoff=say(payoff(task.info.output, "right").title),
            count=f"{shown.samples:,}",
            line=words.LINE,
        ),
        interval,
    ]
    if rest:
        told.append(say("No interval for {runs}: only the scores are kept.", runs=wording.together(rest)))
    return " ".join(told)


def _title(name: str) -> str:
    return say(MEASURES[name].title)


def _number(value: float) -> float | str:
    return float(value) if math.isfinite(value) else ""
