"""Where combinations lie relative to complete input, the directions of embeddings, and whether variance predicts
errors.
"""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mmlab.analysis.base.statistics import distribution
from mmlab.analysis.embedding import variance_vs_error
from mmlab.analysis.embedding.alignment import Alignment, alignment, to_class_centres
from mmlab.analysis.embedding.point_attributes import accuracy_like
from mmlab.analysis.methods import method_evidence
from mmlab.core.errors import MmlabError
from mmlab.core.number_text import fixed
from mmlab.core.phrases import say
from mmlab.core.reference import Reference
from mmlab.ui.components import figure_card, page_frame, pickers
from mmlab.ui.pages.embed.view_data import View
from mmlab.ui.session import cache
from mmlab.ui.text import wording
from mmlab.viz.base import heatmap, svg_chart, theme
from mmlab.viz.base.figure import Figure

BINS = 40
WIDEST = 1.05


def show(view: View) -> None:
    """Alignment, directions of all chosen methods, variance."""
    st.subheader(say("Alignment"), help=wording.help("alignment"), anchor=False)
    left, right = st.columns(2, gap="large")
    with left, page_frame.error_boundary():
        figure_card.show(_aligned(view), "embed.aligned")
    with right, page_frame.error_boundary():
        figure_card.show(_cosines(view), "embed.cosines")
    st.subheader(say("Direction"), help=wording.help("direction"), anchor=False)
    left, right = st.columns(2, gap="large")
    with left, page_frame.error_boundary():
        figure_card.show(_turns(view), "embed.turns")
    with right, page_frame.error_boundary():
        if view.task.info.output.class_names:
            figure_card.show(_to_class(view), "embed.to_class")
        else:
            st.caption(say("Only classes have a direction."))
    st.subheader(say("Variance and error"), help=wording.help("doubting"), anchor=False)
    with page_frame.error_boundary():
        _variance(view)
    pickers.numbers_help("alignment", "direction", "doubting", "variance")


def _aligned(view: View) -> Figure:
    found = _alignment(view.reference)
    own, other = found.means
    names = view.task.info.modalities
    shades = [(item.letter, theme.modality_colour(i)) for i, item in enumerate(names)]
    heads = (say("cosine, itself"), say("cosine, its class"), say("shift"), say("gap"))
    rows, numbers = [], []
    for row, key in enumerate(found.combinations):
        values = (own[row], other[row], found.distance[row], found.gap[row])
        label = names.parse(key).label
        tints = (max(values[0], 0), max(values[1], 0), values[2] / WIDEST, values[3] / 2)
        cells = [
            heatmap.Cell(fixed(value, 2), min(float(tint), 1.0), f"{label}, {head}: {value:.3f}", theme.ACCENT)
            for value, tint, head in zip(values, tints, heads, strict=True)
        ]
        rows.append((heatmap.Head(key, tuple(name in key.split("-") for name in names.names)), cells))
        numbers.append((key, *(float(value) for value in values)))
    columns = [heatmap.Head(head, label=head) for head in heads]
    title = say("Against complete input, {model}", model=cache.title(view.reference.method))
    drawing = heatmap.grid(columns, rows, shades, title, wide=104)
    header = ("combination", "cosine_own", "cosine_others", "shift", "gap")
    return Figure("embedding-alignment", title, drawing, header, numbers, _note(view))


def _cosines(view: View) -> Figure:
    """How the cosine with one's own complete embedding is distributed, for each input alone."""
    found = _alignment(view.reference)
    singles = [row for row, key in enumerate(found.combinations) if "-" not in key]
    names = view.task.info.modalities
    title = say("Cosine of one input alone with all inputs, same sample")
    lines = {say(names[found.combinations[row]].label): found.own[row] for row in singles}
    shades = [theme.modality_colour(names.names.index(found.combinations[row])) for row in singles]
    return _distribution("embedding-cosines", title, lines, shades, say("cosine"), _note(view))


def _turns(view: View) -> Figure:
    """Cosines between any two combinations of a sample, a line per chosen method."""
    lines = {cache.title(each.method): _directions(each).pairs.ravel() for each in _measured(view)}
    title = say("Cosine of two combinations of one sample")
    note = f"{say('All pairs of combinations.')} {_basis(view)}"
    return _distribution("embedding-turns", title, lines, [], say("cosine"), note)


