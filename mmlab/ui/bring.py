"""Bring your own: per input a file, the microphone, the camera or a drawing, by its kind. Any may be left out.

Whatever arrives is read and prepared at once; a bad one gets its sentence next to where it was given, and the rest is
kept. A drawing gives the pen path and, where the task has one, the picture of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import streamlit as st

from mmlab.core.errors import DataError, MmlabError
from mmlab.core.modality import Modality
from mmlab.core.task import Task
from mmlab.ui import cache, frame, state, uploads, words

DRAFT = "mmlab.draft"
PROBLEMS = "mmlab.problems"
MEGABYTES = 16
FILES: Mapping[str, tuple[str, ...]] = {
    "image": ("png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff"),
    "sound": ("wav", "flac", "ogg", "mp3"),
    "path": ("json",),
    "series": ("csv",),
    "vector": ("csv",),
    "text": ("txt",),
}
WAYS: Mapping[str, tuple[str, ...]] = {
    "image": ("File", "Camera"),
    "sound": ("File", "Microphone"),
    "path": ("Draw", "File"),
    "text": ("Type", "File"),
}


def form(task: Task) -> None:
    """The whole tab: a column per input, the stated truth, the bundle."""
    st.caption(f"Give any of the inputs; what is left out counts as missing. {words.SENTENCE_PRIVATE}")
    for column, modality in zip(st.columns(len(task.info.modalities)), task.info.modalities, strict=True):
        with column, st.container(border=True), frame.trouble():
            _one(task, modality)
    with st.container(horizontal=True, vertical_alignment="bottom", key="mm-own"):
        _truth(task)
        _open_bundle(task)
    if uploads.is_own(state.get("sample")):
        st.caption(
            "The address of this view does not hold what you brought. **Take it along** below offers it as a bundle."
        )


def bundle_offer(sample: str, task_name: str) -> None:
    """What a link does not hold: the files as they were brought, and the view."""
    own = uploads.find(sample, task_name)
    st.caption("What you brought and this view, to be opened in another browser:")
    st.download_button(
        "Bundle (zip)",
        data=partial(uploads.bundle, own, state.everything()),
        file_name="mmlab-view.zip",
        mime="application/zip",
        on_click="ignore",
    )


def _one(task: Task, modality: Modality) -> None:
    ways = WAYS.get(modality.kind, ("File",))
    st.markdown(f"**{modality.letter}** · {modality.label}")
    way = ways[0]
    if len(ways) > 1:
        way = st.segmented_control(
            f"How to give the {modality.label.lower()}",
            ways,
            default=ways[0],
            required=True,
            key=f"way.{task.name}.{modality.name}",
            label_visibility="collapsed",
        )
    _WIDGETS[way](task, modality, f"bring.{task.name}.{modality.name}.{way}")
    problem = _problems().get(modality.name)
    if problem is not None:
        frame.say(problem)
    elif modality.name in _draft(task.name):
        part = _draft(task.name)[modality.name]
        st.caption(f"✓ {frame.plain(part.name) or 'Given'}, {_size(len(part.content))}")


def _file(task: Task, modality: Modality, key: str) -> None:
    st.file_uploader(
        f"A file for the {modality.label.lower()}",
        type=list(FILES.get(modality.kind, ())) or None,
        key=key,
        max_upload_size=MEGABYTES,
        label_visibility="collapsed",
        on_change=partial(_arrived, task.name, modality.name, key),
    )


def _camera(task: Task, modality: Modality, key: str) -> None:
    arrived = partial(_arrived, task.name, modality.name, key)
    st.camera_input("A photo", key=key, label_visibility="collapsed", on_change=arrived)


def _microphone(task: Task, modality: Modality, key: str) -> None:
    arrived = partial(_arrived, task.name, modality.name, key)
    st.audio_input("A recording", key=key, label_visibility="collapsed", on_change=arrived)


def _type(task: Task, modality: Modality, key: str) -> None:
    typed = partial(_typed, task.name, modality.name, key)
    st.text_area("Words", key=key, label_visibility="collapsed", max_chars=2_000, on_change=typed)


def _draw(task: Task, modality: Modality, key: str) -> None:
    """A canvas for mouse, pen or finger. Imported here: the component only exists inside a running app."""
    from streamlit_drawable_canvas import st_canvas

    st.caption("With the mouse, a pen or a finger.")
    drawn = st_canvas(
        stroke_width=9,
        stroke_color="#1C2430",
        background_color="#FFFFFF",
        height=200,
        width=200,
        drawing_mode="freedraw",
        key=key,
    )
    strokes = strokes_of(getattr(drawn, "json_data", None) or {})
    content = json.dumps({"strokes": strokes}).encode() if strokes else b""
    seen, digest = f"{key}.seen", hashlib.sha256(content).hexdigest()
    if st.session_state.get(seen, hashlib.sha256(b"").hexdigest()) == digest:
        return
    st.session_state[seen] = digest
    with_picture = [item for item in task.info.modalities if item.kind == "image"][:1]
    part = uploads.Part(content, "drawing.json") if content else None
    _set(task.name, modality.name, part)
    for item in with_picture:
        _set(task.name, item.name, uploads.Part(_picture(strokes), "drawing.png") if content else None)
    _use(task.name)
    st.rerun()


_WIDGETS: Mapping[str, Callable[[Task, Modality, str], None]] = {
    "File": _file,
    "Camera": _camera,
    "Microphone": _microphone,
    "Type": _type,
    "Draw": _draw,
}


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

    from mmlab.core.raw import Strokes
    from mmlab.tasks.readers import draw_strokes, encode_picture

    return encode_picture(draw_strokes(Strokes(tuple(np.array(stroke, np.float32) for stroke in strokes))))


def _truth(task: Task) -> None:
    classes = getattr(task.info.output, "classes", ())
    if not classes or not _draft(task.name):
        return
    st.selectbox(
        "What is it? (may stay open)",
        ["", *classes],
        format_func=lambda name: name or "Not said",
        key="bring.truth",
        help="With the right answer, the combinations are marked right or wrong; without it, same or different.",
        on_change=partial(_use, task.name),
        width=220,
    )


def _open_bundle(task: Task) -> None:
    with st.popover("Open a bundle", key="bring.bundle.open"):
        st.caption("A bundle holds what somebody brought, and the view they had of it.")
        st.file_uploader(
            "A bundle",
            type=["zip"],
            key="bring.bundle",
            max_upload_size=20,
            on_change=_unpack,
            label_visibility="collapsed",
        )
        problem = _problems().get("bundle")
        if problem is not None:
            frame.say(problem)


def _unpack() -> None:
    """Keep what the bundle holds and go to its view. A broken one leaves everything as it is."""
    _problems().pop("bundle", None)
    file = st.session_state.get("bring.bundle")
    if file is None:
        return
    try:
        own, view = uploads.open_bundle(file.getvalue())
        modalities = cache.task(own.task).info.modalities
        for name in own.parts:
            _ = modalities[name]
    except MmlabError as error:
        _problems()["bundle"] = error
        return
    fields = {name: value for name, value in view.items() if name in state.FIELDS}
    st.session_state.setdefault(DRAFT, {})[own.task] = dict(own.parts)
    state.put(**{**dict.fromkeys(state.FIELDS), **fields, "task": own.task, "sample": uploads.keep(own)})


def _arrived(task_name: str, modality: str, key: str) -> None:
    """A file, photo or recording was given or taken away."""
    file = st.session_state.get(key)
    part = uploads.Part(file.getvalue(), file.name) if file is not None else None
    _set(task_name, modality, part)
    _use(task_name)


def _typed(task_name: str, modality: str, key: str) -> None:
    text = st.session_state.get(key, "").strip()
    _set(task_name, modality, uploads.Part(text.encode(), "") if text else None)
    _use(task_name)


def _set(task_name: str, modality: str, part: uploads.Part | None) -> None:
    """Keep a part if it can be read and prepared; otherwise keep the reason, and what was there before goes."""
    draft, problems = _draft(task_name), _problems()
    draft.pop(modality, None)
    problems.pop(modality, None)
    if part is None:
        return
    try:
        if len(part.content) > MEGABYTES * 2**20:
            raise DataError(f"The file is larger than {MEGABYTES} MB.", "Bring a smaller one.")
        task = cache.task(task_name)
        task.prepare(modality, task.read(modality, part.content, part.name))
    except MmlabError as error:
        problems[modality] = error
    else:
        draft[modality] = part


def _use(task_name: str) -> None:
    """Go to what was brought; back to the samples when nothing is left of it."""
    draft = _draft(task_name)
    if draft:
        own = uploads.Own(task_name, dict(draft), st.session_state.get("bring.truth", ""))
        state.put(task=task_name, sample=uploads.keep(own), on=None)
    elif uploads.is_own(state.get("sample")):
        state.put(sample=None, on=None)


def _draft(task_name: str) -> dict[str, uploads.Part]:
    return st.session_state.setdefault(DRAFT, {}).setdefault(task_name, {})


def _problems() -> dict[str, MmlabError]:
    return st.session_state.setdefault(PROBLEMS, {})


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{max(count / 1e3, 0.1):.1f} kB"
