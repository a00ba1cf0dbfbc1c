"""One input of the sample on the Bench with a stretch blanked: chosen on its timeline, with each model's prediction for
it, without it, and for a stretch of the same length elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from html import escape

import streamlit as st

from mmlab.core.modality import Modality
from mmlab.core.phrases import say
from mmlab.core.time_axis import Stretch
from mmlab.modalities import stretches
from mmlab.modalities.stretches import BLANKED
from mmlab.ui.components import clickable_svg, page_frame, pickers, stretch_picker
from mmlab.ui.pages.predict import view_data
from mmlab.ui.pages.predict.view_data import PredictView
from mmlab.ui.session import cache, url_state
from mmlab.ui.session.url_state import InputCorruption

Answers = Callable[[InputCorruption | None], Mapping[str, str]]
NONE = "none"
ELSEWHERE = (0.0, 0.25, 0.5, 0.75, 1.0)  # places that are tried beside the chosen one, from the beginning to the end


@dataclass(frozen=True)
class Column:
    """One column of the table: what it is called, and the stretch, None for the input as it was given."""

    title: str
    stretch: Stretch | None


def show(shown: PredictView, modality: Modality, answers: Answers) -> None:
    """The timeline, and below it the table. answers: by method, in a few signs, to one corruption of this input."""
    modalities, raw = shown.task.info.modalities, shown.item.raw[modality.name]
    found = next((each for each in shown.corruptions if (each.modality, each.kind) == (modality.name, BLANKED)), None)
    stretch = stretch_picker.in_force(raw, shown.item.id, found)
    colour = pickers.colours(modalities)[modality.name]
    key = f"severities.blanked.{shown.task.name}.{modality.name}"
    stretch_picker.show(key, raw, modality, stretch, colour, modalities, view_data.PANEL)
    st.caption(stretches.in_words(raw, stretch))
    columns = _columns(shown, modality, stretch)
    now = NONE if found is None else stretch.text
    pick = partial(_set, modality.name, shown)
    clickable_svg.board(
        _table(columns, now, modality.name, answers), key=f"blanked.{shown.task.name}.{modality.name}", on_pick=pick
    )


def _columns(shown: PredictView, modality: Modality, stretch: Stretch) -> list[Column]:
    """Nothing blanked, the stretch that was chosen, and others of its length from the beginning to the end."""
    timeline = stretches.axis_of(raw := shown.item.raw[modality.name]).timeline(raw)
    first, last = timeline.places(stretch)
    free = timeline.steps - (last - first)
    others = []
    if first < last and free:
        starts = dict.fromkeys(round(place * free) for place in ELSEWHERE)
        others = [timeline.stretch(start, start + last - first) for start in starts]
    columns = [Column(say("none"), None)]
    for each in dict.fromkeys([stretch, *others]):
        columns.append(Column(stretches.ends(timeline, each), each))
    return columns


def _table(columns: list[Column], now: str, name: str, answers: Answers) -> str:
    """A row per model, a column per stretch; a click sets it."""
    rows: dict[str, str] = {}
    heads = ""
    for column in columns:
        key = column.stretch.text if column.stretch else NONE
        corruption = (
            InputCorruption(name, BLANKED, url_state.USUAL_SEVERITY, column.stretch) if column.stretch else None
        )
        for method, text in answers(corruption).items():
            here = ' class="mm-num mm-top"' if key == now else ' class="mm-num"'
            rows[method] = f"{rows.get(method, '')}<td{here}>{escape(text)}</td>"
        said = say("Blanked: {stretch}", stretch=column.title) if column.stretch else say("Nothing blanked")
        named = f'data-pick="{key}" aria-pressed="{str(key == now).lower()}" aria-label="{escape(said)}"'
        heads += f'<th scope="col"><button {named}>{column.title}</button></th>'
    body = "".join(f'<tr><th scope="row">{escape(cache.title(method))}</th>{row}</tr>' for method, row in rows.items())
    head = f'<thead><tr><th scope="col">{say("Blanked")}</th>{heads}</tr></thead>'
    return f'<div class="mm-scroll"><table class="mm-table mm-answers">{head}<tbody>{body}</tbody></table></div>'


def _set(name: str, shown: PredictView, picked: str) -> None:
    stretch = Stretch.parsed(picked)
    kind = BLANKED if stretch else None
    url_state.put_corruption(name, kind, url_state.USUAL_SEVERITY, shown.task.info.modalities, stretch)
    page_frame.run_again(view_data.PANEL)
