"""Pen paths, drawn on a canvas. A drawing also provides the image of it, if the task has images."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import streamlit as st

from mmlab.core.modality import Modality
from mmlab.core.phrases import phrase, say
from mmlab.core.task import Task
from mmlab.ui.components import page_frame
from mmlab.ui.inputs.registry import control
from mmlab.ui.session import upload_draft, uploads

PICTURE = "drawing.png"  # the name of a picture that was made from a drawing


@control("canvas", phrase("Draw"))
def canvas(task: Task, modality: Modality, key: str) -> None:
    """A canvas for mouse, pen or finger. Imported here: the component only exists inside a running app."""
    from streamlit_drawable_canvas import st_canvas

    st.caption(say("With the mouse, a pen or a finger."))
    # what was drawn on another page; settled when this one is entered, since another start clears the canvas
    start = st.session_state.setdefault(page_frame.ON_ENTRY, {}).setdefault(key, st.session_state.get(f"{key}.drawing"))
    drawn = st_canvas(
        stroke_width=9,
        stroke_color="#1C2430",
        background_color="#FFFFFF",
        height=200,
        width=200,
        drawing_mode="freedraw",
        initial_drawing=start,
        key=key,
    )
    drawing = getattr(drawn, "json_data", None)
    if drawing is None:  # just mounted: it has not said yet what is on it
        return
    strokes = strokes_of(drawing)
    content = json.dumps({"strokes": strokes}).encode() if strokes else b""
    seen, digest = f"{key}.seen", hashlib.sha256(content).hexdigest()
    if st.session_state.get(seen, hashlib.sha256(b"").hexdigest()) == digest:
        return
    st.session_state[seen] = digest
    st.session_state[f"{key}.drawing"] = drawing
    upload_draft.give(task.name, modality.name, uploads.UploadedFile(content, "drawing.json") if content else None)
    for item in [item for item in task.info.modalities if item.kind == "image"][:1]:
        before = upload_draft.parts(task.name).get(item.name)
        if before is None or before.name == PICTURE:  # a photo that was uploaded stays
            upload_draft.give(
                task.name, item.name, uploads.UploadedFile(_picture(strokes), PICTURE) if content else None
            )
    upload_draft.use(task.name)
    st.rerun()


def strokes_of(drawing: Mapping[str, Any]) -> list[list[list[float]]]:
    """The points of each freehand stroke of a canvas: of every command its end, of curves the bend, too."""
    strokes = []
    for thing in drawing.get("objects", []):
        points = [
            [float(x), float(y)]
            for command in thing.get("path", [])
            for x, y in zip(command[1::2], command[2::2], strict=False)
        ]
        if points:
            strokes.append(points)
    return strokes


def _picture(strokes: list[list[list[float]]]) -> bytes:
    """The picture of a drawn path, as a PNG: it then goes the way of every other picture."""
    import numpy as np

    from mmlab.core.recordings import Strokes
    from mmlab.modalities.image.decode import encode_picture
    from mmlab.modalities.path.decode import draw_strokes

    return encode_picture(draw_strokes(Strokes(tuple(np.array(stroke, np.float32) for stroke in strokes))))
