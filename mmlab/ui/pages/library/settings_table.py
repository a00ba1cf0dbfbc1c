"""Every setting that a model was trained with: its symbol in the formulas, its value, the default, its meaning."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import streamlit as st

from mmlab.core.method import METHODS
from mmlab.core.options import Described, describe
from mmlab.core.phrases import say
from mmlab.core.task import TASKS
from mmlab.core.training_plan import Plan
from mmlab.experiments.train_job import default_plan
from mmlab.storage.library import Entry
from mmlab.ui.pages.library import model_facts
from mmlab.ui.session import cache


def show(entry: Entry) -> None:
    """A table of the method's settings and one of the plan's, behind a button; nothing of a method that is not here."""
    task, method = entry.reference.task, entry.reference.method
    if method not in METHODS:
        return
    usual = default_plan(cache.task(task), METHODS[method]) if task in TASKS else {}
    tables = [
        _table(say("Settings"), describe(METHODS[method].Config), model_facts.settings(entry.card), {}),
        _table(say("Plan"), describe(Plan), model_facts.part(entry.card, "plan"), usual),
    ]
    if any(tables):
        with st.popover(say("Settings and their meaning"), type="tertiary"):
            st.html("".join(tables))


def _table(title: str, options: tuple[Described, ...], values: Mapping[str, Any], usual: Mapping[str, Any]) -> str:
    """A row per option that has a value; those with another than usual stand out."""
    rows = []
    for item in options:
        if item.name in values:
            default = usual.get(item.name, item.default)
            now = ' class="mm-top"' if values[item.name] != default else ""
            cells = (item.symbol, _text(values[item.name]), _text(default), f"{say(item.help)}.")
            rows.append(
                f'<tr{now}><th scope="row">{escape(item.name)}</th>'
                + "".join(f"<td>{escape(cell)}</td>" for cell in cells)
                + "</tr>"
            )
    if not rows:
        return ""
    named = (title, say("Symbol"), say("Value"), say("Usually"), say("Meaning"))
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in named)
    return (
        f'<div class="mm-scroll"><table class="mm-table mm-settings"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _text(value: object) -> str:
    return str(value) if value not in ("", None) else "–"
