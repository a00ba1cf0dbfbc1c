"""Clouds of all samples under all combinations, as Plotly specifications: one map, or several beside each other.

>>> spec = clouds.cloud(picture.points, drawn, titles=("first axis", "second axis"))
>>> changes = [looks.change(look, [drawn]), clouds.sample(steps, lit)]
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.viz.base.theme import ACCENT, FONT, MUTED, TEMPLATE
from mmlab.viz.embed.plotly_base import HEIGHT, LABEL, Points, axis, layout, packed
from mmlab.viz.embed.point_colours import SIZE
from mmlab.viz.embed.sample_path import Step, edges, ellipse

Rows = NDArray[np.int64]
OPACITY = 0.7
ROOM = 0.05  # of the width, beside the outermost dots
EDGE = 0.2  # of the width, in which names lean inwards
FADED = {"selected": {"marker": {"opacity": 1}}, "unselected": {"marker": {"opacity": 0.08}}}
GAP = np.float32(np.nan)
# Three axes, seen from near enough that the cloud fills the picture
TURNED = {"aspectmode": "data", "dragmode": "orbit", "camera": {"eye": dict.fromkeys("xyz", 0.85)}}


@dataclass(frozen=True)
class Panel:
    """One of several clouds: its title, places `[K, N, 2]`, and the flat positions that are drawn."""

    title: str
    points: Points
    drawn: Rows


def drawable(points: Points, shown: Sequence[int], samples: NDArray[np.bool_] | None = None) -> Rows:
    """Flat positions of the points `[K, N, d]` of the `shown` combinations (and `samples` [N]) that have a place."""
    there = np.zeros(points.shape[:2], bool)
    there[list(shown)] = True
    if samples is not None:
        there &= samples
    return np.flatnonzero(there & np.isfinite(points).all(2))


def sampled(labels: NDArray[np.generic] | None, count: int, combinations: int, most: int) -> NDArray[np.bool_]:
    """Which of `count` samples are drawn, bool `[N]`: all where they fit into `most` points.

    Otherwise as many of each label as its share is, always the same ones; a sample keeps all its combinations.
    """
    wanted = max(1, most // max(combinations, 1))
    if count <= wanted:
        return np.ones(count, bool)
    order = np.random.default_rng(0).permutation(count)
    if labels is not None:
        order = order[np.argsort(labels[order], kind="stable")]
    chosen = np.zeros(count, bool)
    chosen[order[np.linspace(0, count - 1, wanted).astype(int)]] = True
    return chosen


def cloud(
    points: Points, drawn: Rows, titles: tuple[str, ...] | None = None, names: Mapping[str, Points] | None = None
) -> dict[str, Any]:
    """One map `[K, N, 2 or 3]`: trace 0 is the cloud, traces 1 to 4 are kept for one sample (`sample`).

    `names` are written at their places (class centres). With `titles` the axes mean something and have one scale.
    """
    flat = points.reshape(-1, points.shape[2])[drawn]
    solid = points.shape[2] == 3
    data = [_dots(flat, drawn), *_reserved(solid)]
    if solid:
        scene = {f"{name}axis": axis(titles[i] if titles else "") for i, name in enumerate("xyz")}
        for part in scene.values():
            part.update(showbackground=False, showgrid=True, gridcolor="rgba(123,135,148,0.25)", showticklabels=False)
        plain = {"template": TEMPLATE, "height": HEIGHT, "showlegend": False, "margin": dict.fromkeys("lrtb", 0)}
        return {"data": data, "layout": {**plain, "scene": {**scene, **TURNED}}}
    frame = layout(titles, legend=False, equal=titles is not None)
    if titles is None:
        _fix(frame, "", _ranges([flat]))
    frame["dragmode"] = "lasso"
    frame["annotations"] = [
        {"x": float(place[0]), "y": float(place[1]), "text": f"<b>{text}</b>", "showarrow": False, **LABEL}
        | {"xanchor": _side(float(place[0]), flat)}
        for text, place in (names or {}).items()
    ]
    return {"data": data, "layout": frame}


def sample(steps: Sequence[Step], lit: Sequence[str], solid: bool = False) -> tuple[dict[str, Any], list[int]]:
    """What draws one sample over a `cloud`: edges of its lattice, the lit path, its ellipses, its places."""
    size = 3 if solid else 2
    places = {step.key: step.place for step in steps}
    joined = [(places[a], places[b]) for a, b in edges(list(places))]
    walked = list(pairwise(places[key] for key in lit if key in places))
    outlines = [ellipse(step.place, step.spread) for step in steps if step.spread is not None and not solid]
    rings = _joined([[*outline, outline[0]] for outline in outlines], size)
    dots = np.array([step.place for step in steps], np.float32).reshape(-1, size)
    parts = [
        _joined([list(pair) for pair in joined], size),
        _joined([list(pair) for pair in walked], size),
        rings,
        dots,
    ]
    lines = {name: [packed(part[:, i]) for part in parts] for i, name in enumerate("xyz"[:size])}
    return lines, list(range(1, len(parts) + 1))


def several(panels: Sequence[Panel], columns: int, titles: tuple[str, ...] | None = None) -> dict[str, Any]:
    """Clouds beside each other, a trace each, on axes that move together."""
    rows = math.ceil(len(panels) / columns)
    high = max(230, min(420, 1000 // columns))
    data, frame = [], layout(titles, legend=False, equal=False, height=high * rows)
    frame["dragmode"], frame["annotations"] = "lasso", []
    frame["margin"] = {**frame["margin"], "t": 34}  # for the tools, which would lie on the titles
    ranges = _ranges([panel.points.reshape(-1, panel.points.shape[2])[panel.drawn] for panel in panels])
    for place, panel in enumerate(panels):
        across, down = place % columns, place // columns
        number = "" if place == 0 else str(place + 1)
        flat = panel.points.reshape(-1, panel.points.shape[2])[panel.drawn]
        data.append({**_dots(flat, panel.drawn), "xaxis": f"x{number}", "yaxis": f"y{number}"})
        left, top = across / columns, 1 - down / rows
        tied = {} if place == 0 else {"matches": "x"}
        upright = {} if place == 0 else {"matches": "y"}
        box = {"showline": True, "mirror": True, "linecolor": "rgba(123,135,148,0.45)", "title": {"text": ""}}
        frame[f"xaxis{number}"] = {
            **axis(None),
            **box,
            **tied,
            "domain": [left + 0.006, left + 1 / columns - 0.006],
            "anchor": f"y{number}",
        }
        frame[f"yaxis{number}"] = {
            **axis(None),
            **box,
            **upright,
            "domain": [top - 1 / rows + 0.01, top - 26 / (high * rows)],
            "anchor": f"x{number}",
        }
        _fix(frame, number, ranges)
        note = {"xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "top", "showarrow": False}
        text = {"text": f"<b>{panel.title}</b>", "font": {"size": 13, "family": FONT, "color": MUTED}}
        frame["annotations"].append({**note, **text, "x": left + 0.008, "y": top})
    return {"data": data, "layout": frame}


def _ranges(flats: Sequence[Points]) -> list[tuple[float, float]]:
    """From where to where each axis goes: all dots with some room. Known beforehand, it does not move with a sample."""
    every = np.concatenate([flat for flat in flats if len(flat)] or [np.zeros((1, 2), np.float32)])
    low, high = every.min(0), every.max(0)
    room = ROOM * np.maximum(high - low, 1e-6)
    return [(float(a), float(b)) for a, b in zip(low - room, high + room, strict=True)]


def _side(x: float, flat: Points) -> str:
    """Which end of a name stands at `x`, so that it never runs out of the picture."""
    low, high = (float(flat[:, 0].min()), float(flat[:, 0].max())) if len(flat) else (0.0, 1.0)
    share = (x - low) / ((high - low) or 1.0)
    return "left" if share < EDGE else "right" if share > 1 - EDGE else "center"


def _fix(frame: dict[str, Any], number: str, ranges: Sequence[tuple[float, float]]) -> None:
    for way, span in zip("xy", ranges, strict=True):
        frame[f"{way}axis{number}"]["range"] = list(span)


def _dots(flat: Points, drawn: Rows) -> dict[str, Any]:
    solid = flat.shape[1] == 3
    return {
        "type": "scatter3d" if solid else "scattergl",
        "mode": "markers",
        **{name: packed(flat[:, i]) for i, name in enumerate("xyz"[: flat.shape[1]])},
        "customdata": packed(drawn, "i"),
        "hoverinfo": "none",
        "marker": {"size": SIZE, "opacity": OPACITY, "color": MUTED, "line": {"width": 0}},
        **({} if solid else FADED),
    }


def _reserved(solid: bool) -> list[dict[str, Any]]:
    """Traces for one sample, empty until it is known: edges, path, ellipses, places."""
    kind = "scatter3d" if solid else "scatter"
    quiet = {"type": kind, "x": [], "y": [], **({"z": []} if solid else {}), "hoverinfo": "skip"}
    edge = {"color": "#1C2430", "width": 1.4}
    return [
        {**quiet, "mode": "lines", "line": {"color": MUTED, "width": 1}},
        {**quiet, "mode": "lines", "line": {"color": ACCENT, "width": 3.5}},
        {**quiet, "mode": "lines", "line": {"color": MUTED, "width": 1.2, "dash": "dot"}},
        {**quiet, "mode": "markers", "marker": {"size": 9 if not solid else 6, "color": "#FFFFFF", "line": edge}},
    ]


def _joined(lines: Sequence[Sequence[Points]], size: int) -> Points:
    """Lines one after the other, with a gap after each."""
    gap = np.full(size, GAP)
    flat = [point for line in lines for point in (*line, gap)]
    return np.array(flat or [gap], np.float32)
