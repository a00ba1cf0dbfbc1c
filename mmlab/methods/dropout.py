"""Modality dropout: one network, trained with its modalities hidden at random (docs/methods.md 0.4).

Per sample one of the 2^M - 1 combinations, each as likely; the features of the others are set to zero after
their encoders, so that batch statistics always see complete data.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from mmlab.core.batch import Batch
from mmlab.core.method import METHODS, Features, Fused, Method, Run
from mmlab.core.task import TaskInfo
from mmlab.networks.parts import Parts, hide, pool


@METHODS.register("dropout")
class Dropout(Method):
    """Encoders, hidden at random, concatenation, one head."""

    title = "Modality dropout"
    about = "Practises with inputs hidden at random, so that one network copes with every combination."

    def __init__(self, info: TaskInfo, config: Any) -> None:
        super().__init__(info, config)
        parts = Parts(info)
        self.encoders = parts.encoders()
        self.fusion = parts.fusion()
        self.head = parts.head()

    def fuse(self, features: Features, present: Tensor) -> Fused:
        feature = self.fusion(hide(features, present, self.modalities.names))
        return Fused(self.head(feature), pool(feature[-1]))

    def losses(self, batch: Batch, run: Run) -> dict[str, Tensor]:
        fused = self.learn_from(batch, run.drop(batch.present))
        return {"task": self.output.loss(fused.logits, batch.target).mean()}
