"""A few numbers with their names, as SVG rows: they have units of their own, so nothing is drawn to scale."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

WIDE, ROW = 320, 24
MOST = 8


def rows(names: Sequence[str], values: Sequence[float], colour: str) -> str:
    """One line per number, the first MOST of them."""
    style = f'font-size="15" font-family="sans-serif" fill="{colour}"'
    lines = [
        f'<text x="8" y="{17 + ROW * place}" {style}>{escape(_short(name))}</text>'
        f'<text x="{WIDE - 8}" y="{17 + ROW * place}" text-anchor="end" font-weight="700" {style}>{value:.5g}</text>'
        for place, (name, value) in enumerate(zip(names[:MOST], values[:MOST], strict=True))
    ]
    if len(names) > MOST:
        lines.append(f'<text x="8" y="{17 + ROW * MOST}" {style}>and {len(names) - MOST} more</text>')
    height = ROW * len(lines) + 4
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {height}">{"".join(lines)}</svg>'


def in_words(names: Sequence[str], values: Sequence[float]) -> str:
    """`width 20, height 100`, for those who cannot see the rows."""
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    return ", ".join(f"{name} {value:.5g}" for name, value in zip(names[:MOST], values[:MOST], strict=True)) + more


def _short(name: str) -> str:
    return name if len(name) <= 24 else f"{name[:23]}…"
