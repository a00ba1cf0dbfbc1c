"""The controls that pages share. Each shows a field of the address and changes it; all depend on the kind of modality,
none on the name of a task.

>>> task = pickers.task_picker()                      # for a page that asks for nothing else; ours have `ui/bar/`
>>> combination = pickers.toggle(modality, given)     # one switch, for a row of input cards"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial

import streamlit as st

from mmlab.core.errors import MmlabError
from mmlab.core.modality import Combination, Modalities, Modality
from mmlab.core.modality_kinds import modality_kind
from mmlab.core.phrases import say
from mmlab.core.task import Task
from mmlab.modalities.stretches import BLANKED
from mmlab.ui.components import page_frame, stretch_picker
from mmlab.ui.session import cache, hidden, url_state
from mmlab.ui.text import wording
from mmlab.ui.text.markdown import plain
from mmlab.viz.base import theme


def colours(modalities: Modalities) -> dict[str, str]:
    """One colour per modality, by its position in the task."""
    return {name: theme.modality_colour(i) for i, name in enumerate(modalities.names)}


def letters(modalities: Modalities) -> dict[str, str]:
    """One letter per modality."""
    return {item.name: item.letter for item in modalities}


def labels(modalities: Modalities) -> dict[str, str]:
    """The name of each modality for people."""
    return {item.name: say(item.label) for item in modalities}


def marked(modality: Modality) -> str:
    """Letter and name of an input as Markdown."""
    return f"**{plain(modality.letter)}** · {plain(say(modality.label))}"


def marked_title(method: str) -> str:
    """The title of a method as Markdown."""
    return plain(cache.title(method))


def current_task() -> Task:
    """The task of the address; the first one, and the sentence, where it does not exist."""
    names = cache.task_names()
    try:
        found = cache.task(url_state.get("task", names[0]))
    except MmlabError as error:
        page_frame.show_error(error)
        found = cache.task(names[0])
    wording.look_at(has_scans=any(modality_kind(item.kind).sliced for item in found.info.modalities))
    return found


def task_titles() -> dict[str, str]:
    """The title of each task, with its name where another task has the same title."""
    titles = {name: cache.task(name).title for name in cache.task_names()}
    count = Counter(titles.values())
    return {name: f"{say(title)} ({name})" if count[title] > 1 else say(title) for name, title in titles.items()}


def task_title(name: str) -> str:
    """The title of one task, as it stands among the others."""
    return task_titles()[name]


def task_menu(chosen: Task) -> None:
    """A switch to the other tasks that takes little room; nothing where there are none."""
    titles = task_titles()
    if len(titles) > 1 and not hidden.is_hidden("task"):
        st.selectbox(
            say("Task"),
            list(titles),
            format_func=titles.__getitem__,
            key=url_state.follow("task", chosen.name),
            label_visibility="collapsed",
            width=_wide_enough(titles[chosen.name], 150),
            on_change=_go_to_task,
        )


def _wide_enough(text: str, least: int, most: int = 340) -> int:
    """How wide a list has to be for what is chosen in it to be read, in pixels."""
    return min(most, max(least, 62 + sum(15 if ord(letter) > 0x2E7F else 8 for letter in text)))


def task_picker() -> Task:
    """The bar of a page that asks for a task only: the task of the address, with a switch to the others."""
    chosen = current_task()
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="mm-bar"):
        task_menu(chosen)
    st.caption(plain(say(chosen.about)))
    return chosen


def current(modalities: Modalities, given: Sequence[str]) -> Combination | None:
    """What is switched on; for a combination that does not exist, the sentence, and everything that was given."""
    try:
        return url_state.combination(modalities, given)
    except MmlabError as error:
        page_frame.show_error(error)
        return modalities.combination(given) if given else None


def current_corruptions(modalities: Modalities, is_reported: bool = True) -> tuple[url_state.InputCorruption, ...]:
    """The corruptions in the address; an unknown one is reported on the page, and none are applied.

    is_reported: False where another part of the page has reported it.
    """
    try:
        return url_state.corruptions(modalities)
    except MmlabError as error:
        if is_reported:
            page_frame.show_error(error)
        return ()


def toggle(modality: Modality, given: Sequence[str], on: Combination | None) -> None:
    """The switch of one input. Off and locked for an input that was not given."""
    there = modality.name in given
    if hidden.is_hidden("switches"):
        st.markdown(marked(modality))
        return
    is_on = there and on is not None and modality.name in on
    st.toggle(
        marked(modality),
        value=is_on,  # as it starts in a browser that is slow and draws the second run only, which sets nothing anew
        key=url_state.follow(f"on.{modality.name}", is_on),
        disabled=not there,
        wrap=True,  # a long name on a narrow card takes two lines
        on_change=partial(_switch, tuple(given)),
    )


def corruption_picker(
    task: Task, modality: Modality, corruptions: Sequence[url_state.InputCorruption], item: cache.Item
) -> None:
    """What goes wrong with one input, and how badly, or which stretch of it is blanked."""
    from mmlab.modalities.corruption import describe, label, offered

    modalities, kinds = task.info.modalities, offered(task, modality)
    if not kinds or hidden.is_hidden("damage"):
        return
    found = next((corruption for corruption in corruptions if corruption.modality == modality.name), None)
    change = partial(_corrupt, modality.name, modalities, item)
    st.selectbox(
        say("Corruption of the {input}", input=plain(modality.spoken)),
        ["", *kinds],
        index=kinds.index(found.kind) + 1 if found else 0,  # as it starts where its button is opened later
        format_func=lambda kind: label(modality.kind, kind) if kind else say("No corruption"),
        key=url_state.follow(f"corruption.{modality.name}", found.kind if found else ""),
        label_visibility="collapsed",
        on_change=change,
    )
    if found and found.kind == BLANKED:
        raw, colour = item.raw[modality.name], colours(modalities)[modality.name]
        stretch = stretch_picker.in_force(raw, item.id, found)
        stretch_picker.show(f"blanked.{modality.name}", raw, modality, stretch, colour, modalities)
    elif found:
        st.select_slider(
            say("Severity"),
            url_state.SEVERITIES,
            value=found.severity,
            key=url_state.follow(f"severity.{modality.name}", found.severity),
            help=f"**{say('Now')}:** {describe(modality.kind, found.kind, found.severity)}",
            on_change=change,
        )


def numbers_help(*terms: str, more: Sequence[str] = ()) -> None:
    """The button behind which the words of the page are explained: these, those of its tooltips, and `more`."""
    with st.popover(say("What do these terms and numbers mean?"), type="tertiary"):
        for name in dict.fromkeys((*terms, *wording.asked())):
            st.markdown(wording.explained(name))
        for text in more:
            st.markdown(text)


def _go_to_task() -> None:
    """Another task has other samples, methods and inputs: the rest of the view starts again."""
    url_state.begin(task=st.session_state["task"])


def _switch(given: tuple[str, ...]) -> None:
    """Take all switches as they stand: several clicks may come together, and the last state counts."""
    on = [name for name in given if st.session_state.get(f"on.{name}")]
    url_state.put(on=None if len(on) == len(given) else "-".join(on) or url_state.NOTHING)


def _corrupt(modality: str, modalities: Modalities, item: cache.Item) -> None:
    kind = st.session_state[f"corruption.{modality}"]
    severity = st.session_state.get(f"severity.{modality}", url_state.USUAL_SEVERITY)
    stretch = stretch_picker.usual(item.raw[modality]) if kind == BLANKED else None
    url_state.put_corruption(modality, kind or None, int(severity), modalities, stretch)


def span_of(output: object) -> tuple[float, float] | None:
    """Lowest and highest number of a task whose answer is a number."""
    low, high = getattr(output, "low", None), getattr(output, "high", None)
    return None if low is None or high is None else (float(low), float(high))


def names_of(mapping: Mapping[str, object]) -> tuple[str, ...]:
    """The keys, as a tuple: fit for a fragment's arguments and for cache keys."""
    return tuple(mapping)
