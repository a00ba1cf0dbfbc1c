"""A figure on a page: its drawing, and under it the buttons that save it as SVG, PNG and CSV.

>>> charts.show(figure, key="robustness.flips", on_pick=lambda pair: ...)

The files are made in the browser from what it shows, so that no click waits for the server.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from mmlab.ui.components import clickable_svg
from mmlab.viz.base.figure import Figure

KINDS = {"svg": "SVG", "png": "PNG", "csv": "CSV"}


def show(figure: Figure, key: str, on_pick: Callable[[str], None] | None = None) -> None:
    """The figure with its note and its files; `on_pick` gets what is clicked in the drawing."""
    clickable_svg.board(_html(figure), key, on_pick or _nothing, {"name": f"mmlab-{figure.name}", "csv": figure.csv})


def _html(figure: Figure) -> str:
    what = escape(figure.title, quote=True)
    buttons = "".join(
        f'<button data-save="{kind}" aria-label="Save {what} as {text}" title="Save as {text}">{text}</button>'
        for kind, text in KINDS.items()
    )
    note = f'<p class="mm-note">{escape(figure.note)}</p>' if figure.note else ""
    under = f'<div class="mm-under">{note}<span class="mm-save">{buttons}</span></div>'
    return f'<p class="mm-caption">{escape(figure.title)}</p><div class="mm-scroll">{figure.drawing}</div>{under}'


def _nothing(name: str) -> None:
    """For figures in which nothing can be picked."""
