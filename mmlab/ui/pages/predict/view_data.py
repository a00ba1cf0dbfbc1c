"""A sample as the models see it, with drawings and predictions: the content of the Bench and of its files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import singledispatch
from typing import Any

import numpy as np
import streamlit as st

from mmlab.core.errors import MmlabError
from mmlab.core.modality import Combination
from mmlab.core.modality_kinds import kind_of_recording
from mmlab.core.outputs import Multilabel, Output, Prediction, Segmentation
from mmlab.core.phrases import say
from mmlab.core.recordings import Sound
from mmlab.core.reference import Reference
from mmlab.core.task import Task
from mmlab.modalities.audio.decode import encode_wav
from mmlab.ui.components import pickers
from mmlab.ui.components.frame_player import Step
from mmlab.ui.pages.predict import regression, segmentation
from mmlab.ui.session import cache, uploads, url_state
from mmlab.ui.text import language, refusals, wording
from mmlab.viz.inputs import recordings as views
from mmlab.viz.predict import combination_lattice, prediction_cards

Answers = Mapping[str, Prediction]
PANEL = "bench"  # with pictures and menus: a view below that sets a corruption lets it run again
KEPT, MOST_KEPT = "mmlab.bench.views", 4  # session


@dataclass(frozen=True)
class PredictView:
    """A sample of a task as the models see it, drawn and answered: all that does not change with a toggle.

    answers: per method those of every combination, or why it has none; pictures and sounds: by input; films: what an
    input that changes over time shows one after the other. reaches: per method and combination how far off a number
    may be. files: of an upload, by input, the file and what was said of it. known: what `states` found, by method.
    """

    task: Task
    item: cache.Item
    world: cache.ModelInputs
    corruptions: tuple[url_state.InputCorruption, ...]
    answers: Mapping[str, Answers | MmlabError]
    pictures: Mapping[str, str]
    sounds: Mapping[str, bytes]
    films: Mapping[str, tuple[Step, ...]]
    reaches: Mapping[str, regression.Reaches]
    files: Mapping[str, str] = field(default_factory=dict)
    known: dict[str, list[combination_lattice.State]] = field(default_factory=dict, init=False, compare=False)

    @property
    def given(self) -> tuple[str, ...]:
        """The inputs that can be used, in the task's order."""
        return tuple(name for name in self.task.info.modalities.names if name in self.world.arrays)

    @property
    def whole(self) -> Combination:
        """Everything that was given."""
        return self.task.info.modalities.combination(self.given)

    @property
    def working(self) -> dict[str, Answers]:
        """The methods that have answers."""
        return {method: found for method, found in self.answers.items() if not isinstance(found, MmlabError)}


def make(
    task_name: str, sample: str, references: tuple[Reference, ...], corruptions: tuple[url_state.InputCorruption, ...]
) -> PredictView:
    """Made when the sample, the methods or the corruptions change; handed out as it is at every toggle."""
    own = uploads.is_own(sample)
    version = cache.own_version(task_name) if own else cache.version(task_name, sample)
    return _kept(task_name, sample, references, corruptions, version, language.current())


def _kept(*key: Any) -> PredictView:
    """One of the last few that this visitor saw, or a new one. Keys are compared: to hash them, as Streamlit's caches
    do, takes longer than all that a toggle computes."""
    kept: list[tuple[tuple[Any, ...], PredictView]] = st.session_state.setdefault(KEPT, [])
    found = next((view for each, view in kept if each == key), None)
    if found is None:
        found = _made(*key)
        kept.insert(0, (key, found))
        del kept[MOST_KEPT:]
    return found


def _made(
    task_name: str,
    sample: str,
    references: tuple[Reference, ...],
    corruptions: tuple[url_state.InputCorruption, ...],
    version: object,
    spoken: str,
) -> PredictView:
    task, item, world = (
        cache.task(task_name),
        cache.item(task_name, sample),
        cache.model_inputs(task_name, sample, corruptions),
    )
    pictures = {name: _pair(task, world, name, corruptions) for name in item.raw}
    recordings = {name: raw for name, raw in world.raw.items() if isinstance(raw, Sound)}
    sounds = {name: encode_wav(raw) for name, raw in recordings.items()}
    films = {name: steps for name in item.raw if len(steps := _film(task, world, name)) > 1}
    reaches = {reference.method: regression.reaches(reference, sample) for reference in references}
    files = uploads.in_words(uploads.find(sample, task_name)) if item.own else {}
    return PredictView(
        task,
        item,
        world,
        corruptions,
        _answers(references, sample, corruptions),
        pictures,
        sounds,
        films,
        reaches,
        files,
    )


def cards(scene: PredictView, on: Combination, warnings: Mapping[str, str] | None = None) -> str:
    """The answers of all methods from one combination, as HTML. warnings: by method why not to rely on its answer."""
    return _cards(scene.task.info.output, scene, on, warnings or {})


