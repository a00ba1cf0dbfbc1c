"""The slider of "During training": the lattice of scores and the maps of a sample, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from html import escape

import numpy as np
import streamlit as st

from mmlab.analysis.base.array_checks import Numbers
from mmlab.analysis.dominance.training_dynamics import TrainingDynamics
from mmlab.core.errors import CheckpointError
from mmlab.core.number_text import fixed
from mmlab.core.phrases import say
from mmlab.core.reference import Reference
from mmlab.core.task import Task
from mmlab.experiments.recorders.attribution_maps import Snapshots
from mmlab.ui.components import clickable_svg, map_check, page_frame
from mmlab.ui.pages.dominance import result_cache
from mmlab.ui.pages.dominance.modality_labels import Names
from mmlab.ui.session import cache, url_state
from mmlab.ui.text import wording
from mmlab.viz.dominance import epoch_bars
from mmlab.viz.explain import attribution_maps
from mmlab.viz.robustness import score_lattice


def lattice(found: TrainingDynamics, names: Names, at: int, key: str) -> None:
    """The scores of all combinations at one epoch, drawn to the scale of the whole training."""
    there = [place for place in range(len(found.keys)) if np.isfinite(found.scores[at, place])]
    if not there:
        st.caption(say("No combination was scored in this epoch."))
        return
    chosen = _chosen(found, there)
    finite = found.scores[np.isfinite(found.scores)]
    share = bool(finite.min() >= 0 and finite.max() <= 1)
    texts = {place: _text(float(found.scores[at, place]), share) for place in there}
    scored = [
        score_lattice.Scored(
            tuple(found.keys[place].split("-")),
            *(float(found.scores[at, place]),) * 3,
            texts[place],
            f"{names.label(found.keys[place])}: {texts[place]}",
        )
        for place in there
    ]
    span = epoch_bars.spread(finite.tolist())
    look = score_lattice.Frame(names.letters, names.colours, found.keys[chosen], True, share, span)
    title = say("The score of every combination in epoch {epoch}", epoch=at + 1)
    st.markdown(f"**{title}**", help=wording.help("scrubbed"))
    html = f'<div class="mm-scroll">{score_lattice.svg(scored, look, title)}</div>'
    clickable_svg.board(html, key=f"{key}.lattice", on_pick=lambda picked: url_state.put(node=picked))
    st.caption(_said(names.label(found.keys[chosen]), found.scores[:, chosen], at, share))


def _chosen(found: TrainingDynamics, there: list[int]) -> int:
    """The place of the combination that was picked; the largest there is otherwise."""
    wanted = url_state.get("node")
    picked = [place for place in there if found.keys[place] == wanted]
    return picked[0] if picked else max(there, key=lambda place: found.keys[place].count("-"))


def _text(value: float, share: bool) -> str:
    return f"{100 * value:.0f} %" if share else fixed(value, 2)


def _said(label: str, scores: Numbers, at: int, share: bool) -> str:
    """A combination in words: now, against the epoch before, and at its best."""
    best = int(np.nanargmax(scores))
    told = {
        "inputs": page_frame.plain(label),
        "score": _text(float(scores[at]), share),
        "epoch": at + 1,
        "best": best + 1,
        "highest": _text(float(scores[best]), share),
    }
    if not at or not np.isfinite(scores[at - 1]):
        return say("{inputs}: {score} in epoch {epoch}; highest in epoch {best} ({highest}).", **told)
    change = float(scores[at] - scores[at - 1])
    amount = fixed(change, 2, signed=True)
    if share:
        amount = say("{number} points", number=fixed(100 * change, 1, signed=True))
    return say(
        "{inputs}: {score} in epoch {epoch}, {change} against the epoch before; highest in epoch {best} ({highest}).",
        change=amount,
        **told,
    )


def maps(task: Task, reference: Reference, at: int, names: Names) -> None:
    """The maps of one gallery sample at the stored epoch that is nearest; a sentence where none were stored."""
    st.markdown(say("**Attribution during training**"), help=wording.help("snapshots"))
    try:
        found = result_cache.snapshots(reference, task.info.modalities.names)
    except CheckpointError as error:
        st.caption(page_frame.plain(str(error)))
        return
    sample = _sample(found)
    row, column = int(np.abs(found.epochs - at).argmin()), found.ids.index(sample)
    parts = {
        int(epoch): dict(zip(task.info.modalities.names, map(float, shares[column]), strict=True))
        for epoch, shares in zip(found.epochs, found.shares, strict=True)
    }
    html = epoch_bars.bars(parts, names.letters, names.labels, names.colours, int(found.epochs[row]))
    clickable_svg.board(html, key="dominance.stored", on_pick=lambda epoch: url_state.put(epoch=epoch))
    st.caption(_which(found, row, at))
    untested = say("The tests need the network of that epoch; see Faithfulness for the kept one.")
    st.html(map_check.light(map_check.UNCHECKED, untested))
    with page_frame.error_boundary():
        st.html(_overlays(task, sample, {name: each[row, column] for name, each in found.maps.items()}, parts, row))
        st.html(attribution_maps.legend())


def _sample(found: Snapshots) -> str:
    wanted = url_state.get("sample")
    chosen = wanted if wanted in found.ids else found.ids[0]
    st.selectbox(
        say("Sample"),
        found.ids,
        key=url_state.follow("dominance.snapshot", chosen),
        width=220,
        on_change=lambda: url_state.put(sample=st.session_state["dominance.snapshot"]),
    )
    return chosen


def _which(found: Snapshots, row: int, at: int) -> str:
    shown = int(found.epochs[row])
    said = say("Maps of epoch {epoch}.", epoch=shown + 1)
    if shown != at:
        said = say(
            "Maps of epoch {epoch}, the nearest to epoch {wanted} that was stored.", epoch=shown + 1, wanted=at + 1
        )
    bars = say(
        "Bars: the share of each input in |gradient × activation| of this sample; it grows with the size "
        "of a map. Press one to go there."
    )
    return f"{said} {bars}"


def _overlays(
    task: Task, sample: str, heats: Mapping[str, Numbers], parts: Mapping[int, Mapping[str, float]], row: int
) -> str:
    """One panel per input that the sample has."""
    world = cache.model_inputs(task.name, sample)
    now = list(parts.values())[row]
    panels = []
    for modality in task.info.modalities:
        if modality.name not in world.arrays:
            continue
        draw = partial(attribution_maps.overlay, modality.kind, world.arrays[modality.name])
        heat = heats[modality.name]
        label = say(modality.label)
        note = f"{escape(label)}: {wording.percent(now[modality.name])}"
        if not heat.any():
            note += f"; {escape(say('no place of it speaks for this'))}"
        whole = heat.shape[-1] == world.arrays[modality.name].shape[-1]  # a long text has fewer places in its map
        picture = draw(heat, label, words=world.words[modality.name] if whole else ())
        wide = ' class="mm-wide"' if world.words[modality.name] else ""
        panels.append(f"<figure{wide}>{picture}<figcaption>{note}</figcaption></figure>")
    return f'<div class="mm-panels">{"".join(panels)}</div>'
