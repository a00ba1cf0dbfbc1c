"""One of two classes, one of which is accepted: presentation attack detection and similar tasks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mmlab.core.errors import TaskMismatch
from mmlab.core.outputs.classification import Classification


@dataclass(frozen=True)
class Detection(Classification):
    """Detection with two classes, of which `accept` may pass. Cross-entropy in nats.

    Its error rates are in `mmlab/metrics/presentation_attack.py`.
    """

    accept: str
    kind: ClassVar[str] = "detection"
    headline: ClassVar[str] = "acer"

    def __post_init__(self) -> None:
        if len(self.classes) != 2 or self.accept not in self.classes:
            raise TaskMismatch("A detection has two classes, of which one may pass.", "Name it in `accept`.")

    @property
    def passing(self) -> int:
        """The index of the class that may pass."""
        return self.classes.index(self.accept)

    def evidence(self, answers: NDArray[Any]) -> NDArray[np.float64]:
        """How much speaks for letting each sample pass: the difference of both logits, `[N]`."""
        return np.asarray(answers[:, self.passing] - answers[:, 1 - self.passing], np.float64)