def _to_class(view: View) -> Figure:
    """Cosines of all combinations with the direction of the right class, a line per chosen method."""
    lines, note = {}, ""
    for each in _measured(view):
        found = _directions(each)
        if found.to_class is not None:
            lines[cache.title(each.method)] = found.to_class.ravel()
        else:
            label = say("{model} (to the class mean)", model=cache.title(each.method))
            lines[label] = to_class_centres(cache.sweep(each)).ravel()
            told = say("To the class mean: of the complete embeddings, as the model has no weights per class.")
            note = f"{told} "
    title = say("Cosine with the direction of the right class")
    return _distribution("embedding-to-class", title, lines, [], say("cosine"), f"{note}{_basis(view)}")


def _variance(view: View) -> None:
    found = view.found
    if found.variance is None:
        st.caption(say("{model} gives no variance.", model=pickers.marked_title(view.reference.method)))
        return
    left, right = st.columns(2, gap="large")
    with left:
        figure_card.show(_by_combination(view), "embed.variance")
    with right:
        figure_card.show(_by_hardness(view), "embed.hardness")


def _by_combination(view: View) -> Figure:
    """Mean variance of each combination against how good its answers are."""
    found = variance_vs_error.by_combination(view.found, _good(view.reference))
    keys, width, score = found.combinations, found.variance, found.score
    name = _score_name(view)
    title = say("Variance and {score}, by combination", score=name)
    drawn = svg_chart.Plot(
        title, svg_chart.around(width.tolist(), say("mean variance"), svg_chart.plain), _axis(view, score)
    )
    for key, x, y in zip(keys, width, score, strict=True):
        tip = say(
            "{inputs}: variance {variance}, {score} {value}",
            inputs=view.letters[key],
            variance=f"{x:.3f}",
            score=name,
            value=f"{y:.3f}",
        )
        drawn.dot(float(x), float(y), theme.ACCENT, tip, 6)
    told = []
    if len(keys) > 2:
        told.append(say("Rank correlation {value}.", value=wording.correlation(found.correlation)))
        told += [say(wording.CONSTANT)] if np.isnan(found.correlation) else []
    numbers = [(key, float(x), float(y)) for key, x, y in zip(keys, width, score, strict=True)]
    note = " ".join([*told, _note(view)])
    return Figure("variance-by-combination", title, drawn.svg, ("combination", "variance", "score"), numbers, note)


def _by_hardness(view: View) -> Figure:
    """Samples sorted by variance: how often the other models are wrong on them, and this one."""
    variance = variance_vs_error.by_sample(view.found)
    judges = _hardness(view.reference)
    own = -variance_vs_error.over_combinations(_good(view.reference))
    is_share = view.task.info.output.error_is_share
    offset = float(is_share)
    lines = {say("this model"): variance_vs_error.trend(variance, offset + own)}
    if judges is not None:
        lines = {say("the other models"): variance_vs_error.trend(variance, offset - judges), **lines}
    wrong = say("error") if is_share else say("mean error")
    everything = [float(value) for each in lines.values() for value in each.shares]
    title = say("Variance and difficulty")
    across = svg_chart.around(
        [float(v) for each in lines.values() for v in each.values], say("variance of the sample"), svg_chart.plain
    )
    text = svg_chart.percent if is_share else svg_chart.plain
    drawn = svg_chart.Plot(title, across, svg_chart.around(everything, wrong, text))
    for place, (name, each) in enumerate(lines.items()):
        colour = theme.method_colour(place)
        label = f"{name}: {wording.correlation(each.correlation)}"
        drawn.line(each.values.tolist(), each.shares.tolist(), colour, label, place)
        for x, y in zip(each.values, each.shares, strict=True):
            drawn.dot(
                float(x),
                float(y),
                colour,
                say("{line}: {value} at variance {variance}", line=name, value=f"{y:.3f}", variance=f"{x:.3f}"),
            )
    header = ("judged_by", "variance", "wrong", "samples")
    numbers = [
        (name, float(x), float(y), int(count))
        for name, each in lines.items()
        for x, y, count in zip(each.values, each.shares, each.counts, strict=True)
    ]
    told = [say("Ten bins of equally many samples; in the legend Spearman's correlation.")]
    told += [say(wording.CONSTANT)] if any(np.isnan(each.correlation) for each in lines.values()) else []
    note = " ".join([*told, _note(view)])
    return Figure("variance-by-hardness", title, drawn.svg, header, numbers, note)


