"""GMD: angles between gradients of combinations, before and after, and cosines (docs/methods.md 4.7a, 4.7d)."""

from __future__ import annotations

from mmlab.analysis.methods import training_log
from mmlab.ui.pages.methods.evidence_views import Shown, Source, evidence_view
from mmlab.viz.methods import evidence_figures

ALL = "all"


def epochs(source: Source) -> dict[str, str]:
    """The epochs of a training, and all of them."""
    return {ALL: "all", **{str(row["epoch"]): str(row["epoch"] + 1) for row in source.rows}}


@evidence_view("angles", "Gradient conflict before and after projection", epochs, "Epoch")
def angles(source: Source, choice: str) -> Shown:
    """GMD: angles between gradients of combinations, before and after, and cosines (docs/methods.md 4.7a, 4.7d)."""
    log = training_log.conflict_log(source.rows, source.task.info.modalities)
    here = log.during(None if choice == ALL else int(choice))
    before, after = here.before[0], here.after[0]
    names = [source.letters(key) for key in log.combinations]
    when = "over the whole training" if choice == ALL else f"in epoch {int(choice) + 1}"
    return Shown(
        "Right of the line the gradients of two combinations conflict; **the projection should empty that side**: "
        f"{when} it held {100 * here.share[0]:.1f} % of the pairs before and {100 * here.share_after[0]:.1f} % after. "
        f"Angles are those {log.where}.",
        {
            "Angles between gradients": evidence_figures.angles(before, after),
            "Mean cosine of each pair, before the cut": evidence_figures.table(here.cosines[0], names, "cosine"),
        },
        {"from_degrees": log.edges.tolist(), "before": before.tolist(), "after": after.tolist()},
    )
