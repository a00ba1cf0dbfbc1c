"""Cue conflict: one modality of one sample with another one of another sample, and which of the two is followed."""

from __future__ import annotations

from itertools import combinations as choose

import streamlit as st

from mmlab.analysis.dominance.cue_conflict import followed_when
from mmlab.core.reference import Reference
from mmlab.core.task import Task
from mmlab.ui.components import selection
from mmlab.ui.pages.dominance import result_cache
from mmlab.ui.session import cache, url_state
from mmlab.ui.text import wording
from mmlab.ui.text.markdown import plain
from mmlab.viz.dominance import cue_conflict


def show(task: Task, reference: Reference) -> None:
    """Who wins, as a matrix over the answers."""
    modalities = task.info.modalities
    pairs = ["-".join(pair) for pair in choose(modalities.names, 2)]
    wanted = url_state.get("clash")
    chosen = wanted if wanted in pairs else pairs[0]
    if len(pairs) > 1:
        st.segmented_control(
            "The two inputs",
            pairs,
            format_func=lambda key: plain(" against ".join(modalities[name].label for name in key.split("-"))),
            key=url_state.follow("dominance.clash", chosen),
            required=True,
            help=wording.help("clash"),
            on_change=lambda: url_state.put(clash=st.session_state["dominance.clash"]),
        )
    first, second = chosen.split("-")
    labels = (modalities[first].label, modalities[second].label)
    found = result_cache.clashes(reference, first, second, selection.names(cache.sweep(reference).ids))
    other = max(0.0, 1 - found.share - found.other_share)
    st.markdown(
        f"**{plain(labels[0])}** is followed in **{wording.percent(found.share)}**, **{plain(labels[1])}** in "
        f"**{wording.percent(found.other_share)}** of {int(found.counts.sum()):,} cue conflicts; "
        f"{wording.percent(other)} end in something else."
    )
    if len(found.groups) > 1:
        st.html(cue_conflict.matrix(found.lead, found.wins, found.losses, found.counts, found.groups, labels))
    st.caption(followed_when(task.info.output, found.readable, found.samples))
