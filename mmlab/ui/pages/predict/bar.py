"""The thin bar on top of the Bench: task, models, run and sample, each behind one control; what is to be said of them;
and, at the end of the page, what opens slowly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from mmlab.core.phrases import say
from mmlab.core.reference import Reference
from mmlab.core.task import Task
from mmlab.ui.components import model_picker, pickers, run_picker
from mmlab.ui.inputs import sample_picker
from mmlab.ui.pages.predict import opening, samples
from mmlab.ui.session import cache, guesses, hidden, lessons, uploads
from mmlab.ui.text.markdown import plain

AT_FIRST = 2  # models beside each other when nobody chose


@dataclass(frozen=True)
class Chosen:
    """What the bar says is looked at. behind: the place behind the button of the samples; None where that is hidden."""

    task: Task
    sample: str | None
    references: tuple[Reference, ...]
    behind: st.delta_generator.DeltaGenerator | None


def show() -> Chosen:
    """The bar, and below it what has to be known of what was chosen."""
    bar = st.container(horizontal=True, vertical_alignment="center", gap="small", key="mm-bar")
    task = pickers.current_task()
    with bar:
        pickers.task_menu(task)
    models = model_picker.current_models(task, AT_FIRST)
    with bar:
        _models(models)
        run_picker.choose(models.references)
    if models.there:
        model_picker.remarks(models)
    else:
        model_picker.no_model(task)
    opening.settle(task, models.references)
    sample = sample_picker.known(task)
    with bar:
        behind = None if hidden.is_hidden("samples") else samples.button()
        if sample is not None:
            st.caption(_named(task, sample), width="content")
    return Chosen(task, sample, models.references, behind)


def finish(chosen: Chosen) -> None:
    """Below everything: what the task is and what the words mean; the samples, where they are being looked through."""
    note = ""
    if chosen.sample and not _is_secret(chosen.task, chosen.sample):
        note = cache.item(chosen.task.name, chosen.sample).note
    st.caption(" ".join(filter(None, (f"**{plain(note)}**" if note else "", plain(say(chosen.task.about))))))
    _terms(chosen.task)
    if chosen.behind is not None:
        samples.fill(chosen.behind, chosen.task, chosen.sample, chosen.references)


def _named(task: Task, sample: str) -> str:
    """The sample and its right answer, as Markdown."""
    name = f"**{say('Your upload')}**" if uploads.is_own(sample) else f"**{plain(sample)}**"
    if _is_secret(task, sample):
        return name if uploads.is_own(sample) or not guesses.is_on() else f"**{say('A test sample')}**"
    answer = cache.item(task.name, sample).answer
    return f"{name} · {say('right answer')}: **{plain(say(answer))}**" if answer else name


def _is_secret(task: Task, sample: str) -> bool:
    """Whether nobody may see yet what the sample is; its name and its note may say it, too."""
    return lessons.veil() == lessons.ALL or guesses.is_truth_hidden(task.name, sample)


def _models(models: model_picker.Models) -> None:
    if hidden.is_hidden("models") or (not models.there and not models.unusable):
        return
    mark = " ⚠" if models.unusable else ""
    label = say("Models: {count} of {total}", count=len(models.chosen), total=len(models.there))
    with st.popover(f"{label}{mark}", key="mm-models"):
        model_picker.method_pills(models)
        if models.unusable:
            st.markdown(say("Cannot be used:"))
            model_picker.name_unusable(models)


def _terms(task: Task) -> None:
    entropy: Sequence[str] = ("entropy",) if task.info.output.class_names else ()
    pickers.numbers_help(*task.info.output.terms, *entropy, "lattice", "damage", "seen")
