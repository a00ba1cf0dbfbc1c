"""Gradient conflict: two gradients as arrows to drag, rotate and stretch, their sum, and what GMD leaves of them."""

from __future__ import annotations

import math
import re

import numpy as np
import streamlit as st

from mmlab.analysis.dominance.gradient_conflict import GradientPair, degrees_of, gradient_pair
from mmlab.core.number_text import fixed
from mmlab.core.phrases import say
from mmlab.core.reference import Reference
from mmlab.core.spans import divisor
from mmlab.core.task import Task
from mmlab.ui.components import draggable_arrows, page_frame, pickers, run_picker
from mmlab.ui.pages.dominance import result_cache
from mmlab.ui.session import cache, url_state
from mmlab.ui.text.markdown import plain
from mmlab.viz.dominance import gradient_arrows

FORM = re.compile(r"(\d{1,3}):(\d\.\d):(\d\.\d)")
USUAL = (135, 1.0, 2.0)
LONGEST = 3.0
NAMED = ("first", "second", "total", "first_kept", "second_kept", "kept")
TURN = "sandbox.turn"  # how the drawing lies: degrees of the first arrow, and on which side of it the second is


def show() -> None:
    """Sliders, the drawing, the formula with its numbers."""
    labels = (say("first"), say("second"))
    task = pickers.current_task()
    reference = _model(task)
    if reference is not None:
        model = plain(cache.title(reference.method))
        whose = say("Use those of {model}, {task}", model=model, task=plain(pickers.task_title(task.name)))
        if st.toggle(whose, key="sandbox.real"):
            with page_frame.error_boundary():
                labels = _real(task, reference)
    degrees, one, other = _read()
    left, right = st.columns([4, 5], gap="large")
    with left:
        _slider(say("Angle between them, degrees"), 0, 180, degrees, 1, "angle")
        _slider(say("Length: {arrow}", arrow=plain(labels[0])), 0.1, LONGEST, one, 0.1, "one")
        _slider(say("Length: {arrow}", arrow=plain(labels[1])), 0.1, LONGEST, other, 0.1, "other")
        found = gradient_pair(one, other, degrees)
        shown = _turned(found)
        _formula(found, shown, labels)
    with right:
        alt = say(
            "Two arrows at {degrees} degrees, of lengths {one} and {other}, and their sums",
            degrees=degrees,
            one=f"{one:.1f}",
            other=f"{other:.1f}",
        )
        html = gradient_arrows.drawing(shown, labels, found.conflict, alt) + gradient_arrows.legend(
            labels, found.conflict
        )
        draggable_arrows.arrows(html, "sandbox.arrows", LONGEST, _moved)
        st.caption(say("Drag the heads of the two arrows, or use the sliders."))
        st.markdown(_said(found, labels))


def _model(task: Task) -> Reference | None:
    """The model of the address, or the usual one; None where there is none."""
    there = {each.reference.method: each.reference for each in run_picker.entries(task.name) if not each.problem}
    wanted = (url_state.get("lattice"), "joint", next(iter(there), ""))
    return next((there[name] for name in wanted if name in there), None)


def _read() -> tuple[int, float, float]:
    """Angle and lengths of the address."""
    match = FORM.fullmatch(url_state.get("arrows"))
    if not match:
        return USUAL
    degrees, one, other = int(match[1]), float(match[2]), float(match[3])
    return min(degrees, 180), min(max(one, 0.1), LONGEST), min(max(other, 0.1), LONGEST)


def _slider(label: str, low: float, high: float, value: float, step: float, name: str) -> None:
    st.slider(label, low, high, key=url_state.follow(f"sandbox.arrows.{name}", value), step=step, on_change=_keep)


def _keep() -> None:
    degrees, one, other = (st.session_state[f"sandbox.arrows.{name}"] for name in ("angle", "one", "other"))
    url_state.put(arrows=f"{int(degrees)}:{one:.1f}:{other:.1f}")


def _moved(first: draggable_arrows.Pair, second: draggable_arrows.Pair) -> None:
    """Take over arrows that were dragged: lengths and angle into the address, how they lie into the session."""
    turn = math.degrees(math.atan2(first[1], first[0]))
    between = math.degrees(math.atan2(second[1], second[0])) - turn
    between = (between + 180) % 360 - 180
    st.session_state[TURN] = (turn, -1 if between < 0 else 1)
    lengths = (min(max(math.hypot(*each), 0.1), LONGEST) for each in (first, second))
    url_state.put(arrows=":".join((str(round(abs(between))), *(f"{length:.1f}" for length in lengths))))


