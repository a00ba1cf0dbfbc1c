"""The effect of each input on the explained score, from the scores of all combinations: no map is needed."""

from __future__ import annotations

import numpy as np

from mmlab.analysis.dominance.measures.shapley import shapley
from mmlab.core.modality import Combination, Modalities
from mmlab.core.outputs import Output
from mmlab.core.results import Attribution


def score_shapley(
    found: Attribution, combination: Combination, modalities: Modalities, output: Output
) -> dict[str, float]:
    """The Shapley value of each input of the combination for the explained score, in the unit of the score.

    Nothing at all is worth `Output.neutral_score`, which moves all values alike. Empty where a part of
    the combination was not explained. Source: Shapley, A Value for n-Person Games, 1953.
    """
    names = combination.names
    table = np.full(2 ** len(names), output.neutral_score(found.target))
    for mask in range(1, len(table)):
        key = modalities.combination(name for place, name in enumerate(names) if mask >> place & 1).key
        if key not in found.score:
            return {}
        table[mask] = found.score[key]
    return dict(zip(names, shapley(table).tolist(), strict=True))
