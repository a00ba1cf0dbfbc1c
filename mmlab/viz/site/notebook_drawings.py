"""Notebook drawings that no page has: static HTML, and Plotly figures of the same numbers."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from mmlab.viz.base import svg_chart, theme
from mmlab.viz.site.content import NO_COLOUR, DominanceRow, EmbeddingMap, Input, Scale

if TYPE_CHECKING:
    import plotly.graph_objects as go

SIDE = 480


def cloud(found: EmbeddingMap, row: int = -1) -> str:
    """The points of one combination, complete input by default, coloured in the first way; SVG with its legend."""
    way, points = found.colourings[0], found.points[row]
    low, high = np.nanmin(found.points, (0, 1)), np.nanmax(found.points, (0, 1))
    wide = float((high - low).max()) or 1.0
    places = (points - low) / wide * (SIDE - 12) + 6
    dots = "".join(
        f'<circle cx="{x:.1f}" cy="{SIDE - y:.1f}" r="2.2" fill="{way.colours[code]}"/>'
        for (x, y), code in zip(places, way.codes[row], strict=True)
        if np.isfinite(x) and code != NO_COLOUR
    )
    legend = " ".join(
        f'<span style="color:{colour}">●</span> {escape(str(name))}'
        for name, colour in zip(way.names, way.colours, strict=True)
    )
    return f'<svg viewBox="0 0 {SIDE} {SIDE}" role="img" aria-label="Embedding">{dots}</svg><p>{legend}</p>'


def cloud_figure(found: EmbeddingMap, labels: Sequence[str]) -> go.Figure:
    """The same to zoom into, with a menu of combinations."""
    import plotly.graph_objects as go

    way, drawn = found.colourings[0], go.Figure(layout={"template": theme.TEMPLATE, "height": 520})
    last = len(labels) - 1
    for k, codes in enumerate(way.codes):
        for code, name in enumerate(way.names):
            rows = np.flatnonzero((codes == code) & np.isfinite(found.points[k]).all(1)).tolist()
            drawn.add_scattergl(
                x=found.points[k, rows, 0],
                y=found.points[k, rows, 1],
                mode="markers",
                marker={"color": way.colours[code], "size": 5},
                name=escape(str(name)),
                text=[escape(found.ids[row]) for row in rows],
                visible=k == last,
            )
    each = len(way.names)
    buttons = [
        {
            "label": escape(label),
            "method": "restyle",
            "args": [{"visible": [k == i // each for i in range(each * len(labels))]}],
        }
        for k, label in enumerate(labels)
    ]
    drawn.update_layout(updatemenus=[{"buttons": buttons, "active": last}], yaxis={"scaleanchor": "x"})
    return drawn


def curve(rates: Sequence[float], expected: Sequence[float], scale: Scale, title: str) -> str:
    """The expected score by the missing rate of all inputs, as SVG."""
    text = svg_chart.percent if scale.is_share else svg_chart.plain
    axis = svg_chart.around(list(expected), scale.title, text)
    plot = svg_chart.Plot(
        f"Expected {scale.title} when all inputs may fail", svg_chart.Axis("missing rate of all inputs", 0, 1), axis
    )
    plot.line(list(rates), list(expected), theme.ACCENT, title)
    return plot.svg


def curve_figure(rates: Sequence[float], expected: Sequence[float], scale: Scale, title: str) -> go.Figure:
    """The same as a Plotly figure."""
    import plotly.graph_objects as go

    drawn = go.Figure(layout={"template": theme.TEMPLATE, "height": 380})
    drawn.add_scatter(x=list(rates), y=list(expected), name=escape(title), line={"color": theme.ACCENT})
    form = ".0%" if scale.is_share else ""
    drawn.update_layout(
        xaxis={"title": {"text": "missing rate of all inputs"}, "tickformat": ".0%"},
        yaxis={"title": {"text": f"expected {scale.title}"}, "tickformat": form},
    )
    return drawn


def dominance_table(rows: Sequence[DominanceRow], inputs: Sequence[Input]) -> str:
    """A row per measure, or why there is none."""
    head = "".join(f"<th>{theme.chip(each.letter, each.colour)} {escape(each.label)}</th>" for each in inputs)
    body = []
    for row in rows:
        cells = "".join(f"<td>{escape(cell)}</td>" for cell in row.cells)
        shown = cells or f'<td colspan="{len(inputs)}">{escape(row.problem)}</td>'
        body.append(f'<tr><td title="{escape(row.question, quote=True)}">{escape(row.title)}</td>{shown}</tr>')
    return f"<table><thead><tr><th>Measure</th>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"
