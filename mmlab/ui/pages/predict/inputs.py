"""The inputs of a sample as compact cards: a switch, the recording beside the model's view, and behind a button the
sound and the corruptions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from mmlab.core.modality import Combination, Modalities, Modality
from mmlab.core.phrases import say
from mmlab.modalities import stretches
from mmlab.modalities.corruption import label, offered
from mmlab.ui.components import frame_player, page_frame, pickers
from mmlab.ui.pages.predict.view_data import PredictView
from mmlab.ui.session import hidden
from mmlab.ui.session.url_state import InputCorruption
from mmlab.ui.text.markdown import plain

PALE = "opacity: 0.4; filter: grayscale(1)"
ONE_PER_ROW = 3  # up to so many inputs


@dataclass(frozen=True)
class Card:
    """The places of one input: its row with the switch, and all of it."""

    modality: Modality
    head: DeltaGenerator
    body: DeltaGenerator


def cards(modalities: Modalities) -> tuple[Card, ...]:
    """A card per input: one in a row for two or three, two in a row for more."""
    found = []
    with st.container(key="mm-inputs" if len(modalities) <= ONE_PER_ROW else "mm-inputs-two"):
        for i, modality in enumerate(modalities):
            body = st.container(border=True, key=f"mm-input-{i}", gap="small")
            head = body.container(horizontal=True, vertical_alignment="center", key=f"mm-head-{i}", gap="small")
            found.append(Card(modality, head, body))
    return tuple(found)


def switches(shown: PredictView, on: Combination | None, places: Sequence[Card]) -> None:
    """What changes with a toggle: the switches themselves, and which inputs are pale."""
    off = [i for i, card in enumerate(places) if on is None or card.modality.name not in on]
    st.html("<style>" + "".join(f".st-key-mm-input-{i} .mm-pair img {{ {PALE} }}" for i in off) + " </style>")
    for card in places:
        with card.head, page_frame.error_boundary():
            pickers.toggle(card.modality, shown.given, on)


def fill(shown: PredictView, places: Sequence[Card]) -> None:
    """What does not: the pictures, and the buttons beside the switch."""
    for card in places:
        with card.body, page_frame.error_boundary():
            with card.head:
                if card.modality.name in shown.films:
                    _film(shown, card.modality)
                if card.modality.name in shown.item.raw:
                    _more(shown, card.modality)
            _views(shown, card.modality)


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
    hurt = next((corruption for corruption in shown.corruptions if corruption.modality == name), None)
    button = _hurt(shown, modality, hurt) if hurt else ":material/tune:"
    what = say("listen, or corrupt it") if name in shown.sounds else say("corrupt it")
    with st.popover(button, type="tertiary", help=f"{plain(say(modality.label))}: {what}", key=f"mm-more-{name}"):
        if name in shown.sounds:
            st.audio(shown.sounds[name], format="audio/wav")
        pickers.corruption_picker(shown.task, modality, shown.corruptions, shown.item)


def _hurt(shown: PredictView, modality: Modality, hurt: InputCorruption) -> str:
    """The corruption of an input in a few words: `Background noise 3`; of a blanked stretch its ends."""
    if modality.name not in shown.world.blanks:
        return f"{plain(label(modality.kind, hurt.kind))} {hurt.severity}"
    raw, stretch = shown.item.raw[modality.name], shown.world.blanks[modality.name].stretch
    return f":material/tune: {stretches.ends(stretches.axis_of(raw).timeline(raw), stretch)}"


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
