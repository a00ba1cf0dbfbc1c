"""The perceptual score: the drop in score when a modality comes from another sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmlab.analysis.base.array_checks import Numbers, finite
from mmlab.analysis.dominance.derivation import Arithmetic
from mmlab.analysis.dominance.measure import MEASURES, MODEL, SWAPPED, Evidence, Measure, Truth
from mmlab.core.phrases import say

if TYPE_CHECKING:
    from mmlab.analysis.dominance.probing import Probing


def perceptual_score(score: float, permuted: ArrayLike, *, relative: bool = False) -> Numbers:
    """What is lost when a modality comes from another sample, `[M]`, from scores with it permuted, `[M, P]` draws.

    `relative` divides by the score on the data as they are. Raises ValueError where that is 0.
    Source: Gat et al., Perceptual Score: What Data Modalities Does Your Model Perceive?, NeurIPS 2021.
    """
    lost = float(finite(score, "score", 0)) - finite(permuted, "permuted", 2).mean(1)
    if relative and score == 0:
        raise ValueError("The score is 0, so no loss can be relative to it.")
    return lost / score if relative else lost


@MEASURES.register("perceptual")
class PerceptualScore(Measure):
    """The score − the score with one modality permuted."""

    order = 90
    title = "Perceptual score"
    symbol = "Pₘ"
    question = "What is lost when this input comes from another sample?"
    about = (
        "The score less the score with this input permuted across samples, averaged over permutations: wrong evidence "
        "in the place of none."
    )
    source = "Gat et al., Perceptual Score: What Data Modalities Does Your Model Perceive?, NeurIPS 2021"
    family = SWAPPED
    needs = MODEL
    truths = (
        Truth("unique", (0.5, 0), 0.08, "The left of another sample is right half of the time."),
        Truth("synergy", (0.5, 0.5), 0.08, "Half of the swaps change the label."),
        Truth("collapsed", (0.5, 0), 0.08, "The right of another sample goes unnoticed."),
    )

    def values(self, evidence: Evidence) -> Numbers:
        """Means over the draws."""
        found = evidence.probed(self.name)
        return perceptual_score(float(found["own"].mean()), found["permuted"])

    def derivation(self, evidence: Evidence, modality: int) -> Arithmetic:
        """The score, and what was left of it in each permutation."""
        found = evidence.probed(self.name)
        score = float(found["own"].mean())
        lines = tuple(
            (say("permutation {number}", number=n + 1), score, float(value), score - float(value))
            for n, value in enumerate(found["permuted"][modality])
        )
        others = say("{input} of others", input=evidence.labels[modality])
        head = (say("draw"), say("as it is"), others, say("lost"))
        rule = say("The score − the score with this input permuted, averaged over permutations")
        return Arithmetic(rule, head, lines, "mean")

    def probe(self, probing: Probing) -> Mapping[str, NDArray[Any]]:
        """own: `[n]`, what each answer to complete input is worth; permuted: `[M, P]`, the mean of that per draw."""
        own = probing.worth(probing.swapper.answers(probing.straight), probing.target)
        permuted = np.empty(probing.permutations.shape[:2])
        for modality, draw in np.ndindex(*permuted.shape):
            rows = probing.straight.copy()
            rows[:, modality] = probing.permutations[modality, draw]
            permuted[modality, draw] = probing.worth(probing.swapper.answers(rows), probing.target).mean()
        return {"own": own, "permuted": permuted}
