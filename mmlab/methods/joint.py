"""Joint training: one network on complete data, the most common baseline today.

An absent input is replaced by the mean of the training inputs, which the network never saw in training (a text by no
words, since ids have no mean). If the training data are incomplete, missing inputs are replaced in the same way.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from mmlab.core.batch import Batch, Samples
from mmlab.core.declarations import Card
from mmlab.core.diagram import Arrow, Box, Diagram, Inputs, Join, Note
from mmlab.core.method import METHODS, Feature, Features, Fused, Method, Run
from mmlab.core.options import Options
from mmlab.core.stored_rows import mean_of, rows_at
from mmlab.core.task import TaskInfo
from mmlab.networks.parts import Parts, pool


@METHODS.register("joint")
class Joint(Method):
    """Encoders, concatenation, one head."""

    title = "Joint training"
    about = "Trained on complete data only. A missing input is replaced by the mean training input."
    representation = "The joined features of all inputs; the mean input stands in for what is missing."
    trained_with_gaps = False
    order = 10
    evidence_views = ("turning", "margin", "norms")
    card = Card(
        idea="One network that takes all modalities and gives one prediction. It is trained on complete data only. "
        "This is common practice, so it shows what a missing modality costs when nothing was done about it.",
        trained="All encoders, the fusion and one head, on complete data.",
        missing="A missing modality is replaced by the mean of the training set, an input that the network has never "
        "seen.",
        look="How far the score falls when a modality is missing, and how confident the model stays.",
        paper="No single paper: the usual way. It is also MMANet's teacher here.",
    )
    diagram = Diagram(
        training=(
            Inputs(),
            Join(133, 162, 0.25),
            Box(190, 100, 52, "join", high=64),
            Arrow(218, 100, 266, 100),
            Box(306, 100, 76, "answer"),
            Note("All inputs are always present.\nNothing is ever missing."),
        ),
        missing=(
            Inputs(average=True),
            Join(133, 162, 0.25),
            Box(190, 100, 52, "join", high=64),
            Arrow(218, 100, 266, 100),
            Box(306, 100, 76, "answer"),
            Note("The mean input takes its place:\nthe network has never seen one."),
        ),
    )

    def __init__(self, info: TaskInfo, config: Options) -> None:
        super().__init__(info, config)
        parts = Parts(info)
        self.encoders = parts.encoders()
        self.fusion = parts.fusion()
        self.head = parts.head()
        for modality in info.modalities:
            self.register_buffer(f"mean_{modality.name}", torch.zeros(parts.learned_shape(modality)))

    def before_training(self, samples: Samples) -> None:
        for position, modality in enumerate(self.modalities):
            seen = rows_at(samples.inputs[modality.name], samples.present[:, position])
            mean = self.get_buffer(f"mean_{modality.name}")
            if len(seen) and not (modality.discrete and mean.shape == modality.shape):  # features have a mean
                whole = mean_of(seen)  # of windows, which lie anywhere, the mean of each channel
                mean.copy_(whole if whole.shape == mean.shape else whole.flatten(1).mean(1).view(mean.shape))

    def encode(self, inputs: Mapping[str, Tensor], there: Tensor | None = None) -> Features:
        """The feature of each input, and beside it that of the mean input (one row)."""
        alone: Mapping[str, Feature] = super().encode(inputs, there).alone
        if self.training:
            return Features(alone)
        means = {name: self.get_buffer(f"mean_{name}")[None] for name in self.modalities.names}
        if self.info.has_windows:
            means = {name: mean.expand(1, *inputs[name].shape[1:]) for name, mean in means.items()}
        return Features(alone, {name: self.encoders[name](mean) for name, mean in means.items()})

    def fuse(self, features: Features, present: Tensor) -> Fused:
        chosen = []
        for position, name in enumerate(self.modalities.names):
            absent = (features.alone if self.training else features.beside)[name]
            on = present[:, position]
            chosen.append(
                tuple(
                    torch.where(on.view(-1, *([1] * (level.dim() - 1))), level, other)
                    for level, other in zip(features.alone[name], absent, strict=True)
                )
            )
        feature = self.fusion(chosen)
        return Fused(self.head(feature), pool(feature[-1]), extras={"feature": feature})

    def losses(self, batch: Batch, run: Run) -> dict[str, Tensor]:
        fused = self(self._filled(batch), batch.present)
        return {"task": self.output.loss(fused.logits, batch.target).mean()}

    def _filled(self, batch: Batch) -> dict[str, Tensor]:
        """The inputs with the mean input in the rows of what is not there."""
        filled = {}
        for position, name in enumerate(self.modalities.names):
            value, mean = batch.inputs[name], self.get_buffer(f"mean_{name}")
            on = batch.present[:, position].view(-1, *([1] * (value.dim() - 1)))
            filled[name] = torch.where(on, value, mean)
        return filled
