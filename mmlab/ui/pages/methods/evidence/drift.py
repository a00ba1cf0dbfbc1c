"""MMANet: accumulated divergence of the candidates, and the mined set (docs/methods.md 5.3)."""

from __future__ import annotations

from mmlab.analysis.methods import training_log
from mmlab.core.phrases import phrase, say
from mmlab.ui.pages.methods.evidence_views import Shown, Source, evidence_view, palette
from mmlab.ui.text.markdown import plain
from mmlab.viz.methods import evidence_figures


@evidence_view("drift", phrase("Mining of weak combinations"))
def drift(source: Source, choice: str) -> Shown:
    """MMANet: accumulated divergence of the candidates, and the mined set (docs/methods.md 5.3)."""
    log = training_log.drift_log(source.rows)
    lines = {source.letters(key): log.drift[:, k] for k, key in enumerate(log.combinations)}
    strong = [source.letters(key) for key in log.mined]
    return Shown(
        say(
            "How far the mix of predictions has moved from the one with all inputs, summed over the warm-up: **the "
            "highest line and its single inputs become the weak ones** ({names}).",
            names=plain(", ".join(strong)) or say("none"),
        ),
        {"": evidence_figures.curves(log.epochs, lines, palette(lines), say("drift, added up"), strong, log.since)},
        {"epoch": (log.epochs + 1).tolist(), **{k: log.drift[:, i].tolist() for i, k in enumerate(log.combinations)}},
    )
