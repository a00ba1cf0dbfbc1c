"""Grad-CAM mass: how much of the map of where the model looks lies in each modality."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from mmlab.analysis.base.array_checks import Numbers
from mmlab.analysis.dominance.derivation import Arithmetic, quarters
from mmlab.analysis.dominance.measure import INSIDE, MEASURES, MODEL, Evidence, Measure

if TYPE_CHECKING:
    from mmlab.analysis.dominance.probing import Probing


@MEASURES.register("cam")
class CamMass(Measure):
    """Shares of the positive Grad-CAM map."""

    order = 110
    title = "Grad-CAM mass"
    symbol = "Σ ReLU(Lₘ)"
    question = "How much of the attribution map lies in this input?"
    about = "The sum of the positive Grad-CAM map, as a share of all inputs."
    source = "Selvaraju et al., Grad-CAM, ICCV 2017"
    family = INSIDE
    needs = MODEL

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
        """shares: `[n, M]`, adding up to 1."""
        return {"shares": probing.layer_shares[1]}
