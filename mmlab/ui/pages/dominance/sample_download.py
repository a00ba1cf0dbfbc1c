"""The list of single samples as a CSV file: target, prediction, and the effect of each input, with its unit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

import numpy as np
import streamlit as st
import torch
from numpy.typing import NDArray

from mmlab.analysis.base.array_checks import Numbers
from mmlab.analysis.base.coalitions import Lattice
from mmlab.analysis.dominance.contributions import SAMPLE_KINDS
from mmlab.analysis.dominance.payoffs import Payoff
from mmlab.core import csv_file
from mmlab.core.phrases import say
from mmlab.core.reference import Reference
from mmlab.core.task import Task
from mmlab.ui.session import cache


def show(
    task: Task,
    reference: Reference,
    found: Lattice,
    shares: Numbers,
    kinds: NDArray[np.int8],
    rows: Sequence[int] | NDArray[np.int64],
    payoff: Payoff,
) -> None:
    """The button. shares: `[M, N]` Shapley values of the payoff; kinds: `[N]`; rows: of the list, in its order."""
    st.download_button(
        say("These samples (CSV)"),
        data=partial(as_csv, task, cache.title(reference.method), found, shares, kinds, rows, payoff),
        file_name=f"mmlab-samples-{reference.task}-{reference.method}.csv",
        mime="text/csv",
        on_click="ignore",
        key="dominance.samples.csv",
    )


def as_csv(
    task: Task,
    model: str,
    found: Lattice,
    shares: Numbers,
    kinds: NDArray[np.int8],
    rows: Sequence[int] | NDArray[np.int64],
    payoff: Payoff,
) -> str:
    """A row per sample. Regions have no truth that is one word, so that theirs stays empty."""
    output = task.info.output
    unit = {"share": "share of 1"}.get(payoff.unit, payoff.unit)
    header = ["sample", "right answer", "answer with every input", "kind"]
    header += [f"Shapley value of {each.label}" for each in task.info.modalities]

    def line(row: int) -> list[object]:
        said, truth = "", ""
        if output.keeps_logits:
            said = output.read(torch.from_numpy(found.logits[-1, row])).answer
            truth = output.in_words(found.target[row])
        return [
            found.ids[row],
            truth,
            said,
            SAMPLE_KINDS[kinds[row]],
            *(f"{value:.6g}" for value in shares[:, row]),
            unit,
        ]

    note = (
        f"{task.title}, {model}. Payoff: {payoff.title}, {payoff.about}. Nothing at all is answered with {found.rule}."
    )
    note += f" mmlab, {datetime.now(UTC).date().isoformat()}."
    return csv_file.as_csv([*header, "unit"], (line(int(row)) for row in rows), note=note)
