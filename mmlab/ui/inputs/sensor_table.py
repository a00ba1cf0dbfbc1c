"""Sensor recordings: a CSV file, and what it does not state. One file may hold the columns of several inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

from mmlab.core.modality import Modality
from mmlab.core.modality_kinds import modality_kind
from mmlab.core.phrases import phrase, say
from mmlab.core.task import Task
from mmlab.ui.inputs import example_buttons
from mmlab.ui.inputs.registry import FILE, control, held, together
from mmlab.ui.session import upload_draft
from mmlab.ui.text import wording
from mmlab.ui.text.markdown import plain

UNITS = {"g": "g", "m/s2": "m/s²", "rad/s": "rad/s", "deg/s": "°/s"}
HELP = phrase(
    "One row per moment, in columns with names such as `acc_x [g]` or `gyro_z [deg/s]`, or in three without names, "
    "which are x, y and z. A column of times (`t [s]`, `time_ms`) gives the rate; any rate will do."
)


@together("sensor table")
def one_file(task: Task, modalities: Sequence[Modality], key: str) -> None:
    """One file for all of them, each of which takes its columns."""
    inputs = plain(wording.together([item.spoken for item in modalities]))
    st.markdown(say("One file for **{inputs}**", inputs=inputs), help=say(HELP))
    _table(task, modalities, key, say("A file with the columns of all sensors"))
    example_buttons.several(task, modalities)


@control("sensor table", FILE)
def own_file(task: Task, modality: Modality, key: str) -> None:
    """A file for one input."""
    _table(task, [modality], key, say("A file for the {input}", input=plain(modality.spoken)))


def _table(task: Task, modalities: Sequence[Modality], key: str, label: str) -> None:
    """A file, and behind a button what it may not say; whatever changes, the file is read again."""
    again = partial(_read, task.name, [item.name for item in modalities], key)
    st.file_uploader(
        label,
        type=list(modality_kind(modalities[0].kind).endings),
        key=key,
        max_upload_size=upload_draft.MEGABYTES,
        label_visibility="collapsed",
        on_change=again,
    )
    with st.popover(say("Rate, unit, start"), type="tertiary", key=f"{key}.more"):
        st.caption(say("Only needed where the file does not say it."))
        st.number_input(
            say("Rows a second"),
            min_value=5.0,
            max_value=4000.0,
            value=None,
            key=f"{key}.rate",
            placeholder=say("From its times, or 50"),
            help=say("Counts where the file has no column of times."),
            on_change=again,
        )
        st.pills(
            say("Units"),
            list(UNITS),
            format_func=UNITS.__getitem__,
            selection_mode="multi",
            key=f"{key}.unit",
            help=say("Otherwise from the names of the columns, or guessed from the size of the numbers."),
            on_change=again,
        )
        st.number_input(
            say("Start at second"),
            min_value=0.0,
            value=None,
            key=f"{key}.start",
            placeholder=say("Where most movement is"),
            on_change=again,
        )


def _read(task_name: str, modalities: Sequence[str], key: str) -> None:
    """Callback: give the file, with what was stated of it, to every input that it is for."""
    part = held(key)
    if part is not None:
        part = replace(part, options=_stated(key))
    for modality in modalities:
        upload_draft.give(task_name, modality, part)
    upload_draft.use(task_name)


def _stated(key: str) -> dict[str, Any]:
    """What was stated, as options of reading a table (`TableOptions`); nothing where nothing was."""
    stated = {name: st.session_state.get(f"{key}.{name}") for name in ("rate", "start")}
    units = ",".join(st.session_state.get(f"{key}.unit") or ())
    found: dict[str, Any] = {name: value for name, value in stated.items() if value is not None}
    return {**found, "unit": units} if units else found
