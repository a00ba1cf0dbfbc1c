"""Head scans: an image of a slice, or a volume, from which one slice is taken at the same height for all inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import streamlit as st

from mmlab.core.modality import Modality
from mmlab.core.phrases import say
from mmlab.core.recordings import Scan
from mmlab.core.task import Task
from mmlab.modalities.scan.nifti import is_scan
from mmlab.modalities.scan.volume_slice import MIDDLE
from mmlab.ui.inputs.registry import together
from mmlab.ui.session import cache, upload_draft, uploads, url_state


@together("slice height")
def height(task: Task, modalities: Sequence[Modality], key: str) -> None:
    """One slider for the volumes that were given: they show the same head, so their slices must lie alike."""
    st.caption(
        say(
            "NIfTI volumes (.nii, .nii.gz) or pictures of one axial slice, cut to the brain on black, all of the same "
            "head. Up to {size} MB each: larger volumes fit once packed as .nii.gz. Nothing here is a diagnosis: the "
            "models were trained on simulated tumours.",
            size=upload_draft.MEGABYTES,
        )
    )
    given = upload_draft.parts(task.name)
    st.caption(_sizes(task, modalities))
    volumes = [item.name for item in modalities if item.name in given and is_scan(given[item.name].content)]
    if not volumes:
        return
    st.slider(
        say("Height of the slice in the head, % from below"),
        0,
        100,
        MIDDLE,
        key=key,
        on_change=partial(_moved, task.name, volumes, key),
    )


def _sizes(task: Task, modalities: Sequence[Modality]) -> str:
    """A word about slices of different sizes; nothing where all that can be read are alike."""
    sample = url_state.get("sample")
    if not upload_draft.parts(task.name) or not uploads.is_own(sample):
        return ""
    raw = cache.item(task.name, sample).raw
    slices = {say(item.label): raw.get(item.name) for item in modalities}
    found = {label: scan.pixels.shape for label, scan in slices.items() if isinstance(scan, Scan)}
    if len(set(found.values())) < 2:
        return ""
    named = ", ".join(f"{label} {width} × {height}" for label, (height, width) in found.items())
    return say(
        "The slices differ in size: {sizes} pixels. Each is cropped to the head and resized; whether they "
        "show the same place of the same head is not checked.",
        sizes=named,
    )


def _moved(task_name: str, volumes: Sequence[str], key: str) -> None:
    """Ask for the slice at that height of each volume."""
    given = upload_draft.parts(task_name)
    for name in volumes:
        upload_draft.give(task_name, name, replace(given[name], options={"height": st.session_state[key]}))
    upload_draft.use(task_name)
