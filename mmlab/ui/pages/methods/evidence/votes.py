"""DI-MML: weights of the heads on complete input, by whether the head was right (docs/methods.md 3.3, 3.7)."""

from __future__ import annotations

import numpy as np

from mmlab.analysis.methods import method_evidence
from mmlab.ui.pages.methods.evidence_views import Shown, Source, evidence_view, model
from mmlab.viz.base import theme
from mmlab.viz.methods import evidence_figures


@evidence_view("votes", "Weights of the votes")
def votes(source: Source, choice: str) -> Shown:
    """DI-MML: weights of the heads on complete input, by whether the head was right (docs/methods.md 3.3, 3.7)."""
    found = method_evidence.votes(model(source.reference), source.sweep)
    names = [source.label(name) if name != "together" else "All together" for name in found.heads]
    groups = {
        "right": {name: found.weights[found.right[:, h], h] for h, name in enumerate(names)},
        "wrong": {name: found.weights[~found.right[:, h], h] for h, name in enumerate(names)},
    }
    means = {group: np.concatenate(list(places.values())).mean() for group, places in groups.items()}
    colours = {"right": theme.RIGHT, "wrong": theme.WRONG}
    count = len(found.heads)
    return Shown(
        "The weight of each head in the vote, sample by sample; **it works if the green boxes lie above the orange "
        f"ones**: a head that is right gets {means['right']:.2f} on average, one that is wrong {means['wrong']:.2f} "
        f"(alike would be {1 / count:.2f}).",
        {"": evidence_figures.boxes(groups, colours, "weight in the vote")},
        {
            **{f"weight_{head}": found.weights[:, h].tolist() for h, head in enumerate(found.heads)},
            **{f"right_{head}": found.right[:, h].tolist() for h, head in enumerate(found.heads)},
            "right": found.together.tolist(),
        },
    )
