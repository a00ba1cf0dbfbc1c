"""The selected trained models: one run of each method, chosen in the address, and which of them is displayed where only
one can be.

>>> models = model_picker.current_models(task, first=2)
>>> models.references, models.shown                             # up to four checkpoints; one of them
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import streamlit as st

from mmlab.core.data_version import changed_since
from mmlab.core.errors import MmlabError
from mmlab.core.phrases import say
from mmlab.core.reference import Reference
from mmlab.core.task import Task, advice, is_trained_here
from mmlab.core.untrained import sentence, untrained
from mmlab.storage import large_sweep
from mmlab.storage.library import Entry
from mmlab.ui.components import page_frame, run_picker
from mmlab.ui.session import cache, hidden, url_state
from mmlab.ui.text import refusals, wording
from mmlab.ui.text.markdown import plain

MOST_METHODS = 4
USUAL = ("joint", "dropout", "dmrnet", "gmd")  # what is seen before anyone chose: what gaps do, and three remedies


@dataclass(frozen=True)
class Models:
    """The models of a task: one run of each method that can be used, and which are chosen, in the order of the list.

    unusable: what cannot be used, with the reason.
    """

    task: Task
    there: Mapping[str, Reference]
    chosen: tuple[str, ...]
    entries: tuple[Entry, ...]
    unusable: tuple[tuple[str, str], ...]

    @property
    def references(self) -> tuple[Reference, ...]:
        """The checkpoints of those that are chosen."""
        return tuple(self.there[name] for name in self.chosen)

    @property
    def shown(self) -> Reference | None:
        """The checkpoint that a drawing of a single model is of: that of the address, or the first one."""
        wanted = url_state.get("lattice")
        name = wanted if wanted in self.chosen else next(iter(self.chosen), None)
        return None if name is None else self.there[name]

    @property
    def asked(self) -> str:
        """The method that is shown where the address names one or several; empty where nobody chose."""
        is_named = url_state.get("lattice") or url_state.get("methods")
        return self.shown.method if is_named and self.shown is not None else ""


def current_models(task: Task, first: int, most: int = MOST_METHODS) -> Models:
    """The models of the address, at most `most`; the `first` ones of a first look where it names none.

    The one that it shows is among them, too.
    """
    entries = run_picker.entries(task.name)
    there = {entry.reference.method: entry.reference for entry in entries if entry.problem is None}
    broken = [
        (entry.reference.name, refusals.message_and_hint(entry.problem))
        for entry in entries
        if entry.problem is not None
    ]
    half = [
        (name, say("the folder holds no model. Train it again or remove the folder."))
        for name in cache.unfinished(task.name)
    ]
    try:
        chosen = url_state.methods(usual_first(there), first)
    except MmlabError as error:
        page_frame.show_error(error)
        chosen = usual_first(there)[:first]
    chosen = _with_shown(chosen, there, most)
    if len(chosen) > most:
        text = say(
            "{count} methods are chosen; the first {most} are shown, as many as fit side by side.",
            count=len(chosen),
            most=most,
        )
        st.caption(text)
    kept = tuple(name for name in there if name in chosen[:most])
    return Models(task, there, kept, tuple(entries), (*broken, *half))


def usual_first(there: Iterable[str]) -> tuple[str, ...]:
    """The methods that a first look should show, then the others."""
    return tuple(sorted(there, key=lambda name: USUAL.index(name) if name in USUAL else len(USUAL)))


def method_pills(models: Models, most: int = MOST_METHODS) -> None:
    """The methods to choose from."""
    if len(models.there) > 1 and not hidden.is_hidden("models"):
        st.pills(
            say("Methods, up to {most}", most=most),
            list(models.there),
            selection_mode="multi",
            format_func=lambda name: run_picker.title(models.there[name]),
            key=url_state.follow("methods", list(models.chosen)),
            help=wording.help("method"),
            on_change=partial(_choose_methods, most, models.chosen),
        )


def shown_menu(models: Models, most: int = MOST_METHODS) -> None:
    """Which model is shown, where one is: any there is. It is one of the chosen ones from then on."""
    if models.shown is None or len(models.there) < 2 or hidden.is_hidden("models"):
        return
    st.selectbox(
        say("Model shown"),
        [*models.chosen, *(name for name in models.there if name not in models.chosen)],
        format_func=lambda name: say("Shown: {model}", model=cache.title(name)),
        key=url_state.follow("shown.method", models.shown.method),
        label_visibility="collapsed",
        width=208,
        on_change=partial(_show, models.chosen, models.shown.method, most),
    )


def show(name: str, chosen: Sequence[str], before: str, most: int = MOST_METHODS) -> None:
    """Show a model. One that is not chosen is added; where no more fit, it takes the place of the one before, and the
    page says so. For callbacks."""
    if name in chosen:
        url_state.put(lattice=name, method=None)
        return
    kept = list(chosen)
    if len(kept) >= most:
        kept.remove(before)
        new, old = plain(cache.title(name)), plain(cache.title(before))
        st.toast(say("{new} takes the place of {old}: {most} fit.", new=new, old=old, most=most))
    url_state.put(methods=".".join([*kept, name]), lattice=name, method=None)


def remarks(models: Models) -> None:
    """What has to be known of the chosen models: other data, inputs that they never saw."""
    shown = [entry for entry in models.entries if entry.reference.method in models.chosen]
    _name_stale(models.task.name, shown)
    _name_untrained(models.task, shown)
    _name_drawn(shown)


def name_unusable(models: Models) -> None:
    """What cannot be used, with the reasons."""
    for name, problem in models.unusable:
        st.markdown(f"**{plain(name)}**: {plain(problem)}")


def no_model(task: Task) -> None:
    """That a task has no model yet, and what to do about it."""
    what, _, command = advice(task, f"python -m mmlab train --task {task.name} --method dmrnet").partition(": ")
    st.info(
        (
            say("There is no trained model for this task yet.")
            if is_trained_here(task)
            else say("There is no measured model for this task yet.")
        )
        + f"  \n{say(what)}: `{command}`"
    )


def _with_shown(chosen: tuple[str, ...], there: Iterable[str], most: int) -> tuple[str, ...]:
    """The chosen ones, and the one that the address shows: beside those that it names, or for the last of the usual."""
    shown = url_state.get("lattice")
    if shown in chosen or shown not in there:
        return chosen
    if not url_state.get("methods"):
        return (*chosen[:-1], shown)
    return (*chosen, shown) if len(chosen) < most else chosen


def _show(chosen: Sequence[str], before: str, most: int) -> None:
    show(st.session_state["shown.method"], chosen, before, most)


def _name_stale(task_name: str, entries: Sequence[Entry]) -> None:
    """Say which of the models were trained on another version of the task's data."""
    fingerprint = cache.fingerprint(task_name)
    stale = [entry.reference.name for entry in entries if changed_since(entry.card, fingerprint)]
    if stale:
        st.warning(
            say(
                "Trained on another version of this data: {models}. What is measured here may be about other samples, "
                "or about samples that taught the model. Train again with `--restart`.",
                models=plain(", ".join(stale)),
            ),
            icon=":material/history:",
        )


