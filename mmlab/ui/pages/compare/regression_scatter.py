"""One cell of the Compare page looked into, where answers are numbers: each answer against its truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mmlab.analysis.embedding.projection import valid
from mmlab.core.errors import MmlabError
from mmlab.core.file_stamp import Stamp
from mmlab.core.outputs import Regression
from mmlab.core.phrases import say
from mmlab.storage import report_file, sweep_file
from mmlab.ui.components import figure_card, page_frame
from mmlab.ui.session import cache, comparison_cache
from mmlab.viz.base import svg_chart, theme
from mmlab.viz.base.figure import Figure

MOST = 600  # dots that still can be told apart
SEED = 0


def show(output: Regression, folders: list[Path], key: str, label: str) -> bool:
    """The first seed's answers of one combination; whether there were any."""
    for folder in folders:
        try:
            pairs = _pairs(str(folder), comparison_cache.modified(folder), key)
        except MmlabError as error:
            page_frame.show_error(error, quiet=True)
            continue
        figure_card.show(_figure(output, pairs, label), "compare.offsets")
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


def _figure(output: Regression, pairs: NDArray[np.float64], label: str) -> Figure:
    title = say("Prediction against truth, {inputs}", inputs=label)
    drawn = svg_chart.Plot(title, _axis(say("truth"), output), _axis(say("answer"), output))
    drawn.line([output.low, output.high], [output.low, output.high], theme.MUTED, say("prediction = truth"), 1)
    shown = pairs
    if len(pairs) > MOST:
        shown = pairs[np.random.default_rng(SEED).choice(len(pairs), MOST, replace=False)]
    for answer, truth in shown.tolist():
        right = output.above(answer) == output.above(truth)
        note = say("truth {truth}, prediction {answer}", truth=output.words(truth), answer=output.words(answer))
        held = min(max(answer, output.low), output.high)
        drawn.dot(truth, held, theme.RIGHT if right else theme.WRONG, note, 2.6, hollow=not right)
    off = pairs[:, 0] - pairs[:, 1]
    told = {"number": output.words(abs(float(off.mean()))).lstrip("+"), "middle": f"{output.middle:g}"}
    if off.mean() > 0:
        lean = say("On average {number} too high; rings lie on the wrong side of {middle}.", **told)
    else:
        lean = say("On average {number} too low; rings lie on the wrong side of {middle}.", **told)
    count = f"{len(pairs):,}"
    drawn_count = say("Test samples: {count}, {drawn} of them drawn.", count=count, drawn=MOST)
    about = f"{drawn_count if len(pairs) > MOST else say('Test samples: {count}.', count=count)} {lean}"
    rows = [(float(truth), float(answer)) for answer, truth in pairs]
    return Figure("offsets", title, drawn.svg, ("truth", "answer"), rows, about)


def _axis(label: str, output: Regression) -> svg_chart.Axis:
    return svg_chart.Axis(label, output.low, output.high, svg_chart.plain)
