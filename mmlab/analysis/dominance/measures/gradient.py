"""Gradient × activation: through which modality the score of the right answer flows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmlab.analysis.base.array_checks import Numbers
from mmlab.analysis.dominance.measure import MEASURES
from mmlab.analysis.dominance.score_terms import LayerShares

if TYPE_CHECKING:
    from mmlab.analysis.dominance.probing import Probing


@MEASURES.register("gradient")
class GradientActivation(LayerShares):
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

    def shares(self, probing: Probing) -> Numbers:
        """`[n, M]`, adding up to 1."""
        return probing.layer_shares[0]