def _turned(found: GradientPair) -> dict[str, np.ndarray]:
    """The arrows as they were left lying: the first along x, the second above it, until somebody drags them."""
    turn, side = st.session_state.get(TURN, (0.0, 1))
    cosine, sine = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    plane = np.array([[cosine, -sine], [sine, cosine]]) @ np.diag([1.0, float(side)])
    return {name: plane @ getattr(found, name) for name in NAMED}


def _real(task: Task, reference: Reference) -> tuple[str, str]:
    """Two combinations whose gradients are taken over; the longer one gets the length 2."""
    modalities = task.info.modalities
    found = result_cache.gradients(reference)
    row, column = np.unravel_index(int(np.argmin(found.cosines)), found.cosines.shape)
    with st.container(horizontal=True, vertical_alignment="bottom", key="mm-real"):
        chosen = [
            st.selectbox(
                title,
                range(len(found.keys)),
                index=int(index),
                format_func=lambda k: modalities.parse(found.keys[k]).label,
                key=f"sandbox.real.{reference.task}.{place}",
                width=220,
            )
            for place, (title, index) in enumerate(((say("One combination"), row), (say("Another"), column)))
        ]
        lengths = found.lengths[chosen]
        scale = 2 / divisor(float(lengths.max()))
        degrees = round(degrees_of(float(found.cosines[chosen[0], chosen[1]])))
        values = f"{degrees}:{max(lengths[0] * scale, 0.1):.1f}:{max(lengths[1] * scale, 0.1):.1f}"
        st.button(say("Use these"), on_click=lambda: url_state.put(arrows=values), key="sandbox.take")
    st.caption(
        say(
            "Measured on the stored model: {degrees} degrees, lengths {one} and {other}, on the parameters that "
            "combinations share. Drawn are lengths with the longer one at 2.",
            degrees=degrees,
            one=f"{lengths[0]:.3g}",
            other=f"{lengths[1]:.3g}",
        )
    )
    letters = pickers.letters(modalities)
    short = ["".join(letters[name] for name in found.keys[k].split("-")) for k in chosen]
    return short[0], short[1]


def _formula(found: GradientPair, shown: dict[str, np.ndarray], labels: tuple[str, str]) -> None:
    first, second = (math.hypot(*shown[name]) for name in ("first", "second"))
    dot = float(shown["first"] @ shown["second"])
    lines = [rf"g_1 \cdot g_2 = {first:.2f} \cdot {second:.2f} \cdot {_latex(found.cosine)} = {_latex(dot)}"]
    if found.conflict:
        lines.append(_given_up(1, shown["first"], shown["second"], shown["first_kept"]))
        lines.append(_given_up(2, shown["second"], shown["first"], shown["second_kept"]))
    else:
        lines.append(r"g_1 \cdot g_2 \ge 0 \Rightarrow g_1' = g_1,\ g_2' = g_2")
    for line in lines:
        st.latex(line)
    st.caption(
        say(
            "1 is {one}, 2 is {other}. GMD, Eq. 8 (Wang et al., AAAI 2024): the code that trains it draws this.",
            one=plain(labels[0]),
            other=plain(labels[1]),
        )
    )


def _given_up(index: int, own: np.ndarray, other: np.ndarray, left: np.ndarray) -> str:
    """What one of the two gives up, as a formula and with the numbers filled in."""
    rival = 3 - index
    factor = float(own @ other) / float(other @ other)
    return (
        rf"\begin{{aligned}} g_{index}' &= g_{index} - \frac{{g_1 \cdot g_2}}{{|g_{rival}|^2}}\, g_{rival} \\ "
        rf"&= {_vector(own)} - ({factor:.2f})\,{_vector(other)} \\ &= {_vector(left)} \end{{aligned}}"
    )


def _vector(value: np.ndarray) -> str:
    return f"({_latex(value[0])}, {_latex(value[1])})"


def _latex(value: float) -> str:
    return fixed(value, 2, minus="-")


def _said(found: GradientPair, labels: tuple[str, str]) -> str:
    before = ", ".join(f"{label} {fixed(each, 2, signed=True)}" for label, each in zip(labels, found.pull, strict=True))
    if not found.conflict:
        return say(
            "They do not conflict, so neither is projected. The sum agrees with both (cosine: {before}).", before=before
        )
    after = ", ".join(
        f"{label} {fixed(each, 2, signed=True)}" for label, each in zip(labels, found.pull_kept, strict=True)
    )
    worse = min(found.pull)
    lost = labels[found.pull.index(worse)]
    verdict = say("The plain sum still helps both.")
    if worse < 0:
        verdict = say("A step along the plain sum **works against {arrow}**.", arrow=lost)
    return say(
        "How far the sum agrees with each (cosine): {before}. {verdict} After projection: {after}.",
        before=before,
        verdict=verdict,
        after=after,
    )
