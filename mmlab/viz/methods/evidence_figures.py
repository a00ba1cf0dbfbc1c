"""Figures of the methods' evidence: arrays in, one Plotly figure out. They know no method.

>>> evidence.curves(epochs, {"I": variance}, {"I": "#2B7BBB"}, "epoch", "variance", strong=("I",))
>>> evidence.densities({"DMRNet": cosines, "Modality dropout": others}, "cosine", (-1, 1))
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from html import escape
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from mmlab.core import number_text
from mmlab.core.phrases import say
from mmlab.core.spans import divisor
from mmlab.viz.base import theme
from mmlab.viz.base.theme import ACCENT, DIVERGING, METHODS, MUTED, SEQUENTIAL, TEMPLATE, WRONG, rgb

Values = NDArray[np.floating]
HEIGHT = 320
BINS = 40
WRITTEN = 7  # things between which numbers are written into a table: of more there is no room
PERCENT = " %"  # as everywhere else on the screen: with a space


def curves(
    epochs: NDArray[np.integer],
    lines: Mapping[str, Values],
    colours: Mapping[str, str],
    title: str,
    strong: Sequence[str] | None = None,
    since: int | None = None,
    zero: bool = True,
) -> go.Figure:
    """A line per name over the epochs; `strong` ones thick, the others dotted; `since` marks an epoch."""
    figure = go.Figure(layout=_layout(say("epoch"), title))
    for name, values in lines.items():
        thick = strong is None or name in strong
        line = {"color": colours[name], "width": 3 if thick else 1.6, "dash": "solid" if thick else "dot"}
        marker = {"size": 6 if thick else 3}
        shown = f"<b>{escape(name)}</b>" if strong is not None and thick else name
        hover = f"{escape(name)}: %{{y:.3g}}<extra></extra>"
        figure.add_trace(
            go.Scatter(x=epochs + 1, y=values, name=escape(shown), mode="lines+markers", line=line, marker=marker)
        ).data[-1].hovertemplate = hover
    if since is not None:
        figure.add_vline(x=since + 1, line={"color": MUTED, "dash": "dash", "width": 1.5})
        note = {
            "text": say("chosen here"),
            "showarrow": False,
            "xanchor": "left",
            "yanchor": "top",
            "font": {"size": 12},
        }
        figure.add_annotation(x=since + 1, y=1, yref="paper", xshift=4, **note)
    figure.update_yaxes(rangemode="tozero" if zero else "normal")
    figure.update_xaxes(dtick=max(1, -(-len(epochs) // 8)), tick0=1)
    return figure


def densities(
    groups: Mapping[str, Values],
    title: str,
    span: tuple[float, float],
    colours: Mapping[str, str] | None = None,
    bins: int = BINS,
) -> go.Figure:
    """Outlined histograms over one another, each as a share of its group; the middle value of each as a line."""
    figure = go.Figure(layout=_layout(title, say("share")))
    edges = np.linspace(*span, bins + 1)
    for number, (name, values) in enumerate(groups.items()):
        colour = (colours or {}).get(name, METHODS[number % len(METHODS)])
        counts = np.histogram(np.clip(values.reshape(-1), *span), edges)[0]
        share = 100 * counts / max(int(counts.sum()), 1)
        figure.add_trace(_steps(edges, share, name, colour))
        middle = float(np.median(values))
        line = {"color": colour, "width": 2, "dash": "dash"}
        figure.add_trace(
            _upright(
                middle, float(share.max()), line, say("{name}: middle value {value}", name=name, value=f"{middle:.2f}")
            )
        )
    figure.update_yaxes(ticksuffix=PERCENT, rangemode="tozero")
    figure.update_xaxes(range=list(span))
    return figure


def angles(before: Values, after: Values) -> go.Figure:
    """Angles from 0 to 180 degrees, counted in even bins, before and after; the right angle is marked."""
    edges = np.linspace(0, 180, len(before) + 1)
    figure = go.Figure(layout=_layout(say("angle in degrees"), say("share of the pairs")))
    highest = 0.0
    for name, counts, colour in ((say("before"), before, WRONG), (say("after"), after, ACCENT)):
        share = 100 * counts / max(float(counts.sum()), 1.0)
        highest = max(highest, float(share.max()))
        figure.add_trace(_steps(edges, share, name, colour))
    figure.add_trace(_upright(90, highest, {"color": MUTED, "width": 2, "dash": "dash"}, say("a right angle")))
    note = {"showarrow": False, "yref": "paper", "y": 1, "yanchor": "top", "font": {"size": 12}}
    figure.add_annotation(x=92, xanchor="left", text=say("against each other →"), **note)
    figure.update_yaxes(ticksuffix=PERCENT, rangemode="tozero")
    figure.update_xaxes(range=[0, 180], tickvals=list(range(0, 181, 30)))
    return figure


def table(values: Values, names: Sequence[str], title: str, span: tuple[float, float] = (-1, 1)) -> go.Figure:
    """A square of numbers between the things in `names`, written out where there is room."""
    scale = DIVERGING if span[0] < 0 else SEQUENTIAL
    figure = go.Figure(layout=_layout("", ""))
    figure.add_trace(
        go.Heatmap(
            z=values.astype(np.float32),
            x=list(names),
            y=list(names),
            zmin=span[0],
            zmax=span[1],
            colorscale=scale,
            colorbar={"title": {"text": title, "side": "right"}, "thickness": 10, "outlinewidth": 0},
            hovertemplate="%{y} and %{x}: %{z:.2f}<extra></extra>",
        )
    )
    if len(names) <= WRITTEN:
        figure.add_trace(_written(values, names, span, scale))
    figure.update_xaxes(showgrid=False, type="category")
    figure.update_yaxes(showgrid=False, type="category", autorange="reversed")
    return figure


def _written(values: Values, names: Sequence[str], span: tuple[float, float], scale: Sequence[Any]) -> go.Scatter:
    """The numbers on their cells, each black or white, whichever reads better there."""
    cells = [(across, down) for down in range(len(names)) for across in range(len(names))]
    numbers = [float(values[down, across]) for across, down in cells]
    shades = [theme.on_scale((number - span[0]) / (span[1] - span[0]), scale) for number in numbers]
    inks = [max(("#000000", "#FFFFFF"), key=partial(theme.contrast, shade)) for shade in shades]
    digits = 2 if span[1] <= 1 else 0
    return go.Scatter(
        x=[names[across] for across, _ in cells],
        y=[names[down] for _, down in cells],
        text=[number_text.fixed(number, digits) if math.isfinite(number) else "" for number in numbers],
        mode="text",
        textfont={"size": 11, "color": inks},
        hoverinfo="skip",
        showlegend=False,
    )


def alike(values: Values, labels: NDArray[np.integer], span: tuple[float, float], named: Sequence[str]) -> go.Figure:
    """Samples against samples `[N, N]`, sorted by class; the class names stand where their samples are."""
    scale = DIVERGING if span[0] < 0 else SEQUENTIAL
    figure = go.Figure(layout={**_layout("", ""), "height": 290, "margin": {"l": 8, "r": 8, "t": 8, "b": 8}})
    picture = values.astype(np.float32)
    bar = {"thickness": 8, "outlinewidth": 0, "tickfont": {"size": 10}}
    figure.add_trace(
        go.Heatmap(z=picture, zmin=span[0], zmax=span[1], colorscale=scale, colorbar=bar, hoverinfo="skip")
    )
    classes = np.unique(labels)
    middles = [float(np.flatnonzero(labels == label).mean()) for label in classes]
    ticks = {"tickvals": middles, "ticktext": [escape(named[int(label)]) for label in classes], "showgrid": False}
    figure.update_xaxes(**ticks)
    figure.update_yaxes(**ticks, autorange="reversed", scaleanchor="x", constrain="domain")
    return figure


def dots(x: Values, y: Values, names: Sequence[str], titles: tuple[str, str], strong: Sequence[str] = ()) -> go.Figure:
    """Named dots; the strong ones in another colour and shape."""
    figure = go.Figure(layout={**_layout(*titles), "showlegend": False})
    chosen = np.array([name in strong for name in names])
    sides = np.array(["top center", "bottom center"])[np.argsort(np.argsort(x, kind="stable")) % 2]  # neighbours apart
    for rows, colour, symbol in ((~chosen, ACCENT, "circle"), (chosen, WRONG, "diamond")):
        if not rows.any():
            continue
        text = [f"<b>{escape(name)}</b>" for name, on in zip(names, rows, strict=True) if on]
        marker = {"size": 12, "color": colour, "symbol": symbol}
        figure.add_trace(
            go.Scatter(x=x[rows], y=y[rows], text=text, mode="markers+text", textposition=sides[rows], marker=marker)
        ).data[-1].hovertemplate = "%{text}: %{x:.3g}, %{y:.3g}<extra></extra>"
    _room(figure, x, y)
    return figure


def quadrants(
    x: Values, y: Values, groups: Mapping[str, tuple[NDArray[np.bool_], str, str]], titles: tuple[str, str]
) -> go.Figure:
    """Dots in four fields, divided at the mean of each axis. groups: which dots, their colour, their symbol."""
    figure = go.Figure(layout=_layout(*titles))
    for name, (rows, colour, symbol) in groups.items():
        marker = {"size": 8, "color": colour, "symbol": symbol, "opacity": 0.85}
        label = f"{name} ({int(rows.sum())})"
        figure.add_trace(
            go.Scatter(x=100 * x[rows], y=100 * y[rows], mode="markers", marker=marker, name=escape(label))
        )
    figure.update_traces(hovertemplate="%{x:.0f} %, %{y:.0f} %<extra></extra>")
    line = {"color": MUTED, "width": 1.2, "dash": "dash"}
    figure.add_vline(x=100 * float(x.mean()), line=line)
    figure.add_hline(y=100 * float(y.mean()), line=line)
    figure.update_xaxes(ticksuffix=PERCENT)
    figure.update_yaxes(ticksuffix=PERCENT)
    return figure


def cloud(x: Values, y: Values, right: NDArray[np.bool_], titles: tuple[str, str]) -> go.Figure:
    """Samples by two numbers; right and wrong ones told apart by colour and symbol."""
    figure = go.Figure(layout=_layout(*titles))
    for name, rows, colour, symbol in ((say("right"), right, "#008F68", "circle"), (say("wrong"), ~right, WRONG, "x")):
        marker = {"size": 7, "color": colour, "symbol": symbol, "opacity": 0.8}
        figure.add_trace(go.Scatter(x=x[rows], y=y[rows], mode="markers", marker=marker, name=escape(name)))
    figure.update_traces(hovertemplate="%{x:.2f}, %{y:.2f}<extra></extra>")
    return figure


def boxes(groups: Mapping[str, Mapping[str, Values]], colours: Mapping[str, str], title: str) -> go.Figure:
    """A box per group and place: `groups["right"]["Image"]` are numbers."""
    figure = go.Figure(layout={**_layout("", title), "boxmode": "group"})
    for name, places in groups.items():
        where = np.concatenate([np.full(len(values), place, dtype=object) for place, values in places.items()])
        values = np.concatenate(list(places.values()))
        colour = colours[name]
        box = {"marker": {"color": colour, "size": 3}, "line": {"width": 1.6}, "fillcolor": _pale(colour)}
        figure.add_trace(go.Box(x=where, y=values, name=escape(name), boxpoints="outliers", hoverinfo="y", **box))
    figure.update_xaxes(type="category")
    return figure


def simplex(groups: Mapping[str, Values], names: Sequence[str], colours: Mapping[str, str]) -> go.Figure:
    """Mixtures `[N, M]` of things in `names`: a triangle for three of them, else a box for each."""
    if len(names) != 3:
        shares = {group: {name: values[:, i] for i, name in enumerate(names)} for group, values in groups.items()}
        return boxes(shares, colours, say("share in the mixture"))
    figure = go.Figure(layout={**_layout("", ""), "height": 400})
    symbols = ("circle-open", "circle", "x")
    for number, (group, values) in enumerate(groups.items()):
        a, b, c = 100 * values.T
        marker = {"size": 6, "color": colours[group], "symbol": symbols[number % 3], "opacity": 0.8}
        figure.add_trace(go.Scatterternary(a=a, b=b, c=c, mode="markers", marker=marker, name=escape(group)))
    names = [escape(name) for name in names]
    hover = f"{names[0]} %{{a:.0f}} %, {names[1]} %{{b:.0f}} %, {names[2]} %{{c:.0f}} %<extra></extra>"
    figure.update_traces(hovertemplate=hover)
    axis = {"ticksuffix": PERCENT, "gridcolor": "rgba(123,135,148,0.25)", "linecolor": MUTED, "nticks": 4}
    axes = {
        f"{letter}axis": {**axis, "title": {"text": f"<b>{escape(name)}</b>"}}
        for letter, name in zip("abc", names, strict=True)
    }
    figure.update_layout(
        ternary={"bgcolor": "rgba(0,0,0,0)", "sum": 100, **axes}, margin={"l": 56, "r": 56, "t": 64, "b": 40}
    )
    return figure


def _steps(edges: Values, share: Values, name: str, colour: str) -> go.Scatter:
    """The outline of a histogram, filled."""
    return go.Scatter(
        x=np.repeat(edges, 2),
        y=np.concatenate(([0.0], np.repeat(share, 2), [0.0])),
        mode="lines",
        name=escape(name),
        line={"color": colour, "width": 2},
        fill="tozeroy",
        fillcolor=_pale(colour),
        hoverinfo="skip",
    )


def _upright(x: float, height: float, line: Mapping[str, Any], text: str) -> go.Scatter:
    ends = np.array([x, x])
    hover = f"{escape(text)}<extra></extra>"
    up = np.array([0.0, height])
    return go.Scatter(x=ends, y=up, mode="lines", line=dict(line), showlegend=False, hovertemplate=hover)


def _pale(colour: str) -> str:
    return f"rgba({','.join(map(str, rgb(colour)))},0.18)"


def _room(figure: go.Figure, x: Values, y: Values) -> None:
    """Space for the names beside the outermost dots."""
    for update, values in ((figure.update_xaxes, x), (figure.update_yaxes, y)):
        low, high = float(values.min()), float(values.max())
        margin = 0.18 * divisor(high - low)
        update(range=[low - margin, high + margin])


def _layout(across: str, up: str) -> dict[str, Any]:
    return {
        "template": TEMPLATE,
        "height": HEIGHT,
        "margin": {"l": 8, "r": 8, "t": 36, "b": 8},
        "xaxis": {"title": {"text": across or None}},
        "yaxis": {"title": {"text": up or None}},
    }
