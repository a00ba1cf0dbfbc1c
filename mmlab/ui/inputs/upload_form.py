"""Upload: each modality with the controls of its kind (`mmlab.ui.inputs.registry`). Any may be omitted.

Whatever arrives is read and prepared at once; a bad one gets its sentence next to where it was given, and the rest is
kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial, singledispatch
from math import ceil

import streamlit as st

from mmlab.core.errors import MmlabError
from mmlab.core.modality import Modality
from mmlab.core.outputs import Classification, Multilabel, Output, Regression
from mmlab.core.phrases import say
from mmlab.core.task import Task, takes_files
from mmlab.ui.components import page_frame
from mmlab.ui.components.pickers import marked
from mmlab.ui.inputs import example_buttons
from mmlab.ui.inputs.registry import FILE, shared, ways
from mmlab.ui.session import cache, upload_draft, uploads, url_state
from mmlab.ui.text import wording
from mmlab.ui.text.markdown import plain

PER_ROW = 3  # more fields for files beside each other are cut
BUNDLE_PROBLEM = "mmlab.experiments.model_archive.problem"


def form(task: Task, on_done: Callable[[], None] | None = None) -> None:
    """The whole tab: what gives several inputs at once, a card per input, the stated truth, the bundle.

    on_done: puts the tab away, once something was given and its answers are what is wanted.
    """
    if not any(takes_files(task, modality.name) for modality in task.info.modalities):
        st.caption(say("Files cannot be uploaded here: its models were registered without `transform=`."))
        return
    st.caption(f"{say('Give any of the inputs; the others count as missing.')} {say(wording.SENTENCE_PRIVATE)}")
    if on_done is not None and upload_draft.parts(task.name) and uploads.is_own(url_state.get("sample")):
        st.button(say("See the answers"), key="bring.done", type="primary", on_click=on_done)
    said: dict[str, set[str]] = {}  # by input, shared by those that one file was given for: it has one problem
    for show, modalities in shared(task):
        key = f"bring.{task.name}.{modalities[0].kind}"
        with st.container(border=True), page_frame.error_boundary():
            show(task, modalities, key)
            if st.session_state.get(key) is not None:
                said |= dict.fromkeys([modality.name for modality in modalities], _said_together(task, modalities))
    modalities = list(task.info.modalities)
    per_row = ceil(len(modalities) / ceil(len(modalities) / PER_ROW))
    for start in range(0, len(modalities), per_row):
        row = modalities[start : start + per_row]
        for column, modality in zip(st.columns(per_row), row, strict=False):
            with column, st.container(border=True), page_frame.error_boundary():
                _one(task, modality, said.get(modality.name, set()))
    with st.container(horizontal=True, vertical_alignment="bottom", key="mm-own"):
        _truth(task)
        _open_bundle(on_done)
    if uploads.is_own(url_state.get("sample")):
        st.caption(
            say("The address of this view does not contain your upload. **Download** below offers it as a bundle.")
        )


def bundle_offer(sample: str, task_name: str) -> None:
    """What a link does not hold: the files as they were brought, and the view."""
    own = uploads.find(sample, task_name)
    st.caption(say("Your upload and this view, to be opened in another browser:"))
    st.download_button(
        say("Bundle (zip)"),
        data=partial(uploads.bundle, own, url_state.everything()),
        file_name="mmlab-view.zip",
        mime="application/zip",
        on_click="ignore",
    )


def _said_together(task: Task, modalities: Sequence[Modality]) -> set[str]:
    """Say what is wrong with one file for several inputs where it was given, if no input can use it; what was said."""
    problems = [upload_draft.problem(task.name, modality.name) for modality in modalities]
    first = problems[0]
    if first is None or {str(each) for each in problems} != {str(first)}:
        return set()
    page_frame.show_error(first)
    return {str(first)}


def _one(task: Task, modality: Modality, said: set[str]) -> None:
    st.markdown(marked(modality))
    if not takes_files(task, modality.name):
        st.caption(say("Cannot be uploaded: it was registered without `transform=`."))
        return
    offered = ways(task, modality)
    chosen = next(iter(offered))
    if len(offered) > 1:
        chosen = st.segmented_control(
            say("How to give the {input}", input=plain(modality.spoken)),
            list(offered),
            format_func=say,
            default=chosen,
            required=True,
            key=f"way.{task.name}.{modality.name}",
            label_visibility="collapsed",
        )
    offered[chosen](task, modality, f"bring.{task.name}.{modality.name}.{chosen}")
    if FILE in offered:
        example_buttons.one(task, modality)
    problem, part = upload_draft.problem(task.name, modality.name), upload_draft.parts(task.name).get(modality.name)
    if problem is not None and str(problem) not in said:
        said.add(str(problem))
        page_frame.show_error(problem)
    elif problem is None and part is not None:
        st.caption(f"✓ {plain(part.name) or say('Given')}, {_size(len(part.content))}")


def _truth(task: Task) -> None:
    if upload_draft.parts(task.name):
        _ask_truth(task.info.output, task)


@singledispatch
def _ask_truth(output: Output, task: Task) -> None:
    """The control for the truth, of the kinds of answer that a person can write down."""


@_ask_truth.register
def _true_class(output: Classification, task: Task) -> None:
    st.selectbox(
        say("Ground truth (optional)"),
        ["", *output.classes],
        format_func=lambda name: say(name) or say("Unknown"),
        key=upload_draft.TRUTH,
        help=say("With the true class, combinations are marked right or wrong; without it, same or different."),
        on_change=partial(upload_draft.use, task.name),
        width=220,
    )


@_ask_truth.register
def _true_labels(output: Multilabel, task: Task) -> None:
    st.multiselect(
        say("Right labels (optional)"),
        output.classes,
        format_func=say,
        key=upload_draft.LABELS,
        placeholder=say("Unknown"),
        help=say("With the right labels, combinations are marked right or wrong; without any, same or different."),
        on_change=partial(upload_draft.use, task.name),
        width=320,
    )


@_ask_truth.register
def _true_number(output: Regression, task: Task) -> None:
    st.number_input(
        say("How much is it, {low} to {high}? (may stay open)", low=f"{output.low:g}", high=f"{output.high:g}"),
        output.low,
        output.high,
        value=None,
        step=(output.high - output.low) / 60,
        key=upload_draft.NUMBER,
        placeholder=say("Unknown"),
        help=say(
            "With the right number, the combinations are marked right where they lie on its side of {middle}; without "
            "it, same or different.",
            middle=f"{output.middle:g}",
        ),
        on_change=partial(upload_draft.use, task.name),
        width=260,
    )


def _open_bundle(on_done: Callable[[], None] | None) -> None:
    with st.popover(say("Open a bundle"), key="bring.bundle.open"):
        st.caption(say("A bundle holds an upload and the view of it."))
        st.file_uploader(
            "A bundle",
            type=["zip"],
            key="bring.bundle",
            max_upload_size=20,
            on_change=partial(_unpack, on_done),
            label_visibility="collapsed",
        )
        problem = st.session_state.get(BUNDLE_PROBLEM)
        if problem is not None:
            page_frame.show_error(problem)


def _unpack(on_done: Callable[[], None] | None) -> None:
    """Keep what the bundle holds and go to its view. A broken one leaves everything as it is."""
    st.session_state.pop(BUNDLE_PROBLEM, None)
    file = st.session_state.get("bring.bundle")
    if file is None:
        return
    try:
        own, view = uploads.open_bundle(file.getvalue())
        modalities = cache.task(own.task).info.modalities
        for name in own.parts:
            _ = modalities[name]
    except MmlabError as error:
        st.session_state[BUNDLE_PROBLEM] = error
        return
    upload_draft.replace(own.task, own.parts)
    url_state.begin(**{**view, "task": own.task, "sample": uploads.keep(own)})
    if on_done is not None:
        on_done()


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{max(count / 1e3, 0.1):.1f} kB"
