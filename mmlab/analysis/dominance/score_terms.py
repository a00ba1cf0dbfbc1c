"""Measures of one form: sums and differences of the scores of a few combinations, and a share for each sample."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mmlab.analysis.base.array_checks import Numbers
from mmlab.analysis.dominance.derivation import Arithmetic, named, quarters
from mmlab.analysis.dominance.measure import INSIDE, MODEL, Evidence, Measure
from mmlab.core.phrases import say

if TYPE_CHECKING:
    from mmlab.analysis.dominance.probing import Probing


class ScoreTerms(Measure):
    """A signed sum of the scores of combinations. rule: the formula in words."""

    rule: ClassVar[str]

    @abstractmethod
    def terms(self, full: int, modality: int) -> tuple[tuple[int, int], ...]:
        """A sign and the bit mask of a combination for each score; `full` is the mask of everything."""

    def values(self, evidence: Evidence) -> Numbers:
        """The measure from the scores of all combinations."""
        return self._of(evidence.scores[:, None], len(evidence.labels))[:, 0]

    def per_sample(self, evidence: Evidence) -> Numbers:
        """The measure of each sample, from the payoffs of its predictions."""
        return self._of(evidence.tables["right"], len(evidence.labels))

    def derivation(self, evidence: Evidence, modality: int) -> Arithmetic:
        """One line for each score."""
        full = len(evidence.scores) - 1
        lines = tuple(
            (say("everything") if mask == full else named(mask, evidence.labels), sign * float(evidence.scores[mask]))
            for sign, mask in self.terms(full, modality)
        )
        return Arithmetic(say(self.rule), (say("present before"), say("score")), lines, "sum")

    def _of(self, table: Numbers, count: int) -> Numbers:
        """`[2**M, N]` to `[M, N]`."""
        terms = (self.terms(len(table) - 1, modality) for modality in range(count))
        return np.stack([sum((sign * table[mask] for sign, mask in each), np.zeros_like(table[0])) for each in terms])


class LayerShares(Measure):
    """Shares that are read off the layers of a model, sample by sample."""

    family = INSIDE
    needs = MODEL

    @abstractmethod
    def shares(self, probing: Probing) -> Numbers:
        """`[n, M]`, adding up to 1 in each sample."""

    def values(self, evidence: Evidence) -> Numbers:
        """The means of the shares of the samples."""
        return self.per_sample(evidence).mean(1)

    def per_sample(self, evidence: Evidence) -> Numbers:
        """The share of each modality in each sample."""
        return evidence.probed(self.name)["shares"].T

    def derivation(self, evidence: Evidence, modality: int) -> Arithmetic:
        """The mean of the shares, by quarters of the samples."""
        return quarters(self.per_sample(evidence)[modality], evidence.labels[modality])

    def probe(self, probing: Probing) -> Mapping[str, NDArray[Any]]:
        """shares: `[n, M]`."""
        return {"shares": self.shares(probing)}
