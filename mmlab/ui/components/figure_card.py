"""A figure on a page: its drawing, with buttons below that save it as SVG, PNG and CSV.

>>> charts.show(figure, key="robustness.flips", on_pick=lambda pair: ...)

The files are made in the browser from what it shows, so that no click waits for the server. Each says its title, the
task, what it rests on (the model among it) and the day.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from html import escape

from mmlab.core.phrases import say
from mmlab.ui.components import clickable_svg, pickers
from mmlab.viz.base.figure import Figure

KINDS = {"svg": "SVG", "png": "PNG", "csv": "CSV"}


def show(figure: Figure, key: str, on_pick: Callable[[str], None] | None = None) -> None:
    """The figure with its note and its files; `on_pick` gets what is clicked in the drawing."""
    files = {"name": f"mmlab-{figure.name}", "csv": _csv(figure), "about": about(figure)}
    clickable_svg.board(_html(figure), key, on_pick or _nothing, files)


def about(figure: Figure) -> list[str]:
    """What a file of a figure says of itself: title, task and day, and what it rests on."""
    return [origin(figure.title), figure.note][: 1 + bool(figure.note)]


def origin(title: str) -> str:
    """The first line of every file of a page: what it is (the model is named there), the task, and the day."""
    day = datetime.now(UTC).date().isoformat()
    task = pickers.task_title(pickers.current_task().name)
    return say("{title}. Task: {task}. mmlab, {day}.", title=title, task=task, day=day)


def _csv(figure: Figure) -> str:
    return replace(figure, note=" ".join(about(figure))).csv


def _html(figure: Figure) -> str:
    what = escape(figure.title, quote=True)
    buttons = "".join(_button(kind, text, what) for kind, text in KINDS.items())
    note = f'<p class="mm-note">{escape(figure.note)}</p>' if figure.note else ""
    under = f'<div class="mm-under">{note}<span class="mm-save">{buttons}</span></div>'
    return f'<p class="mm-caption">{escape(figure.title)}</p><div class="mm-scroll">{figure.drawing}</div>{under}'


def _button(kind: str, text: str, what: str) -> str:
    short = escape(say("Save as {kind}", kind=text), quote=True)
    whole = say("Save {what} as {kind}", what=what, kind=text)
    return f'<button data-save="{kind}" aria-label="{whole}" title="{short}">{text}</button>'


def _nothing(name: str) -> None:
    """For figures in which nothing can be picked."""
