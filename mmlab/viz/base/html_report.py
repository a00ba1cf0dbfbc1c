"""One self-contained HTML file with charts and their numbers: no script, no external file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from mmlab.viz.base.figure import Figure

STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 960px; margin: 2rem auto; padding: 0 1rem;
  color: light-dark(#1c2430, #e8ecf2); background: light-dark(#ffffff, #10141b); }
h1 { font-size: 1.9rem; line-height: 1.2; } h2 { margin-top: 2.4rem; border-bottom: 1px solid #7b879455; }
h3 { font-size: 1.02rem; margin: 1.6rem 0 0.4rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 18px; }
dt { opacity: .75; } dd { margin: 0; overflow-wrap: anywhere; }
svg { width: 100%; max-width: 720px; height: auto; display: block; }
.mm-paper { fill: light-dark(#ffffff, #10141b); }
.mm-halo { stroke: light-dark(#ffffff, #10141b); stroke-width: 4; }
.wide { overflow-x: auto; } p.note { font-size: .88rem; opacity: .8; margin: .3rem 0; }
details { margin: .3rem 0 1rem; }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 2px 12px 2px 0; border-bottom: 1px solid #7b879433; }
th:first-child, td:first-child { text-align: left; }
@media (max-width: 600px) { dl { grid-template-columns: 1fr; } dd { margin-bottom: 8px; } }
@media print { details { display: none; } }
""".strip()


@dataclass(frozen=True)
class Fact:
    """Something that the numbers rest on; `link` makes it one that can be followed."""

    name: str
    text: str
    link: str = ""


def document(
    title: str,
    facts: Sequence[Fact],
    sections: Mapping[str, Sequence[Figure]],
    meanings: Sequence[tuple[str, str, str]] = (),
) -> str:
    """The file. meanings: words of the page, what they are and how they come about."""
    parts = [f"<h2>{escape(name)}</h2>{''.join(map(_figure, figures))}" for name, figures in sections.items()]
    about = "".join(f"<dt>{escape(fact.name)}</dt><dd>{_fact(fact)}</dd>" for fact in facts)
    words = "".join(f"<dt>{escape(name)}</dt><dd>{escape(what)} {escape(how)}</dd>" for name, what, how in meanings)
    glossary = f"<h2>What the words mean</h2><dl>{words}</dl>" if words else ""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head><body><h1>{escape(title)}</h1><dl>{about}</dl>{''.join(parts)}{glossary}"
        f"</body></html>"
    )


def _fact(fact: Fact) -> str:
    return f'<a href="{escape(fact.link, quote=True)}">{escape(fact.text)}</a>' if fact.link else escape(fact.text)


def _figure(figure: Figure) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in figure.header)
    body = "".join(f"<tr>{''.join(f'<td>{escape(_cell(cell))}</td>' for cell in row)}</tr>" for row in figure.rows)
    return (
        f'<h3>{escape(figure.title)}</h3><div class="wide">{_still(figure.drawing)}</div>'
        f'<p class="note">{escape(figure.note)}</p><details><summary>Numbers</summary><div class="wide">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div></details>"
    )


def _still(drawing: str) -> str:
    """The drawing without its buttons: nothing can be picked in a file."""
    return drawing.replace(' role="button" tabindex="0"', ' role="img"')


def _cell(cell: object) -> str:
    return f"{cell:.4g}" if isinstance(cell, float) else str(cell)
