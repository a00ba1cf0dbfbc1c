"""M3ixup: how close single codes are to the joint code (docs/methods.md 2.5)."""

from __future__ import annotations

from mmlab.analysis.methods import m3ixup_evidence
from mmlab.core.phrases import phrase, say
from mmlab.ui.components import pickers
from mmlab.ui.pages.methods.evidence_views import Shown, Source, evidence_view
from mmlab.viz.base import theme
from mmlab.viz.methods import evidence_figures


@evidence_view("gap", phrase("Unimodal and joint codes"))
def gap(source: Source, choice: str) -> Shown:
    """M3ixup: how close single codes are to the joint code (docs/methods.md 2.5)."""
    found = m3ixup_evidence.modality_gap(source.sweep, source.task.info.modalities)
    shades = pickers.colours(source.task.info.modalities)
    groups = {source.label(name): found.own[i] for i, name in enumerate(found.names)}
    colours = {source.label(name): shades[name] for name in found.names}
    others = {say("other samples"): found.other}
    means = ", ".join(f"{source.named(name)} {found.own[i].mean():.2f}" for i, name in enumerate(found.names))
    return Shown(
        say(
            "How close the code of one input is to the code of all inputs: **the further the coloured outlines lie to "
            "the right of the grey one (codes of other samples), the better it stands in for them** (means: {means}; "
            "other samples {other}).",
            means=means,
            other=f"{found.other.mean():.2f}",
        ),
        {
            "": evidence_figures.densities(
                groups | others,
                say("cosine with the code of all inputs"),
                (-1, 1),
                {**colours, say("other samples"): theme.MUTED},
            )
        },
        {
            "input": found.names,
            "cosine_same_sample": found.own.mean(1).tolist(),
            "cosine_other_samples": found.other.mean(1).tolist(),
            "distance_of_centres": found.distance.tolist(),
        },
    )
