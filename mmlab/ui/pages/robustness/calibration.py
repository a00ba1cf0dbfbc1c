"""Calibration: whether confidence under the selected combination can be trusted, and which samples to defer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import streamlit as st

from mmlab.analysis import risk_coverage, risk_coverage_area
from mmlab.analysis.base.coalitions import Lattice
from mmlab.analysis.robustness.combination_calibration import Curve, Trust, trust
from mmlab.analysis.robustness.per_sample_scores import grade
from mmlab.core.errors import DataError
from mmlab.core.modality import spoken
from mmlab.core.outputs import Output
from mmlab.core.phrases import language, phrase, say
from mmlab.core.reference import Reference
from mmlab.inference import imputation
from mmlab.ui.components import background_task, figure_card, page_frame, pickers
from mmlab.ui.components.background_task import ProgressCallback
from mmlab.ui.pages.robustness import view_data
from mmlab.ui.pages.robustness.view_data import View
from mmlab.ui.session import cache
from mmlab.ui.text import wording
from mmlab.viz.base import heatmap, svg_chart, theme
from mmlab.viz.base.figure import Figure

FEW = 10  # samples in a bin: below, its share is mostly chance
UNCERTAINTIES = {
    "entropy": phrase("Entropy of the prediction"),
    "margin": phrase("Margin to the second class"),
    "variance": phrase("Variance of the embedding"),
    "boundary": phrase("Closeness to the middle"),
}


@dataclass(frozen=True)
class Number:
    """How a number of the table is called and written."""

    title: str
    text: str


NUMBERS = {
    "ece": Number("ECE", "percent"),
    "ece_label": Number(phrase("by label"), "percent"),
    "ece_by_chance": Number(phrase("if perfect"), "percent"),
    "ece_debiased": Number(phrase("debiased"), "percent"),
    "ece_mass": Number(phrase("ECE, mass"), "percent"),
    "brier": Number("Brier", "plain"),
    "temperature": Number(phrase("Temp."), "plain"),
    "ece_before": Number(phrase("before"), "percent"),
    "ece_after": Number(phrase("after"), "percent"),
    "width": Number("90 %: ±", "plain"),
    "coverage": Number(phrase("covers"), "percent"),
    "coverage_error": Number(phrase("Error"), "percent"),
    "aurc": Number("AURC", "plain"),
    "excess": Number(phrase("excess"), "plain"),
}
UNCALIBRATED = phrase("uncalibrated")
UNTINTED = {"ece_by_chance", "temperature", "coverage", "ece_before"}


def show(view: View) -> None:
    """The diagram of the selected combination, the numbers of all, and risk against coverage."""
    title = say("Calibration with {inputs}", inputs=page_frame.plain(view.selected.label))
    st.subheader(title, help=wording.help("ece"), anchor=False)
    uncertainty = _uncertainty(view)
    label = _label(view)
    with page_frame.error_boundary():
        figure_card.show(diagram(view, label), "robustness.reliability")
        st.caption(_trust(view, view.shown, view.mask, label).about)
    _validate(view)
    figure_card.show(risk(view, uncertainty), "robustness.risk")
    with page_frame.error_boundary():
        figure_card.show(
            table(view, uncertainty, label), "robustness.certainty", lambda key: view_data.pick(view.task, key)
        )
    pickers.numbers_help("ece", "brier", "temperature", "uncertainty", "risk")


def begin(view: View) -> None:
    """Answer the validation split if nobody did yet, once in a session."""
    if view.rule == imputation.NATIVE and view.task.info.output.keeps_logits and not _validated(view, view.shown):
        background_task.start_once(_work_name(view), _job(view))


def figures(view: View) -> list[Figure]:
    """For the report."""
    uncertainty = next(iter(view.one.uncertainties))
    found = [risk(view, uncertainty)]
    try:
        return [diagram(view), *found, table(view, uncertainty)]
    except DataError:
        return found


def diagram(view: View, label: str = "") -> Figure:
    """What was said against what was seen, with the samples behind each point. Raises DataError.

    label: of several at once, the one that counts; all of them without.
    """
    output = view.task.info.output
    number = not output.error_is_share
    found = _trust(view, view.shown, view.mask, label)
    labels, unit = _axes(output)
    told = {"inputs": view.selected.label, "model": cache.title(view.shown), "label": label}
    if number:
        title = say("Intervals with {inputs}, {model}", **told)
    elif label:
        title = say("Reliability of {label} with {inputs}, {model}", **told)
    else:
        title = say("Reliability with {inputs}, {model}", **told)
    drawn = svg_chart.Plot(title, svg_chart.Axis(labels[0], 0, 1), svg_chart.Axis(labels[1], 0, 1))
    _points(drawn, found.curve, labels, view.colour(view.shown), UNCALIBRATED, number)
    if found.mended is not None:
        _points(drawn, found.mended, labels, theme.MUTED, phrase("with temperature"), number)
    drawn.diagonal()
    rows = [tuple(map(float, row)) for row in zip(found.curve.said, found.curve.seen, found.curve.count, strict=True)]
    about = say(
        "The size of a dot is its number of {unit}; the line leaves out bins with fewer than {count}.",
        unit=say(unit),
        count=FEW,
    )
    note = view.of(view.shown) if number else f"{about} {view.of(view.shown)}"
    return Figure("reliability", title, drawn.svg, ("said", "seen", unit), rows, note)


def _axes(output: Output) -> tuple[tuple[str, str], str]:
    """What is said and what is seen, in words, and what a dot counts."""
    if not output.error_is_share:
        return (say("nominal coverage"), say("actual coverage")), phrase("samples")
    if output.yes_or_no and output.keeps_logits:
        return (say("probability of a label"), say("how often it is there")), phrase("labels")
    return (say("confidence"), say("accuracy")), phrase("samples") if output.keeps_logits else phrase("pixels")


def _points(drawn: svg_chart.Plot, curve: Curve, labels: tuple[str, str], colour: str, name: str, number: bool) -> None:
    """A dot per bin, as large as it has samples; a line through the bins that have enough of them."""
    large = [i for i, count in enumerate(curve.count) if number or count >= FEW]
    drawn.line([float(curve.said[i]) for i in large], [float(curve.seen[i]) for i in large], colour, say(name))
    most = float(curve.count.max())
    for said, seen, count in zip(curve.said, curve.seen, curve.count, strict=True):
        pair = f"{labels[0]} {svg_chart.percent(said)}, {labels[1]} {svg_chart.percent(seen)}"
        note = say("{curve}: {pair}, {count} of them", curve=say(name), pair=pair, count=f"{count:,.0f}")
        size = 4.5 if number else 2.2 + 6 * float(count / most) ** 0.5
        drawn.dot(float(said), float(seen), colour, note, size, hollow=name != UNCALIBRATED)


def risk(view: View, uncertainty: str) -> Figure:
    """The error of what is answered when only the surest samples are, for every model that has this uncertainty."""
    title = say("Selective prediction, {inputs}", inputs=view.selected.label)
    lines = {}
    for method, graded in view.graded.items():
        if uncertainty in graded.uncertainties:
            found = risk_coverage(-graded.uncertainties[uncertainty][view.mask], graded.error[view.mask])
            step = max(1, len(found.coverage) // 120)
            lines[method] = (found.coverage[::-1][::step][::-1], found.risk[::-1][::step][::-1])
    share = view.task.info.output.error_is_share
    top = max(float(risk.max()) for _, risk in lines.values())
    axis = svg_chart.around(
        [0.0, top], say("risk: error on what is answered"), svg_chart.percent if share else svg_chart.plain, low=0.0
    )
    drawn = svg_chart.Plot(title, svg_chart.Axis(say("coverage: share of samples answered"), 0, 1), axis)
    for series, (method, (coverage, values)) in enumerate(lines.items()):
        drawn.line(coverage.tolist(), values.tolist(), view.colour(method), cache.title(method), series)
    rows = [(m, float(c), float(r)) for m, (cover, values) in lines.items() for c, r in zip(cover, values, strict=True)]
    without = [cache.title(method) for method in view.graded if method not in lines]
    told = [
        say(
            "Sorted by: {uncertainty}. Error: {error}.",
            uncertainty=spoken(UNCERTAINTIES.get(uncertainty, uncertainty)),
            error=_error(view),
        )
    ]
    if without:
        told.append(say("Not known for {models}.", models=", ".join(without)))
    note = " ".join([*told, view.basis])
    return Figure("risk", title, drawn.svg, ("method", "coverage", "risk"), rows, note)


def table(view: View, uncertainty: str, label: str = "") -> Figure:
    """The numbers of every combination of the model that is shown. Raises DataError."""
    values = {mask: numbers(view, mask, uncertainty, label) for mask in view.masks}
    names = list(values[view.masks[0]])
    spans = {n: (min(v[n] for v in values.values()), max(v[n] for v in values.values())) for n in names}
    rows = []
    for mask in view.masks:
        cells = []
        for name in names:
            value, (low, high) = values[mask][name], spans[name]
            text = f"{100 * value:.1f}" if NUMBERS[name].text == "percent" else f"{value:.3f}"
            tint = 0.0 if name in UNTINTED or high <= low else 1 - (value - low) / (high - low)
            note = f"{say(NUMBERS[name].title)}, {view.label(mask)}: {text}"
            cells.append(heatmap.Cell(text, tint, note, theme.ACCENT, view.key(mask)))
        rows.append((heatmap.Head(view.key(mask), view.has(mask)), cells))
    columns = [heatmap.Head(name, label=say(NUMBERS[name].title)) for name in names]
    title = say("Calibration under every combination, {model}", model=cache.title(view.shown))
    if label:
        title = say(
            "Calibration of {label} under every combination, {model}", label=label, model=cache.title(view.shown)
        )
    numbered = [(view.key(mask), *(values[mask][name] for name in names)) for mask in view.masks]
    told = [say("ECE and shares in percent.")]
    if "ece_after" in names:
        told.append(say("Before and after the temperature (Temp.): on samples it was not fitted on."))
    told.append(
        say(
            "AURC and its excess: sorted by {uncertainty}.",
            uncertainty=spoken(UNCERTAINTIES.get(uncertainty, uncertainty)),
        )
    )
    note = " ".join([*told, view.of(view.shown)])
    drawing = heatmap.grid(columns, rows, view.letters, title, wide=50)
    return Figure("certainty", title, drawing, ("combination", *names), numbered, note)


def numbers(view: View, mask: int, uncertainty: str, label: str = "") -> dict[str, float]:
    """Calibration and selective risk of one combination of the model that is shown. Raises DataError."""
    area, excess = risk_coverage_area(-view.one.uncertainties[uncertainty][mask], view.one.error[mask])
    return {**_trust(view, view.shown, mask, label).numbers, "aurc": area, "excess": excess}


def _trust(view: View, method: str, mask: int, label: str = "") -> Trust:
    reference = view.references[method]
    stamps = (view_data.stamp(reference, view.rule), _validated(view, method))
    return _kept(reference, view.rule, stamps, mask, label, language())


@st.cache_resource(show_spinner=False, max_entries=512)
def _kept(reference: Reference, rule: str, stamps: tuple[int, int], mask: int, label: str, spoken: str) -> Trust:
    output = cache.task(reference.task).info.output
    validation = _validation(reference, stamps[1]) if stamps[1] else None
    return trust(output, view_data.graded(reference, rule, stamps[0]).lattice, mask, validation, label)


@st.cache_resource(show_spinner=False, max_entries=16)
def _validation(reference: Reference, stamp: int) -> Lattice:
    info = cache.task(reference.task).info
    return grade(imputation.stored(view_data.digest(reference), imputation.VALIDATION, info), info.output).lattice


def _validated(view: View, method: str) -> int:
    """When the validation split was answered; 0 for never, and where missing inputs are not left to the method."""
    return (
        imputation.stamp(view_data.digest(view.references[method]), imputation.VALIDATION)
        if view.rule == imputation.NATIVE
        else 0
    )


def _validate(view: View) -> None:
    """The button that answers the validation split; asks again by itself while that goes on."""
    if view.rule == imputation.NATIVE and view.task.info.output.keeps_logits:
        background_task.live((_work_name(view),), view.made, partial(_validation_panel, view))


def _validation_panel(view: View) -> None:
    name = _work_name(view)
    background_task.show(name, say("Predicting the validation split"))
    if not background_task.alive(name) and not _validated(view, view.shown):
        st.button(say("Fit on the validation split"), key="certainty.validate", on_click=partial(_start, view))


def _start(view: View) -> None:
    background_task.start(_work_name(view), _job(view))


def _job(view: View) -> Callable[[ProgressCallback], None]:
    reference = view.references[view.shown]

    def job(progress: ProgressCallback) -> None:
        with cache.pool().lend(reference) as model:
            imputation.compute_validation(model, progress)

    return job


def _work_name(view: View) -> str:
    return f"validation-{view.task.name}-{view.shown}"


def _uncertainty(view: View) -> str:
    names = list(view.one.uncertainties)
    return view_data.select(
        "doubt",
        say("Uncertainty by"),
        names,
        names[0],
        lambda n: say(UNCERTAINTIES.get(n) or n),
        wording.help("uncertainty"),
        260,
    )


def _label(view: View) -> str:
    """Of multi-label outputs, the one whose calibration is shown; empty for all of them."""
    output = view.task.info.output
    if output.class_names or not output.label_names:
        return ""
    names = ["", *output.label_names]
    return view_data.select("label", say("Label"), names, "", lambda name: name or say("All labels"), width=260)


def _error(view: View) -> str:
    return say(view.task.info.output.error_name)
