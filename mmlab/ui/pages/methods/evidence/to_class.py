"""DMRNet: cosine of the mean and of a random sample with the class direction (docs/methods.md 1.7a)."""

from __future__ import annotations

import numpy as np

from mmlab.core.errors import CheckpointError
from mmlab.core.phrases import phrase, say
from mmlab.ui.pages.methods.evidence_views import Shown, Source, directions, evidence_view
from mmlab.ui.session import cache
from mmlab.viz.methods import evidence_figures


@evidence_view("to_class", phrase("Alignment with the class direction"))
def to_class(source: Source, choice: str) -> Shown:
    """DMRNet: cosine of the middle and of a random point with the class's direction (docs/methods.md 1.7a)."""
    own, other = (directions(r) for r in (source.reference, source.other("dropout")))
    if own.to_class is None or own.sampled is None or other.to_class is None:
        raise CheckpointError(
            say("This model has no variance, or no direction per class."), say("Only a probabilistic model has.")
        )
    names = (say("mean of the embedding"), say("random draw"), cache.title("dropout"))
    groups = dict(zip(names, (own.to_class, own.sampled, other.to_class), strict=True))
    middle = [f"{float(np.median(values)):.2f}" for values in groups.values()]
    spans = np.stack([own.to_class.mean(1), own.sampled.mean(1), other.to_class.mean(1)])
    return Shown(
        say(
            "The paper argues that the mean of the embedding **need not point straight at its class (1), because only "
            "random draws are judged in training**; half of the samples are above {mean} for the mean, {draw} for a "
            "random draw, {dropout} with modality dropout.",
            mean=middle[0],
            draw=middle[1],
            dropout=middle[2],
        ),
        {
            say("How closely it points at the right class"): evidence_figures.densities(
                groups, say("cosine with its class"), (-1, 1)
            )
        },
        {"combination": own.combinations, **dict(zip(("middle", "random", "dropout"), spans.tolist(), strict=True))},
    )
