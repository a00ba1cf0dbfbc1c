"""The drawn face of the task `opinion`, controlled by sliders."""

from __future__ import annotations

from functools import partial

import numpy as np
import streamlit as st

from mmlab.core.modality import Modality
from mmlab.core.phrases import phrase, say
from mmlab.core.task import Task
from mmlab.modalities.image.decode import encode_picture
from mmlab.tasks.generators.opinion import drawn_faces
from mmlab.ui.components import pickers
from mmlab.ui.inputs.registry import way
from mmlab.ui.session import upload_draft, uploads
from mmlab.viz.inputs import recordings

MOVES = {
    "mouth": phrase("Mouth: sad to happy"),
    "brows": phrase("Brows: angry to raised"),
    "eyes": phrase("Eyes: narrow to wide"),
}

PEOPLE = range(*drawn_faces.IDENTITIES["test"])[:12]  # nobody that a model has learned from


@way("opinion.face", phrase("Draw"))
def face(task: Task, modality: Modality, key: str) -> None:
    """Sliders for what the face does, and who it is; each move draws it again."""
    moved = partial(_moved, task.name, modality.name, key)
    _preview(task, modality, key)
    for name, label in MOVES.items():
        st.slider(say(label), -1.0, 1.0, 0.0, 0.1, key=f"{key}.{name}", on_change=moved)
    st.select_slider(
        say("Person"),
        PEOPLE,
        format_func=lambda number: f"{number - PEOPLE[0] + 1}",
        key=f"{key}.person",
        help=say("Drawn people that no model was trained on."),
        on_change=moved,
    )
    if modality.name not in upload_draft.parts(task.name):
        st.button(say("Use this face"), key=f"{key}.use", on_click=moved)


def _preview(task: Task, modality: Modality, key: str) -> None:
    """What the sliders draw, as a model sees it; also before it is used."""
    raw = task.read(modality.name, _drawn(key), "drawn-face.png")
    made = task.prepare(modality.name, raw)
    colour = pickers.colours(task.info.modalities)[modality.name]
    seen = recordings.seen(modality.kind, made.tensor.numpy(), colour, modality.label, of=raw, words=made.words)
    caption = say("what the model sees")
    st.html(f'<div class="mm-pair mm-preview"><figure>{seen.html}<figcaption>{caption}</figcaption></figure></div>')


def _moved(task_name: str, modality: str, key: str) -> None:
    """Callback: draw what the sliders say, and use it."""
    upload_draft.give(task_name, modality, uploads.UploadedFile(_drawn(key), "drawn-face.png"))
    upload_draft.use(task_name)


def _drawn(key: str) -> bytes:
    at = {name: float(st.session_state.get(f"{key}.{name}", 0.0)) for name in MOVES}
    return drawing(int(st.session_state.get(f"{key}.person", PEOPLE[0])), **at)


def drawing(person: int, mouth: float, brows: float, eyes: float) -> bytes:
    """The face as a PNG; each of the three from -1 to 1, and at rest where it is no number."""
    who = drawn_faces.identity(person)
    what = drawn_faces.Expression(*(np.clip(np.nan_to_num([mouth, brows, eyes]), -1, 1).tolist()))
    return encode_picture(drawn_faces.draw(who, what, drawn_faces.Pose()))
