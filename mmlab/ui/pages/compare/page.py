"""The content of the Compare page: the heat map and table of a comparison, its differences, the details of one cell."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from html import escape

import streamlit as st

from mmlab.analysis.methods.seed_comparison import MEAN, WORST, Comparison, Row, interval
from mmlab.core.group_name import several
from mmlab.core.metric import mean_of
from mmlab.core.modality import Modalities
from mmlab.core.phrases import phrase, say
from mmlab.core.task import Task, advice
from mmlab.experiments.ablations import with_ladder
from mmlab.ui.components import clickable_svg, page_frame, pickers, url_select
from mmlab.ui.components.model_picker import Models
from mmlab.ui.pages.compare import confusion, downloads, score_table
from mmlab.ui.session import cache, comparison_cache, url_state
from mmlab.ui.text import wording
from mmlab.ui.text.markdown import plain
from mmlab.viz.base import theme
from mmlab.viz.compare import many_combinations, method_tables

_select = partial(url_select.select, "compare", width=168)

SCORES, DIFFERENCES = "scores", "differences"
SURE = 0.05  # a difference is called one where p, corrected by Holm over the methods, is below


@page_frame.panel
def show(task_name: str, models: Models) -> None:
    """The page below the bar. models: those of the bar, whose methods are marked."""
    task = cache.task(task_name)
    stamp = comparison_cache.stamp(task_name)
    if not stamp:
        train = f"python -m mmlab grid --tasks {task_name} --seeds 3"
        what, _, command = advice(task, train, say("Train all")).partition(": ")
        st.info(f"{say('Nothing was measured for this task yet.')}  \n{say(what)}: `{command}`")
        return
    controls = st.expander(say("Choose what is compared")) if "step" in url_state.modes() else st.container()
    with controls:  # in a lesson, what it speaks of comes first
        view, found = _chosen(task, stamp)
        by = _by(found, view)
    warned = () if view else found.warnings(lambda key: task.info.modalities.parse(key).label)
    for told in warned:
        st.warning(plain(told))
    ordered = _sorted(found, by)
    title = say("Ablation") if view else say("Methods and combinations")
    st.subheader(title, help=wording.help("ladder" if view else "compared"), anchor=False)
    cell = confusion.cell(ordered, models.asked)
    mapped, table = st.tabs([say("Heat map"), say("Table")])
    with mapped, page_frame.error_boundary():
        _heat(task, ordered, cell, by, models.chosen)
    with table, page_frame.error_boundary():
        score_table.show(ordered, by, _base(ordered, view))
    for told in found.problems:
        st.caption(f":material/info: {plain(told)}")
    downloads.show(ordered, view)
    left, right = st.columns([1, 1], gap="large")
    with left, page_frame.error_boundary():
        _differences(ordered, view, by)
    if confusion.has_view(task.info.output):
        with right, page_frame.error_boundary():
            confusion.show(task, ordered, view, cell)


def _chosen(task: Task, stamp: comparison_cache.Stamp) -> tuple[str, Comparison]:
    """The controls, and the view and comparison that they ask for. What does not exist is said, and not followed."""
    name, output = task.name, task.info.output
    with st.container(horizontal=True, vertical_alignment="bottom", key="mm-compare"):
        view = _select("ladder", say("View"), ["", *with_ladder()], "", _view_title, wording.help("ladder"))
        there = comparison_cache.sources(name, view, stamp)
        source_name = partial(comparison_cache.source_title, name)
        source = _select("source", say("Test data"), there, there[0], source_name, wording.help("score"))
        metric = _select("metric", say("Metric"), output.metric_names, output.headline, wording.metric)
        base = ""
        if not view:
            titles = {
                row.name: row.title for row in comparison_cache.comparison(name, view, source, "", metric, stamp).rows
            }
            usual = "dropout" if "dropout" in titles else next(iter(titles))
            base = _select("baseline", say("Compare to"), list(titles), usual, titles.get, wording.help("difference"))
    return view, comparison_cache.comparison(name, view, source, base, metric, stamp)


def _by(found: Comparison, view: str) -> str:
    """What the table is sorted and the differences are taken by, and whether cells show scores or differences."""
    options = [*([comparison_cache.STEPS] if view else []), MEAN, WORST, *found.combinations]
    with st.container(horizontal=True, vertical_alignment="bottom", key="mm-compare-by"):
        shown = partial(comparison_cache.by_title, found.task)
        by = _select("by", say("Sort by"), options, options[0], shown, wording.help("combination"), width=250)
        values = url_state.get("values", SCORES)
        st.segmented_control(
            say("Cells show"),
            [SCORES, DIFFERENCES],
            format_func=lambda each: (
                say("Scores") if each == SCORES else say("Differences to {model}", model=plain(_base(found, view)))
            ),
            key=url_state.follow("compare.values", values if values in (SCORES, DIFFERENCES) else SCORES),
            required=True,
            on_change=lambda: url_state.put(
                values=DIFFERENCES if st.session_state["compare.values"] == DIFFERENCES else None
            ),
        )
    return by


def _sorted(found: Comparison, by: str) -> Comparison:
    if by == comparison_cache.STEPS:
        return found
    sign = -1 if found.higher_is_better else 1
    value = {row.name: row.worst if by == WORST else float(mean_of(found.by_seed(row.name, by))) for row in found.rows}
    return replace(
        found, rows=tuple(sorted(found.rows, key=lambda row: (math.isnan(value[row.name]), sign * value[row.name])))
    )


def _heat(task: Task, found: Comparison, cell: tuple[str, str], by: str, chosen: Sequence[str]) -> None:
    modalities = task.info.modalities
    signed = url_state.get("values") == DIFFERENCES
    scale = method_tables.Scale(found.is_share, signed, found.higher_is_better)
    p = {by: found.p_values(by) for by in (*found.combinations, MEAN, WORST)} if signed else {}
    lines = [_line(found, row, scale, modalities, p, row.name in chosen) for row in found.rows]
    if not signed:
        for what, others in ((phrase("reference model"), found.reference_models), (phrase("imported"), found.imported)):
            lines += [_other(title, what, each, found, scale, modalities) for title, each in others.items()]
    html = _map_html(lines, _columns(modalities, found.combinations), scale, ":".join(cell), by)
    marks = (
        {say("worse"): method_tables.WORSE, say("better"): method_tables.BETTER}
        if signed
        else {say("lower to higher"): method_tables.BETTER}
    )
    if not found.higher_is_better and not signed:
        marks = {say("worse to better (lower is better)"): method_tables.BETTER}
    clickable_svg.board(
        html + method_tables.legend(scale, marks), key="compare.heat", on_pick=lambda name: url_state.put(cell=name)
    )
    st.caption(" ".join(_told(task, found, scale, signed)))


def _told(task: Task, found: Comparison, scale: method_tables.Scale, signed: bool) -> list[str]:
    """What the cells are, in sentences."""
    modalities = task.info.modalities
    metric = wording.metric(found.metric)
    if found.is_share:
        metric = (
            say("{metric}, in percentage points", metric=metric)
            if signed
            else say("{metric}, in percent", metric=metric)
        )
    samples = say("{count} test samples", count=f"{found.samples:,}")
    if len(task.sources()) > 1 or found.source != "built-in":
        samples = f"{samples} ({comparison_cache.source_title(task.name, found.source)})"
    letters = plain(", ".join(f"{item.letter} {say(item.label)}" for item in modalities))
    told = [
        f"{metric}{wording.metric_meaning(found.metric)}.",
        say("{samples}, one seed.", samples=samples)
        if max(row.seeds for row in found.rows) == 1
        else say("{samples}, mean over {seeds}.", samples=samples, seeds=_seeds(found)),
        say("Letters: {letters}.", letters=letters),
    ]
    if confusion.has_view(task.info.output):
        told.append(say("Click a cell to look into it."))
    if math.isfinite(found.nothing):
        told.append(say("An empty answer to everything would score {score}.", score=_plain(found.nothing, scale)))
    return [*told, *filter(None, [plain(_unmeasured(found, modalities))])]


def _map_html(
    lines: Sequence[method_tables.Line],
    columns: Sequence[method_tables.Column],
    scale: method_tables.Scale,
    selected: str,
    by: str,
) -> str:
    """A column per combination; a row on narrow screens, and where there are too many, which can be searched."""
    if len(columns) <= many_combinations.MOST_ACROSS:
        wide = method_tables.heat(lines, columns, scale, selected, by)
        narrow = many_combinations.tall(lines, columns, columns, scale, selected)
        return f'<div class="mm-only-wide">{wide}</div><div class="mm-only-narrow">{narrow}</div>'
    wanted = st.text_input(
        say("Find combinations"),
        key="compare.find",
        placeholder=say("letters or names of inputs, such as A T"),
        max_chars=80,
    )
    shown = many_combinations.found_in(columns, wanted)
    if not shown:
        st.caption(say("No combination has '{wanted}'.", wanted=plain(wanted)))
    return many_combinations.tall(lines, columns, shown, scale, selected)


def _seeds(found: Comparison) -> str:
    """How many seeds the scores are means of, `5 seeds`; `1 to 5 seeds` where methods differ."""
    few, many = min(row.seeds for row in found.rows), max(row.seeds for row in found.rows)
    return say("{few} to {many} seeds", few=few, many=many) if few < many else several(many, "seed")


def _other(
    title: str,
    what: str,
    scores: Mapping[str, float],
    found: Comparison,
    scale: method_tables.Scale,
    modalities: Modalities,
) -> method_tables.Line:
    """One of the last lines: a plain model, which a network should not stay below, or what others report."""
    values = [scores.get(key, math.nan) for key in found.combinations]
    values += [float(mean_of(values)), (min if found.higher_is_better else max)(values)]
    labels = [*(modalities.parse(key).label for key in found.combinations), say("mean"), say("worst")]
    notes = tuple(f"{title}, {label}: {scale.text(value)}" for label, value in zip(labels, values, strict=True))
    return method_tables.Line(title, title, say(what), tuple(values), notes)


def _unmeasured(found: Comparison, modalities: Modalities) -> str:
    """Which combinations have no column, because no test sample has their inputs."""
    without = [c.label for c in modalities.subsets() if c.key not in found.combinations]
    if not without:
        return ""
    named = "; ".join(without[:4])
    if len(without) > 4:
        named = f"{named} {say('and {count} more', count=len(without) - 4)}"
    return say("No test sample has all inputs of {inputs}: there is no score for that.", inputs=named)


def _line(
    found: Comparison,
    row: Row,
    scale: method_tables.Scale,
    modalities: Modalities,
    p: Mapping[str, Mapping[str, float]],
    is_chosen: bool,
) -> method_tables.Line:
    note = several(row.seeds, "seed") + (f" · {say('on the Bench')}" if is_chosen else "")
    note += f" · {say('reference')}" if row.name == found.baseline else ""
    labels, ends = [modalities.parse(key).label for key in found.combinations], (say("mean"), say("worst"))
    if not scale.signed:
        values = [*row.score.tolist(), row.mean, row.worst]
        spreads = [*row.spread.tolist(), row.mean_spread, math.nan]
        notes = [
            f"{row.title}, {label}: {scale.text(value)}"
            + (f" ± {_plain(spread, scale)}" if math.isfinite(spread) else "")
            for label, value, spread in zip([*labels, *ends], values, spreads, strict=True)
        ]
        return method_tables.Line(row.name, row.title, note, tuple(values), tuple(notes))
    triples = [_interval(found, row, by) for by in (*found.combinations, MEAN, WORST)]
    notes = [
        f"{row.title}, {label}: {_with_bounds(t, scale)}" for label, t in zip([*labels, *ends], triples, strict=True)
    ]
    sure = tuple(of_methods[row.name] < SURE for of_methods in p.values())
    return method_tables.Line(
        row.name, row.title, note, tuple(t[0] if t else math.nan for t in triples), tuple(notes), sure
    )


def _interval(found: Comparison, row: Row, by: str) -> tuple[float, float, float] | None:
    """The difference to the baseline with its interval; None for the baseline itself and without common seeds."""
    if row.name == found.baseline:
        return None
    paired = found.to_baseline(row.name, by)
    return interval(paired) if len(paired) else None


def _differences(found: Comparison, view: str, by: str) -> None:
    base = _base(found, view)
    st.subheader(say("Difference to {model}", model=plain(base)), help=wording.help("difference"), anchor=False)
    of = MEAN if by == comparison_cache.STEPS else by
    others = [row for row in found.rows if row.name != found.baseline]
    rows = [(row.title, found.to_baseline(row.name, of), _interval(found, row, of)) for row in others]
    rows = [row for row in rows if row[2] is not None]
    if not rows:
        st.caption(say("Nothing else shares a seed with {model}, so nothing can be paired.", model=plain(base)))
        return
    scale = method_tables.Scale(found.is_share, True, found.higher_is_better)
    figure = method_tables.differences(rows, scale)
    day, what = datetime.now(UTC).date().isoformat(), comparison_cache.by_title(found.task, of)
    named = (f"{say(cache.task(found.task).title)}, {wording.metric(found.metric)}", f"{what}. mmlab, {day}")
    figure.update_layout(title={"text": "<br>".join(map(escape, named)), "font": {"size": 12}, "x": 0}, margin_t=48)
    st.plotly_chart(figure, config=theme.CONFIG, key="compare.differences")
    p = found.p_values(of)
    beyond = plain(", ".join(row.title for row in others if p[row.name] < SURE)) or say("none")
    told = [
        say("{of}. Dots: single seeds. Band: 95 % interval. Mark: mean.", of=plain(what)),
        say("More than chance after Holm's correction (p < 0.05): {methods}.", methods=beyond),
    ]
    if min(len(row[1]) for row in rows) < 2:
        told.append(say("A pair with one seed has no interval: train more seeds."))
    st.caption(" ".join([*told, say(found.scope)]))


def _columns(modalities: Modalities, keys: Sequence[str]) -> list[method_tables.Column]:
    letters, colours = pickers.letters(modalities), pickers.colours(modalities)
    parsed = [modalities.parse(key) for key in keys]
    return [method_tables.Column(c.key, tuple((letters[n], colours[n]) for n in c.names), c.label) for c in parsed]


def _base(found: Comparison, view: str) -> str:
    """What differences are taken to: a method, or the method whose steps are shown."""
    return cache.title(view) if view else next(row.title for row in found.rows if row.name == found.baseline)


def _view_title(view: str) -> str:
    return say("Ablation of {model}", model=cache.title(view)) if view else say("All methods")


def _plain(value: float, scale: method_tables.Scale) -> str:
    return f"{100 * value:.1f}" if scale.is_share else f"{value:.3f}"


def _with_bounds(found: tuple[float, float, float] | None, scale: method_tables.Scale) -> str:
    if found is None:
        return say("nothing to compare")
    value, low, high = map(scale.text, found)
    return say("{value} ({low} to {high})", value=value, low=low, high=high) if math.isfinite(found[1]) else value
