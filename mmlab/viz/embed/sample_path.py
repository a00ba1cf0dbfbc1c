"""The path of one sample through a map: its position under every combination, with letters and ellipses.

>>> steps = [paths.Step("image-sound", "IS", place, good=True, spread=covariance), ...]
>>> figure = paths.path(picture.points, steps, paths.chain(keys, on="image"))
>>> html = paths.table(steps, similarity, variance, on="image")
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

import numpy as np
import plotly.graph_objects as go

from mmlab.core.number_text import fixed
from mmlab.core.phrases import say
from mmlab.viz.base.theme import ACCENT, MUTED, RIGHT, WRONG
from mmlab.viz.embed.plotly_base import LABEL, Points, layout

CHI2 = 2.0  # standard deviations that an ellipse reaches
AXIS_ROOM = 72  # pixels
FAINT = 1500  # points of the map that stay visible behind a path
LABELS = 8  # of a path; with more combinations only the lit ones and the single inputs are named
NEAR_AND_FARTHER = 34, 54  # pixels from points to their letters, in turn, so that neighbours do not cover each other
HEIGHT = 400
HALF = 0.72  # of the path, what is shown to either side of its middle: letters have room beyond the outermost points


@dataclass(frozen=True)
class Step:
    """One combination of the chosen sample: its place, its letters, and whether its answer is right (None: unknown)."""

    key: str
    letters: str
    place: Points
    good: bool | None = None
    spread: Points | None = None


def path(points: Points, steps: Sequence[Step], lit: Sequence[str], titles: tuple[str, ...] | None = None) -> go.Figure:
    """One sample under its combinations, over a faint map.

    Thin lines join combinations that differ by one input; the thick line goes through `lit`, the keys from complete
    input to what is switched on. An ellipse reaches two standard deviations.
    """
    figure = go.Figure(layout=layout(titles, legend=False, height=HEIGHT))
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
    _name(figure, steps, lit)
    _frame(figure, np.stack([step.place for step in steps]), steps)
    return figure


def edges(keys: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs of combinations of which one has exactly one input more."""
    sets = {key: frozenset(key.split("-")) for key in keys}
    return [(a, b) for a in keys for b in keys if sets[b] < sets[a] and len(sets[a]) == len(sets[b]) + 1]


def chain(keys: Sequence[str], on: str) -> tuple[str, ...]:
    """From complete input (the last key) to what is on, one input less at a time, the last of them first."""
    if on not in keys:
        return (keys[-1],)
    names, steps = keys[-1].split("-"), [keys[-1]]
    for name in reversed(keys[-1].split("-")):
        if name not in on.split("-"):
            names.remove(name)
            steps.append("-".join(names))
    return tuple(steps)


def walk(keys: Sequence[str], on: str) -> tuple[str, ...]:
    """From complete input through what is on to a single input, one input less at a time."""
    steps = list(chain(keys, on))
    names = steps[-1].split("-")
    while len(names) > 1:
        names = names[:-1]
        steps += ["-".join(names)] if "-".join(names) in keys else []
    return tuple(steps)


def animate(figure: go.Figure, steps: Sequence[Step], keys: Sequence[str]) -> go.Figure:
    """Let a ring go through the combinations `keys`, input by input, at the press of a button."""
    by_key = {step.key: step for step in steps}
    walked = [by_key[key] for key in keys if key in by_key]
    if len(walked) < 2:
        return figure
    ring = {"size": 26, "color": "rgba(0,0,0,0)", "line": {"color": ACCENT, "width": 3}}
    figure.add_trace(
        go.Scatter(
            x=walked[0].place[:1],
            y=walked[0].place[1:2],
            mode="markers",
            marker=ring,
            hoverinfo="skip",
            showlegend=False,
        )
    )
    last = len(figure.data) - 1
    figure.frames = [
        go.Frame(name=step.key, data=[go.Scatter(x=step.place[:1], y=step.place[1:2])], traces=[last])
        for step in walked
    ]
    slow = {"frame": {"duration": 900, "redraw": False}, "transition": {"duration": 700}, "fromcurrent": False}
    quick = {"mode": "immediate", "frame": {"duration": 0, "redraw": False}, "transition": {"duration": 300}}
    play = {"label": say("▶ Remove inputs one by one"), "method": "animate", "args": [[s.key for s in walked], slow]}
    stops = [{"label": s.letters, "method": "animate", "args": [[s.key], quick]} for s in walked]
    place = {"x": 0, "xanchor": "left", "yanchor": "top"}
    lower = AXIS_ROOM if figure.layout.xaxis.title.text else 0  # below the numbers and the name of the axis
    figure.update_layout(
        height=HEIGHT + 80 + lower,
        updatemenus=[
            {
                "type": "buttons",
                "buttons": [play],
                "y": -0.02 - lower / HEIGHT,
                **place,
                "bgcolor": "rgba(123,135,148,0.15)",
                "showactive": False,
            }
        ],
        sliders=[
            {
                "steps": stops,
                "y": -0.1 - lower / HEIGHT,
                **place,
                "len": 1,
                "currentvalue": {"prefix": f"{say('Inputs')}: "},
                "pad": {"t": 8},
            }
        ],
        margin={"b": 84 + lower},
    )
    return figure


