"""GMD: the share of conflicting pairs per epoch."""

from __future__ import annotations

from mmlab.analysis.methods import training_log
from mmlab.ui.pages.methods.evidence_views import Shown, Source, evidence_view
from mmlab.viz.base import theme
from mmlab.viz.methods import evidence_figures


@evidence_view("conflicts", "Gradient conflict during training")
def conflicts(source: Source, choice: str) -> Shown:
    """GMD: the share of conflicting pairs per epoch."""
    log = training_log.conflict_log(source.rows, source.task.info.modalities)
    lines = {"before": 100 * log.share, "after": 100 * log.share_after}
    first, last = lines["before"][0], lines["before"][-1]
    return Shown(
        "Share of conflicting pairs of combinations: **a line that rises before projection means that the losses "
        f"conflict more and more**; it goes from {first:.1f} % to {last:.1f} % here, "
        f"{log.where}.",
        {
            "": evidence_figures.curves(
                log.epochs, lines, {"before": theme.WRONG, "after": theme.ACCENT}, "% of the pairs"
            )
        },
        {"epoch": (log.epochs + 1).tolist(), "before": log.share.tolist(), "after": log.share_after.tolist()},
    )
