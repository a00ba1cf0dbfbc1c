"""DI-MML: scores of dimensions for two modalities, effective sets, who teaches whom (docs/methods.md 3.7)."""

from __future__ import annotations

from itertools import combinations as choose

import numpy as np

from mmlab.analysis.methods import method_evidence
from mmlab.core.modality import spoken
from mmlab.core.phrases import phrase, say
from mmlab.ui.components import pickers
from mmlab.ui.pages.methods.evidence_views import Shown, Source, evidence_view, model
from mmlab.ui.text import wording
from mmlab.ui.text.markdown import plain
from mmlab.viz.base import theme
from mmlab.viz.methods import evidence_figures


def pairs(source: Source) -> dict[str, str]:
    """Each two modalities."""
    found = choose(source.task.info.modalities.names, 2)
    return {f"{a}-{b}": wording.together([source.label(a), spoken(source.label(b))]) for a, b in found}


@evidence_view("skills", phrase("Effective dimensions"), pairs, phrase("Inputs"))
def skills(source: Source, choice: str) -> Shown:
    """DI-MML: scores of dimensions for two modalities, effective sets, who teaches whom (docs/methods.md 3.7)."""
    found = method_evidence.dimensions(model(source.reference))
    a, b = (found.names.index(name) for name in choice.split("-"))
    first, second = (source.label(found.names[i]) for i in (a, b))
    both, by_first, by_second, neither = found.shared_by(a, b)
    shades = pickers.colours(source.task.info.modalities)
    groups = {
        say("both are good"): (both, theme.MUTED, "circle"),
        say("{input} teaches", input=first): (by_first, shades[found.names[a]], "diamond"),
        say("{input} teaches", input=second): (by_second, shades[found.names[b]], "square"),
        say("neither"): (neither, theme.MUTED, "circle-open"),
    }
    alone = phrase("{input}: right by it alone")
    titles = say(alone, input=first), say(alone, input=second)
    names = [source.label(name) for name in found.names]
    taught = np.where(np.eye(len(names), dtype=bool), np.nan, found.taught)
    return Shown(
        say(
            "Each dot is one of the features; **right of and above the lines a feature is good, and only what one "
            "input is good at and the other is not is taught**. Features that {first} teaches {second}: {taught}; "
            "features that it learns: {learned}.",
            first=plain(spoken(first)),
            second=plain(spoken(second)),
            taught=found.taught[a, b],
            learned=found.taught[b, a],
        ),
        {
            say("Features of the two inputs"): evidence_figures.quadrants(
                found.scores[a], found.scores[b], groups, titles
            ),
            say("Features that the row teaches the column"): evidence_figures.table(
                taught, names, say("features"), (0, max(int(found.taught.max()), 2))
            ),
        },
        {
            "feature": list(range(found.scores.shape[1])),
            **{f"score_{n}": found.scores[i].tolist() for i, n in enumerate(found.names)},
            **{f"effective_{n}": found.effective[i].tolist() for i, n in enumerate(found.names)},
        },
    )
