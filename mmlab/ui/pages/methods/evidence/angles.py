"""GMD: angles between gradients of combinations, before and after, and cosines (docs/methods.md 4.7a, 4.7d)."""

from __future__ import annotations

from mmlab.analysis.methods import training_log
from mmlab.core.phrases import phrase, say
from mmlab.ui.pages.methods.evidence_views import Shown, Source, evidence_view
from mmlab.viz.methods import evidence_figures

ALL = "all"


def epochs(source: Source) -> dict[str, str]:
    """The epochs of a training, and all of them."""
    return {ALL: say("all"), **{str(row["epoch"]): str(row["epoch"] + 1) for row in source.rows}}


@evidence_view("angles", phrase("Gradient conflict before and after projection"), epochs, phrase("Epoch"))
def angles(source: Source, choice: str) -> Shown:
    """GMD: angles between gradients of combinations, before and after, and cosines (docs/methods.md 4.7a, 4.7d)."""
    log = training_log.conflict_log(source.rows, source.task.info.modalities)
    here = log.during(None if choice == ALL else int(choice))
    before, after = here.before[0], here.after[0]
    names = [source.letters(key) for key in log.combinations]
    told = {"before": f"{100 * here.share[0]:.1f}", "after": f"{100 * here.share_after[0]:.1f}"}
    if choice == ALL:
        held = say("Over the whole training it held {before} % of the pairs before and {after} % after.", **told)
    else:
        held = say(
            "In epoch {epoch} it held {before} % of the pairs before and {after} % after.",
            epoch=int(choice) + 1,
            **told,
        )
    conflict = say(
        "Right of the line the gradients of two combinations conflict; **the projection should empty that side**."
    )
    return Shown(
        f"{conflict} {held} {say('Angles are those {parameters}.', parameters=say(log.where))}",
        {
            say("Angles between gradients"): evidence_figures.angles(before, after),
            say("Mean cosine of each pair, before the cut"): evidence_figures.table(
                here.cosines[0], names, say("cosine")
            ),
        },
        {"from_degrees": log.edges.tolist(), "before": before.tolist(), "after": after.tolist()},
    )
