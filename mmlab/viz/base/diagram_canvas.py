"""The shapes of the method diagrams, as SVG in the page's text colour."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import atan2, cos, pi, sin

from mmlab.viz.base.theme import ACCENT, MUTED, modality_colour

WIDE, HIGH = 360, 232
Letters = Sequence[str]
LETTER_WIDE = 0.56  # of a letter, as a part of its size; a Chinese character is as wide as it is high


class Panel:
    """One drawing of WIDE x HIGH, built up piece by piece; places are the centres of things."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.parts: list[str] = []

    def chip(self, x: float, y: float, letters: Letters, index: int, on: bool = True, r: float = 13) -> None:
        """A modality: its letter on its colour; hollow and dashed where it is missing."""
        colour = modality_colour(index)
        style = f'fill="{colour}" fill-opacity=".22"' if on else 'fill="none" stroke-dasharray="3 3" opacity=".6"'
        self.parts.append(f'<circle cx="{x}" cy="{y}" r="{r}" stroke="{colour}" stroke-width="2" {style}/>')
        self.text(x, y, letters[index], size=r, weight=700, faint=not on)

    def box(self, x: float, y: float, wide: float, text: str, kind: str = "learns", high: float = 30) -> None:
        """A part of the network. kind: learns (filled), rests (dashed), gone (dashed and pale), plain."""
        look = {
            "learns": f'fill="{ACCENT}" fill-opacity=".18" stroke="{ACCENT}"',
            "rests": f'fill="none" stroke="{MUTED}" stroke-dasharray="5 3"',
            "gone": f'fill="none" stroke="{MUTED}" stroke-dasharray="2 4" opacity=".5"',
            "plain": f'fill="none" stroke="{MUTED}"',
        }[kind]
        place = f'x="{x - wide / 2}" y="{y - high / 2}" width="{wide}" height="{high}"'
        self.parts.append(f'<rect {place} rx="7" stroke-width="1.6" {look}/>')
        lines = text.split("\n")
        size = min(fitting(line, 12, wide - 6) for line in lines)
        for number, line in enumerate(lines):
            self.text(x, y + 14 * (number - (len(lines) - 1) / 2), line, size, faint=kind == "gone")

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float = 12,
        weight: int = 400,
        faint: bool = False,
        at: str = "middle",
        room: float = 0,
    ) -> None:
        """A few words, in smaller letters where they would leave the drawing, or the `room` that they have."""
        sides = {"middle": 2 * min(x, WIDE - x), "start": WIDE - x, "end": x}
        size = fitting(text, size, room or sides[at])
        look = f'font-size="{size}" font-weight="{weight}" text-anchor="{at}"' + (' opacity=".5"' if faint else "")
        self.parts.append(f'<text x="{x}" y="{y}" dy=".35em" fill="currentColor" {look}>{escape(text)}</text>')

    def note(self, text: str) -> None:
        """What to know, in one or two lines under the drawing."""
        lines = text.split("\n")
        size = min(fitting(line, 12.5, WIDE) for line in lines)
        for number, line in enumerate(lines):
            self.text(WIDE / 2, HIGH - 26 + 16 * number, line, size)

    def arrow(
        self, x: float, y: float, to_x: float, to_y: float, colour: str = "", faint: bool = False, wide: float = 1.6
    ) -> None:
        """A line with a head; dashed where nothing goes along it."""
        turn = atan2(to_y - y, to_x - x)
        wings = [(to_x - 7 * cos(turn + side), to_y - 7 * sin(turn + side)) for side in (-pi / 7, pi / 7)]
        head = " ".join(f"{a:.1f},{b:.1f}" for a, b in ((to_x, to_y), *wings))
        ink, pale = colour or "currentColor", ' opacity=".35" stroke-dasharray="3 3"' if faint else ""
        look = f'stroke="{ink}" stroke-width="{wide}"{pale}'
        self.parts.append(f'<line x1="{x}" y1="{y}" x2="{to_x}" y2="{to_y}" {look}/>')
        if not faint:
            self.parts.append(f'<polygon points="{head}" fill="{ink}"/>')

    def oval(self, x: float, y: float, rx: float, ry: float, colour: str = ACCENT, fill: float = 0.15) -> None:
        """A cloud, a circle, or a dot."""
        look = f'fill="{colour}" fill-opacity="{fill}" stroke="{colour}" stroke-width="1.6"'
        self.parts.append(f'<ellipse cx="{x}" cy="{y}" rx="{rx}" ry="{ry}" {look}/>')

    def grid(self, x: float, y: float, side: float, shades: str) -> None:
        """A small similarity matrix, 4 x 4; `shades` are digits 0 to 9."""
        cell = side / 4
        for number, shade in enumerate(shades):
            place = f'x="{x - side / 2 + cell * (number % 4):.1f}" y="{y - side / 2 + cell * (number // 4):.1f}"'
            size = f'width="{cell - 1.5:.1f}" height="{cell - 1.5:.1f}"'
            self.parts.append(f'<rect {place} {size} fill="{ACCENT}" fill-opacity="{0.08 + int(shade) / 11:.2f}"/>')

    @property
    def svg(self) -> str:
        """The panel as SVG."""
        head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {HIGH}" role="img"'
        label = f'aria-label="{escape(self.title, quote=True)}" font-family="system-ui, sans-serif"'
        return f"{head} {label}>{''.join(self.parts)}</svg>"


def fitting(text: str, size: float, room: float) -> float:
    """The size of letters with which a text is no wider than `room`: `size`, or less."""
    letters = sum(1.0 if ord(letter) > 0x2E7F else LETTER_WIDE for letter in text)
    return size if letters * size <= room else round(room / letters, 1)
