"""The slices of a volume with a slider: ground truth, one method's prediction, the difference, and its uncertainty.

All slices are answered at once when a combination is chosen, so that a step of the slider is a look-up.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mmlab.analysis.robustness import region_overlap
from mmlab.core.modality import spoken
from mmlab.core.outputs import Prediction, Segmentation
from mmlab.core.outputs.label_masks import labelled_flags, region_flags
from mmlab.core.phrases import say
from mmlab.core.reference import Reference
from mmlab.ui.components import page_frame
from mmlab.ui.pages.predict import segmentation
from mmlab.ui.session import cache, url_state
from mmlab.ui.text import wording
from mmlab.ui.text.markdown import plain
from mmlab.viz.inputs import recordings
from mmlab.viz.predict import segmentation as drawn


@page_frame.panel
def show(reference: Reference, sample: str, combination: str) -> None:
    """A panel of its own inside that of the Bench: a step redraws nothing else."""
    task = cache.task(reference.task)
    output, stack = task.info.output, cache.item(task.name, sample).stack
    assert isinstance(output, Segmentation)  # only scans have slices to go through, and their answers are regions
    label, title = task.info.modalities.parse(combination).label, cache.title(reference.method)
    head = say("Through the volume: {model}, {inputs}", model=plain(title), inputs=plain(label))
    st.subheader(head, help=wording.help("slices"), anchor=False)
    answers = cache.stack_answers(reference, stack, combination)
    place = _slider(sample, stack)
    st.html(_slice(task.name, output, stack[place], answers[place], combination.split("-")[0]))
    if stack[place] != sample:
        st.button(say("Look at this slice above"), key="slice.go", on_click=lambda: url_state.put(sample=stack[place]))


def _slider(sample: str, stack: tuple[str, ...]) -> int:
    """The slice that is looked at, from 0; it begins at that of the sample."""
    key = f"slice.{sample}"
    if key not in st.session_state:
        st.session_state[key] = stack.index(sample) + 1
    return st.slider(say("Slice, from below"), 1, len(stack), key=key) - 1


def _slice(task_name: str, output: Segmentation, sample: str, answer: Prediction, under: str) -> str:
    """Four pictures of one slice, and its numbers in words."""
    item, world = cache.item(task_name, sample), cache.model_inputs(task_name, sample)
    base, truth = (
        recordings.greys(cache.task(task_name).info.modalities[under].kind, world.arrays[under]),
        segmentation.truth_of(item.target),
    )
    if truth is None:
        return ""
    there = segmentation.true_regions(base, truth)
    chances = np.asarray(answer.value)
    panels = (there, *segmentation.panels(base, chances, truth, say("the method"), of_scan=True))
    return slices_drawn(output, panels, chances > segmentation.SURE, truth)


def slices_drawn(
    output: Segmentation,
    panels: Sequence[tuple[str, str]],
    found: NDArray[np.bool_],
    truth: segmentation.Truth | None,
) -> str:
    """Pictures of one slice, its numbers in words and a legend, as HTML."""
    figures = "".join(f"<figure>{shown}<figcaption>{text}</figcaption></figure>" for text, shown in panels)
    said = "" if truth is None else _words(output, found, truth)
    somewhere = segmentation.anywhere(found if truth is None else region_flags(truth) | found)
    unlabelled = truth is not None and not labelled_flags(truth).all()
    legend = drawn.legend([say(name) for name in output.region_names], truth is not None, somewhere, unlabelled)
    return f'<div class="mm-three mm-slices">{figures}</div><p class="mm-note">{escape(said)}</p>{legend}'


def _words(output: Segmentation, found: NDArray[np.bool_], truth: segmentation.Truth) -> str:
    if not region_flags(truth).any() and not found.any():
        return say("No region is present, and none was predicted.")
    scores = region_overlap.dice(found, truth)
    return "Dice: " + ", ".join(
        f"{spoken(name)} {score:.2f}" for name, score in zip(output.region_names, scores, strict=True)
    )
