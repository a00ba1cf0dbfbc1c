"""Example files beside an upload field, from a shipped sample: to try it with, and to see the expected format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from mmlab.core.modality import Modality
from mmlab.core.phrases import say
from mmlab.core.task import Task
from mmlab.inference import example_files
from mmlab.ui.session import cache
from mmlab.ui.text.markdown import plain


def sample_of(task: Task) -> str:
    """The sample whose files are offered: the first, of a volume the slice in its middle; empty where none ships."""
    gallery = task.gallery()
    stack = cache.item(task.name, gallery[0]).stack if gallery else ()
    return stack[len(stack) // 2] if stack else next(iter(gallery), "")


def one(task: Task, modality: Modality) -> None:
    """A button per kind of file for one input; nothing where there is none."""
    if sample := sample_of(task):
        files = _examples(task.name, sample, cache.version(task.name, sample)).get(modality.name, {})
        buttons(task, sample, modality.name, files)


def several(task: Task, modalities: Sequence[Modality]) -> None:
    """The same for one file that gives several inputs."""
    names = tuple(item.name for item in modalities)
    if sample := sample_of(task):
        buttons(task, sample, "-".join(names), _together(task.name, sample, names, cache.version(task.name, sample)))


def buttons(task: Task, sample: str, what: str, files: Mapping[str, bytes]) -> None:
    """A button per file of a sample, by ending."""
    if not files:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"mm-example-{what}"):
        for ending, content in files.items():
            st.download_button(
                say("Example {kind}", kind=ending.upper()),
                data=content,
                file_name=f"{task.name}-{sample}-{what}.{ending}",
                mime="application/octet-stream",
                on_click="ignore",
                type="tertiary",
                icon=":material/download:",
                help=say("Sample {sample} as a file that can be uploaded here.", sample=plain(sample)),
                key=f"example.{task.name}.{what}.{ending}",
            )


@st.cache_data(show_spinner=False, max_entries=32)
def _examples(task_name: str, sample: str, version: object) -> dict[str, Mapping[str, bytes]]:
    return example_files.examples(cache.task(task_name), sample)


@st.cache_data(show_spinner=False, max_entries=32)
def _together(task_name: str, sample: str, names: tuple[str, ...], version: object) -> dict[str, bytes]:
    return example_files.together(cache.task(task_name), sample, names)
