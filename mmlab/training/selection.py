"""Checkpoint selection: one number, from the predictions on validation."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from mmlab.core.modality import Modalities
from mmlab.core.outputs import Output
from mmlab.core.phrases import phrase
from mmlab.core.results import Sweep
from mmlab.inference.sweep import mean_metrics
from mmlab.losses.common import sample_present

RULES = {
    "mean": phrase("the mean over all combinations"),
    "full": phrase("complete input"),
    "random_mask": phrase("one combination for each sample, drawn anew each epoch"),
}

LAST = phrase("the last epoch, whatever its score on validation")


def score(
    rule: str,
    found: Sweep,
    table: Mapping[str, Mapping[str, float]],
    output: Output,
    modalities: Modalities,
    generator: torch.Generator,
) -> float:
    """The score by which an epoch is selected, from its sweep and the metrics of each combination; NaN for none.

    `full` is the mean where no sample is complete; with `last` the mean is stated, and nothing is chosen by it.
    `random_mask` draws each sample's combination from what it has, as the released code of DMRNet and MMANet does when
    it selects (docs/methods.md 0.4).
    """
    if rule == "full" and modalities.full.key in table:
        return table[modalities.full.key][output.headline]
    if rule == "random_mask":
        present = sample_present(len(found.ids), len(modalities), generator, torch.from_numpy(found.present))
        places = {modalities.code(modalities.parse(key)): k for k, key in enumerate(found.combinations)}
        rows = np.array([places[code] for code in modalities.codes(present).tolist()])
        answers = found.logits[rows, np.arange(len(rows))]
        return float(output.metrics_of(answers, found.target, found.groups)[output.headline])
    return mean_metrics(table)[output.headline]
