"""Modality dropout: one network, trained with modalities dropped at random (docs/methods.md 0.4).

For each sample, one of the 2^M - 1 combinations is drawn uniformly; the features of the other modalities are set to
zero after their encoders, so that batch statistics are always those of complete data.
"""

from __future__ import annotations

from torch import Tensor

from mmlab.core.batch import Batch
from mmlab.core.declarations import Card
from mmlab.core.diagram import RESTS, Arrow, Box, Diagram, Inputs, Join, Note
from mmlab.core.method import METHODS, Features, Fused, Method, Run
from mmlab.core.options import Options
from mmlab.core.task import TaskInfo
from mmlab.networks.parts import Parts, pool, zero_absent


@METHODS.register("dropout")
class Dropout(Method):
    """Encoders, features dropped at random, concatenation, one head."""

    title = "Modality dropout"
    about = "Drops inputs at random in training, so that one network copes with every combination."
    representation = "The joined features of all inputs, with zeros in place of what is missing, as in training."
    order = 30
    evidence_views = ("turning", "norms")
    card = Card(
        idea="One network, trained with modalities dropped at random. Each sample is given one of the possible "
        "combinations, all equally likely. It is simple and hard to beat, so every other method is compared "
        "with it.",
        trained="All encoders, the fusion and one head.",
        missing="The features of a missing modality are set to zero, as in training.",
        look="What it gains over joint training when something is missing, and what it costs when nothing is.",
        paper="The idea: N. Neverova et al. ModDrop: Adaptive Multi-Modal Gesture Recognition. IEEE TPAMI 2016.",
        departs=("Combinations are drawn as in the released code of DMRNet and MMANet: uniformly over all of them.",),
    )
    diagram = Diagram(
        training=(
            Inputs(),
            Join(133, 155, 0.6),
            Box(190, 100, 66, "drop at\nrandom", RESTS, 116),
            Arrow(225, 100, 238, 100),
            Box(260, 100, 42, "join", high=64),
            Arrow(282, 100, 299, 100),
            Box(328, 100, 56, "answer"),
            Note("Each sample gets one combination,\nall equally likely."),
        ),
        missing=(
            Inputs(),
            Join(133, 155, 0.6),
            Box(190, 100, 66, "zero for\nmissing\ninputs", RESTS, 116),
            Arrow(225, 100, 238, 100),
            Box(260, 100, 42, "join", high=64),
            Arrow(282, 100, 299, 100),
            Box(328, 100, 56, "answer"),
            Note("It was trained for this:\nthe others predict."),
        ),
    )

    def __init__(self, info: TaskInfo, config: Options) -> None:
        super().__init__(info, config)
        parts = Parts(info)
        self.encoders = parts.encoders()
        self.fusion = parts.fusion()
        self.head = parts.head()

    def fuse(self, features: Features, present: Tensor) -> Fused:
        feature = self.fusion(zero_absent(features.alone, present, self.modalities.names))
        return Fused(self.head(feature), pool(feature[-1]))

    def losses(self, batch: Batch, run: Run) -> dict[str, Tensor]:
        fused = self.learn_from(batch, run.drop(batch.present))
        return {"task": self.output.loss(fused.logits, batch.target).mean()}
