"""The heart of Predict: the inputs with their switches, the answers, the lattice. One panel, so that a toggle redraws
this and nothing else, from answers that are all there already."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import streamlit as st

from mmlab.core.errors import MmlabError, NothingPresent
from mmlab.core.modality import Combination, Modality
from mmlab.core.outputs import Prediction
from mmlab.core.raw import Sound
from mmlab.core.task import Task
from mmlab.library import Reference
from mmlab.ui import bring, cache, frame, picking, state, widgets, words
from mmlab.viz import answers as bars
from mmlab.viz import lattice as hasse
from mmlab.viz import views

Answers = Mapping[str, Prediction]


@dataclass(frozen=True)
class Looked:
    """What the panel is about: a sample of a task as the models see it, and what is switched on."""

    task: Task
    item: cache.Item
    world: cache.World
    damages: tuple[state.Damage, ...]
    on: Combination | None

    @property
    def given(self) -> tuple[str, ...]:
        """The inputs that can be used, in the task's order."""
        return tuple(name for name in self.task.info.modalities.names if name in self.world.arrays)


@frame.panel
def show(task_name: str, sample: str, references: tuple[Reference, ...]) -> None:
    """Inputs, answers and lattice of one sample."""
    task = cache.task(task_name)
    damages = widgets.current_damages(task.info.modalities)
    item, world = cache.item(task_name, sample), cache.world(task_name, sample, damages)
    given = [name for name in task.info.modalities.names if name in world.arrays]
    looked = Looked(task, item, world, damages, widgets.current(task.info.modalities, given))
    st.subheader("Inputs", help=words.help("seen"), anchor=False)
    _inputs(looked)
    if not references:
        return
    with frame.trouble():
        if looked.on is None:
            raise NothingPresent("No input is switched on.", "Switch at least one on to get an answer.")
        found = _answers(references, sample, damages)
        left, right = st.columns([5, 4], gap="large")
        with left, frame.trouble():
            st.subheader("What each method says", help=_help("answer", "certainty", "change"), anchor=False)
            _cards(looked, found)
        with right, frame.trouble():
            st.subheader("All combinations", help=words.help("lattice"), anchor=False)
            _lattice(looked, found)
        _take_along(looked, found)


def _inputs(looked: Looked) -> None:
    modalities = looked.task.info.modalities
    for column, modality in zip(st.columns(len(modalities), gap="medium"), modalities, strict=True):
        position = modalities.names.index(modality.name)
        with column, st.container(border=True, key=f"mm-input-{position}"), frame.trouble():
            widgets.toggle(modality, looked.given, looked.on)
            _views(looked, modality)
            if modality.name in looked.item.raw:
                widgets.damage_picker(modality, modalities, looked.damages)


def _views(looked: Looked, modality: Modality) -> None:
    """What was recorded and what the model sees of it; why not, for an input that cannot be used."""
    name = modality.name
    if name in looked.world.problems:
        frame.say(looked.world.problems[name])
    if name not in looked.item.raw:
        st.caption("Not given: it counts as missing.")
        return
    on = looked.on is not None and name in looked.on
    pictures = _pair(looked.task.name, looked.item.id, name, looked.damages)
    st.html(f'<div class="mm-pair{"" if on else " mm-absent"}">{pictures}</div>')
    raw = looked.world.raw[name]
    if isinstance(raw, Sound):
        st.audio(raw.wave, sample_rate=raw.rate)


@st.cache_data(show_spinner=False, max_entries=512, scope="session")
def _pair(task_name: str, sample: str, name: str, damages: tuple[state.Damage, ...]) -> str:
    """Both pictures of an input. Kept, since a toggle only makes them pale."""
    modalities = cache.task(task_name).info.modalities
    world, modality, colour = (
        cache.world(task_name, sample, damages),
        modalities[name],
        widgets.colours(modalities)[name],
    )
    caption = "damaged recording" if any(damage.modality == name for damage in damages) else "recorded"
    pictures = [(views.recorded(world.raw[name], colour, modality.label), caption)]
    if name in world.arrays:
        pictures.append((views.seen(modality.kind, world.arrays[name], colour, modality.label), "what the model sees"))
    return "".join(f"<figure>{drawn.html}<figcaption>{text}</figcaption></figure>" for drawn, text in pictures)


def _answers(
    references: Sequence[Reference], sample: str, damages: tuple[state.Damage, ...]
) -> dict[str, Answers | MmlabError]:
    """Per method the answers of all combinations, or why it has none: one broken model hides no other."""
    found: dict[str, Answers | MmlabError] = {}
    for reference in references:
        try:
            found[reference.method] = cache.answers(reference, sample, damages)
        except MmlabError as error:
            found[reference.method] = error
    return found


def _cards(looked: Looked, found: Mapping[str, Answers | MmlabError]) -> None:
    assert looked.on is not None
    output = looked.task.info.output
    modalities = looked.task.info.modalities
    whole = modalities.combination(looked.given)
    shown, broken = [], []
    for method, answers in found.items():
        if isinstance(answers, MmlabError):
            broken.append(bars.complaint(cache.title(method), answers.message, answers.hint))
            continue
        now = answers[looked.on.key]
        sure = words.certainty(now.uncertainty, output.channels) if output.kind == "classification" else ""
        span = widgets.span_of(output)
        shown.append(
            bars.Card(cache.title(method), now, answers[whole.key], looked.item.answer, sure, whole.label, span)
        )
    st.html(bars.cards(shown) + "".join(broken))


