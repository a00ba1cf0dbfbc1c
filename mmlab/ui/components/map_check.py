"""Whether an attribution map can be trusted: a badge beside the map, and the sanity checks behind it.

>>> found = explainer_picker.maps(reference, looked, target, way)
>>> map_check.badge(reference, looked, target, way, found)

The tests (`analysis.attribution.faithfulness`) take seconds, so they run when somebody asks for them, here or under
Faithfulness on Dominance; until then the badge says that nothing was checked.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import partial
from html import escape

import streamlit as st
import torch

from mmlab.analysis.attribution.faithfulness import Faithfulness, faithfulness
from mmlab.analysis.attribution.registry import find
from mmlab.analysis.attribution.sanity_checks import RandomLabelModel
from mmlab.core.phrases import phrase, say
from mmlab.core.reference import Reference
from mmlab.core.results import Attribution
from mmlab.ui.components import background_task, page_frame
from mmlab.ui.components.background_task import ProgressCallback
from mmlab.ui.components.sample_view import SampleView
from mmlab.ui.session import cache, url_state
from mmlab.ui.session.uploads import is_own
from mmlab.ui.text import language
from mmlab.viz.base import theme

ASKED = "mmlab.map_check"  # session: the map that somebody wants tested


@dataclass(frozen=True)
class Light:
    """What a result of the tests looks like: a colour, a mark that needs no colour, and a sentence."""

    colour: str
    mark: str
    sentence: str


LIGHTS = {
    "green": Light(theme.RIGHT, "✓", phrase("The map passes the tests")),
    "amber": Light("#B97A00", "!", phrase("The map passes some of the tests, or too few could be made")),
    "red": Light(theme.WRONG, "✗", phrase("Do not rely on this map")),
}
UNCHECKED = Light(theme.MUTED, "?", phrase("Not checked yet whether this map can be believed"))


def checked(
    reference: Reference,
    looked: SampleView,
    target: int,
    way: str,
    found: Attribution,
    rote: RandomLabelModel | None = None,
) -> Faithfulness:
    """The tests of the map of what is on, computed once, with a bar. Raises Stopped."""
    on = looked.on
    assert on is not None

    def make(tell: ProgressCallback) -> Faithfulness:
        with cache.pool().lend(reference) as model:
            tensors = {name: torch.from_numpy(array) for name, array in looked.world.arrays.items()}
            return faithfulness(model.method, tensors, on, found, find(way), tell=tell, rote=rote)

    key = _key(reference, looked, target, way, rote is not None)
    return background_task.run_cached(key, say("Covering and uncovering places"), make, private=is_own(looked.item.id))


def known(reference: Reference, looked: SampleView, target: int, way: str) -> Faithfulness | None:
    """The tests that were computed before, the stricter ones where there are both; None where there are none."""
    for strict in (True, False):
        key = _key(reference, looked, target, way, strict)
        found = background_task.looked_up(key, private=is_own(looked.item.id))
        if isinstance(found, Faithfulness):
            return found
    return None


def badge(reference: Reference, looked: SampleView, target: int, way: str, found: Attribution, key: str = "") -> None:
    """What the tests say of the map of what is on; a button that makes them where nobody did.

    key: tells several on one page apart.
    """
    asked = _key(reference, looked, target, way, False)
    done = known(reference, looked, target, way)
    with st.container(horizontal=True, vertical_alignment="center", key=f"mm-map-check{key and f'-{key}'}"):
        if done is None and st.session_state.get(ASKED) == asked:
            done = checked(reference, looked, target, way, found)
        shown = light(UNCHECKED) if done is None else light(LIGHTS[done.light], _counted(done))
        st.html(shown, width="content")
        if done is None:
            ask = partial(st.session_state.update, {ASKED: asked})
            st.button(say("Check this map"), key=f"map_check.ask{key}", on_click=ask)
        else:
            page_frame.page_link(
                "dominance", say("See the tests"), {**url_state.everything(), **_place(reference, looked)}
            )


def light(shown: Light, more: str = "") -> str:
    """A badge as HTML; more: what follows its sentence."""
    mark = f'<span style="--c:{shown.colour}" aria-hidden="true">{shown.mark}</span>'
    return f'<p class="mm-badge">{mark}<b>{escape(say(shown.sentence))}.</b> {escape(more)}</p>'


def _counted(done: Faithfulness) -> str:
    results = [check.passed for check in done.checks]
    held, failed, left = results.count(True), results.count(False), results.count(None)
    if left:
        return say("{held} hold, {failed} fail, {left} cannot be made here.", held=held, failed=failed, left=left)
    return say("{held} hold, {failed} fail.", held=held, failed=failed)


def _place(reference: Reference, looked: SampleView) -> dict[str, str]:
    return {"aspect": "maps", "lattice": reference.method, "sample": looked.item.id}


def _key(reference: Reference, looked: SampleView, target: int, way: str, strict: bool) -> Hashable:
    on = "" if looked.on is None else looked.on.key
    return ("faith", reference, looked.item.id, looked.corruptions, on, target, way, strict, language.current())
