"""The thin bar at the top of every page about a task: task, models, runs, the displayed model and the sample, each
behind one control, the same ones everywhere.

>>> at = bar.show(has_sample=True)       # the bar, and below it what has to be known of what was chosen
>>> page.show(at.task.name, at.sample, at.references)
>>> bar.finish(at)                       # at the end of the page: what the task is about; what opens slowly
"""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from mmlab.core.errors import MmlabError
from mmlab.core.phrases import say
from mmlab.core.reference import Reference
from mmlab.core.task import Task
from mmlab.ui.bar import opening, samples
from mmlab.ui.components import model_picker, page_frame, pickers, run_picker
from mmlab.ui.inputs import registry, sample_picker
from mmlab.ui.session import cache, guesses, hidden, lessons, upload_draft, uploads
from mmlab.ui.text import wording
from mmlab.ui.text.markdown import plain

AT_FIRST = 2  # models beside each other when nobody chose


@dataclass(frozen=True)
class BarSelection:
    """What the bar says is looked at. sample: None on a page that has none. place: of the bar, for a control of the
    page's own; behind: that behind the button of the samples, where there is one."""

    task: Task
    models: model_picker.Models
    sample: str | None
    place: st.delta_generator.DeltaGenerator
    behind: st.delta_generator.DeltaGenerator | None

    @property
    def references(self) -> tuple[Reference, ...]:
        """The checkpoints of the selected models."""
        return self.models.references


def show(has_sample: bool = False, is_one_shown: bool = False, are_used: bool = True) -> BarSelection:
    """The bar. has_sample: with the choice of a sample; is_one_shown: with that of the model that drawings of a single
    one are of; are_used: whether the page asks the models, so that it has to be said where there is none."""
    place = st.container(horizontal=True, vertical_alignment="center", gap="small", key="mm-bar")
    task = pickers.current_task()
    models = model_picker.current_models(task, AT_FIRST)
    with place:
        pickers.task_menu(task)
    sample, behind = _sample(task, models, place) if has_sample else (None, None)
    with place:
        _models(models)
        run_picker.choose(models.references)
        if is_one_shown:
            model_picker.shown_menu(models)
    if are_used and models.there:
        model_picker.remarks(models)
    elif are_used:
        model_picker.no_model(task)
    if sample is not None:
        _say_whose(task, sample)
        if uploads.is_own(sample) and not hidden.is_hidden("samples"):
            with page_frame.error_boundary():
                registry.adjust(task, sample)
    with place:  # the parts of the page stand under it, for those who go from heading to heading
        st.html(f'<h2 class="mm-unseen">{say("Results")}</h2>', width="content")
    return BarSelection(task, models, sample, place, behind)


def finish(at: BarSelection) -> None:
    """Below everything: what the sample and the task are; the samples, where they are being looked through."""
    note = ""
    if at.sample and not _is_secret(at.task, at.sample):
        note = cache.item(at.task.name, at.sample).note
    st.caption(" ".join(filter(None, (f"**{plain(note)}**" if note else "", plain(say(at.task.about))))))
    if at.behind is not None:
        samples.fill(at.behind, at.task, at.sample, at.references)


def _sample(
    task: Task, models: model_picker.Models, place: st.delta_generator.DeltaGenerator
) -> tuple[str | None, st.delta_generator.DeltaGenerator | None]:
    """The sample that is looked at, and the place behind the button of all of them, which is in the bar."""
    opening.settle(task, models.references)
    sample = sample_picker.known(task)
    with place:
        behind = None if hidden.is_hidden("samples") else samples.button()
        if sample is not None:
            st.caption(_named(task, sample), width="content")
    return sample, behind


def _say_whose(task: Task, sample: str) -> None:
    """Where a file was brought that cannot be used, whose answers these are all the same."""
    refused = [item for item in task.info.modalities if upload_draft.problem(task.name, item.name) is not None]
    if refused and not uploads.is_own(sample):
        labels = " + ".join(say(item.label) for item in refused)
        text = say("Your file for {inputs} cannot be used. The answers are those of a built-in sample.", inputs=labels)
        page_frame.show_error(MmlabError(text, say("What is the matter with it is said under Samples, Upload.")))


def _named(task: Task, sample: str) -> str:
    """The sample and its right answer, as Markdown; of what was brought, the inputs."""
    name = f"**{_own(task, sample)}**" if uploads.is_own(sample) else f"**{plain(sample)}**"
    if _is_secret(task, sample):
        return name if uploads.is_own(sample) or not guesses.is_on() else f"**{say('A test sample')}**"
    answer = cache.item(task.name, sample).answer
    return f"{name} · {say('right answer')}: **{plain(wording.answer(answer))}**" if answer else name


def _own(task: Task, sample: str) -> str:
    given = cache.item(task.name, sample).raw
    labels = [say(item.label) for item in task.info.modalities if item.name in given]
    return plain(say("Your upload: {inputs}", inputs=" + ".join(labels)))


def _is_secret(task: Task, sample: str) -> bool:
    """Whether nobody may see yet what the sample is; its name and its note may say it, too."""
    return lessons.veil() == lessons.ALL or guesses.is_truth_hidden(task.name, sample)


def _models(models: model_picker.Models) -> None:
    if hidden.is_hidden("models") or (not models.there and not models.unusable):
        return
    mark = " ⚠" if models.unusable else ""
    with st.popover(f"{_names(models)}{mark}", key="mm-models"):
        model_picker.method_pills(models)
        if models.unusable:
            st.markdown(say("Cannot be used:"))
            model_picker.name_unusable(models)


def _names(models: model_picker.Models) -> str:
    """Which models are chosen, as Markdown: two by name, more by number."""
    names = [run_picker.title(each) for each in models.references]
    if len(names) > AT_FIRST:
        return say("Models: {name} and {count} more", name=names[0], count=len(names) - 1)
    return say("Models: {names}", names=", ".join(names) or say("none"))
