"""The inputs of a sample as compact cards: a switch, what was recorded beside what the model sees, and behind a button
the sound and what can go wrong with the sensor."""

from __future__ import annotations

import streamlit as st

from mmlab.core.modality import Combination, Modality
from mmlab.core.phrases import say
from mmlab.modalities import stretches
from mmlab.modalities.corruption import label, offered
from mmlab.ui.components import frame_player, page_frame, pickers
from mmlab.ui.pages.predict.view_data import PredictView
from mmlab.ui.session import hidden
from mmlab.ui.session.url_state import Damage
from mmlab.ui.text.markdown import plain

PALE = "opacity: 0.28; filter: grayscale(1)"
ONE_PER_ROW = 3  # up to so many inputs


def show(shown: PredictView, on: Combination | None) -> None:
    """A card per input: one in a row for two or three, two in a row for more."""
    modalities = shown.task.info.modalities
    off = [i for i, name in enumerate(modalities.names) if on is None or name not in on]
    st.html("<style>" + "".join(f".st-key-mm-input-{i} .mm-pair img {{ {PALE} }}" for i in off) + " </style>")
    with st.container(key="mm-inputs" if len(modalities) <= ONE_PER_ROW else "mm-inputs-two"):
        for i, modality in enumerate(modalities):
            with st.container(border=True, key=f"mm-input-{i}", gap="small"), page_frame.error_boundary():
                with st.container(horizontal=True, vertical_alignment="center", key=f"mm-head-{i}", gap="small"):
                    pickers.toggle(modality, shown.given, on)
                    if modality.name in shown.films:
                        _film(shown, modality)
                    if modality.name in shown.item.raw:
                        _more(shown, modality)
                _views(shown, modality)


def _film(shown: PredictView, modality: Modality) -> None:
    """What changes over time, frame by frame."""
    label = plain(modality.label)
    with st.popover(
        ":material/movie:", type="tertiary", help=f"{label}: frame by frame", key=f"mm-film-{modality.name}"
    ):
        frame_player.player(shown.films[modality.name], modality.label, f"film.{shown.task.name}.{modality.name}")


def _more(shown: PredictView, modality: Modality) -> None:
    """The sound, and the corruption of the input; nothing for an input that has neither."""
    name = modality.name
    if name not in shown.sounds and (hidden.is_hidden("damage") or not offered(shown.task, modality)):
        return
    hurt = next((damage for damage in shown.damages if damage.modality == name), None)
    button = _hurt(shown, modality, hurt) if hurt else ":material/tune:"
    what = say("listen, or corrupt it") if name in shown.sounds else say("corrupt it")
    with st.popover(button, type="tertiary", help=f"{plain(say(modality.label))}: {what}", key=f"mm-more-{name}"):
        if name in shown.sounds:
            st.audio(shown.sounds[name], format="audio/wav")
        pickers.damage_picker(shown.task, modality, shown.damages, shown.item)


def _hurt(shown: PredictView, modality: Modality, hurt: Damage) -> str:
    """The corruption of an input in a few words: `Background noise 3`, `Blanked 0.30–0.75`."""
    if modality.name not in shown.world.blanks:
        return f"{plain(label(modality.kind, hurt.kind))} {hurt.severity}"
    raw, stretch = shown.item.raw[modality.name], shown.world.blanks[modality.name].stretch
    return f"{say('Blanked')} {stretches.ends(stretches.axis_of(raw).timeline(raw), stretch)}"


def _views(shown: PredictView, modality: Modality) -> None:
    """What was recorded and what the model sees of it; why not, for an input that cannot be used."""
    name = modality.name
    if name in shown.world.problems:
        page_frame.show_error(shown.world.problems[name])
    if name not in shown.item.raw:
        st.caption(say("Not given: it counts as missing."))
        return
    st.html(shown.pictures[name])
    if name in shown.world.blanks:
        st.caption(stretches.in_words(shown.item.raw[name], shown.world.blanks[name].stretch))
    for note in shown.world.notes.get(name, ()) if shown.item.own else ():
        st.caption(page_frame.plain(note))
