"""The map of all samples under all combinations, as a Plotly figure.

The map stays one constant figure per way of colouring: arrays only, and customdata holds nothing but the position of
a point (combination * samples + sample), so that a click is looked up elsewhere. What a click leads to is drawn in
another figure.

>>> embedding.scatter(picture.points, embedding.by_label(labels, names), shown=range(7))
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from mmlab.viz.theme import INK_LIGHT, METHODS, RIGHT, SEQUENTIAL, TEMPLATE, WRONG

Points = NDArray[np.float32]
GROUPS = (*METHODS, "#3C9DA6", "#A5485A")
HEIGHT = 480
PICKED: dict[str, Any] = {
    "selected": {"marker": {"size": 13, "opacity": 1}},
    "unselected": {"marker": {"opacity": 0.5}},
}
LABEL: dict[str, Any] = {"font": {"color": INK_LIGHT, "size": 13}, "bgcolor": "rgba(255,255,255,0.85)", "borderpad": 2}


@dataclass(frozen=True)
class Group:
    """Points of one colour: `rows` [K, N] says which."""

    name: str
    colour: str
    rows: NDArray[np.bool_]
    symbol: str = "circle"


@dataclass(frozen=True)
class Gradient:
    """Points coloured by a number `values` [K, N], NaN where there is none."""

    title: str
    values: NDArray[np.floating]


Colouring = Sequence[Group] | Gradient


def by_label(labels: NDArray[np.integer], names: Sequence[str], combinations: int) -> list[Group]:
    """A group per class of `labels` [N]."""
    return [
        Group(name, GROUPS[i % len(GROUPS)], np.broadcast_to(labels == i, (combinations, len(labels))))
        for i, name in enumerate(names)
    ]


def by_combination(letters: Sequence[str], samples: int) -> list[Group]:
    """A group per combination; by how many inputs there are where there are too many combinations for colours."""
    sizes = np.array([len(text) for text in letters])
    if len(letters) <= len(GROUPS):
        kinds = {text: np.arange(len(letters)) == i for i, text in enumerate(letters)}
    else:
        kinds = {f"{size} input{'s' if size > 1 else ''}": sizes == size for size in sorted(set(sizes.tolist()))}
    return [
        Group(name, GROUPS[i % len(GROUPS)], np.broadcast_to(rows[:, None], (len(letters), samples)))
        for i, (name, rows) in enumerate(kinds.items())
    ]


def by_answer(right: NDArray[np.bool_]) -> list[Group]:
    """Right and wrong answers, told apart by symbol, too."""
    return [Group("right", RIGHT, right), Group("wrong", WRONG, ~right, "x")]


def scatter(
    points: Points,
    colouring: Colouring,
    shown: Iterable[int],
    names: Mapping[str, Points] | None = None,
    titles: tuple[str, str] | None = None,
) -> go.Figure:
    """The map: `points` [K, N, 2], the combinations `shown`. `names` are written at their places (class centres).

    With `titles` the axes mean something (PCA) and have one scale; without, the map fills the room there is.
    """
    visible = np.zeros(points.shape[:2], bool)
    visible[list(shown)] = True
    visible &= np.isfinite(points).all(2)
    figure = go.Figure(layout=layout(titles, equal=titles is not None))
    if isinstance(colouring, Gradient):
        figure.add_trace(_shaded(points, colouring, visible))
    else:
        for group in colouring:
            figure.add_trace(_cloud(points, group, visible & group.rows))
    for text, place in (names or {}).items():
        figure.add_annotation(x=float(place[0]), y=float(place[1]), text=f"<b>{text}</b>", showarrow=False, **LABEL)
    return figure


def _cloud(points: Points, group: Group, rows: NDArray[np.bool_]) -> go.Scattergl:
    chosen = np.flatnonzero(rows).astype(np.int32)
    places = points.reshape(-1, points.shape[2])[chosen]
    return go.Scattergl(
        x=places[:, 0],
        y=places[:, 1],
        customdata=chosen,
        mode="markers",
        name=group.name,
        marker={"color": group.colour, "size": 4.5, "opacity": 0.65, "symbol": group.symbol},
        hoverinfo="name",
        **PICKED,
    )


def _shaded(points: Points, colouring: Gradient, visible: NDArray[np.bool_]) -> go.Scattergl:
    chosen = np.flatnonzero(visible & np.isfinite(colouring.values)).astype(np.int32)
    places, values = points.reshape(-1, points.shape[2])[chosen], colouring.values.reshape(-1)[chosen]
    low, high = np.quantile(values, (0.02, 0.98)) if len(values) else (0.0, 1.0)
    return go.Scattergl(
        x=places[:, 0],
        y=places[:, 1],
        customdata=chosen,
        mode="markers",
        marker={
            "color": values.astype(np.float32),
            "cmin": float(low),
            "cmax": float(high),
            "colorscale": SEQUENTIAL,
            "size": 4.5,
            "opacity": 0.8,
            "colorbar": {"title": {"text": colouring.title, "side": "right"}, "thickness": 10, "outlinewidth": 0},
        },
        hoverinfo="none",
        showlegend=False,
        **PICKED,
    )


def layout(
    titles: tuple[str, str] | None, legend: bool = True, equal: bool = True, height: int = HEIGHT
) -> dict[str, Any]:
    """What maps and paths share. Axes without titles have no meaning and show no numbers."""
    plain = {"showgrid": False, "zeroline": False, "showticklabels": titles is not None, "ticks": ""}
    across, up = titles or (None, None)
    return {
        "template": TEMPLATE,
        "height": height,
        "dragmode": "pan",
        "showlegend": legend,
        "legend": {"itemsizing": "constant", "orientation": "h", "y": 1.01, "yanchor": "bottom", "x": 0},
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "xaxis": {**plain, "title": {"text": across}},
        "yaxis": {**plain, "title": {"text": up}, "scaleanchor": "x" if equal else None},
    }
