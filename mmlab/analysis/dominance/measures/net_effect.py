"""Net gradient × activation: how much a modality changes the score of the right class, positive minus negative."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmlab.analysis.base.array_checks import Numbers
from mmlab.analysis.dominance.measure import MEASURES
from mmlab.analysis.dominance.score_terms import LayerShares

if TYPE_CHECKING:
    from mmlab.analysis.dominance.probing import Probing


@MEASURES.register("net")
class NetEffect(LayerShares):
    """Shares of |Σ gradient × activation| where Grad-CAM looks."""

    order = 105
    title = "Net gradient × activation"
    symbol = "|Σ ∂s/∂A · A|"
    question = "How much does this input move the score of the right answer, for less against?"
    about = (
        "The sum of gradient × activation where Grad-CAM looks, with its signs, as a share of all inputs without the "
        "sign of each. What speaks for and against the answer cancels, so that the number of places does not count, "
        "and neither scaling a layer nor mixing its channels, undone in the next layer, changes it."
    )
    source = (
        "Shrikumar et al., Learning Important Features Through Propagating Activation Differences, ICML 2017; the sum "
        "over a whole layer is ours"
    )

    def shares(self, probing: Probing) -> Numbers:
        """`[n, M]`, adding up to 1."""
        return probing.layer_shares.net
