"""Grad-CAM mass: the share of the attribution map in each modality."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmlab.analysis.base.array_checks import Numbers
from mmlab.analysis.dominance.measure import MEASURES
from mmlab.analysis.dominance.score_terms import LayerShares

if TYPE_CHECKING:
    from mmlab.analysis.dominance.probing import Probing


@MEASURES.register("cam")
class CamMass(LayerShares):
    """Shares of the positive Grad-CAM map."""

    order = 110
    ranks = False
    title = "Grad-CAM mass"
    symbol = "Σ ReLU(Lₘ)"
    question = "How much of the attribution map lies in this input?"
    about = (
        "The sum of the positive Grad-CAM map, as a share of all inputs. It grows with the size of a map, so it has no "
        "say in the verdict."
    )
    source = "Selvaraju et al., Grad-CAM, ICCV 2017"

    def shares(self, probing: Probing) -> Numbers:
        """`[n, M]`, adding up to 1."""
        return probing.layer_shares.cam
