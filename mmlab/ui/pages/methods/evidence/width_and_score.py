"""DMRNet: does a wider cloud mean a worse combination (docs/methods.md 1.7c)?"""

from __future__ import annotations

import numpy as np

from mmlab.analysis.methods import method_evidence, training_log
from mmlab.core.errors import CheckpointError
from mmlab.core.phrases import phrase, say
from mmlab.ui.pages.methods.evidence_views import Shown, Source, evidence_view
from mmlab.ui.text import wording
from mmlab.viz.methods import evidence_figures


@evidence_view("width_and_score", phrase("Variance and score by combination"))
def width_and_score(source: Source, choice: str) -> Shown:
    """DMRNet: does a wider cloud mean a worse combination (docs/methods.md 1.7c)?"""
    info = source.task.info
    found = method_evidence.spread_against_score(source.sweep, info.output, info.modalities)
    mined = training_log.spread_log(source.rows).mined if _has_log(source) else ()
    names = [source.letters(key) for key in found.combinations]
    expected = say(
        "If wide clouds were the weak combinations, as the paper's choice of hard ones assumes, **the dots would rise "
        "to the top right (order +1)**."
    )
    if info.output.higher_is_better:
        expected = say(
            "If wide clouds were the weak combinations, as the paper's choice of hard ones assumes, **the dots would "
            "fall from the top left to the bottom right (order −1)**."
        )
    told = [expected, _order_here(found.correlation), say("Diamonds were chosen as hard."), *_when_chosen(source)]
    return Shown(
        " ".join(told),
        {
            "": evidence_figures.dots(
                found.variance,
                found.score,
                names,
                (say("mean variance on test samples"), wording.metric(found.metric)),
                [source.letters(key) for key in mined],
            )
        },
        {
            "combination": found.combinations,
            "variance": found.variance.tolist(),
            found.metric: found.score.tolist(),
        },
    )


def _order_here(correlation: float) -> str:
    if np.isnan(correlation):
        return say("There is no order here (–), since all combinations have the same score or the same variance.")
    return say("The order here is {order}.", order=wording.correlation(correlation))


def _when_chosen(source: Source) -> list[str]:
    """What the miner saw, where the log says it: the order at the end may be another one."""
    output = source.task.info.output
    try:
        then = training_log.miner_log(source.rows, output.headline, output.higher_is_better)
    except (CheckpointError, LookupError):
        return []
    if np.isnan(then.size):
        return []
    score = then.score if output.higher_is_better else -then.score
    told = [
        say(
            "When they were chosen, by the variance during warm-up, the order was {order}, and variance went with the "
            "number of inputs at {size}.",
            order=wording.correlation(score),
            size=wording.correlation(then.size),
        )
    ]
    if then.size > 0.5:
        told.append(say("A missing input is a block of zeros, from which the variance varies less."))
    return [*told, say("Later that may turn round.")]


def _has_log(source: Source) -> bool:
    try:
        return bool(source.rows[-1]["variance"])
    except (CheckpointError, LookupError):
        return False
