"""The path of the sample on the Bench through each model's stored map. The full map is on Embed."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from mmlab.core.modality import Combination
from mmlab.core.phrases import say
from mmlab.core.reference import Reference
from mmlab.ui.components import page_frame, plotly_figure
from mmlab.ui.pages.embed import sample_path, view_data
from mmlab.ui.pages.predict.view_data import PredictView
from mmlab.ui.session import cache
from mmlab.ui.text import wording
from mmlab.ui.text.markdown import plain


def show(shown: PredictView, on: Combination, references: Sequence[Reference]) -> None:
    """A column per model that has answers."""
    plotly_figure.preload()
    working = tuple(each for each in references if each.method in shown.working)
    for column, reference in zip(st.columns(len(working), gap="medium"), working, strict=True):
        with column, page_frame.error_boundary():
            view = view_data.usual(shown.task, working, reference, shown.item.id)
            title = plain(cache.title(reference.method))
            st.markdown(f"**{title}**, {view_data.picture_title(view.picture)}", help=wording.help("path"))
            path = sample_path.find(view)
            if path is not None:
                sample_path.draw(view, path, f"bench.path.{reference.method}", 380)
    st.caption(
        say(
            "The grey dots are all test samples under all combinations. The thick line leads from all "
            "inputs to what is on."
        )
    )
