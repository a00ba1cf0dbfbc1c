"""The facts of lessons, with the app's caches: a fact is computed once, for all visitors."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

import streamlit as st

from mmlab.analysis.methods.seed_comparison import Comparison
from mmlab.core.errors import CheckpointError, DataError
from mmlab.core.outputs import Prediction
from mmlab.core.phrases import say
from mmlab.core.reference import Reference
from mmlab.core.results import Sweep
from mmlab.core.task import Task
from mmlab.inference.predictor import Model
from mmlab.lessons.fact import BUILT_IN, Finding, find
from mmlab.lessons.lesson import Ask
from mmlab.ui.session import cache, comparison_cache, url_state
from mmlab.ui.text import language


class _App:
    """What the facts look at: the models and answers of the app."""

    def task(self, name: str) -> Task:
        return cache.task(name)

    def reference(self, ask: Ask) -> Reference:
        if ask.run:
            return cache.library().find(ask.task, ask.model, ask.run)
        for entry in cache.entries(ask.task):
            if entry.reference.method == ask.model and entry.problem is None:
                return entry.reference
        raise CheckpointError(
            say("This lesson needs a trained {model}.", model=cache.title(ask.model)),
            say("Train it, or bring it in on the Library page."),
        )

    def answers(self, ask: Ask) -> Mapping[str, Prediction]:
        corruptions = url_state.parsed_corruptions(ask.damage, self.task(ask.task).info.modalities)
        return cache.answers(self.reference(ask), ask.sample, corruptions)

    def truth(self, ask: Ask) -> Any:
        target = cache.item(ask.task, ask.sample).target
        if target is None:
            raise DataError(
                say("The right answer of {sample} is not known.", sample=ask.sample),
                say("Ask about a built-in sample."),
            )
        return target

    def sweep(self, reference: Reference) -> Sweep:
        return cache.sweep(reference)

    def report(self, reference: Reference) -> Mapping[str, Any]:
        return cache.report(reference)

    def comparison(self, task: str, metric: str) -> Comparison:
        return comparison_cache.comparison(task, "", BUILT_IN, "", metric, comparison_cache.stamp(task))

    def lend(self, reference: Reference) -> AbstractContextManager[Model]:
        return cache.pool().lend(reference)


def found(ask: Ask) -> Finding:
    """What a fact finds with the models that are here. Raises MmlabError where it cannot be said."""
    models = dict.fromkeys((*ask.models, ask.model))
    version = cache.version(ask.task, ask.sample) if ask.sample else ()
    there = tuple(cache.library().references(ask.task, name) for name in models if name)
    with st.spinner(say("Computing the answer")):
        return _found(ask, there, version, language.current())


@st.cache_data(show_spinner=False, max_entries=512)
def _found(ask: Ask, models: tuple[tuple[Reference, ...], ...], version: object, spoken: str) -> Finding:
    """models, version: what tells this answer from one with other models, or another version of the sample.

    spoken: the language of its words.
    """
    return find(ask, _App())