def _name_untrained(task: Task, entries: Sequence[Entry]) -> None:
    """Say which inputs no training sample of a model had."""
    found: dict[tuple[str, ...], list[str]] = {}
    for entry in entries:
        found.setdefault(untrained(entry.card), []).append(entry.reference.name)
    for names, models in found.items():
        if told := sentence(names, task.info.modalities):
            st.warning(f"{plain(', '.join(models))}: {plain(told)}", icon=":material/school:")


def _name_drawn(entries: Sequence[Entry]) -> None:
    """Say where views of the test set rest on some of its samples."""
    found: dict[tuple[int, int], list[str]] = {}
    for entry in entries:
        if large_sweep.is_there(Path(entry.reference.path)):
            with suppress(MmlabError):
                stored = cache.sweep(entry.reference)
                found.setdefault((len(stored.ids), stored.drawn_from), []).append(entry.reference.name)
    for (few, every), models in found.items():
        st.caption(
            say(
                "{models}: views of the test set show {count} of its {total} samples, drawn at random; the scores in "
                "tables are of all of them.",
                models=plain(", ".join(models)),
                count=f"{few:,}",
                total=f"{every:,}",
            )
        )


def _choose_methods(most: int, before: Sequence[str]) -> None:
    """None is dropped for another one: what does not fit any more is not added, and the page says so."""
    chosen = list(st.session_state["methods"])
    if len(chosen) > most:
        st.toast(say("At most {most} methods fit side by side. Take one away first.", most=most))
        chosen = list(before)
    url_state.put(methods=".".join(chosen) or None)