@singledispatch
def _cards(output: Output, scene: PredictView, on: Combination, warnings: Mapping[str, str]) -> str:
    truth, whole = scene.item.answer, scene.whole
    shown, broken = [], []
    for method, answers in scene.answers.items():
        if isinstance(answers, MmlabError):
            broken.append(prediction_cards.complaint(cache.title(method), *refusals.both(answers)))
            continue
        now = answers[on.key]
        sure = wording.certainty(now.confidence) if output.class_names else say("mean over labels")
        scale = regression.scale(output, scene.item.target, scene.reaches[method].get(on.key))
        shown.append(
            prediction_cards.Card(
                cache.title(method),
                now,
                answers[whole.key],
                truth,
                sure,
                whole.label,
                scale,
                _label_set(output, now, scene.item.target),
                warnings.get(method, ""),
            )
        )
    return prediction_cards.cards(shown) + "".join(broken)


@singledispatch
def _label_set(output: Output, now: Prediction, truth: Any) -> prediction_cards.LabelSet | None:
    """Which labels are given and which are right, where several can be."""
    return None


@_label_set.register
def _labels(output: Multilabel, now: Prediction, truth: Any) -> prediction_cards.LabelSet:
    right = None if truth is None else output.named(np.asarray(truth) > 0)
    return prediction_cards.LabelSet(output.named(np.asarray(now.value) > output.threshold), right)


@_cards.register
def _region_cards(output: Segmentation, scene: PredictView, on: Combination, warnings: Mapping[str, str]) -> str:
    kind, known = scene.task.info.modalities[on.names[0]].kind, segmentation.truth_of(scene.item.target)
    recorded = scene.item.raw.get(on.names[0])
    return segmentation.cards(output, kind, scene.world, scene.answers, known, on, scene.whole, recorded, warnings)


def drawing(scene: PredictView, method: str, selected: str) -> str:
    """All combinations under one method, as SVG."""
    modalities = scene.task.info.modalities
    letters = pickers.letters(modalities)
    drawn = combination_lattice.lattice(states(scene, method), letters, pickers.labels(modalities), selected)
    return combination_lattice.svg(drawn, pickers.colours(modalities), letters)


def states(scene: PredictView, method: str) -> list[combination_lattice.State]:
    """What is known of each combination under one method: the same at every toggle."""
    if method not in scene.known:
        scene.known[method] = _states(scene.task.info.output, scene, method)
    return scene.known[method]


@singledispatch
def _states(output: Output, scene: PredictView, method: str) -> list[combination_lattice.State]:
    answers, target = scene.working[method], scene.item.target
    names = {key: scene.task.info.modalities.parse(key).names for key in answers}
    return [
        combination_lattice.State(
            names=names[key],
            answer=prediction.answer,
            share=prediction.confidence if prediction.probabilities else None,
            good=None if target is None else output.right(prediction, target),
            same=output.same(prediction, answers[scene.whole.key]),
            labels=output.several(prediction),
        )
        for key, prediction in answers.items()
    ]


@_states.register
def _region_states(output: Segmentation, scene: PredictView, method: str) -> list[combination_lattice.State]:
    answers = scene.working[method]
    names = {key: scene.task.info.modalities.parse(key).names for key in answers}
    return segmentation.states(output, answers, scene.whole, names, segmentation.truth_of(scene.item.target))


def lattice_method(scene: PredictView) -> str:
    """The method whose combinations are drawn: that of the address, or the first one."""
    working, wanted = tuple(scene.working), url_state.get("lattice")
    return wanted if wanted in working else working[0]


def _pair(task: Task, world: cache.ModelInputs, name: str, corruptions: Sequence[url_state.InputCorruption]) -> str:
    """Both pictures of an input. A toggle makes them pale from outside, so that they are not sent again."""
    modality, colour = task.info.modalities[name], pickers.colours(task.info.modalities)[name]
    is_hurt = any(corruption.modality == name for corruption in corruptions)
    caption = say("as given, corrupted") if is_hurt else say("as given")
    label = say(modality.label)
    pictures = [(views.recorded(world.raw[name], colour, label), caption)]
    if name in world.arrays:
        words = world.words[name]
        drawn = views.seen(modality.kind, world.arrays[name], colour, label, of=world.raw[name], words=words)
        pictures.append((drawn, say("what the model sees")))
    figures = (f"<figure>{drawn.html}<figcaption>{text}</figcaption></figure>" for drawn, text in pictures)
    return f'<div class="mm-pair">{"".join(figures)}</div>'


def _film(task: Task, world: cache.ModelInputs, name: str) -> tuple[Step, ...]:
    """The steps of one input; none for most kinds."""
    raw, colour = world.raw[name], pickers.colours(task.info.modalities)[name]
    steps = kind_of_recording(raw).steps(raw)
    return tuple(Step(views.recorded(each, colour).data_uri, when) for when, each in steps)


def _answers(
    references: Sequence[Reference], sample: str, corruptions: tuple[url_state.InputCorruption, ...]
) -> dict[str, Answers | MmlabError]:
    """Per method the answers of all combinations, or why it has none: one broken model hides no other."""
    found: dict[str, Answers | MmlabError] = {}
    for reference in references:
        try:
            found[reference.method] = cache.answers(reference, sample, corruptions)
        except MmlabError as error:
            found[reference.method] = error
    return found
