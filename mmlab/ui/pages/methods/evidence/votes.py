"""DI-MML: weights of the heads on complete input, by whether the head was right (docs/methods.md 3.3, 3.7)."""

from __future__ import annotations

from mmlab.analysis.methods import method_evidence
from mmlab.core.phrases import phrase, say
from mmlab.ui.pages.methods.evidence_views import Shown, Source, evidence_view, model
from mmlab.viz.base import theme
from mmlab.viz.methods import evidence_figures


@evidence_view("votes", phrase("Weights of the votes"))
def votes(source: Source, choice: str) -> Shown:
    """DI-MML: weights of the heads on complete input, by whether the head was right (docs/methods.md 3.3, 3.7)."""
    found = method_evidence.votes(model(source.reference), source.sweep)
    names = [source.label(name) if name != "together" else say("All together") for name in found.heads]
    right, wrong = say("right"), say("wrong")
    groups = {
        right: dict(zip(names, found.of_heads(True), strict=True)),
        wrong: dict(zip(names, found.of_heads(False), strict=True)),
    }
    colours = {right: theme.RIGHT, wrong: theme.WRONG}
    count = len(found.heads)
    return Shown(
        say(
            "The weight of each head in the vote, sample by sample; **it works if the green boxes lie above the orange "
            "ones**: a head that is right gets {right} on average, one that is wrong {wrong} (alike would be {alike}).",
            right=f"{found.mean_weight(True):.2f}",
            wrong=f"{found.mean_weight(False):.2f}",
            alike=f"{1 / count:.2f}",
        ),
        {"": evidence_figures.boxes(groups, colours, say("weight in the vote"))},
        {
            **{f"weight_{head}": found.weights[:, h].tolist() for h, head in enumerate(found.heads)},
            **{f"right_{head}": found.right[:, h].tolist() for h, head in enumerate(found.heads)},
            "right": found.together.tolist(),
        },
    )
