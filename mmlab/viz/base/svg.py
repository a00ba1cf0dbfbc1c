"""Helpers that several SVG drawings share."""

from __future__ import annotations

import re
from html import escape
from textwrap import wrap

VIEW_BOX = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')
PAPER = 'class="mm-paper" fill="none"'  # the page's background; its style sheet knows the colour


def standalone(drawing: str, ink: str = "#1C2430", paper: str = "#FFFFFF", about: str = "") -> str:
    """The same drawing for a file: with its own ink and paper in place of the page's. about: stands under it."""
    return (
        _captioned(drawing, about)
        .replace("<svg ", f'<svg color="{ink}" ', 1)
        .replace(PAPER, f'fill="{paper}"')
        .replace(
            'font-family="system-ui, sans-serif">',
            f'font-family="system-ui, sans-serif"><rect width="100%" height="100%" fill="{paper}"/>',
            1,
        )
    )


def _captioned(drawing: str, about: str) -> str:
    """The drawing with lines of text under it, and with a title for whoever cannot see it."""
    size = VIEW_BOX.search(drawing)
    if not about or size is None:
        return drawing
    wide, high = float(size[1]), float(size[2])
    lines = wrap(about, max(24, int(wide / 5.8)))
    words = "".join(
        f'<text x="6" y="{high + 14 * place:.0f}" font-size="10.5" fill="currentColor">{escape(line)}</text>'
        for place, line in enumerate(lines, 1)
    )
    taller = f'viewBox="0 0 {wide:.0f} {high + 14 * len(lines) + 8:.0f}"'
    body, end, rest = drawing.replace(size[0], taller, 1).rpartition("</svg>")
    return f"{body}<title>{escape(about)}</title>{words}{end}{rest}"


def chip(x: float, y: float, radius: float, text: str, colour: str, size: float = 9.5) -> str:
    """A modality: a letter in the page's ink, ringed by the modality's colour, readable on any background."""
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{colour}" fill-opacity=".25" stroke="{colour}" '
        f'stroke-width="1.6"/><text x="{x:.1f}" y="{y + 0.35 * size:.1f}" text-anchor="middle" '
        f'font-size="{size:g}" '
        f'font-weight="700" fill="currentColor">{escape(text)}</text>'
    )
