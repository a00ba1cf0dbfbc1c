"""The table of Compare: the overall score of each method, with its seeds, its difference from the baseline and its
cost.
"""

from __future__ import annotations

import math

import streamlit as st

from mmlab.analysis.methods.seed_comparison import MEAN, WORST, Comparison, Row
from mmlab.core.number_text import NONE, p_value
from mmlab.core.phrases import say
from mmlab.ui.session import comparison_cache
from mmlab.viz.compare import score_table
from mmlab.viz.compare.method_tables import Scale
from mmlab.viz.compare.score_table import Head


def show(found: Comparison, by: str, base: str) -> None:
    """by: what the rows are sorted by, which is a column; base: what differences are taken to."""
    scores = Scale(found.is_share, False, found.higher_is_better)
    changes = Scale(found.is_share, True, found.higher_is_better)
    p = found.p_values(MEAN)
    single = by if by in found.combinations else ""
    heads = [Head(say("Method")), Head(say("Seeds"), say("Runs that were trained alike but for their random numbers."))]
    heads += [Head(comparison_cache.by_title(found.task, single), "", True)] if single else []
    heads += [
        Head(say("Mean ± SD"), say("Over all combinations; standard deviation over seeds."), by == MEAN),
        Head(say("Worst"), say("The worst combination of the mean over seeds."), by == WORST),
        Head(say("Difference to {model}", model=base), say("Of the mean, paired by seed, with its 95 % interval.")),
        Head("p (Holm)", say("That it is chance of the seed only, corrected for the number of methods.")),
        Head(say("Parameters"), say("Numbers that were trained.")),
        Head(say("Minutes"), say("Training time of one run, on the machine where it ran.")),
    ]

    def cells(row: Row) -> list[str]:
        spread = f" ± {scores.text(row.mean_spread)}" if math.isfinite(row.mean_spread) else ""
        own = [scores.text(float(row.score[found.combinations.index(single)]))] if single else []
        return [
            row.title,
            str(row.seeds),
            *own,
            f"{scores.text(row.mean)}{spread}",
            scores.text(row.worst),
            _difference(row, changes),
            NONE if math.isnan(p[row.name]) else p_value(p[row.name]),
            f"{row.parameters:,}",
            f"{row.minutes:.1f}",
        ]

    st.html(score_table.table(heads, [cells(row) for row in found.rows]))


def _difference(row: Row, scale: Scale) -> str:
    if row.difference is None:
        return NONE
    mean, low, high = row.difference
    return scale.text(mean) + (f" [{scale.text(low)}, {scale.text(high)}]" if math.isfinite(low) else "")
