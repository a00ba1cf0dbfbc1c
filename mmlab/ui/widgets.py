"""The controls that pages share. Each shows what stands in the address and changes it; all go by the kind of input,
none by the name of a task.

>>> task = widgets.task_picker()
>>> sample = widgets.sample_picker(task)              # gallery, or what the person brought; None: nothing to show yet
>>> references = widgets.method_picker(task)          # up to four checkpoints
>>> combination = widgets.toggle(modality, given)     # one switch, for a row of input cards
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from html import escape

import streamlit as st

from mmlab.core.errors import MmlabError
from mmlab.core.modality import Combination, Modalities, Modality
from mmlab.core.task import Task
from mmlab.library import Reference
from mmlab.ui import bring, cache, frame, picking, state, uploads, words
from mmlab.ui import chosen as chosen_on_embed
from mmlab.viz import theme, views

PER_PAGE = 40
MOST_METHODS = 4
USUAL = ("joint", "dropout", "dmrnet", "gmd")  # what is seen before anyone chose: what gaps do, and three remedies
PAGE = "mmlab.gallery"
TAB, TABS = "mmlab.tab", ("Samples", "Bring your own")


def colours(modalities: Modalities) -> dict[str, str]:
    """One colour per modality, by its position in the task."""
    return {name: theme.modality_colour(i) for i, name in enumerate(modalities.names)}


def letters(modalities: Modalities) -> dict[str, str]:
    """One letter per modality."""
    return {item.name: item.letter for item in modalities}


def labels(modalities: Modalities) -> dict[str, str]:
    """The name of each modality for people."""
    return {item.name: item.label for item in modalities}


def task_picker() -> Task:
    """The task of the address, with a switch to the others where there are some. Raises UnknownName."""
    names = cache.task_names()
    try:
        chosen = cache.task(state.get("task", names[0]))
    except MmlabError as error:
        frame.say(error)
        chosen = cache.task(names[0])
    if len(names) > 1:
        st.pills(
            "Task",
            names,
            format_func=lambda name: cache.task(name).title,
            key=state.follow("task", chosen.name),
            required=True,
            wrap=True,
            on_change=_go_to_task,
        )
    st.caption(frame.plain(chosen.about))
    return chosen


def sample_picker(task: Task) -> str | None:
    """The sample of the address: from the gallery, or brought. Says so where it does not exist, and takes the first."""
    gallery = task.gallery()
    sample = _known_sample(task, gallery)
    # settled when the page is entered: another default would mount the tabs anew, and drop an upload on its way
    opened = st.session_state.setdefault(frame.ON_ENTRY, {}).setdefault("tab", int(_is_own(sample)))
    shipped, own = st.tabs(TABS, default=TABS[opened], key=TAB, on_change="rerun")
    with shipped, frame.trouble():
        if shipped.open:
            _gallery(task, gallery, sample or "")
    with own, frame.trouble():
        if own.open:  # the canvas, the camera and the microphone are loaded when they are wanted
            bring.form(task)
    return sample


def method_picker(task: Task, most: int = MOST_METHODS) -> tuple[Reference, ...]:
    """The checkpoints of the chosen methods, in the order of the list; broken ones are named with their problem."""
    entries = cache.entries(task.name)
    there = {entry.reference.method: entry.reference for entry in entries if entry.problem is None}
    broken = [(entry.reference.name, entry.problem) for entry in entries if entry.problem is not None]
    _name_broken(broken, cache.unfinished(task.name))
    if not there:
        command = f"python -m mmlab train --task {task.name} --method dmrnet"
        st.info(f"There is no trained model for this task yet.  \nTrain one: `{command}`")
        return ()
    try:
        chosen = state.methods(_usual_first(there), most)
    except MmlabError as error:
        frame.say(error)
        chosen = _usual_first(there)[:most]
    chosen = tuple(name for name in there if name in chosen[:most])
    if len(there) > 1:
        st.pills(
            f"Methods, up to {most}",
            list(there),
            selection_mode="multi",
            format_func=cache.title,
            key=state.follow("methods", list(chosen)),
            help=words.help("method"),
            on_change=partial(_choose_methods, most),
        )
    return tuple(there[name] for name in chosen)


def current(modalities: Modalities, given: Sequence[str]) -> Combination | None:
    """What is switched on; for a combination that does not exist, the sentence, and everything that was given."""
    try:
        return state.combination(modalities, given)
    except MmlabError as error:
        frame.say(error)
        return modalities.combination(given) if given else None


def current_damages(modalities: Modalities) -> tuple[state.Damage, ...]:
    """The damage to the inputs; for one that does not exist, the sentence, and none."""
    try:
        return state.damages(modalities)
    except MmlabError as error:
        frame.say(error)
        return ()


def toggle(modality: Modality, given: Sequence[str], on: Combination | None) -> None:
    """The switch of one input. Off and locked for an input that was not given."""
    there = modality.name in given
    st.toggle(
        f"**{modality.letter}** · {modality.label}",
        key=state.follow(f"on.{modality.name}", there and on is not None and modality.name in on),
        disabled=not there,
        on_change=partial(_switch, tuple(given)),
    )


def damage_picker(modality: Modality, modalities: Modalities, damages: Sequence[state.Damage]) -> None:
    """What goes wrong with one input, and how badly."""
    from mmlab.degrade import DAMAGES, describe, label

    kinds = DAMAGES.get(modality.kind, ())
    if not kinds:
        return
    found = next((damage for damage in damages if damage.modality == modality.name), None)
    change = partial(_damage, modality.name, modalities)
    st.selectbox(
        f"Damage to the {modality.spoken}",
        ["", *kinds],
        format_func=lambda kind: label(modality.kind, kind) if kind else "No damage",
        key=state.follow(f"damage.{modality.name}", found.kind if found else ""),
        label_visibility="collapsed",
        on_change=change,
    )
    if found:
        st.select_slider(
            "Severity",
            state.SEVERITIES,
            key=state.follow(f"severity.{modality.name}", found.severity),
            help=f"{words.help('damage')}\n\n**Now:** {describe(modality.kind, found.kind, found.severity)}",
            on_change=change,
        )


def numbers_help(*terms: str) -> None:
    """The button behind which the words of the page are explained."""
    with st.popover("What do these words and numbers mean?", type="tertiary"):
        for name in terms:
            st.markdown(words.help(name))


def _usual_first(there: Iterable[str]) -> tuple[str, ...]:
    """The methods that a first look should show, then the others."""
    return tuple(sorted(there, key=lambda name: USUAL.index(name) if name in USUAL else len(USUAL)))


def _known_sample(task: Task, gallery: Sequence[str]) -> str | None:
    sample = state.get("sample")
    first = _first_look(task, gallery)
    if not sample:
        return first
    try:
        cache.item(task.name, sample)
    except MmlabError as error:
        frame.say(error)
        return first
    return sample


def _first_look(task: Task, gallery: Sequence[str]) -> str | None:
    """The first sample; of a volume, the slice in its middle, where there is more to see than at its ends."""
    if not gallery:
        return None
    stack = cache.item(task.name, gallery[0]).stack
    return stack[len(stack) // 2] if stack else gallery[0]


def _is_own(sample: str | None) -> bool:
    return sample is not None and uploads.is_own(sample)


def _gallery(task: Task, gallery: Sequence[str], sample: str) -> None:
    """Pictures to choose from, a page at a time; it opens on the page where the sample is."""
    if not gallery:
        st.caption("This task ships no samples.")
        return
    chosen_on_embed.strip(task, sample)
    pages = math.ceil(len(gallery) / PER_PAGE)
    shown = min(st.session_state.get(f"{PAGE}.{task.name}", _page_of(gallery, sample)), pages - 1)
    chosen = f'data-pick="{escape(sample, quote=True)}"'
    html = _thumbnails(task.name, shown).replace(chosen, f'{chosen} aria-pressed="true"', 1)
    picking.board(html, key="gallery", on_pick=lambda name: state.put(sample=name))
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="mm-pager"):
        move = partial(_turn, task.name, pages)
        for sign, text, page in (("←", "Earlier samples", shown - 1), ("→", "More samples", shown + 1)):
            there = 0 <= page < pages
            st.button(sign, key=f"gallery.{sign}", help=text, on_click=move, args=(page,), disabled=not there)
        last = min((shown + 1) * PER_PAGE, len(gallery))
        st.caption(f"{shown * PER_PAGE + 1} to {last} of {len(gallery)}", width="content")
        if sample in gallery:
            found = cache.item(task.name, sample)
            answer = f"right answer: **{frame.plain(found.answer)}**"
            facts = f"**{frame.plain(sample)}**", answer, frame.plain(found.note)
            st.caption(" · ".join(filter(None, facts)), width="content")


@st.cache_data(show_spinner=False, max_entries=64)
def _thumbnails(task_name: str, page: int) -> str:
    """One page of the gallery as buttons with pictures."""
    task = cache.task(task_name)
    shades = colours(task.info.modalities)
    buttons = []
    for sample in task.gallery()[page * PER_PAGE : (page + 1) * PER_PAGE]:
        found = cache.item(task_name, sample)
        label = escape(f"Sample {sample}, right answer {found.answer}", quote=True)
        picture = views.thumbnail(found.raw, shades).html
        named = f'data-pick="{escape(sample, quote=True)}" aria-label="{label}" title="{label}"'
        buttons.append(f'<button class="mm-thumb" {named}>{picture}</button>')
    return f'<div class="mm-gallery">{"".join(buttons)}</div>'


def _page_of(gallery: Sequence[str], sample: str) -> int:
    return gallery.index(sample) // PER_PAGE if sample in gallery else 0


def _turn(task_name: str, pages: int, page: int) -> None:
    st.session_state[f"{PAGE}.{task_name}"] = max(0, min(page, pages - 1))


def _name_broken(broken: Sequence[tuple[str, MmlabError]], unfinished: Sequence[str]) -> None:
    count = len(broken) + len(unfinished)
    if not count:
        return
    with st.expander(f"{count} trained model{'s' if count > 1 else ''} cannot be used"):
        for name, problem in broken:
            st.markdown(f"**{frame.plain(name)}**: {frame.plain(str(problem))}")
        for name in unfinished:
            st.markdown(f"**{frame.plain(name)}**: the folder holds no model. Train it again or remove the folder.")


def _go_to_task() -> None:
    """Another task has other samples, methods and inputs: the rest of the view starts anew."""
    state.put(**{**dict.fromkeys(state.FIELDS), "task": st.session_state["task"]})


def _choose_methods(most: int) -> None:
    chosen = st.session_state["methods"]
    if len(chosen) > most:
        st.toast(f"At most {most} methods fit side by side.")
    state.put(methods=".".join(chosen[-most:]) or None)


def _switch(given: tuple[str, ...]) -> None:
    on = [name for name in given if st.session_state.get(f"on.{name}")]
    state.put(on=None if len(on) == len(given) else "-".join(on) or state.NOTHING)


def _damage(modality: str, modalities: Modalities) -> None:
    kind = st.session_state[f"damage.{modality}"]
    severity = st.session_state.get(f"severity.{modality}", 3)
    state.put_damage(modality, kind or None, int(severity), modalities)


def span_of(output: object) -> tuple[float, float] | None:
    """Lowest and highest number of a task whose answer is a number."""
    low, high = getattr(output, "low", None), getattr(output, "high", None)
    return None if low is None or high is None else (float(low), float(high))


def names_of(mapping: Mapping[str, object]) -> tuple[str, ...]:
    """The keys, as a tuple: fit for a fragment's arguments and for cache keys."""
    return tuple(mapping)
