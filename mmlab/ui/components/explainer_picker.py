"""The choice of an explainer, and its maps; slow ones with a progress bar and a stop button. Shared by Explain and
Dominance.
"""

from __future__ import annotations

from functools import partial

import streamlit as st
import torch

from mmlab.analysis.attribution.registry import AT_LAYERS, EXPLAINERS, find
from mmlab.core.errors import MmlabError
from mmlab.core.phrases import say
from mmlab.core.reference import Reference
from mmlab.core.results import Attribution
from mmlab.core.task import Task
from mmlab.ui.components import page_frame
from mmlab.ui.components.background_task import ProgressCallback, run_cached
from mmlab.ui.components.sample_view import SampleView
from mmlab.ui.session import cache, url_state
from mmlab.ui.session.uploads import is_own
from mmlab.ui.text import wording

USUAL, FOR_WORDS = "gradcam", "occlusion"


def usual(task: Task) -> str:
    """What is shown before anyone chose: for words, where an average over places says little, covering each one."""
    return FOR_WORDS if any(modality.discrete for modality in task.info.modalities) else USUAL


def choose(task: Task) -> str:
    """The way to explain of the address, with a switch."""
    wanted = url_state.get("explainer") or usual(task)
    try:
        find(wanted)
    except MmlabError as error:
        page_frame.show_error(error, quiet=True)
        wanted = usual(task)
    st.selectbox(
        say("Attribution method"),
        list(EXPLAINERS),
        format_func=lambda name: say(EXPLAINERS[name].title),
        key=url_state.follow("explainer", wanted),
        help=wording.help("looks"),
        width=260,
        on_change=partial(_keep, usual(task)),
    )
    return wanted


def maps(reference: Reference, looked: SampleView, target: int, way: str = USUAL) -> Attribution:
    """The maps and parts of all combinations of a sample. Raises Unsupported where a way does not fit the inputs."""
    sample = looked.item.id
    if way == USUAL:
        return cache.attribution(reference, sample, looked.corruptions, target)

    def make(tell: ProgressCallback) -> Attribution:
        with cache.pool().lend(reference) as model:
            tensors = {name: torch.from_numpy(array) for name, array in looked.world.arrays.items()}
            return find(way).run(model.method, tensors, model.combinations(tensors), target, tell)

    key = ("maps", reference, sample, looked.corruptions, target, way)
    return run_cached(key, say(find(way).title), make, private=is_own(sample))


def about(way: str) -> str:
    """What this way shows, in a sentence, and what its parts are parts of."""
    named = find(way)
    parts = "" if named.shares == AT_LAYERS else f" {say('Shares are of {what}.', what=say(named.shares))}"
    return f"{say(named.title)}. {say(named.about)}{parts}"


def _keep(usually: str) -> None:
    chosen = st.session_state["explainer"]
    url_state.put(explainer=None if chosen == usually else chosen)


def each() -> tuple[str, ...]:
    """What every way shows and where it comes from, as Markdown, for the glossary of a page."""
    return tuple(f"**{say(one.title)}.** {say(one.about)} *{one.paper}*" for one in map(find, EXPLAINERS))
