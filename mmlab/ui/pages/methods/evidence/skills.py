"""DI-MML: scores of dimensions for two modalities, effective sets, who teaches whom (docs/methods.md 3.7)."""

from __future__ import annotations

from itertools import combinations as choose

import numpy as np

from mmlab.analysis.methods import method_evidence
from mmlab.core.modality import spoken
from mmlab.ui.components import pickers
from mmlab.ui.pages.methods.evidence_views import Shown, Source, evidence_view, model
from mmlab.ui.text.markdown import plain
from mmlab.viz.base import theme
from mmlab.viz.methods import evidence_figures


def pairs(source: Source) -> dict[str, str]:
    """Each two modalities."""
    found = choose(source.task.info.modalities.names, 2)
    return {f"{a}-{b}": f"{source.label(a)} and {spoken(source.label(b))}" for a, b in found}


@evidence_view("skills", "Effective dimensions", pairs, "Inputs")
def skills(source: Source, choice: str) -> Shown:
    """DI-MML: scores of dimensions for two modalities, effective sets, who teaches whom (docs/methods.md 3.7)."""
    found = method_evidence.dimensions(model(source.reference))
    a, b = (found.names.index(name) for name in choice.split("-"))
    first, second = (source.label(found.names[i]) for i in (a, b))
    both, by_first, by_second, neither = found.shared_by(a, b)
    shades = pickers.colours(source.task.info.modalities)
    groups = {
        "both are good": (both, theme.MUTED, "circle"),
        f"{first} teaches": (by_first, shades[found.names[a]], "diamond"),
        f"{second} teaches": (by_second, shades[found.names[b]], "square"),
        "neither": (neither, theme.MUTED, "circle-open"),
    }
    titles = (f"{first}: right by it alone", f"{second}: right by it alone")
    names = [source.label(name) for name in found.names]
    taught = np.where(np.eye(len(names), dtype=bool), np.nan, found.taught)
    return Shown(
        "Each dot is one of the features; **right of and above the lines a feature is good, and only what one input is "
        f"good at and the other is not is taught**: {plain(spoken(first))} teaches {plain(spoken(second))} "
        f"{found.taught[a, b]} features and learns {found.taught[b, a]}.",
        {
            "Features of the two inputs": evidence_figures.quadrants(found.scores[a], found.scores[b], groups, titles),
            "Features that the row teaches the column": evidence_figures.table(
                taught, names, "features", (0, max(int(found.taught.max()), 2))
            ),
        },
        {
            "feature": list(range(found.scores.shape[1])),
            **{f"score_{n}": found.scores[i].tolist() for i, n in enumerate(found.names)},
            **{f"effective_{n}": found.effective[i].tolist() for i, n in enumerate(found.names)},
        },
    )
