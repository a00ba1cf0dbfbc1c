"""One network per modality, trained separately, with predictions averaged over what is present."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mmlab.core.batch import Batch
from mmlab.core.declarations import Card
from mmlab.core.diagram import PLAIN, Box, Diagram, Each, Inputs, Join, Note
from mmlab.core.method import METHODS, Features, Fused, Method, Run
from mmlab.core.options import Options
from mmlab.core.presence import Rows, keep_rows, of_present
from mmlab.core.task import TaskInfo
from mmlab.losses.common import mean_over_present
from mmlab.networks.parts import Parts, pool


@METHODS.register("ensemble")
class Ensemble(Method):
    """An encoder and a head per modality; the logits are averaged, as logs of a product of experts."""

    title = "Ensemble"
    about = "One separate network per modality. Their predictions are averaged over the inputs present."
    representation = (
        "The features of the single networks side by side, with zeros in place of what is missing: naive fusion."
    )
    order = 20
    evidence_views = ("margin", "norms")
    card = Card(
        idea="One separate network per modality, each trained alone. Their predictions are averaged over the "
        "modalities that are present (late fusion). It cannot learn interactions between modalities, and a "
        "missing modality cannot disturb the others.",
        trained="An encoder and a head for each modality, with a loss of its own.",
        missing="The average is taken over the remaining modalities.",
        look="What is lost because the modalities never interact.",
        paper="No single paper: a simple reference.",
        departs=("Logits are averaged, not probabilities.",),
    )
    diagram = Diagram(
        training=(
            Inputs("network"),
            Each(190, 70, "answer", arrow_from=133),
            Join(227, 268, 0.25),
            Box(306, 100, 72, "average", PLAIN, 48),
            Note("Each network is trained alone."),
        ),
        missing=(
            Inputs("network"),
            Each(190, 70, "answer", arrow_from=133),
            Join(227, 268, 0.25),
            Box(306, 100, 72, "average", PLAIN, 48),
            Note("The others are averaged,\nas if it did not exist."),
        ),
    )

    def __init__(self, info: TaskInfo, config: Options) -> None:
        super().__init__(info, config)
        parts = Parts(info)
        self.encoders = parts.encoders()
        self.heads = nn.ModuleDict({name: parts.head(parts.sizes) for name in info.modalities.names})

    def encode_one(self, name: str, values: Tensor, there: Tensor | None = None) -> tuple[Tensor, ...]:
        """A modality's logits and embedding: a network of its own has nothing left to fuse but its answer."""

        def answer(rows: Rows) -> tuple[Tensor, ...]:
            feature = self.encoders[name](values[rows])
            return self.heads[name](feature), pool(feature[-1])

        return of_present(answer, there, self)

    def fuse(self, features: Features, present: Tensor) -> Fused:
        logits = mean_over_present([features.alone[name][0] for name in self.modalities.names], present)
        single = [features.alone[name][1] for name in self.modalities.names]
        codes = [keep_rows(code, on) for code, on in zip(single, present.unbind(1), strict=True)]
        return Fused(logits, torch.cat(codes, 1))

    def losses(self, batch: Batch, run: Run) -> dict[str, Tensor]:
        features = self.encode(batch.inputs, batch.there)
        terms = {}
        for position, name in enumerate(self.modalities.names):
            on = batch.present[:, position]
            each = self.output.loss(features.alone[name][0], batch.target)
            terms[name] = keep_rows(each, on).sum() / on.sum().clamp(min=1)
        return terms
