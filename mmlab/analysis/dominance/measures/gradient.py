"""Absolute gradient × activation: the share of each modality, for and against."""

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
    ranks = False
    title = "Absolute gradient × activation"
    symbol = "Σ|∂s/∂A · A|"
    question = "How much evidence for and against the right answer lies in this input?"
    about = (
        "The sum of |gradient × activation| where Grad-CAM looks, as a share of all inputs. It grows with the number "
        "of places that an input has there, so inputs of different size are not compared by it, and it has no say in "
        "the verdict: see the net effect and the Shapley values."
    )
    source = (
        "Shrikumar et al., Learning Important Features Through Propagating Activation Differences, ICML 2017; as a "
        "sign of dominance: Wang et al. (GMD), AAAI 2024"
    )

    def shares(self, probing: Probing) -> Numbers:
        """`[n, M]`, adding up to 1."""
        return probing.layer_shares.gradient
