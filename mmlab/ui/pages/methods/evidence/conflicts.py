"""GMD: the share of conflicting pairs per epoch."""

from __future__ import annotations

from mmlab.analysis.methods import training_log
from mmlab.core.phrases import phrase, say
from mmlab.ui.pages.methods.evidence_views import Shown, Source, evidence_view
from mmlab.viz.base import theme
from mmlab.viz.methods import evidence_figures


@evidence_view("conflicts", phrase("Gradient conflict during training"))
def conflicts(source: Source, choice: str) -> Shown:
    """GMD: the share of conflicting pairs per epoch."""
    log = training_log.conflict_log(source.rows, source.task.info.modalities)
    before, after = say("before"), say("after")
    lines = {before: 100 * log.share, after: 100 * log.share_after}
    first, last = lines[before][0], lines[before][-1]
    return Shown(
        say(
            "Share of conflicting pairs of combinations: **a line that rises before projection means that the losses "
            "conflict more and more**; it goes from {first} % to {last} % here, {parameters}.",
            first=f"{first:.1f}",
            last=f"{last:.1f}",
            parameters=say(log.where),
        ),
        {
            "": evidence_figures.curves(
                log.epochs, lines, {before: theme.WRONG, after: theme.ACCENT}, say("% of the pairs")
            )
        },
        {"epoch": (log.epochs + 1).tolist(), "before": log.share.tolist(), "after": log.share_after.tolist()},
    )
