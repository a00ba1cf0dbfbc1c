"""Cue conflict: one modality of one sample with another one of another sample, and which of the two is followed."""

from __future__ import annotations

from itertools import combinations as choose

import streamlit as st

from mmlab.analysis.dominance.cue_conflict import followed_when
from mmlab.core.modality import Modalities
from mmlab.core.phrases import say
from mmlab.core.reference import Reference
from mmlab.core.task import Task
from mmlab.ui.components import selection
from mmlab.ui.pages.dominance import result_cache
from mmlab.ui.session import cache, url_state
from mmlab.ui.text import wording
from mmlab.ui.text.markdown import plain
from mmlab.viz.dominance import cue_conflict


def show(task: Task, reference: Reference) -> None:
    """Which input the prediction follows, as a matrix over the groups."""
    modalities = task.info.modalities
    pairs = ["-".join(pair) for pair in choose(modalities.names, 2)]
    wanted = url_state.get("clash")
    chosen = wanted if wanted in pairs else pairs[0]
    if len(pairs) > 1:
        st.segmented_control(
            say("The two inputs"),
            pairs,
            format_func=lambda key: plain(_pair(modalities, key)),
            key=url_state.follow("dominance.clash", chosen),
            required=True,
            help=wording.help("clash"),
            on_change=lambda: url_state.put(clash=st.session_state["dominance.clash"]),
        )
    first, second = chosen.split("-")
    labels = (say(modalities[first].label), say(modalities[second].label))
    found = result_cache.clashes(reference, first, second, selection.names(cache.sweep(reference).ids))
    other = max(0.0, 1 - found.share - found.other_share)
    st.markdown(
        say(
            "**{first}** is followed in **{share}**, **{second}** in **{other_share}** of {count} cue "
            "conflicts; {rest} end in something else.",
            first=plain(labels[0]),
            share=wording.percent(found.share),
            second=plain(labels[1]),
            other_share=wording.percent(found.other_share),
            count=f"{int(found.counts.sum()):,}",
            rest=wording.percent(other),
        )
    )
    if len(found.groups) > 1:
        groups = tuple(map(say, found.groups))
        st.html(cue_conflict.matrix(found.lead, found.wins, found.losses, found.counts, groups, labels))
    st.caption(followed_when(task.info.output, found.readable, found.samples))


def _pair(modalities: Modalities, key: str) -> str:
    first, second = (say(modalities[name].label) for name in key.split("-"))
    return say("{first} against {second}", first=first, second=second)
