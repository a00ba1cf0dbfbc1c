"""DMRNet: variance by combination over the epochs, with the mined set (docs/methods.md 1.7b)."""

from __future__ import annotations

from mmlab.analysis.methods import training_log
from mmlab.core.phrases import phrase, say
from mmlab.ui.pages.methods.evidence_views import Shown, Source, evidence_view, palette
from mmlab.ui.text.markdown import plain
from mmlab.viz.methods import evidence_figures


@evidence_view("clouds", phrase("Variance during training"))
def clouds(source: Source, choice: str) -> Shown:
    """DMRNet: variance by combination over the epochs, with the mined set (docs/methods.md 1.7b)."""
    log = training_log.spread_log(source.rows)
    lines = {source.letters(key): log.variance[:, k] for k, key in enumerate(log.combinations)}
    strong = [source.letters(key) for key in log.mined]
    named = plain(", ".join(strong)) or say("none")
    return Shown(
        say(
            "The clouds of all combinations over the training: **the thick lines ({names}) were the widest in the "
            "batches of the first epochs, and get an additional loss from the dashed line on**.",
            names=named,
        ),
        {
            "": evidence_figures.curves(
                log.epochs, lines, palette(lines), say("mean variance"), strong, log.since, zero=False
            )
        },
        {
            "epoch": (log.epochs + 1).tolist(),
            **{k: log.variance[:, i].tolist() for i, k in enumerate(log.combinations)},
        },
    )
