"""Lessons to print, as one self-contained HTML file: a page for each, with a QR code for every step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

STYLE = """
@page { size: A4; margin: 14mm; }
body { font: 11pt/1.4 system-ui, sans-serif; color: #1c2430; background: #fff; max-width: 182mm; margin: 0 auto; }
section { break-after: page; padding: 6mm 0; } section:last-child { break-after: auto; }
h1 { font-size: 17pt; margin: 0; line-height: 1.2; } .learn { margin: 1mm 0 4mm; } .name { float: right; color: #555; }
article { display: grid; grid-template-columns: 1fr 27mm; gap: 0 5mm; padding: 2.5mm 0; border-top: 0.3mm solid #999;
  break-inside: avoid; }
article p { margin: 0 0 1mm; } .question { font-weight: 650; } ul { list-style: none; margin: 0; padding: 0;
  display: flex; flex-wrap: wrap; gap: 1mm 6mm; } li::before { content: "\\2610  "; font-size: 13pt; }
img { width: 27mm; height: 27mm; image-rendering: pixelated; } figure { margin: 0; text-align: center; font-size: 7pt;
  overflow-wrap: anywhere; }
footer { border-top: 0.3mm solid #999; padding-top: 2mm; font-size: 9pt; color: #444; overflow-wrap: anywhere; }
"""


@dataclass(frozen=True)
class SheetStep:
    """A step on paper. code: its address as a picture, a data URI."""

    say: str
    question: str
    options: tuple[str, ...]
    address: str
    code: str


@dataclass(frozen=True)
class Sheet:
    """A lesson on one page."""

    title: str
    learn: str
    steps: tuple[SheetStep, ...]


@dataclass(frozen=True)
class Words:
    """What stands on every page. name: where a pupil writes theirs; foot: the last line."""

    language: str
    title: str
    name: str
    foot: str


def document(sheets: Sequence[Sheet], words: Words) -> str:
    """The file."""
    pages = "".join(_page(sheet, words.name, words.foot) for sheet in sheets)
    return (
        f'<!doctype html><html lang="{escape(words.language, quote=True)}"><head><meta charset="utf-8">'
        f"<title>{escape(words.title)}</title><style>{STYLE}</style></head><body>{pages}</body></html>"
    )


def _page(sheet: Sheet, name: str, foot: str) -> str:
    steps = "".join(_step(number, step) for number, step in enumerate(sheet.steps, 1))
    return (
        f'<section><span class="name">{escape(name)}: ____________________</span><h1>{escape(sheet.title)}</h1>'
        f'<p class="learn">{escape(sheet.learn)}</p>{steps}<footer>{escape(foot)}</footer></section>'
    )


def _step(number: int, step: SheetStep) -> str:
    options = "".join(f"<li>{escape(option)}</li>" for option in step.options)
    source, address = escape(step.code, quote=True), escape(step.address, quote=True)
    return (
        f'<article><div><p><b>{number}</b> {escape(step.say)}</p><p class="question">{escape(step.question)}</p>'
        f'<ul>{options}</ul></div><figure><a href="{address}"><img src="{source}" alt="{address}"></a></figure>'
        "</article>"
    )
