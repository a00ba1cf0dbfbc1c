"""What a page about a sample opens with, and which samples are worth a look: read from the sweeps of the models."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from mmlab.analysis.robustness import notable_samples
from mmlab.analysis.robustness.notable_samples import Behaviour, NotableSample
from mmlab.core.errors import MmlabError
from mmlab.core.phrases import say
from mmlab.core.reference import Reference
from mmlab.core.task import Task
from mmlab.ui.session import cache, url_state

NAMED = ("sample", "damage")  # an address that names one of these is followed as it is
ALL = "All"
FLIPS, SURE, DISAGREE, PART = "The answer flips", "Sure but wrong", "Inputs disagree", "Methods part"


def settle(task: Task, references: Sequence[Reference]) -> None:
    """Open on a sample to which something happens, where the address names none: one that the sweep finds.

    The first of the models flips from right to wrong and stays sure, the second one does not.
    """
    url_state.suppose(**_opening(task, references))


def notable(task: Task, references: Sequence[Reference]) -> list[NotableSample]:
    """The samples on which the first two models say the most, clearest first; none where one is not measured."""
    models = _behaviours(tuple(references[:2]), cache.version(task.name, *task.gallery()))
    return notable_samples.notable_samples(*models[:2]) if models else []


def filters(task: Task, references: Sequence[Reference]) -> dict[str, tuple[str, ...]]:
    """Which samples of the gallery there are under each filter, in its order; only those filters that catch some."""
    gallery = tuple(task.gallery())
    models = _behaviours(tuple(references), cache.version(task.name, *gallery))
    if not models:
        return {ALL: gallery}
    flags = {
        FLIPS: [notable_samples.flips(model) for model in models],
        SURE: [notable_samples.sure_but_wrong(model) for model in models],
        DISAGREE: [notable_samples.inputs_disagree(model) for model in models],
        PART: [notable_samples.models_disagree(models)] if len(models) > 1 else [],
    }
    ids = models[0].ids
    caught = {
        name: tuple(sample for row, sample in enumerate(ids) if any(each[row] for each in found))
        for name, found in flags.items()
    }
    return {ALL: gallery, **{name: found for name, found in caught.items() if found}}


def title(name: str) -> str:
    """The title of a filter."""
    return {
        ALL: say("All"),
        FLIPS: say("The answer flips"),
        SURE: say("Sure but wrong"),
        DISAGREE: say("Inputs disagree"),
        PART: say("Methods part"),
    }[name]


def _opening(task: Task, references: Sequence[Reference]) -> dict[str, str]:
    there = url_state.addressed()
    if not references or any(name in there for name in NAMED):
        return {}
    wanted = there.get("on")
    found = next((each for each in notable(task, references) if wanted in (None, each.combination)), None)
    if found is None:
        return {}
    settled = {"sample": found.sample, "on": found.combination, "lattice": references[0].method}
    return {name: value for name, value in settled.items() if name not in there}


@st.cache_resource(show_spinner=False, max_entries=32)
def _behaviours(references: tuple[Reference, ...], version: object) -> tuple[Behaviour, ...]:
    """How the models behave on those samples of the gallery that all of them were measured on, in its order; none where
    one of them was not measured. Shared between sessions: read only."""
    if not references:
        return ()
    task = cache.task(references[0].task)
    try:
        found = [notable_samples.behaviour(cache.sweep(each), task.info.output) for each in references]
    except MmlabError:
        return ()
    common = set.intersection(*(set(each.ids) for each in found))
    ids = [name for name in task.gallery() if name in common]
    return tuple(each.among(ids) for each in found) if ids else ()