def table(steps: Sequence[Step], similarity: Sequence[float], variance: Sequence[float] | None, on: str) -> str:
    """A row of HTML per combination, complete input first: letters, answer, variance, similarity to complete input."""
    judged = any(step.good is not None for step in steps)
    titles = [
        say("Inputs"),
        *([say("answer")] if judged else []),
        *([say("variance")] if variance else []),
        say("cosine similarity to all inputs"),
    ]
    rows = ""
    for row, step in reversed(list(enumerate(steps))):
        cells = [f"<b>{escape(step.letters)}</b>"]
        cells += [{True: say("✓ right"), False: say("✗ wrong"), None: ""}[step.good]] if judged else []
        cells += [f"{variance[row]:.2f}"] if variance else []
        cells.append(fixed(similarity[row], 2))
        strong = "background:color-mix(in srgb, currentColor 9%, transparent)" if step.key == on else ""
        inside = "".join(f'<td class="mm-num">{cell}</td>' for cell in cells)
        rows += f'<tr style="{strong}">{inside}</tr>'
    head = "".join(f"<th>{title}</th>" for title in titles)
    return f'<div class="mm-scroll"><table class="mm-table"><tr>{head}</tr>{rows}</table></div>'


def ellipse(centre: Points, covariance: Points, reach: float = CHI2, count: int = 48) -> Points:
    """The outline `[count, 2]` of what lies `reach` standard deviations from the centre."""
    values, vectors = np.linalg.eigh(np.asarray(covariance, np.float64))
    turn = np.linspace(0, 2 * np.pi, count)
    circle = np.stack((np.cos(turn), np.sin(turn)))
    return np.asarray(centre + reach * (vectors * np.sqrt(np.maximum(values, 0)) @ circle).T, np.float32)


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
        mode="markers",
        marker={"color": _shade(step.good), "size": 15 if current else 10, "symbol": symbol, "line": {"width": 0}},
        hovertemplate=f"{step.letters}{said}<extra></extra>",
        showlegend=False,
    )


def _name(figure: go.Figure, steps: Sequence[Step], lit: Sequence[str]) -> None:
    """Letters beside the points, pushed outwards and apart, so that near points can be told."""
    few = len(steps) <= LABELS
    named = [step for step in steps if few or step.key in lit or len(step.letters) == 1]
    places = np.stack([step.place for step in named]).astype(float)
    off = places - places.mean(0)
    angles = np.arctan2(off[:, 1], off[:, 0])
    order = np.argsort(angles)
    even = angles[order[0]] + np.arange(len(named)) * 2 * np.pi / len(named)
    mixed = np.unwrap(angles[order]) * 0.4 + even * 0.6
    for position, (place, angle) in enumerate(zip(order, mixed, strict=True)):
        step = named[place]
        arrow = {"showarrow": True, "arrowhead": 0, "arrowwidth": 1, "arrowcolor": MUTED}
        length = NEAR_AND_FARTHER[position % 2]
        shift = {"ax": length * float(np.cos(angle)), "ay": -0.9 * length * float(np.sin(angle))}
        x, y = places[place]
        figure.add_annotation(x=float(x), y=float(y), text=f"<b>{escape(step.letters)}</b>", **arrow, **shift, **LABEL)


def _shade(good: bool | None) -> str:
    return {True: RIGHT, False: WRONG, None: ACCENT}[good]


def _frame(figure: go.Figure, places: Points, steps: Sequence[Step]) -> None:
    """Show the path and its ellipses, with a margin, and at least a part of what lies around."""
    outlines = [ellipse(step.place, step.spread) for step in steps if step.spread is not None]
    seen = np.concatenate([places, *outlines])
    low, high = seen.min(0), seen.max(0)
    half = HALF * np.maximum(high - low, 0.5 * (high - low).max() + 1e-3)
    middle = (low + high) / 2
    figure.update_xaxes(range=[float(middle[0] - half[0]), float(middle[0] + half[0])])
    figure.update_yaxes(range=[float(middle[1] - half[1]), float(middle[1] + half[1])])
