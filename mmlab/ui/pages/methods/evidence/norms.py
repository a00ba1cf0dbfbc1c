"""Any method: the gradient in each modality's own parameters over the epochs (docs/methods.md 4.7b)."""

from __future__ import annotations

from mmlab.analysis.base.ranking import tied_order
from mmlab.analysis.methods import training_log
from mmlab.core.phrases import phrase, say
from mmlab.ui.components import pickers
from mmlab.ui.pages.methods.evidence_views import Shown, Source, evidence_view
from mmlab.ui.text import wording
from mmlab.viz.methods import evidence_figures


@evidence_view("norms", phrase("Gradient norm per input"))
def norms(source: Source, choice: str) -> Shown:
    """Any method: the gradient in each modality's own parameters over the epochs (docs/methods.md 4.7b)."""
    log = training_log.norm_log(source.rows)
    kept, order = log.trained, tied_order(log.means)
    shades = pickers.colours(source.task.info.modalities)
    lines = {source.label(name): log.norms[kept, i] for i, name in enumerate(log.names)}
    most, least = (wording.together([source.named(log.names[i]) for i in group]) for group in (order[0], order[-1]))
    here = say("Here all are equal on average.")
    if len(order) > 1:
        here = say(
            "Here the gradient norm of {most} is {ratio} times that of {least} on average.",
            most=most,
            ratio=f"{log.ratio:.1f}",
            least=least,
        )
    about = say(
        "Gradient norm of each input's own encoder: **a line far above the others is an input that dominates the "
        "training**."
    )
    return Shown(
        f"{about} {here}",
        {
            "": evidence_figures.curves(
                log.epochs[kept], lines, {source.label(n): shades[n] for n in log.names}, say("length of the gradient")
            )
        },
        {"epoch": (log.epochs + 1).tolist(), **{n: log.norms[:, i].tolist() for i, n in enumerate(log.names)}},
    )
