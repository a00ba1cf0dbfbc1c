"""Learning curves: the score of each combination and each part of the loss, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from mmlab.core.metric import mean_of
from mmlab.core.phrases import say
from mmlab.viz.base import theme

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

HEIGHT = 330
MEAN_COLOUR = theme.METHODS[5]  # that of no input
CROWDED = 9  # more curves than this cannot be told apart


def scores(
    series: Mapping[str, Sequence[float]], letters: Mapping[str, str], epochs: int, metric: str, is_share: bool
) -> Figure:
    """One curve per combination (`image-sound`), with its letters at its end, and their mean as a thick line."""
    import plotly.graph_objects as go

    names = list(letters)
    figure = go.Figure(layout={"template": theme.TEMPLATE})
    factor = 100 if is_share else 1
    parts = {key: key.split("-") for key in series}
    shown = [key for key in series if len(series) <= CROWDED or len(parts[key]) in (1, len(names))]
    for key in shown:
        alone = len(parts[key]) == 1
        whole = len(parts[key]) == len(names)
        first = names.index(parts[key][0])
        colour = theme.MUTED if whole else theme.modality_colour(first)
        label = "".join(letters.get(name, "?") for name in parts[key])
        style = "solid" if alone else "dash" if whole else "dot" if names[first + 1] in parts[key] else "dashdot"
        _curve(figure, [factor * value for value in series[key]], label, colour, style, 2.0)
    if series:
        mean = (factor * mean_of(list(series.values()))).tolist()
        _curve(figure, mean, say("mean"), MEAN_COLOUR, "solid", 4.0)
    return _dressed(figure, epochs, f"{metric}{', %' if is_share else ''}")


def losses(series: Mapping[str, Sequence[float | None]], epochs: int) -> Figure:
    """One curve per part of the loss; None where a part was not there yet."""
    import plotly.graph_objects as go

    figure = go.Figure(layout={"template": theme.TEMPLATE})
    for position, (term, values) in enumerate(series.items()):
        _curve(figure, list(values), term, theme.method_colour(position), "solid", 2.0)
    return _dressed(figure, epochs, say("loss"))


def _curve(figure: Figure, values: Sequence[float | None], label: str, colour: str, dash: str, width: float) -> None:
    figure.add_scatter(
        x=list(range(1, len(values) + 1)),
        y=list(values),
        name=escape(label),
        mode="lines+markers" if len(values) < 3 else "lines",
        line={"color": colour, "dash": dash, "width": width},
        hovertemplate="%{y:.3g}<extra>" + escape(label) + f", {say('epoch')} %{{x}}</extra>",
    )


def _dressed(figure: Figure, epochs: int, title: str) -> Figure:
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        showlegend=True,
        legend={"orientation": "h", "yanchor": "top", "y": -0.2, "x": 0},
        xaxis={"title": {"text": say("epoch")}, "range": [0.5, max(epochs, 2) + 0.5], "dtick": _tick(epochs)},
        yaxis={"title": {"text": title}},
        hovermode="closest",
    )
    return figure


def _tick(epochs: int) -> int:
    return next((step for step in (1, 2, 5, 10, 20, 50, 100) if epochs / step <= 10), 200)
