"""Curves of the Dominance page as Plotly figures: deletion and insertion, and quantities over a training."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mmlab.core.phrases import say
from mmlab.viz.base.theme import MUTED, TEMPLATE

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

Values = NDArray[np.floating]
Epochs = NDArray[np.integer]


def covering(ordered: Values, random: Values, colour: str, across: str) -> Figure:
    """The answer's support against the part of the places: by the map (full line) and in random order (dashed)."""
    import plotly.graph_objects as go

    x = np.linspace(0, 100, len(ordered))
    figure = go.Figure(layout={"template": TEMPLATE})
    styles = ((say("random places"), random, MUTED, "dash", 2), (say("by the map"), ordered, colour, "solid", 3))
    for name, values, shade, dash, width in styles:
        line = {"color": shade, "dash": dash, "width": width}
        hover = f"{escape(name)}, %{{x:.0f}} %: %{{y:.2f}}<extra></extra>"
        figure.add_scatter(x=x, y=values, name=escape(name), mode="lines", line=line, hovertemplate=hover)
    figure.update_layout(
        height=230,
        margin={"l": 8, "r": 8, "t": 30, "b": 8},
        xaxis={"title": {"text": across}, "ticksuffix": " %", "range": [0, 100]},
        yaxis={"title": {"text": say("still this class")}, "range": [-0.03, 1.03]},
    )
    return figure


def over_epochs(
    epochs: Epochs,
    lines: Mapping[str, Values],
    colours: Mapping[str, str],
    title: str,
    at: int | None = None,
    share: bool = True,
) -> Figure:
    """A line per name; `at`: the epoch that is looked at, as an upright line."""
    import plotly.graph_objects as go

    unit, times = (" %", 100) if share else ("", 1)
    figure = go.Figure(layout={"template": TEMPLATE})
    for name, values in lines.items():
        line = {"color": colours[name], "width": 2.4}
        hover = f"{escape(name)}, {say('epoch')} %{{x}}: %{{y:{'.1f' if share else '.3g'}}}{unit}<extra></extra>"
        figure.add_scatter(
            x=epochs + 1, y=times * values, name=escape(name), mode="lines+markers", line=line, hovertemplate=hover
        )
    highest = max((float(np.nanmax(values)) for values in lines.values() if np.isfinite(values).any()), default=1.0)
    form = "" if not share else ".1f" if highest < 0.1 else ".0f"
    if at is not None:
        figure.add_vline(x=at + 1, line={"color": MUTED, "width": 1.5, "dash": "dash"})
    figure.update_traces(marker={"size": 5})
    figure.update_layout(
        height=290,
        xaxis={"title": {"text": say("epoch")}, "dtick": max(1, -(-len(epochs) // 8)), "tick0": 1},
        yaxis={"title": {"text": title}, "tickformat": form, "ticksuffix": unit, "rangemode": "tozero"},
    )
    return figure
