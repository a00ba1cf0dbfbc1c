"""Gradient × activation: through which modality the score of the right answer flows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from mmlab.analysis.base.array_checks import Numbers
from mmlab.analysis.dominance.derivation import Arithmetic, quarters
from mmlab.analysis.dominance.measure import INSIDE, MEASURES, MODEL, Evidence, Measure

if TYPE_CHECKING:
    from mmlab.analysis.dominance.probing import Probing


@MEASURES.register("gradient")
class GradientActivation(Measure):
    """Shares of |gradient × activation| where Grad-CAM looks."""

    order = 100
    title = "Gradient × activation"
    symbol = "Σ|∂s/∂A · A|"
    question = "Through which input does the score of the right answer flow?"
    about = (
        "The sum of |gradient × activation| where Grad-CAM looks, as a share of all inputs. It does not change when a "
        "layer is scaled up and the next one down, which leaves the model as it is; gradients alone would."
    )
    source = (
        "Shrikumar et al., Learning Important Features Through Propagating Activation Differences, ICML 2017; as a "
        "sign of dominance: Wang et al. (GMD), AAAI 2024"
    )
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
        return {"shares": probing.layer_shares[0]}
