"""Missing rate: a probability per modality, the expected score of every chosen model, and where they cross."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from itertools import combinations
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mmlab.analysis import crossings, curve_area, expected_score, missing_rate_curve
from mmlab.analysis.robustness.missing_rate import rate_curve_of_one
from mmlab.analysis.robustness.missing_rate_simulation import simulate
from mmlab.core.modality import Modalities, spoken
from mmlab.core.number_text import fixed, on_scale
from mmlab.core.phrases import say
from mmlab.ui.components import figure_card, page_frame, pickers
from mmlab.ui.pages.robustness.view_data import View
from mmlab.ui.session import cache, url_state
from mmlab.ui.text import wording
from mmlab.viz.base import svg_chart
from mmlab.viz.base.figure import Figure

USUAL, HIGHEST = 20, 95  # percent
RATES = np.linspace(0, HIGHEST / 100, 58)
ALL = "all"


@dataclass(frozen=True)
class Chances:
    """How often inputs fail, in percent by name, and which of them the curve runs along (`all` for one rate)."""

    percent: Mapping[str, int]
    along: str

    @property
    def shared(self) -> bool:
        """Whether all inputs have one rate."""
        return self.along == ALL

    @property
    def failure(self) -> NDArray[np.float64]:
        """`[M]` probabilities."""
        return np.array([value / 100 for value in self.percent.values()])

    @property
    def here(self) -> float:
        """The place on the curve."""
        return next(iter(self.percent.values())) / 100 if self.shared else self.percent[self.along] / 100


@page_frame.panel
def show(view: View) -> None:
    """Sliders, expected scores, the curve, and the check; a fragment, so that a slider redraws nothing else."""
    st.subheader(say("Score at random failures"), help=wording.help("failure"), anchor=False)
    if why := _undefined(view):
        st.caption(why)
        return
    chances = chosen(view.task.info.modalities)
    _sliders(view, chances)
    st.html(_big(view, chances))
    figure_card.show(curve(view, chances), "robustness.failures")
    st.html(_areas(view, chances))
    pickers.numbers_help("failure", "kept")
    if st.button(
        say("Check by simulation"),
        help=say("Simulates failures sample by sample, to show that the closed form agrees."),
    ):
        st.html(_checked(view, chances))


def figures(view: View) -> list[Figure]:
    """For the report."""
    return [] if _undefined(view) else [curve(view, chosen(view.task.info.modalities))]


def _undefined(view: View) -> str:
    """Why there is no expected score: some combination has none. Empty where all have one."""
    if all(np.isfinite(graded.measures[view.measure].scores[1:]).all() for graded in view.graded.values()):
        return ""
    metric = wording.metric(view.measure)
    return say("{metric} cannot be computed for some combination, so no score can be expected.", metric=metric)


def chosen(modalities: Modalities) -> Chances:
    """The failure probabilities of the address: `20`, or `image:20,sound:5`; what cannot be read is left out."""
    text = url_state.get("fail", str(USUAL))
    if ":" not in text:
        return Chances(dict.fromkeys(modalities.names, _percent(text)), ALL)
    pairs = dict(part.split(":", 1) for part in text.split(",") if ":" in part)
    percent = {name: _percent(pairs.get(name, str(USUAL))) for name in modalities.names}
    along = url_state.get("along", modalities.names[0])
    return Chances(percent, along if along in modalities.names else modalities.names[0])


def scores_along(scores: NDArray[np.float64], chances: Chances) -> NDArray[np.float64]:
    """The expected score at each of `RATES`, from the score of each combination `[2**M]`."""
    if chances.shared:
        return missing_rate_curve(scores, RATES)
    return rate_curve_of_one(scores, chances.failure, list(chances.percent).index(chances.along), RATES)


def curve(view: View, chances: Chances) -> Figure:
    """The expected score of every model along the rate, with the place of the sliders and the crossings."""
    lines = _lines(view, chances)
    along = say("all inputs") if chances.shared else view.task.info.modalities[chances.along].spoken
    metric = spoken(wording.metric(view.measure))
    title = say("Expected {metric} when {inputs} may fail", metric=metric, inputs=along)
    axis = view.axis([float(value) for line in lines.values() for value in line])
    drawn = svg_chart.Plot(title, svg_chart.Axis(say("missing rate of {inputs}", inputs=along), 0, 1), axis)
    for series, (method, line) in enumerate(lines.items()):
        drawn.line(RATES.tolist(), line.tolist(), view.colour(method), cache.title(method), series)
    drawn.marker(chances.here, svg_chart.percent(chances.here))
    for method in lines:
        value = _expected(view, method, chances)
        drawn.dot(chances.here, value, view.colour(method), f"{cache.title(method)}: {view.number(value)}")
    crossed = _crossed(lines)
    for rate, value, text in crossed:
        drawn.dot(rate, value, "currentColor", text, size=6, hollow=True)
    drawn.about = " ".join(text for _, _, text in crossed)
    rows = [(float(rate), *(float(line[i]) for line in lines.values())) for i, rate in enumerate(RATES)]
    note = " ".join([*(text for _, _, text in crossed), _fixed(view, chances), view.basis])
    return Figure("failures", title, drawn.svg, ("rate", *lines), rows, note)


def _lines(view: View, chances: Chances) -> dict[str, NDArray[np.float64]]:
    return {
        method: scores_along(graded.measures[view.measure].scores, chances) for method, graded in view.graded.items()
    }


def _expected(view: View, method: str, chances: Chances) -> float:
    return expected_score(view.graded[method].measures[view.measure].scores, chances.failure)


def _crossed(lines: Mapping[str, NDArray[np.float64]]) -> list[tuple[float, float, str]]:
    """Where the lead passes from one model to another: rate, score, sentence."""
    found = []
    for (one, first), (other, second) in combinations(lines.items(), 2):
        for rate in crossings(RATES, first, second):
            value = float(np.interp(rate, RATES, first))
            text = say(
                "{one} and {other} cross at {rate} %.",
                one=cache.title(one),
                other=cache.title(other),
                rate=f"{100 * rate:.0f}",
            )
            found.append((float(rate), value, text))
    return found


def _fixed(view: View, chances: Chances) -> str:
    """What the inputs that the curve does not run along do."""
    if chances.shared:
        return ""
    modalities = view.task.info.modalities
    rest = [
        f"{say(modalities[name].label)} {value} %" for name, value in chances.percent.items() if name != chances.along
    ]
    return say("The others fail as the sliders say: {rates}.", rates=", ".join(rest))


def _sliders(view: View, chances: Chances) -> None:
    modalities = view.task.info.modalities
    with st.container(horizontal=True, vertical_alignment="center", key="mm-failures"):
        st.toggle(
            say("One rate for all inputs"),
            key=url_state.follow("failures.shared", chances.shared),
            on_change=_share,
            args=(modalities, chances),
        )
        if not chances.shared:
            st.selectbox(
                say("Curve along"),
                modalities.names,
                format_func=lambda name: say(modalities[name].label),
                key=url_state.follow("failures.along", chances.along),
                on_change=lambda: url_state.put(along=st.session_state["failures.along"]),
                width=190,
            )
    names = [ALL] if chances.shared else list(modalities.names)
    for column, name in zip(st.columns(min(len(names), 3)) * 2, names, strict=False):
        value = chances.percent[modalities.names[0] if name == ALL else name]
        column.slider(
            say("Every input is missing")
            if name == ALL
            else say("{input} is missing", input=page_frame.plain(say(modalities[name].label))),
            0,
            HIGHEST,
            key=url_state.follow(f"failures.{name}", value),
            format="%d %%",
            on_change=_moved,
            args=(modalities, chances.shared),
        )


def _moved(modalities: Modalities, shared: bool) -> None:
    if shared:
        value = int(st.session_state[f"failures.{ALL}"])
        url_state.put(fail=None if value == USUAL else str(value))
        return
    url_state.put(fail=",".join(f"{name}:{int(st.session_state[f'failures.{name}'])}" for name in modalities.names))


def _share(modalities: Modalities, chances: Chances) -> None:
    """From one rate to many, or back to their mean."""
    if chances.shared:
        url_state.put(fail=",".join(f"{name}:{value}" for name, value in chances.percent.items()))
    else:
        mean = round(sum(chances.percent.values()) / len(modalities))
        url_state.put(fail=None if mean == USUAL else str(mean), along=None)


def _big(view: View, chances: Chances) -> str:
    """The expected score of every model, beside what it is without failures."""
    parts = []
    for method, graded in view.graded.items():
        value, whole = _expected(view, method, chances), float(graded.measures[view.measure].scores[-1])
        parts.append(
            f'<div style="--c:{view.colour(method)}"><b data-expected="{escape(method, quote=True)}">'
            f"{view.number(value)}</b><small>{escape(cache.title(method))}<br>"
            f"{escape(say('{change} from no failures', change=view.change(value - whole)))}</small></div>"
        )
    return f'<div class="mm-big">{"".join(parts)}</div>'


def _areas(view: View, chances: Chances) -> str:
    """Area and kept share of each curve, best first."""
    rising = view.scored.higher_is_better
    rows = []
    for method, line in _lines(view, chances).items():
        area, part = curve_area(RATES, line)
        area /= float(RATES[-1])
        kept = f"{part:.1%}".replace("%", " %") if np.isfinite(part) else "–"
        rows.append((area, escape(cache.title(method)), kept))
    rows.sort(reverse=rising)
    body = "".join(
        f"<tr><td>{title}</td><td class='mm-num'>{view.number(area)}</td><td class='mm-num'>{kept}</td></tr>"
        for area, title, kept in rows
    )
    last = say("Retained score") if rising else say("Error relative to no failures")
    titles = (say("Model"), say("Mean over 0 to {highest} % (area)", highest=HIGHEST), last)
    head = "".join(f"<th>{title}</th>" for title in titles)
    table = f'<table class="mm-table"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    return f'<div class="mm-scroll">{table}</div>'


def _checked(view: View, chances: Chances) -> str:
    rows = []
    for method, graded in view.graded.items():
        found = simulate(graded.measures[view.measure], chances.failure)
        value = _expected(view, method, chances)
        apart = found.errors_from(value)
        verdict = say("agree") if apart < 3 else say("{count} standard errors apart", count=f"{apart:.1f}")
        rows.append(
            f"<tr><td>{escape(cache.title(method))}</td><td class='mm-num'>{_fine(view, value)}</td>"
            f"<td class='mm-num'>{_fine(view, found.score)} ± {_fine(view, found.error)}</td>"
            f"<td class='mm-num'>{found.draws:,}</td><td>{verdict}</td></tr>"
        )
    titles = (say("Model"), say("Closed form"), say("Simulated"), say("Draws"), say("Agreement"))
    head = "".join(f"<th>{title}</th>" for title in titles)
    return (
        f'<div class="mm-scroll"><table class="mm-table"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _fine(view: View, value: float) -> str:
    return f"{fixed(100 * value, 2)} %" if view.scored.is_share else on_scale(value, view.digits + 1)


def _percent(text: Any) -> int:
    try:
        return min(HIGHEST, max(0, int(text)))
    except ValueError:
        return USUAL
