"""M3ixup: mixing coefficients at the start, after adapting and after exploring (docs/methods.md 2.5)."""

from __future__ import annotations

from mmlab.analysis.base.ranking import tied_order
from mmlab.analysis.methods import m3ixup_evidence
from mmlab.core.phrases import phrase, say
from mmlab.ui.pages.methods.evidence_views import Shown, Source, evidence_view, model
from mmlab.ui.text import wording
from mmlab.viz.base import theme
from mmlab.viz.methods import evidence_figures


@evidence_view("mixtures", phrase("Mixing coefficients"))
def mixtures(source: Source, choice: str) -> Shown:
    """M3ixup: mixing coefficients at the start, after adapting and after exploring (docs/methods.md 2.5)."""
    found = m3ixup_evidence.mixing(model(source.reference), source.sweep)
    places = {"start": found.start, "adapted": found.adapted, "explored": found.explored}
    groups = dict(zip((say("start"), say("adapted"), say("explored")), places.values(), strict=True))
    colours = dict(zip(groups, (theme.MUTED, theme.ACCENT, theme.WRONG), strict=True))
    names = [source.label(name) for name in found.names]
    order = tied_order(found.adapted.mean(0))
    most = wording.together([source.named(found.names[i]) for i in order[0]]) if len(order) > 1 else say("none")
    losses = ", ".join(f"{loss:.3f}" for loss in found.losses)
    columns = {f"{g}_{n}": v[:, i].tolist() for g, v in places.items() for i, n in enumerate(found.names)}
    return Shown(
        say(
            "Each sample's mixture, a corner being one input alone: **adapting moves it to where it is easiest to "
            "align, exploring away from there**; adapted mixtures favour {inputs}, and the losses at start, adapted "
            "and explored are {losses} (they should fall, then rise).",
            inputs=most,
            losses=losses,
        ),
        {"": evidence_figures.simplex(groups, names, colours)},
        columns,
    )
