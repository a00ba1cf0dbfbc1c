"""The object of the task `objects` as one OBJ or OFF file: both views of it, and sliders that rotate it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

from mmlab.core.modality import Modality
from mmlab.core.options import Described, build, describe
from mmlab.core.phrases import phrase, say
from mmlab.core.task import Task
from mmlab.modalities.mesh_file import ENDINGS, is_mesh
from mmlab.tasks.generators.objects.meshes import ViewOptions
from mmlab.tasks.objects import Objects
from mmlab.ui.inputs import example_buttons
from mmlab.ui.inputs.registry import adjustment, held, whole
from mmlab.ui.session import upload_draft, uploads, url_state
from mmlab.ui.text.markdown import plain

UP = {"": phrase("As usual"), "y": "Y", "z": "Z"}
SLIDERS = {"azimuth": phrase("Azimuth, °"), "elevation": phrase("Elevation, °")}
HELP = phrase(
    "One object, in text, up to 200,000 vertices and as many triangles. Faces may have any number of corners; colours "
    "of vertices (OBJ) or faces (OFF) become shades of grey, and materials in a file of their own (.mtl) are not read."
)


@whole("objects")
def one_file(task: Task, modalities: Sequence[Modality], key: str) -> None:
    """One file for both views, which the renderer of the samples makes of it."""
    st.markdown(say("One 3D object for **both views** (OBJ, OFF)"), help=say(HELP))
    again = partial(_read, task.name, [item.name for item in modalities], key)
    st.file_uploader(
        say("An object as an OBJ or OFF file"),
        type=list(ENDINGS),
        key=key,
        max_upload_size=upload_draft.MEGABYTES,
        label_visibility="collapsed",
        on_change=again,
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.segmented_control(
            say("Which axis points upwards"),
            list(UP),
            format_func=lambda name: say(UP[name]),
            default="",
            required=True,
            key=f"{key}.up",
            help=say("As usual: Y in an OBJ file, Z in an OFF file."),
            on_change=again,
        )
        if isinstance(task, Objects) and (sample := example_buttons.sample_of(task)):
            example_buttons.buttons(task, sample, "object", {"obj": task.example_mesh(sample)})
    if st.session_state.get(key) is not None and upload_draft.parts(task.name):
        st.caption(say("Close this form to turn it: the sliders stand above its views."))


def _read(task_name: str, modalities: Sequence[str], key: str) -> None:
    """Callback: give the file to both views, as it was turned before."""
    part = held(key)
    if part is not None:
        up = str(st.session_state.get(f"{key}.up") or "")
        part = replace(part, options={**_usual(), **({"up": up} if up else {})})
    for modality in modalities:
        upload_draft.give(task_name, modality, part)
    upload_draft.use(task_name)


def _usual() -> dict[str, Any]:
    options = ViewOptions()
    return {name: getattr(options, name) for name in SLIDERS}


@adjustment("objects")
def turn(task: Task, sample: str) -> None:
    """Sliders for the azimuth and the elevation of what was given as an object; nothing for pictures."""
    given = {name: part for name, part in uploads.find(sample, task.name).parts.items() if _is_object(part)}
    if not given:
        return
    first = next(iter(given.values()))
    now = build(ViewOptions, first.options)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium", key="mm-turn"):
        st.caption(f"**{plain(first.name) or say('Given')}**", width="content")
        for item in describe(ViewOptions):
            if item.name in SLIDERS:
                _slider(item, getattr(now, item.name), partial(_turned, task.name, sample))


def _slider(item: Described, value: int, moved: Any) -> None:
    key = f"turn.{item.name}"
    st.slider(
        say(SLIDERS[item.name]),
        int(item.low or 0),
        int(item.high or 0),
        key=url_state.follow(key, value),
        on_change=moved,
        width=300,
    )


def _turned(task_name: str, sample: str) -> None:
    """Callback: the same files from where the sliders say, in the address as well."""
    own = uploads.find(sample, task_name)
    at = {name: int(st.session_state[f"turn.{name}"]) for name in SLIDERS}
    parts = {name: _at(part, at) if _is_object(part) else part for name, part in own.parts.items()}
    upload_draft.replace(task_name, parts)
    url_state.put(sample=uploads.keep(replace(own, parts=parts)))


def _at(part: uploads.UploadedFile, at: Mapping[str, int]) -> uploads.UploadedFile:
    return replace(part, options={**part.options, **at})


def _is_object(part: uploads.UploadedFile) -> bool:
    return is_mesh(part.content, part.name)
