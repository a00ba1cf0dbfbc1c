"""One of two classes, of which one may pass: presentation attack detection and everything like it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from mmlab.core.errors import TaskMismatch
from mmlab.core.outputs.classification import Classification

ERRORS = frozenset({"acer", "apcer", "bpcer", "bpcer20", "bpcer100"})


@dataclass(frozen=True)
class Detection(Classification):
    """Whether a sample may pass: `accept` names the one of two classes that does. Cross-entropy in nats.

    Error rates of ISO/IEC 30107-3, as used with CASIA-SURF (Zhang et al., A Dataset and Benchmark for Large-scale
    Multi-modal Face Anti-spoofing, CVPR 2019). All attacks are pooled, as there; the standard also asks for the
    worst kind of attack.
    """

    accept: str
    kind: ClassVar[str] = "detection"
    lower_is_better: ClassVar[frozenset[str]] = ERRORS

    def __post_init__(self) -> None:
        if len(self.classes) != 2 or self.accept not in self.classes:
            raise TaskMismatch("A detection has two classes, of which one may pass.", "Name it in `accept`.")

    @property
    def metric_names(self) -> tuple[str, ...]:
        return ("acer", "apcer", "bpcer", "accuracy", "bpcer20", "bpcer100")

    def metrics(self, logits: Tensor, target: Tensor) -> dict[str, float]:
        """Rates of wrong decisions, each over the samples of one class; 0 for a class without samples.

        apcer: attacks that pass, at equal probabilities (a tie counts for the class that is named first).
        bpcer: genuine samples that do not pass. acer: the mean of both (of those classes that there are).
        bpcer20, bpcer100: genuine samples that do not pass where the threshold lets 1 in 20, or 1 in 100, attacks
        pass. CASIA-SURF's true positive rate at a false positive rate of 10^-2 is 1 - bpcer100. Its 10^-3 is left
        out: a few hundred attacks cannot tell it from 0.
        """
        passing = self.classes.index(self.accept)
        genuine, passed = target == passing, logits.argmax(-1) == passing
        evidence = logits[:, passing] - logits[:, 1 - passing]
        rates = {"apcer": (passed[~genuine]), "bpcer": (~passed[genuine])}
        found = {name: float(wrong.double().mean()) for name, wrong in rates.items() if len(wrong)}
        return {
            "acer": sum(found.values()) / max(len(found), 1),
            "apcer": found.get("apcer", 0.0),
            "bpcer": found.get("bpcer", 0.0),
            "accuracy": float((passed == genuine).double().sum()) / max(len(target), 1),
            "bpcer20": _refused(evidence[genuine], evidence[~genuine], 20),
            "bpcer100": _refused(evidence[genuine], evidence[~genuine], 100),
        }


def _refused(genuine: Tensor, attacks: Tensor, one_in: int) -> float:
    """The share of `genuine` that is not above the threshold which at most 1 in `one_in` of the attacks exceeds."""
    if not len(genuine) or not len(attacks):
        return 0.0
    threshold = torch.sort(attacks, descending=True).values[len(attacks) // one_in]
    return float((genuine <= threshold).double().mean())
