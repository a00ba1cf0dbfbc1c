"""Pieces that several SVG drawings share."""

from __future__ import annotations

from html import escape

PAPER = 'class="mm-paper" fill="none"'  # the page's background; its style sheet knows the colour


def standalone(drawing: str, ink: str = "#1C2430", paper: str = "#FFFFFF") -> str:
    """The same drawing for a file: with its own ink and paper in place of the page's."""
    return (
        drawing.replace("<svg ", f'<svg color="{ink}" ', 1)
        .replace(PAPER, f'fill="{paper}"')
        .replace(
            'font-family="system-ui, sans-serif">',
            f'font-family="system-ui, sans-serif"><rect width="100%" height="100%" fill="{paper}"/>',
            1,
        )
    )


def chip(x: float, y: float, radius: float, text: str, colour: str, size: float = 9.5) -> str:
    """A modality: a letter in the page's ink, ringed by the modality's colour, readable on any background."""
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{colour}" fill-opacity=".25" stroke="{colour}" '
        f'stroke-width="1.6"/><text x="{x:.1f}" y="{y + 0.35 * size:.1f}" text-anchor="middle" '
        f'font-size="{size:g}" '
        f'font-weight="700" fill="currentColor">{escape(text)}</text>'
    )
