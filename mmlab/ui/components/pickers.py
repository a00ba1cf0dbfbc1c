"""The controls that pages share. Each shows what stands in the address and changes it; all go by the kind of input,
none by the name of a task.

>>> task = widgets.task_picker()
>>> sample = widgets.sample_picker(task)              # gallery, or what the person brought; None: nothing to show yet
>>> references = widgets.method_picker(task)          # up to four checkpoints
>>> combination = widgets.toggle(modality, given)     # one switch, for a row of input cards"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

import streamlit as st

from mmlab.core.data_version import changed_since
from mmlab.core.errors import MmlabError
from mmlab.core.modality import Combination, Modalities, Modality
from mmlab.core.reference import Reference
from mmlab.core.task import Task, advice, is_trained_here
from mmlab.core.untrained import sentence, untrained
from mmlab.storage.library import Entry
from mmlab.ui.components import page_frame, run_picker
from mmlab.ui.session import cache, url_state
from mmlab.ui.text import wording
from mmlab.ui.text.markdown import plain
from mmlab.viz.base import theme

MOST_METHODS = 4
USUAL = ("joint", "dropout", "dmrnet", "gmd")  # what is seen before anyone chose: what gaps do, and three remedies


def colours(modalities: Modalities) -> dict[str, str]:
    """One colour per modality, by its position in the task."""
    return {name: theme.modality_colour(i) for i, name in enumerate(modalities.names)}


def letters(modalities: Modalities) -> dict[str, str]:
    """One letter per modality."""
    return {item.name: item.letter for item in modalities}


def labels(modalities: Modalities) -> dict[str, str]:
    """The name of each modality for people."""
    return {item.name: item.label for item in modalities}


def marked(modality: Modality) -> str:
    """Letter and name of an input as Markdown."""
    return f"**{plain(modality.letter)}** · {plain(modality.label)}"


def marked_title(method: str) -> str:
    """The title of a method as Markdown."""
    return plain(cache.title(method))


def task_picker() -> Task:
    """The task of the address, with a switch to the others where there are some. Raises UnknownName."""
    names = cache.task_names()
    try:
        chosen = cache.task(url_state.get("task", names[0]))
    except MmlabError as error:
        page_frame.show_error(error)
        chosen = cache.task(names[0])
    if len(names) > 1:
        st.pills(
            "Task",
            names,
            format_func=lambda name: plain(cache.task(name).title),
            key=url_state.follow("task", chosen.name),
            required=True,
            wrap=True,
            on_change=_go_to_task,
        )
    st.caption(plain(chosen.about))
    return chosen


def method_picker(task: Task, most: int = MOST_METHODS) -> tuple[Reference, ...]:
    """The checkpoints of the chosen methods, in the order of the list; broken ones are named with their problem."""
    entries = run_picker.entries(task.name)
    there = {entry.reference.method: entry.reference for entry in entries if entry.problem is None}
    broken = [(entry.reference.name, entry.problem) for entry in entries if entry.problem is not None]
    _name_broken(broken, cache.unfinished(task.name))
    if not there:
        no_model(task)
        return ()
    try:
        chosen = url_state.methods(_usual_first(there), most)
    except MmlabError as error:
        page_frame.show_error(error)
        chosen = _usual_first(there)[:most]
    chosen = tuple(name for name in there if name in chosen[:most])
    if len(there) > 1:
        st.pills(
            f"Methods, up to {most}",
            list(there),
            selection_mode="multi",
            format_func=lambda name: run_picker.title(there[name]),
            key=url_state.follow("methods", list(chosen)),
            help=wording.help("method"),
            on_change=partial(_choose_methods, most),
        )
    shown = [entry for entry in entries if entry.reference.method in chosen]
    _name_stale(task.name, shown)
    _name_untrained(task, shown)
    references = tuple(there[name] for name in chosen)
    run_picker.choose(references)
    return references


def _name_stale(task_name: str, entries: Sequence[Entry]) -> None:
    """Say which of the models were trained on another version of the task's data."""
    fingerprint = cache.fingerprint(task_name)
    stale = [entry.reference.name for entry in entries if changed_since(entry.card, fingerprint)]
    if stale:
        st.warning(
            f"Trained on another version of this data: {plain(', '.join(stale))}. What is measured here may be about "
            "other samples, or about samples that taught the model. Train again with `--restart`.",
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


def current(modalities: Modalities, given: Sequence[str]) -> Combination | None:
    """What is switched on; for a combination that does not exist, the sentence, and everything that was given."""
    try:
        return url_state.combination(modalities, given)
    except MmlabError as error:
        page_frame.show_error(error)
        return modalities.combination(given) if given else None


def current_damages(modalities: Modalities) -> tuple[url_state.Damage, ...]:
    """The damage to the inputs; for one that does not exist, the sentence, and none."""
    try:
        return url_state.damages(modalities)
    except MmlabError as error:
        page_frame.show_error(error)
        return ()


def no_model(task: Task) -> None:
    """That a task has no model yet, and what to do about it."""
    what, _, command = advice(task, f"python -m mmlab train --task {task.name} --method dmrnet").partition(": ")
    st.info(
        f"There is no {'trained' if is_trained_here(task) else 'measured'} model for this task yet.  \n"
        f"{what}: `{command}`"
    )


def toggle(modality: Modality, given: Sequence[str], on: Combination | None) -> None:
    """The switch of one input. Off and locked for an input that was not given."""
    there = modality.name in given
    st.toggle(
        marked(modality),
        key=url_state.follow(f"on.{modality.name}", there and on is not None and modality.name in on),
        disabled=not there,
        on_change=partial(_switch, tuple(given)),
    )


def damage_picker(task: Task, modality: Modality, damages: Sequence[url_state.Damage]) -> None:
    """What goes wrong with one input, and how badly."""
    from mmlab.modalities.corruption import describe, label, offered

    modalities, kinds = task.info.modalities, offered(task, modality)
    if not kinds:
        return
    found = next((damage for damage in damages if damage.modality == modality.name), None)
    change = partial(_damage, modality.name, modalities)
    st.selectbox(
        f"Corruption of the {plain(modality.spoken)}",
        ["", *kinds],
        format_func=lambda kind: label(modality.kind, kind) if kind else "No corruption",
        key=url_state.follow(f"damage.{modality.name}", found.kind if found else ""),
        label_visibility="collapsed",
        on_change=change,
    )
    if found:
        st.select_slider(
            "Severity",
            url_state.SEVERITIES,
            key=url_state.follow(f"severity.{modality.name}", found.severity),
            help=f"{wording.help('damage')}\n\n**Now:** {describe(modality.kind, found.kind, found.severity)}",
            on_change=change,
        )


def numbers_help(*terms: str) -> None:
    """The button behind which the words of the page are explained."""
    with st.popover("What do these terms and numbers mean?", type="tertiary"):
        for name in terms:
            st.markdown(wording.help(name))


def _usual_first(there: Iterable[str]) -> tuple[str, ...]:
    """The methods that a first look should show, then the others."""
    return tuple(sorted(there, key=lambda name: USUAL.index(name) if name in USUAL else len(USUAL)))


def _name_broken(broken: Sequence[tuple[str, MmlabError]], unfinished: Sequence[str]) -> None:
    count = len(broken) + len(unfinished)
    if not count:
        return
    with st.expander(f"{count} trained model{'s' if count > 1 else ''} cannot be used"):
        for name, problem in broken:
            st.markdown(f"**{plain(name)}**: {plain(str(problem))}")
        for name in unfinished:
            st.markdown(f"**{plain(name)}**: the folder holds no model. Train it again or remove the folder.")


def _go_to_task() -> None:
    """Another task has other samples, methods and inputs: the rest of the view starts anew."""
    url_state.begin(task=st.session_state["task"])


def _choose_methods(most: int) -> None:
    chosen = st.session_state["methods"]
    if len(chosen) > most:
        st.toast(f"At most {most} methods fit side by side.")
    url_state.put(methods=".".join(chosen[-most:]) or None)


def _switch(given: tuple[str, ...]) -> None:
    on = [name for name in given if st.session_state.get(f"on.{name}")]
    url_state.put(on=None if len(on) == len(given) else "-".join(on) or url_state.NOTHING)


def _damage(modality: str, modalities: Modalities) -> None:
    kind = st.session_state[f"damage.{modality}"]
    severity = st.session_state.get(f"severity.{modality}", 3)
    url_state.put_damage(modality, kind or None, int(severity), modalities)


def span_of(output: object) -> tuple[float, float] | None:
    """Lowest and highest number of a task whose answer is a number."""
    low, high = getattr(output, "low", None), getattr(output, "high", None)
    return None if low is None or high is None else (float(low), float(high))


def names_of(mapping: Mapping[str, object]) -> tuple[str, ...]:
    """The keys, as a tuple: fit for a fragment's arguments and for cache keys."""
    return tuple(mapping)