def _distribution(
    name: str, title: str, lines: dict[str, NDArray[np.floating]], colours: list[str], label: str, note: str
) -> Figure:
    """Outlined histograms over each other, with their middle values in the legend."""
    shares, middle = {}, np.zeros(BINS)
    for each, values in lines.items():
        found = distribution(values, -1, 1, BINS)
        typical = say("no sample") if np.isnan(found.median) else fixed(found.median, 2)
        shares[f"{each}: {typical}"], middle = found.shares, found.centres
    highest = max((float(share.max()) for share in shares.values()), default=1.0)
    drawn = svg_chart.Plot(
        title, svg_chart.Axis(label, -1, 1, svg_chart.plain), svg_chart.Axis(say("share"), 0, highest * WIDEST)
    )
    for place, (each, share) in enumerate(shares.items()):
        colour = colours[place] if colours else theme.method_colour(place)
        drawn.line(middle.tolist(), share.tolist(), colour, each, place)
    header = (label, *lines)
    rows = [(float(x), *(float(share[row]) for share in shares.values())) for row, x in enumerate(middle)]
    return Figure(name, title, drawn.svg, header, rows, f"{say('The legend gives middle values.')} {note}")


@st.cache_resource(show_spinner=False, max_entries=16)
def _alignment(reference: Reference) -> Alignment:
    return alignment(cache.sweep(reference))


@st.cache_resource(show_spinner=False, max_entries=16)
def _directions(reference: Reference) -> method_evidence.Directions:
    """The weights of the classes stand in the model, everything else in its sweep."""
    with cache.pool().lend(reference) as model:
        weights = method_evidence.class_weights(model.method)
    return method_evidence.directions(cache.sweep(reference), weights)


@st.cache_resource(show_spinner=False, max_entries=16)
def _good(reference: Reference) -> NDArray[np.float64]:
    return accuracy_like(cache.sweep(reference), cache.task(reference.task).info.output)


@st.cache_resource(show_spinner=False, max_entries=16)
def _hardness(reference: Reference) -> NDArray[np.float64] | None:
    """How well the other methods here do on each sample, `[N]`; None where there is no other on the same samples."""
    ids, tables = cache.sweep(reference).ids, []
    for entry in cache.entries(reference.task):
        if entry.problem is not None or entry.reference == reference:
            continue
        try:
            other = cache.sweep(entry.reference)
        except MmlabError:
            continue  # a model without answers judges nothing
        if other.ids == ids:
            tables.append(_good(entry.reference))
    return variance_vs_error.hardness(tables)


def _measured(view: View) -> list[Reference]:
    """The chosen methods that have a sweep, the one that is shown first."""
    found = [view.reference]
    for each in view.references:
        try:
            if each != view.reference and cache.sweep(each).ids:
                found.append(each)
        except MmlabError as error:
            page_frame.show_error(error, quiet=True)
    return found


def _score_name(view: View) -> str:
    return say(view.task.info.output.goodness_name)


def _axis(view: View, score: NDArray[np.floating]) -> svg_chart.Axis:
    text = svg_chart.percent if view.task.info.output.error_is_share else svg_chart.plain
    return svg_chart.around(score.tolist(), _score_name(view), text)


def _basis(view: View) -> str:
    return say(
        "{task}, at most {count} complete test samples, after centring.",
        task=say(view.task.title),
        count=method_evidence.MOST,
    )


def _note(view: View) -> str:
    return say(
        "{model}, {task}, {count} test samples.",
        model=cache.title(view.reference.method),
        task=say(view.task.title),
        count=f"{len(view.found.ids):,}",
    )
