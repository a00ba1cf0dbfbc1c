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
from mmlab.tasks.readers import encode_sound
from mmlab.ui import bring, cache, frame, picking, state, widgets, words
from mmlab.viz import answers as bars
from mmlab.viz import lattice as hasse
from mmlab.viz import views

Answers = Mapping[str, Prediction]
PALE = "opacity: 0.28; filter: grayscale(1)"


@dataclass(frozen=True)
class Scene:
    """A sample of a task as the models see it, drawn and answered: all that does not change with a toggle.

    answers: per method those of every combination, or why it has none; pictures and sounds: by input.
    """

    task: Task
    item: cache.Item
    world: cache.World
    damages: tuple[state.Damage, ...]
    answers: Mapping[str, Answers | MmlabError]
    pictures: Mapping[str, str]
    sounds: Mapping[str, bytes]

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


@frame.panel
def show(task_name: str, sample: str, references: tuple[Reference, ...]) -> None:
    """Inputs, answers and lattice of one sample."""
    modalities = cache.task(task_name).info.modalities
    scene = _scene(task_name, sample, references, widgets.current_damages(modalities))
    on = widgets.current(modalities, scene.given)
    st.subheader("Inputs", help=words.help("seen"), anchor=False)
    _inputs(scene, on)
    if not references:
        return
    with frame.trouble():
        if on is None:
            raise NothingPresent("No input is switched on.", "Switch at least one on to get an answer.")
        left, right = st.columns([5, 4], gap="large")
        with left, frame.trouble():
            st.subheader("What each method says", help=_help("answer", "certainty", "change"), anchor=False)
            _cards(scene, on)
        with right, frame.trouble():
            st.subheader("All combinations", help=words.help("lattice"), anchor=False)
            _lattice(scene, on)
        _take_along(scene, on)


@st.cache_resource(show_spinner=False, max_entries=4, scope="session")
def _scene(task_name: str, sample: str, references: tuple[Reference, ...], damages: tuple[state.Damage, ...]) -> Scene:
    """Made when the sample, the methods or the damage change; handed out as it is at every toggle."""
    task, item, world = cache.task(task_name), cache.item(task_name, sample), cache.world(task_name, sample, damages)
    pictures = {name: _pair(task, world, name, damages) for name in item.raw}
    recordings = {name: raw for name, raw in world.raw.items() if isinstance(raw, Sound)}
    sounds = {name: encode_sound(raw, "PCM_16") for name, raw in recordings.items()}
    return Scene(task, item, world, damages, _answers(references, sample, damages), pictures, sounds)


def _inputs(scene: Scene, on: Combination | None) -> None:
    modalities = scene.task.info.modalities
    off = [i for i, name in enumerate(modalities.names) if on is None or name not in on]
    st.html("<style>" + "".join(f".st-key-mm-input-{i} .mm-pair {{ {PALE} }}" for i in off) + " </style>")
    for i, (column, modality) in enumerate(zip(st.columns(len(modalities), gap="medium"), modalities, strict=True)):
        with column, st.container(border=True, key=f"mm-input-{i}"), frame.trouble():
            widgets.toggle(modality, scene.given, on)
            _views(scene, modality)
            if modality.name in scene.item.raw:
                widgets.damage_picker(modality, modalities, scene.damages)


def _views(scene: Scene, modality: Modality) -> None:
    """What was recorded and what the model sees of it; why not, for an input that cannot be used."""
    name = modality.name
    if name in scene.world.problems:
        frame.say(scene.world.problems[name])
    if name not in scene.item.raw:
        st.caption("Not given: it counts as missing.")
        return
    st.html(scene.pictures[name])
    if name in scene.sounds:
        st.audio(scene.sounds[name])
    for note in scene.world.notes.get(name, ()) if scene.item.own else ():
        st.caption(frame.plain(note))


def _pair(task: Task, world: cache.World, name: str, damages: Sequence[state.Damage]) -> str:
    """Both pictures of an input. A toggle makes them pale from outside, so that they are not sent again."""
    modality, colour = task.info.modalities[name], widgets.colours(task.info.modalities)[name]
    caption = "damaged recording" if any(damage.modality == name for damage in damages) else "recorded"
    pictures = [(views.recorded(world.raw[name], colour, modality.label), caption)]
    if name in world.arrays:
        pictures.append((views.seen(modality.kind, world.arrays[name], colour, modality.label), "what the model sees"))
    figures = (f"<figure>{drawn.html}<figcaption>{text}</figcaption></figure>" for drawn, text in pictures)
    return f'<div class="mm-pair">{"".join(figures)}</div>'


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


