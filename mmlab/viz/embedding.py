"""The map of all combinations, and the path of one sample through it, as Plotly figures.

The map stays one constant figure per way of colouring: arrays only, and customdata holds nothing but the position of
a point (combination * samples + sample), so that a click is looked up elsewhere. What a click leads to is drawn in
another figure.

>>> embedding.scatter(picture.points, embedding.by_label(labels, names), shown=range(7))
>>> embedding.path(picture.points, steps, ellipses)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from mmlab.viz.theme import ACCENT, METHODS, MUTED, RIGHT, SEQUENTIAL, TEMPLATE, WRONG

Points = NDArray[np.float32]
GROUPS = (*METHODS, "#3C9DA6", "#A5485A")
HEIGHT = 520
CHI2 = 2.0  # standard deviations that an ellipse reaches
FAINT = 1500  # points of the map that stay visible behind a path


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


@dataclass(frozen=True)
class Step:
    """One combination of the chosen sample: its place, its letters, and whether its answer is right (None: unknown)."""

    key: str
    letters: str
    place: Points
    good: bool | None = None
    spread: Points | None = None


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
    titles: tuple[str, str] | None = None,
    names: Mapping[str, Points] | None = None,
) -> go.Figure:
    """The map: `points` [K, N, 2], the combinations `shown`. `names` are written at their places (class centres)."""
    visible = np.zeros(points.shape[:2], bool)
    visible[list(shown)] = True
    visible &= np.isfinite(points).all(2)
    figure = go.Figure(layout=_layout(titles))
    if isinstance(colouring, Gradient):
        figure.add_trace(_shaded(points, colouring, visible))
    else:
        for group in colouring:
            figure.add_trace(_cloud(points, group, visible & group.rows))
    for text, place in (names or {}).items():
        figure.add_annotation(
            x=float(place[0]),
            y=float(place[1]),
            text=f"<b>{text}</b>",
            showarrow=False,
            font={"color": "#1C2430", "size": 13},
            bgcolor="rgba(255,255,255,0.82)",
            borderpad=2,
        )
    return figure


def path(
    points: Points, steps: Sequence[Step], lit: Sequence[str], titles: tuple[str, str] | None = None
) -> go.Figure:
    """One sample under its combinations, over a faint map.

    Thin lines join combinations that differ by one input; the thick line goes through `lit`, the keys from complete
    input to what is switched on. An ellipse reaches two standard deviations.
    """
    figure = go.Figure(layout=_layout(titles, legend=False))
    figure.add_trace(_behind(points))
    places = {step.key: step.place for step in steps}
    for step in steps:
        if step.spread is not None:
            figure.add_trace(_ellipse(step, step.key in lit))
    figure.add_trace(_lines([(places[a], places[b]) for a, b in edges(list(places))], MUTED, 1))
    chain = [places[key] for key in lit if key in places]
    figure.add_trace(_lines(list(pairwise(chain)), ACCENT, 4))
    for step in steps:
        figure.add_trace(_mark(step, bool(lit) and step.key == lit[-1]))
    _frame(figure, np.stack([step.place for step in steps]), steps)
    return figure


def edges(keys: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs of combinations of which one has exactly one input more."""
    sets = {key: frozenset(key.split("-")) for key in keys}
    return [(a, b) for a in keys for b in keys if sets[b] < sets[a] and len(sets[a]) == len(sets[b]) + 1]


def ellipse(centre: Points, covariance: Points, reach: float = CHI2, count: int = 48) -> Points:
    """The outline `[count, 2]` of what lies `reach` standard deviations from the centre."""
    values, vectors = np.linalg.eigh(np.asarray(covariance, np.float64))
    turn = np.linspace(0, 2 * np.pi, count)
    circle = np.stack((np.cos(turn), np.sin(turn)))
    return np.asarray(centre + reach * (vectors * np.sqrt(np.maximum(values, 0)) @ circle).T, np.float32)


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
        hoverinfo="skip",
        showlegend=False,
    )


def _behind(points: Points) -> go.Scattergl:
    flat = points.reshape(-1, points.shape[2])
    flat = flat[np.isfinite(flat).all(1)]
    few = flat[np.linspace(0, len(flat) - 1, min(FAINT, len(flat))).astype(int)]
    marker = {"color": MUTED, "size": 3, "opacity": 0.25}
    return go.Scattergl(x=few[:, 0], y=few[:, 1], mode="markers", marker=marker, hoverinfo="skip", showlegend=False)


def _ellipse(step: Step, strong: bool) -> go.Scatter:
    assert step.spread is not None
    outline = ellipse(step.place, step.spread)
    return go.Scatter(
        x=outline[:, 0],
        y=outline[:, 1],
        mode="lines",
        line={"color": _shade(step.good), "width": 2 if strong else 1, "dash": "solid" if strong else "dot"},
        fill="toself" if strong else None,
        fillcolor="rgba(123,135,148,0.12)",
        opacity=0.9 if strong else 0.55,
        hoverinfo="skip",
        showlegend=False,
    )


def _lines(pairs: Sequence[tuple[Points, Points]], colour: str, width: int) -> go.Scatter:
    gap = np.full(2, np.nan, np.float32)
    flat = np.array([place for a, b in pairs for place in (a, b, gap)] or [gap], np.float32)
    line = {"color": colour, "width": width}
    return go.Scatter(x=flat[:, 0], y=flat[:, 1], mode="lines", line=line, hoverinfo="skip", showlegend=False)


def _mark(step: Step, current: bool) -> go.Scatter:
    said = {True: ", right", False: ", wrong", None: ""}[step.good]
    symbol = "x" if step.good is False else "circle"
    return go.Scatter(
        x=step.place[:1],
        y=step.place[1:2],
        mode="markers+text",
        text=[f"<b>{step.letters}</b>"],
        textposition="top center",
        textfont={"size": 15 if current else 13, "color": MUTED},
        marker={"color": _shade(step.good), "size": 15 if current else 10, "symbol": symbol, "line": {"width": 0}},
        hovertemplate=f"{step.letters}{said}<extra></extra>",
        showlegend=False,
    )


def _shade(good: bool | None) -> str:
    return {True: RIGHT, False: WRONG, None: ACCENT}[good]


def _frame(figure: go.Figure, places: Points, steps: Sequence[Step]) -> None:
    """Show the path and its ellipses, with a margin, and at least a part of what lies around."""
    outlines = [ellipse(step.place, step.spread) for step in steps if step.spread is not None]
    seen = np.concatenate([places, *outlines])
    low, high = seen.min(0), seen.max(0)
    half = 0.58 * max(float((high - low).max()), 1e-3)
    middle = (low + high) / 2
    figure.update_xaxes(range=[float(middle[0] - half), float(middle[0] + half)])
    figure.update_yaxes(range=[float(middle[1] - half), float(middle[1] + half)])


def _layout(titles: tuple[str, str] | None, legend: bool = True) -> dict[str, object]:
    plain = {"showgrid": False, "zeroline": False, "showticklabels": titles is not None, "ticks": ""}
    across, up = titles or (None, None)
    return {
        "template": TEMPLATE,
        "height": HEIGHT,
        "dragmode": "pan",
        "showlegend": legend,
        "legend": {"itemsizing": "constant", "orientation": "h", "y": 1.01, "yanchor": "bottom", "x": 0},
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "xaxis": {**plain, "title": {"text": across}},
        "yaxis": {**plain, "title": {"text": up}, "scaleanchor": "x", "scaleratio": 1},
    }
