"""The discrepancy ratio of OGM-GE: how much more confident of the right class one modality alone is than the others
alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from mmlab.analysis.base.array_checks import Numbers, modality_count
from mmlab.analysis.base.coalitions import log_probability_of_right
from mmlab.analysis.dominance.derivation import Arithmetic
from mmlab.analysis.dominance.measure import ALONE, MEASURES, RATIO, Evidence, Measure, Undefined
from mmlab.core.phrases import say


def discrepancy_ratio(logits: ArrayLike, labels: ArrayLike) -> Numbers:
    """How much surer of the right class each modality alone is than the others alone: `[2**M, N, C]` to `[M]`.

    Sums of probabilities as ratios, averaged over the other modalities; 1 is balance. The variant on combinations:
    the paper reads the scores from the weights of a linear head.
    Source: Peng et al., Balanced Multimodal Learning via On-the-fly Gradient Modulation, CVPR 2022.
    """
    chances = np.exp(log_probability_of_right(logits, labels)).sum(1)
    alone = chances[2 ** np.arange(modality_count(chances))]
    if len(alone) < 2:
        raise ValueError("A ratio between modalities needs at least two of them.")
    if alone.min() == 0:
        raise ValueError("One modality alone gives the right class no chance at all, so no ratio to it exists.")
    ratios = alone[:, None] / alone
    return (ratios.sum(1) - 1) / (len(alone) - 1)


@MEASURES.register("discrepancy")
class DiscrepancyRatio(Measure):
    """Sums of probabilities as ratios to each other modality."""

    order = 80
    title = "Discrepancy ratio (OGM-GE)"
    symbol = "ρₘ"
    question = "How much surer of the right answer is this input alone than the others alone?"
    about = (
        "The sum of its probabilities for the right answers divided by that of each other input, averaged; 1 is "
        "balance. The paper reads them from the weights of a linear head."
    )
    source = "Peng et al., Balanced Multimodal Learning via On-the-fly Gradient Modulation (OGM-GE), CVPR 2022"
    family = ALONE
    unit = RATIO

    def values(self, evidence: Evidence) -> Numbers:
        """Undefined for answers without a probability, and where one modality gives the right class no chance."""
        if evidence.output.lacks_classes:
            raise Undefined(f"{evidence.output.lacks_classes}, so there is no ratio of probabilities.")
        try:
            return discrepancy_ratio(evidence.lattice.logits, evidence.lattice.target.astype(np.int64))
        except ValueError as error:
            raise Undefined(str(error)) from error

    def derivation(self, evidence: Evidence, modality: int) -> Arithmetic:
        """One ratio for each other modality."""
        logits, target, labels = evidence.lattice.logits, evidence.lattice.target.astype(np.int64), evidence.labels
        chances = np.exp(log_probability_of_right(logits, target)).sum(1)
        own = float(chances[2**modality])
        lines = [
            (f"{labels[modality]} : {label}", own, float(chances[2**m]), own / float(chances[2**m]))
            for m, label in enumerate(labels)
            if m != modality
        ]
        head = (say("alone against alone"), say("sum of its probabilities"), say("sum of the other's"), say("ratio"))
        return Arithmetic(say("The ratio to each other input, averaged"), head, tuple(lines), "mean")
