"""M3ixup: mixing coefficients at the start, after adapting and after exploring (docs/methods.md 2.5)."""

from __future__ import annotations

from mmlab.analysis.base.ranking import tied_order
from mmlab.analysis.methods import m3ixup_evidence
from mmlab.ui.pages.methods.evidence_views import Shown, Source, evidence_view, model
from mmlab.ui.text import wording
from mmlab.viz.base import theme
from mmlab.viz.methods import evidence_figures


@evidence_view("mixtures", "Mixing coefficients")
def mixtures(source: Source, choice: str) -> Shown:
    """M3ixup: mixing coefficients at the start, after adapting and after exploring (docs/methods.md 2.5)."""
    found = m3ixup_evidence.mixing(model(source.reference), source.sweep)
    groups = {"start": found.start, "adapted": found.adapted, "explored": found.explored}
    colours = {"start": theme.MUTED, "adapted": theme.ACCENT, "explored": theme.WRONG}
    names = [source.label(name) for name in found.names]
    order = tied_order(found.adapted.mean(0))
    most = wording.together([source.named(found.names[i]) for i in order[0]]) if len(order) > 1 else "none"
    losses = ", ".join(f"{loss:.3f}" for loss in found.losses)
    columns = {f"{g}_{n}": v[:, i].tolist() for g, v in groups.items() for i, n in enumerate(found.names)}
    return Shown(
        "Each sample's mixture, a corner being one input alone: **adapting moves it to where it is easiest to align, "
        f"exploring away from there**; adapted mixtures favour {most}, and the losses at start, adapted and explored "
        f"are {losses} (they should fall, then rise).",
        {"": evidence_figures.simplex(groups, names, colours)},
        columns,
    )