def _cards(scene: Scene, on: Combination) -> None:
    output, truth, whole = scene.task.info.output, scene.item.answer, scene.whole
    shown, broken = [], []
    for method, answers in scene.answers.items():
        if isinstance(answers, MmlabError):
            broken.append(bars.complaint(cache.title(method), answers.message, answers.hint))
            continue
        now = answers[on.key]
        sure = words.certainty(now.uncertainty, output.channels) if output.kind == "classification" else ""
        card = bars.Card(
            cache.title(method), now, answers[whole.key], truth, sure, whole.label, widgets.span_of(output)
        )
        shown.append(card)
    st.html(bars.cards(shown) + "".join(broken))


def _lattice(scene: Scene, on: Combination) -> None:
    if not scene.working:
        return
    method = _lattice_method(tuple(scene.working))
    answers, whole = scene.working[method], scene.whole
    picking.board(_drawing(scene, method, on.key), key=f"lattice.{scene.task.name}", on_pick=partial(_go_to, whole.key))
    st.html(_legend(scene.item.answer != ""))
    flips = [key for key, prediction in answers.items() if prediction.answer != answers[whole.key].answer]
    named = "; ".join(scene.task.info.modalities.parse(key).label for key in flips[:3])
    among = f" Among them: {frame.plain(named)}." if named else ""
    st.caption(f"{len(flips)} of {len(answers)} combinations give another answer than everything does.{among}")


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


def _drawing(scene: Scene, method: str, selected: str) -> str:
    modalities, answers = scene.task.info.modalities, scene.working[method]
    truth = scene.item.answer if scene.task.info.output.kind == "classification" else ""
    states = [
        hasse.State(
            names=modalities.parse(key).names,
            answer=prediction.answer,
            share=prediction.confidence,
            good=prediction.answer == truth if truth else None,
            same=prediction.answer == answers[scene.whole.key].answer,
        )
        for key, prediction in answers.items()
    ]
    letters = widgets.letters(modalities)
    drawn = hasse.lattice(states, letters, widgets.labels(modalities), selected)
    return hasse.svg(drawn, widgets.colours(modalities), letters)


def _go_to(whole: str, key: str) -> None:
    state.put(on=None if key == whole else key)


def _legend(known: bool) -> str:
    good, bad = ("✓ right", "✗ wrong") if known else ("= as with everything", "≠ different")
    return (
        f'<p class="mm-legend"><span class="mm-good">{good}</span><span class="mm-bad">{bad}</span>'
        '<span class="mm-dash">taking it away changes the answer</span></p>'
    )


def _take_along(scene: Scene, on: Combination) -> None:
    """The numbers and the drawings as files; made when asked for."""
    with st.popover("Take it along", key="mm-take"):
        name = f"mmlab-{scene.task.name}-{scene.item.id}"
        save = partial(st.download_button, on_click="ignore", width="stretch")
        save("Numbers (CSV)", data=partial(as_csv, scene), file_name=f"{name}.csv", mime="text/csv")
        save("Numbers (JSON)", data=partial(as_json, scene), file_name=f"{name}.json", mime="application/json")
        for method in scene.working:
            drawing = partial(_file_of, scene, method, on.key)
            save(f"Combinations, {cache.title(method)} (SVG)", data=drawing, file_name=f"{name}-{method}.svg")
        if scene.item.own:
            bring.bundle_offer(scene.item.id, scene.task.name)


def _file_of(scene: Scene, method: str, selected: str) -> bytes:
    return hasse.standalone(_drawing(scene, method, selected)).encode()


def as_csv(scene: Scene) -> bytes:
    """A row per method, combination and class."""
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow(["method", "combination", "answer", "uncertainty", "class", "probability"])
    for method, answers in scene.working.items():
        for key, prediction in answers.items():
            for name, probability in prediction.probabilities.items() or [("", "")]:
                writer.writerow([method, key, prediction.answer, prediction.uncertainty, name, probability])
    return target.getvalue().encode()


def as_json(scene: Scene) -> bytes:
    """The view and, per method, what `python -m mmlab predict --json` gives."""
    methods = {
        method: {
            key: {"answer": each.answer, "probabilities": dict(each.probabilities), "uncertainty": each.uncertainty}
            for key, each in answers.items()
        }
        for method, answers in scene.working.items()
    }
    content = {
        "task": scene.task.name,
        "sample": scene.item.id,
        "right_answer": scene.item.answer or None,
        "damage": [damage.text for damage in scene.damages],
        "methods": {method: {"combinations": answers} for method, answers in methods.items()},
    }
    return json.dumps(content, indent=1).encode()


def _help(*terms: str) -> str:
    return "\n\n".join(words.help(name) for name in terms)
