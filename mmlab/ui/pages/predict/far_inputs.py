"""Out-of-distribution uploads: measured beside the page, flagged on the prediction.

What distances are compared with is computed the first time that a user uploads an input, and kept for all.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import partial

import streamlit as st
import torch

from mmlab.analysis.robustness import out_of_distribution
from mmlab.analysis.robustness.neighbour_distance import NeighbourDistance, NeighbourTest
from mmlab.core.modality import Combination, Modality
from mmlab.core.number_text import percent
from mmlab.core.phrases import say
from mmlab.core.reference import Reference
from mmlab.ui.components import background_task
from mmlab.ui.components.background_task import ProgressCallback
from mmlab.ui.pages.predict.view_data import PredictView
from mmlab.ui.session import cache

KEPT = 12  # models
Distances = Mapping[str, Mapping[str, NeighbourDistance]]
Tests = Mapping[str, NeighbourTest]
_Key = tuple[Reference, str]


class _Shelf:
    """What distances are compared with, by model and version of its data: those asked for last, for all sessions."""

    def __init__(self) -> None:
        self._found: OrderedDict[_Key, Tests] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: _Key) -> Tests | None:
        """What is known of a model."""
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
            return self._found.get(key)

    def put(self, key: _Key, tests: Tests) -> None:
        """Keep what was learned of a model."""
        with self._lock:
            self._found[key] = tests
            while len(self._found) > KEPT:
                self._found.popitem(last=False)


@st.cache_resource(show_spinner=False)
def _shelf() -> _Shelf:
    return _Shelf()


def distances(shown: PredictView, references: Sequence[Reference]) -> Distances:
    """By method and input how far it lies from the training data, as far as that is measured; begins to measure it.

    Nothing for shipped samples: they are what others are compared with.
    """
    if not shown.item.own or not shown.world.arrays:
        return {}
    asked = [each for each in references if each.method in shown.working]
    found = {each.method: _measured(each, shown) for each in asked}
    left = tuple(each for each in asked if found[each.method] is None)
    if left:
        background_task.start_once(_name(left), partial(_learn, left, cache.fingerprint(shown.task.name)))
    return {method: each for method, each in found.items() if each is not None}


def progress(shown: PredictView, references: Sequence[Reference], found: Distances, made: int) -> None:
    """How far the measuring is, until it is over. made: `background_task.completed()` before `found` was asked for."""
    left = tuple(each for each in references if each.method in shown.working and each.method not in found)
    if shown.item.own and shown.world.arrays and left:
        text = say("Measuring how far the input is from the training data")
        background_task.live([_name(left)], made, partial(background_task.show, _name(left), text))


def warnings(shown: PredictView, found: Distances, on: Combination) -> dict[str, str]:
    """By method what is to be said on its answer: inputs that are on and far from its training data."""
    said = {
        method: [_far(shown, each, name) for name, each in inputs.items() if each.is_far and name in on]
        for method, inputs in found.items()
    }
    return {method: " ".join(lines) for method, lines in said.items() if lines}


def sentence(shown: PredictView, found: Distances, on: Combination) -> str:
    """Which inputs that are on are far from what some model was trained on; nothing where none is."""
    far = [name for name in on.names if any(each[name].is_far for each in found.values() if name in each)]
    if not far:
        return ""
    labels = " + ".join(say(shown.task.info.modalities[name].label) for name in far)
    return say("{input} is unlike the training data.", input=labels)


def table(shown: PredictView, found: Distances) -> list[tuple[Modality, dict[str, str]]]:
    """Per input that was brought and per method how far it is, in words."""
    rows = []
    for name in shown.given:
        cells = {method: in_words(inputs[name]) for method, inputs in found.items() if name in inputs}
        if cells:
            rows.append((shown.task.info.modalities[name], cells))
    return rows


def in_words(each: NeighbourDistance) -> str:
    """How far an input is, against samples that were held out of training."""
    if each.nearer == 1:
        return say("farther than all held-out samples")
    return say("farther than {share} of the held-out samples", share=percent(each.nearer))


def _far(shown: PredictView, each: NeighbourDistance, name: str) -> str:
    return say(
        "{input} is far from the training data: {how}.",
        input=say(shown.task.info.modalities[name].label),
        how=in_words(each),
    )


def _measured(reference: Reference, shown: PredictView) -> Mapping[str, NeighbourDistance] | None:
    key = (reference, cache.fingerprint(reference.task))
    if _shelf().get(key) is None:
        return None
    return _distances(*key, shown.item.id, shown.corruptions, cache.own_version(reference.task))


@st.cache_data(show_spinner=False, max_entries=64, scope="session")
def _distances(
    reference: Reference, data: str, sample: str, corruptions: cache.Corruptions, version: object
) -> dict[str, NeighbourDistance]:
    """Measured once per upload, so that a toggle is a look-up."""
    tests = _shelf().get((reference, data)) or {}
    arrays = cache.model_inputs(reference.task, sample, corruptions).arrays
    with cache.pool().lend(reference) as model:
        return out_of_distribution.measure(model, tests, {n: torch.from_numpy(a) for n, a in arrays.items()})


def _learn(references: Sequence[Reference], data: str, tell: ProgressCallback) -> None:
    for place, reference in enumerate(references):
        with cache.pool().lend(reference) as model:
            part = background_task.part(tell, place, len(references))
            _shelf().put((reference, data), out_of_distribution.learn(model, part))


def _name(references: Sequence[Reference]) -> str:
    return "far-" + "-".join(f"{each.task}-{each.method}-{each.tag}" for each in references)
