"""Numbers with their names, as SVG rows: they have different units, so nothing is drawn to scale. Many, as bars."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from mmlab.core.phrases import say

WIDE, ROW = 320, 24
MOST = 8
FIRST = 3  # of many numbers, those that are written
BARS, HIGH = 80, 96  # of more numbers than can be written; an even choice where there are more bars than fit


def rows(names: Sequence[str], values: Sequence[float], colour: str) -> str:
    """One line per number; of more than MOST, the first few and all as bars, by which samples can be told apart."""
    style = f'font-size="15" font-family="sans-serif" fill="{colour}"'
    shown = min(len(names), MOST if len(names) <= MOST else FIRST)
    lines = [
        f'<text x="8" y="{17 + ROW * place}" {style}>{escape(_short(name))}</text>'
        f'<text x="{WIDE - 8}" y="{17 + ROW * place}" text-anchor="end" font-weight="700" {style}>{value:.5g}</text>'
        for place, (name, value) in enumerate(zip(names[:shown], values[:shown], strict=True))
    ]
    height = ROW * len(lines) + 4
    if len(names) > MOST:
        more = say("and {count} more", count=f"{len(names) - shown:,}")
        lines.append(f'<text x="8" y="{17 + ROW * shown}" {style}>{more}</text>')
        lines.append(_bars(values, colour, height + ROW))
        height += ROW + HIGH
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {height}">{"".join(lines)}</svg>'


def _bars(values: Sequence[float], colour: str, top: int) -> str:
    """All numbers, or an even choice of them, up and down from a line; the largest fills the height."""
    places = np.unique(np.linspace(0, len(values) - 1, BARS).round().astype(int))
    chosen = np.nan_to_num(np.asarray(values, np.float64)[places])
    share = chosen / (np.abs(chosen).max() or 1.0)
    middle, step = top + HIGH / 2, (WIDE - 16) / len(places)
    return "".join(
        f'<rect x="{8 + place * step:.1f}" y="{middle - max(part, 0) * (HIGH / 2 - 4):.1f}" width="{0.8 * step:.1f}" '
        f'height="{max(abs(part) * (HIGH / 2 - 4), 0.5):.1f}" fill="{colour}"/>'
        for place, part in enumerate(share.tolist())
    )


def in_words(names: Sequence[str], values: Sequence[float]) -> str:
    """`width 20, height 100`, for those who cannot see the rows."""
    more = f" {say('and {count} more', count=len(names) - MOST)}" if len(names) > MOST else ""
    return ", ".join(f"{name} {value:.5g}" for name, value in zip(names[:MOST], values[:MOST], strict=True)) + more


def _short(name: str) -> str:
    return name if len(name) <= 24 else f"{name[:23]}…"
