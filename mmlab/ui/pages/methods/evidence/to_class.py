"""DMRNet: cosine of the middle and of a random point with the class's direction (docs/methods.md 1.7a)."""

from __future__ import annotations

import numpy as np

from mmlab.core.errors import CheckpointError
from mmlab.ui.pages.methods.evidence_views import Shown, Source, directions, evidence_view
from mmlab.viz.methods import evidence_figures


@evidence_view("to_class", "Alignment with the class direction")
def to_class(source: Source, choice: str) -> Shown:
    """DMRNet: cosine of the middle and of a random point with the class's direction (docs/methods.md 1.7a)."""
    own, other = (directions(r) for r in (source.reference, source.other("dropout")))
    if own.to_class is None or own.sampled is None or other.to_class is None:
        raise CheckpointError(
            "This model has no variance, or no direction per class.", "Only a probabilistic model has."
        )
    groups = {"mean of the embedding": own.to_class, "random draw": own.sampled, "modality dropout": other.to_class}
    middle = {name: float(np.median(values)) for name, values in groups.items()}
    spans = np.stack([own.to_class.mean(1), own.sampled.mean(1), other.to_class.mean(1)])
    return Shown(
        "The paper argues that the mean of the embedding **need not point straight at its class (1), because only "
        f"random draws are judged in training**; half of the samples are above {middle['mean of the embedding']:.2f} "
        f"for the mean, {middle['random draw']:.2f} for a random draw, {middle['modality dropout']:.2f} with modality "
        "dropout.",
        {
            "How closely it points at the right class": evidence_figures.densities(
                groups, "cosine with its class", (-1, 1)
            )
        },
        {"combination": own.combinations, **dict(zip(("middle", "random", "dropout"), spans.tolist(), strict=True))},
    )
