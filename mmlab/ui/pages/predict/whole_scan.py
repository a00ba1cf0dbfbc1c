"""A whole scan with a slider: its slices along an axis, with ground truth and one method's prediction.

The scan was answered as a whole; a step of the slider cuts another plane of what is held.
"""

from __future__ import annotations

from typing import cast

import numpy as np
import streamlit as st

from mmlab.core.outputs import Prediction, Segmentation
from mmlab.core.outputs.label_masks import region_flags
from mmlab.core.phrases import phrase, say
from mmlab.ui.components import page_frame
from mmlab.ui.pages.predict import segmentation
from mmlab.ui.pages.predict.view_data import PredictView
from mmlab.ui.pages.predict.volume_slices import slices_drawn
from mmlab.ui.session import cache
from mmlab.ui.text import wording
from mmlab.ui.text.markdown import plain
from mmlab.viz.inputs import recordings
from mmlab.viz.predict import planes

ACROSS = (phrase("Axial, from below"), phrase("Coronal, from the front"), phrase("Sagittal, from the left"))


def fits(answer: Prediction) -> bool:
    """Whether an answer is regions of a whole scan."""
    return isinstance(answer.value, np.ndarray) and planes.is_scan(answer.value)


@page_frame.panel
def show(shown: PredictView, method: str, key: str) -> None:
    """A panel of its own inside that of the Bench: a step redraws nothing else."""
    output, answer = cast(Segmentation, shown.task.info.output), shown.working[method][key]  # `fits`
    on = shown.task.info.modalities.parse(key)
    model, inputs = plain(cache.title(method)), plain(on.label)
    head = say("Through the volume: {model}, {inputs}", model=model, inputs=inputs)
    st.subheader(head, help=wording.help("slices"), anchor=False)
    chances, truth = np.asarray(answer.value), segmentation.truth_of(shown.item.target)
    at = planes.middle_of(chances > segmentation.SURE if truth is None else region_flags(truth))
    axis = _axis()
    count = chances.shape[1 + axis]
    place = st.slider(say("Slice"), 1, count, at[axis] + 1, key=f"scan.{shown.item.id}.{axis}") - 1
    base = recordings.greys(shown.task.info.modalities[on.names[0]].kind, shown.world.arrays[on.names[0]])
    grey, share = planes.plane(base, axis, place), planes.plane(chances, axis, place)
    st.html(_slice(output, grey, share, _cut(truth, axis, place)))


def _axis() -> int:
    names = [say(each) for each in ACROSS]
    chosen = st.radio(say("Direction"), names, horizontal=True, key="scan.axis", label_visibility="collapsed")
    return names.index(chosen) if chosen in names else 0


def _cut(truth: segmentation.Truth | None, axis: int, place: int) -> segmentation.Truth | None:
    return None if truth is None else planes.plane(truth, axis, place)


def _slice(
    output: Segmentation,
    base: segmentation.Floats,
    chances: segmentation.Floats,
    truth: segmentation.Truth | None,
) -> str:
    """One plane: the truth where it is known, the prediction, their difference, and the uncertainty."""
    found = np.asarray(chances > segmentation.SURE)
    panels = segmentation.panels(base, chances, found if truth is None else truth, say("the method"), of_scan=True)
    if truth is None:
        return slices_drawn(output, [panels[0], panels[2]], found, None)
    return slices_drawn(output, [segmentation.true_regions(base, truth), *panels], found, truth)
