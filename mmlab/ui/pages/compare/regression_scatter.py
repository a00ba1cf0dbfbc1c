"""Details of one cell of the Compare page for regression: each prediction against its target."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mmlab.analysis.embedding.projection import valid
from mmlab.core.errors import MmlabError
from mmlab.core.file_stamp import Stamp
from mmlab.core.outputs import Regression
from mmlab.storage import report_file, sweep_file
from mmlab.ui.components import figure_card, page_frame
from mmlab.ui.session import cache, comparison_cache
from mmlab.viz.compare import prediction_scatter


def show(output: Regression, folders: list[Path], key: str, label: str) -> bool:
    """The first seed's answers of one combination; whether there were any."""
    for folder in folders:
        try:
            pairs = _pairs(str(folder), comparison_cache.modified(folder), key)
        except MmlabError as error:
            page_frame.show_error(error, quiet=True)
            continue
        figure_card.show(prediction_scatter.figure(output, pairs, label), "compare.offsets")
        return True
    return False


@st.cache_data(show_spinner=False, max_entries=128)
def _pairs(folder: str, modified: Stamp, key: str) -> NDArray[np.float64]:
    """Answer and truth of each test sample that has the inputs of the combination, `[N, 2]`. Raises CheckpointError."""
    info = cache.task(Path(folder).parts[-3]).info
    found = sweep_file.read_whole(Path(folder), report_file.read(Path(folder)).get("digest", ""), info)
    row = found.index(key)
    there = valid(found)[row]
    return np.stack([found.logits[row, there, 0], found.target[there]], 1).astype(np.float64)
