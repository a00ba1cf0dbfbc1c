"""Colours, letters and the one Plotly template. Every chart and every page takes them from here.

A modality's colour is its position in its task; its letter stands beside the colour wherever the colour stands,
so that nobody needs to tell hues apart. All colours here have a contrast of at least 3 on white and on the dark
background, which is why there is one set and not two.

>>> theme.modality_colour(task.info.modalities.names.index("sound"))
>>> go.Figure(layout={"template": theme.TEMPLATE})         # transparent, right in light and dark
>>> theme.chip(modality.letter, theme.modality_colour(1))  # "S" on its colour, as HTML
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

LIGHT, DARK = "#FFFFFF", "#10141B"
INK_LIGHT, INK_DARK = "#1C2430", "#E8ECF2"
MUTED = "#7B8794"

# The first four are Okabe and Ito's hues, darkened or lightened until each reads on both backgrounds; the others were
# searched for so that no two are alike for people with deuteranopia or protanopia either (`tests/test_palettes.py`)
MODALITIES = ("#2B7BBB", "#B97A00", "#B65C93", "#008F68", "#6B4FD8", "#C03A2B")
METHODS = ("#2B7BBB", "#CF5C08", "#008F68", "#B65C93", "#714DED", "#378BFD", "#B63424", "#F10C5D")
RIGHT, WRONG = "#008F68", "#CF5C08"
ACCENT = "#2B7BBB"

SEQUENTIAL: list[list[Any]] = [
    [0.0, "#440154"],
    [0.25, "#3B528B"],
    [0.5, "#21918C"],
    [0.75, "#5EC962"],
    [1.0, "#FDE725"],
]
DIVERGING: list[list[Any]] = [
    [0.0, "#B35806"],
    [0.25, "#FDB863"],
    [0.5, "#F0F0F0"],
    [0.75, "#92C5DE"],
    [1.0, "#2166AC"],
]
FONT = "Inter, system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif"

_AXIS = {
    "gridcolor": "rgba(123,135,148,0.22)",
    "linecolor": "rgba(123,135,148,0.5)",
    "zerolinecolor": "rgba(123,135,148,0.5)",
    "tickfont": {"color": MUTED},
    "title": {"font": {"color": MUTED}},
    "automargin": True,
}

# A plain dictionary: figures take it as it is, and nothing here needs Plotly to be imported. A figure is made with it:
# `update_layout` would mix it into Plotly's own template, key by key, which takes twenty times as long
TEMPLATE: dict[str, Any] = {
    "layout": {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "colorway": list(METHODS),
        "font": {"family": FONT, "size": 13, "color": MUTED},
        "margin": {"l": 8, "r": 8, "t": 28, "b": 8},
        "xaxis": _AXIS,
        "yaxis": _AXIS,
        "colorscale": {"sequential": SEQUENTIAL, "diverging": DIVERGING},
        "hoverlabel": {"font": {"family": FONT}},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    }
}

# For `st.plotly_chart(config=...)`: save as SVG, no logo, nothing that sends anything anywhere
CONFIG: dict[str, Any] = {
    "displaylogo": False,
    "responsive": True,
    "modeBarButtonsToRemove": ["sendDataToCloud", "autoScale2d"],
    "toImageButtonOptions": {"format": "svg", "filename": "mmlab"},
}


def modality_colour(position: int) -> str:
    """The colour of the modality at this position in its task."""
    return MODALITIES[position % len(MODALITIES)]


def method_colour(position: int) -> str:
    """The colour of the method at this position of a comparison."""
    return METHODS[position % len(METHODS)]


def chip(letter: str, colour: str, on: bool = True) -> str:
    """A letter on its colour, as HTML; hollow and crossed out where the modality is off."""
    style = f"--c:{colour}"
    return f'<span class="mm-chip{"" if on else " mm-off"}" style="{style}">{escape(letter)}</span>'


def rgb(colour: str) -> tuple[int, int, int]:
    """`#2B7BBB` as three numbers in 0..255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def on_scale(share: float, scale: Sequence[Any]) -> str:
    """The colour of a scale of `[place, colour]` at a share of it; at its beginning where the share is NaN."""
    at = min(max(share, 0.0), 1.0) if share == share else 0.0
    below = max((stop for stop in scale if stop[0] <= at), key=lambda stop: stop[0])
    above = min((stop for stop in scale if stop[0] >= at), key=lambda stop: stop[0])
    part = (at - below[0]) / ((above[0] - below[0]) or 1.0)
    mixed = (round(a + part * (b - a)) for a, b in zip(rgb(below[1]), rgb(above[1]), strict=True))
    return "#" + "".join(f"{value:02X}" for value in mixed)


def contrast(first: str, second: str) -> float:
    """The contrast ratio of WCAG 2 between two colours, 1 to 21."""
    bright, dim = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def _luminance(colour: str) -> float:
    linear = [
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4
        for share in (value / 255 for value in rgb(colour))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
