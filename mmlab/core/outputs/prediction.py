"""One prediction in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Prediction:
    """One prediction, decoded and small.

    answer:        the predicted class, labels, number or regions, in words.
    probabilities: by class or label, or mean by region (segmentation); empty for a number.
    uncertainty:   entropy in nats for classes, mean entropy per label or pixel; see `Output.uncertainty`.
    value:         index of the class, the number, the region probabilities `[R, H, W]` as float16, or those of labels.
    certainty:     the confidence, if it is not the largest probability.

    >>> found = mmlab.Classification(("cup", "hat")).read(torch.tensor([2.0, 0.0]))
    >>> found.answer, found.value, round(found.probabilities["cup"], 2)
    ('cup', 0, 0.88)
    """

    answer: str
    probabilities: Mapping[str, float]
    uncertainty: float
    value: int | float | NDArray[np.float16] | tuple[float, ...]
    certainty: float | None = None

    @property
    def confidence(self) -> float:
        """The confidence: the largest probability unless `certainty` is given, 0 if there is none."""
        return max(self.probabilities.values(), default=0.0) if self.certainty is None else self.certainty
