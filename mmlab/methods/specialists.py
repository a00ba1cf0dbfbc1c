"""One network per combination of modalities: the reference for a single model.

Each network is trained on its own combination only and never sees a missing input. The number of networks is
2^M - 1, so this is for few modalities: 7 networks for three, 15 for four.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn

from mmlab.core.batch import Batch
from mmlab.core.declarations import Card
from mmlab.core.diagram import Diagram, Note, Subsets
from mmlab.core.method import METHODS, Feature, Features, Fused, Method, Run
from mmlab.core.modality import Combination
from mmlab.core.options import Options
from mmlab.core.presence import keep_rows, of_present
from mmlab.core.task import TaskInfo
from mmlab.networks.parts import Parts, pool


class Specialist(nn.Module):
    """Encoders, concatenation and a head for one combination."""

    def __init__(self, parts: Parts, combination: Combination) -> None:
        super().__init__()
        modalities = parts.info.modalities
        self.encoders = nn.ModuleDict({name: parts.encoder(modalities[name]) for name in combination.names})
        self.fusion = parts.fusion(len(combination))
        self.head = parts.head()

    def forward(self, inputs: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        feature: Feature = self.fusion([encoder(inputs[name]) for name, encoder in self.encoders.items()])
        return self.head(feature), pool(feature[-1])


@METHODS.register("specialists")
class Specialists(Method):
    """A network of its own for each combination."""

    title = "Specialists"
    about = (
        "A separate network for every combination of inputs: costly, and the reference to measure one model against. "
        "For up to three inputs."
    )
    most_modalities = 3
    most_parameters = 1_000_000
    order = 40
    evidence_views = ("margin", "norms")
    card = Card(
        idea="A separate network for every combination of modalities. None of them ever meets a missing modality. "
        "They are expensive, and the reference for any single model that serves all combinations.",
        trained="One whole network for each combination, on that combination only.",
        missing="The network of exactly this combination predicts.",
        look="Where a single model comes close to its specialist, or even beats it.",
        paper="Called “customised” models in MMANet's first table (CVPR 2023).",
        departs=("For few modalities only: with six there would be 63 networks.",),
    )
    diagram = Diagram(
        training=(Subsets(), Note("One network per combination;\neach is trained on its own.")),
        missing=(Subsets(), Note("The network of this\ncombination predicts.")),
    )

    def __init__(self, info: TaskInfo, config: Options) -> None:
        super().__init__(info, config)
        parts = Parts(info)
        self.networks = nn.ModuleDict({c.key: Specialist(parts, c) for c in info.modalities.subsets()})

    def encode(self, inputs: Mapping[str, Tensor], there: Tensor | None = None) -> Features:
        """Every network's answer: nothing is shared, so nothing is left to fuse."""
        return Features(shared={c.key: self._answer(c, inputs, there) for c in self.modalities.subsets()})

    def _answer(
        self, combination: Combination, inputs: Mapping[str, Tensor], there: Tensor | None
    ) -> tuple[Tensor, ...]:
        """Logits and embedding of one network, of samples that have all that it looks at."""
        network = self.networks[combination.key]
        on = None if there is None else there[:, self.modalities.row(combination)].all(1)
        return of_present(lambda rows: network({n: inputs[n][rows] for n in combination.names}), on, network)

    def fuse(self, features: Features, present: Tensor) -> Fused:
        codes = self.modalities.codes(present)
        logits, mean = features.shared[self.modalities.full.key]
        for combination in self.modalities.subsets()[:-1]:
            on = codes == self.modalities.code(combination)
            other_logits, other_mean = features.shared[combination.key]
            logits = keep_rows(other_logits, on) + keep_rows(logits, ~on)
            mean = keep_rows(other_mean, on) + keep_rows(mean, ~on)
        return Fused(logits, mean)

    def losses(self, batch: Batch, run: Run) -> dict[str, Tensor]:
        terms = {}
        for combination in self.modalities.subsets():
            needed = torch.tensor(self.modalities.row(combination), device=batch.present.device)
            on = batch.present[:, needed].all(1)
            each = self.output.loss(self._answer(combination, batch.inputs, batch.present)[0], batch.target)
            terms[combination.key] = keep_rows(each, on).sum() / on.sum().clamp(min=1)
        return terms

    def modality_parameters(self, name: str) -> Iterable[nn.Parameter]:
        return chain.from_iterable(encoder.parameters() for encoder in self._encoders_of(name).values())

    def cam_layers(self, name: str, combination: Combination) -> list[nn.Module]:
        return [self._encoders_of(name)[combination.key].body]

    def _encoders_of(self, name: str) -> dict[str, Any]:
        networks: Any = self.networks.items()
        return {key: network.encoders[name] for key, network in networks if name in network.encoders}
