"""Regression: each prediction against its target."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mmlab.core.outputs import Regression
from mmlab.core.phrases import say
from mmlab.viz.base import svg_chart, theme
from mmlab.viz.base.figure import Figure

MOST = 600  # dots that still can be told apart
SEED = 0


def figure(output: Regression, pairs: NDArray[np.float64], label: str) -> Figure:
    """Each answer against its truth, `pairs [N, 2]`; label: the inputs that are there."""
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
