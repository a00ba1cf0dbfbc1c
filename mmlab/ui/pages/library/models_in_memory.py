"""What the app holds in memory: which models, where, and how much."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from mmlab.core.group_name import several
from mmlab.core.phrases import say
from mmlab.inference.device import device, label
from mmlab.inference.memory import free_bytes
from mmlab.inference.model_pool import PooledModel
from mmlab.ui.components import page_frame
from mmlab.ui.session import cache


def show() -> None:
    """The models of all tasks and visitors, behind one line."""
    held = cache.pool().held
    with st.expander(say("In memory: {models}", models=several(len(held), "model"))):
        place = device()
        st.caption(say("{place}: {size} MB free.", place=label(place), size=f"{free_bytes(place) / 1e6:,.0f}"))
        if problem := cache.shared_answers().problem:
            st.caption(page_frame.plain(problem))
        for line in lines(held):
            st.markdown(page_frame.plain(line))


def lines(held: Sequence[PooledModel]) -> list[str]:
    """A line for each model, the last used first."""
    return [_line(each) for each in reversed(held)]


def _line(each: PooledModel) -> str:
    text = f"{each.reference.name}: {each.size / 1e6:.1f} MB, {label(each.place)}"
    return f"{text}, {say('in use')}" if each.is_used else text