def _lattice(looked: Looked, found: Mapping[str, Answers | MmlabError]) -> None:
    assert looked.on is not None
    working = {method: answers for method, answers in found.items() if not isinstance(answers, MmlabError)}
    if not working:
        return
    method = _lattice_method(tuple(working))
    modalities = looked.task.info.modalities
    drawing = _drawing(looked, working[method], looked.on.key)
    picking.board(drawing, key=f"lattice.{looked.task.name}", on_pick=partial(_go_to, looked.given))
    st.html(_legend(looked.item.answer != ""))
    flips = [key for key in working[method] if working[method][key].answer != _whole(looked, working[method]).answer]
    st.caption(
        f"{len(flips)} of {len(working[method])} combinations give another answer than everything does."
        f" {_which(modalities.parse(key).label for key in flips[:3])}"
    )


def _which(labels: object) -> str:
    named = "; ".join(str(label) for label in labels)  # type: ignore[attr-defined]
    return f"Among them: {frame.plain(named)}." if named else ""


def _lattice_method(working: tuple[str, ...]) -> str:
    wanted = state.get("lattice")
    method = wanted if wanted in working else working[-1]
    if len(working) > 1:
        st.selectbox(
            "Method of the combinations",
            working,
            format_func=cache.title,
            key=state.follow("lattice.method", method),
            label_visibility="collapsed",
            on_change=lambda: state.put(lattice=st.session_state["lattice.method"]),
        )
    return method


def _drawing(looked: Looked, answers: Answers, selected: str) -> str:
    modalities = looked.task.info.modalities
    whole = _whole(looked, answers)
    truth = looked.item.answer if looked.task.info.output.kind == "classification" else ""
    states = [
        hasse.State(
            names=modalities.parse(key).names,
            answer=prediction.answer,
            share=prediction.confidence,
            good=prediction.answer == truth if truth else None,
            same=prediction.answer == whole.answer,
        )
        for key, prediction in answers.items()
    ]
    letters = widgets.letters(modalities)
    drawn = hasse.lattice(states, letters, widgets.labels(modalities), selected)
    return hasse.svg(drawn, widgets.colours(modalities), letters)


def _whole(looked: Looked, answers: Answers) -> Prediction:
    return answers[looked.task.info.modalities.combination(looked.given).key]


def _go_to(given: tuple[str, ...], key: str) -> None:
    state.put(on=None if key == "-".join(given) else key)


def _legend(known: bool) -> str:
    good, bad = ("✓ right", "✗ wrong") if known else ("= as with everything", "≠ different")
    return (
        f'<p class="mm-legend"><span class="mm-good">{good}</span><span class="mm-bad">{bad}</span>'
        '<span class="mm-dash">taking it away changes the answer</span></p>'
    )


def _take_along(looked: Looked, found: Mapping[str, Answers | MmlabError]) -> None:
    """The numbers and the drawing as files; made when asked for."""
    with st.container(horizontal=True, vertical_alignment="center", key="mm-foot"):
        widgets.numbers_help("answer", "certainty", "entropy", "change", "lattice", "damage", "seen")
        with st.popover("Take it along", key="mm-take"):
            name = f"mmlab-{looked.task.name}-{looked.item.id}"
            save = partial(st.download_button, on_click="ignore", width="stretch")
            save("Numbers (CSV)", data=partial(as_csv, found), file_name=f"{name}.csv", mime="text/csv")
            table = partial(as_json, looked, found)
            save("Numbers (JSON)", data=table, file_name=f"{name}.json", mime="application/json")
            for method, answers in found.items():
                if not isinstance(answers, MmlabError) and looked.on is not None:
                    drawn = partial(_file_of, looked, answers, looked.on.key)
                    save(f"Combinations, {cache.title(method)} (SVG)", data=drawn, file_name=f"{name}-{method}.svg")
            if looked.item.own:
                bring.bundle_offer(looked.item.id, looked.task.name)


def _file_of(looked: Looked, answers: Answers, selected: str) -> bytes:
    return hasse.standalone(_drawing(looked, answers, selected)).encode()


def as_csv(found: Mapping[str, Answers | MmlabError]) -> bytes:
    """A row per method, combination and class."""
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow(["method", "combination", "answer", "uncertainty", "class", "probability"])
    for method, answers in found.items():
        if not isinstance(answers, MmlabError):
            for key, prediction in answers.items():
                for name, probability in prediction.probabilities.items() or [("", "")]:
                    writer.writerow([method, key, prediction.answer, prediction.uncertainty, name, probability])
    return target.getvalue().encode()


def as_json(looked: Looked, found: Mapping[str, Answers | MmlabError]) -> bytes:
    """The view and, per method, what `python -m mmlab predict --json` gives."""
    methods = {
        method: {
            key: {"answer": each.answer, "probabilities": dict(each.probabilities), "uncertainty": each.uncertainty}
            for key, each in answers.items()
        }
        for method, answers in found.items()
        if not isinstance(answers, MmlabError)
    }
    content = {
        "task": looked.task.name,
        "sample": looked.item.id,
        "right_answer": looked.item.answer or None,
        "damage": [damage.text for damage in looked.damages],
        "methods": {method: {"combinations": answers} for method, answers in methods.items()},
    }
    return json.dumps(content, indent=1).encode()


def _help(*terms: str) -> str:
    return "\n\n".join(words.help(name) for name in terms)
