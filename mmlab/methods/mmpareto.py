"""MMPareto: joint and unimodal losses whose gradients agree (Wei & Hu, ICML 2024, 2405.17730).

Each encoder has two losses: that of the joint prediction and that of its own head. If their gradients conflict, the
encoder uses the shortest vector between them, which descends both; its norm is restored and increased by a factor. A
modality neglected by the joint loss continues to learn from its own.

Departures: three and more modalities, each with its own pair of losses. SGD uses a larger learning rate (0.02) and
weight decay (0.01) than the released 0.002 and 0.0001. The paper does not address missing modalities: incomplete input
is predicted by the mean over the heads of the available modalities, complete input by the joint head. With incomplete
training data, a loss is over the rows that have its modality, that of the joint head over complete ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from mmlab.core.batch import Batch
from mmlab.core.declarations import RESNET18, AblationStep, Card, Setting
from mmlab.core.diagram import ACCENT, MUTED, PLAIN, WRONG, Arrow, Box, Diagram, Each, Inputs, Join, Note, Words
from mmlab.core.method import METHODS, Features, Fused, Method, Run
from mmlab.core.options import option
from mmlab.core.presence import mean_of
from mmlab.core.task import TaskInfo
from mmlab.losses.common import gradients_of, mean_over_present
from mmlab.losses.mmpareto import pareto_weights, rescaled
from mmlab.networks.parts import Parts, logits_of_rows, pool, zero_absent

TOGETHER = "together"
SGD = {"optimiser": "sgd", "learning_rate": 0.02}  # 0.02 and 0.1 are alike on validation data of `watch`


@METHODS.register("mmpareto")
class MMPareto(Method["MMPareto.Config"]):
    """Encoders with a head each and a joint head; the two gradients of every encoder are combined without conflict."""

    title = "MMPareto"
    paper = "Wei & Hu, MMPareto: Boosting Multimodal Learning with Innocent Unimodal Assistance, ICML 2024"
    year = 2024
    about = "Each encoder learns from the joint answer and from its own; conflicts between the two are resolved."
    representation = "The joined features of all inputs, with zeros in place of what is missing."
    plan = SGD
    order = 95
    averages_gradients = True
    evidence_views = ("margin", "norms")
    ablations = (
        AblationStep("sum", "the losses added up", {"pareto": False, "gamma": 1.0}),
        AblationStep("pareto", "+ Pareto weights", {"gamma": 1.0}),
        AblationStep("mmpareto", "+ longer steps (MMPareto)"),
    )
    search = (Setting("gamma-1", config={"gamma": 1.0}), Setting("gamma-2.5", config={"gamma": 2.5}))
    presets = (
        Setting(
            "paper",
            plan={
                **RESNET18,
                "epochs": 50,
                "batch_size": 64,
                "learning_rate": 0.002,
                "weight_decay": 0.0001,
                "optimiser": "sgd",
                "schedule": "tenths",
                "fall": 0.6,
            },
            about="The released code's for CREMA-D, with its ResNet-18 encoders",
        ),
    )
    card = Card(
        idea="A loss for each modality alone keeps a weak encoder learning when a strong one already answers for all. "
        "But its gradient can conflict with that of the joint loss. MMPareto takes the direction that lowers both, "
        "gives back the length that is lost by that, and adds to it, since longer steps generalise better.",
        trained="All encoders, a head for each modality and one on the concatenated features, on complete data.",
        missing="With something missing, the mean over the heads of what is there answers; with everything there, the "
        "joint head does.",
        look="How often the two gradients of an encoder conflict, and whether the weak modality alone is better than "
        "after joint training.",
        paper="Y. Wei, D. Hu. MMPareto: Boosting Multimodal Learning with Innocent Unimodal Assistance. ICML 2024.",
        link="https://arxiv.org/abs/2405.17730",
        departs=(
            "The paper has two modalities and never a missing one; here each of any number has its pair of losses, "
            "and incomplete input is answered by the mean over the heads of what is there.",
            "The optimiser is SGD, as in the released code and unlike the other methods here: AdamW divides the "
            "lengths of gradients out again. The learning rate (0.02) and the weight decay (0.01) are larger than "
            "the released 0.002 and 0.0001.",
        ),
    )
    diagram = Diagram(
        training=(
            Inputs(),
            Join(133, 200, 0.25),
            Box(232, 100, 58, "joint\nanswer", high=56),
            Arrow(206, 82, 150, 62, ACCENT, wide=3),
            Arrow(300, 44, 150, 44, WRONG, wide=3),
            Arrow(206, 118, 150, 138, MUTED),
            Arrow(300, 156, 150, 156, MUTED),
            Words(240, 30, "its own answer", 11.5),
            Words(240, 171, "its own answer", 11.5),
            Note("Each encoder takes the direction\nthat lowers both of its losses."),
        ),
        missing=(
            Inputs(),
            Each(190, 70, "answer", arrow_from=133),
            Join(227, 268, 0.25),
            Box(306, 100, 72, "average", PLAIN, 48),
            Note("The others' own answers\nare averaged."),
        ),
    )

    @dataclass(frozen=True)
    class Config:
        """Options of MMPareto."""

        pareto: bool = option(True, "Resolve conflicts; off adds both gradients up")
        gamma: float = option(1.5, "How much longer the steps of the encoders are made", 0.1, 10.0, symbol="γ")

    def __init__(self, info: TaskInfo, config: MMPareto.Config) -> None:
        super().__init__(info, config)
        parts = Parts(info)
        self.encoders = parts.encoders()
        self.heads = nn.ModuleDict({name: parts.head(parts.sizes) for name in info.modalities.names})
        self.fusion = parts.fusion(mixed_to_the_end=False)
        self.head = parts.head((*parts.embedding[:-1], parts.joined))
        self._conflicts: list[Tensor] = []

    def fuse(self, features: Features, present: Tensor) -> Fused:
        names = self.modalities.names
        whole = present.all(1)
        levels = self.fusion(zero_absent(features.alone, present, names))
        columns = present.unbind(1)
        single = [
            logits_of_rows(self.heads[name], features.alone[name], on) for name, on in zip(names, columns, strict=True)
        ]
        averaged = mean_over_present(single, present)
        joint = logits_of_rows(self.head, levels, whole)
        chosen = torch.where(whole.view(-1, *[1] * (joint.dim() - 1)), joint, averaged)
        extras = dict(zip(names, single, strict=True))
        return Fused(chosen, pool(levels[-1]), extras={**extras, TOGETHER: joint})

    def losses(self, batch: Batch, run: Run) -> dict[str, Tensor]:
        fused = self.learn_from(batch, batch.present)
        rows = {TOGETHER: batch.present.all(1)}
        rows |= dict(zip(self.modalities.names, batch.present.unbind(1), strict=True))
        return {name: mean_of(self.output.loss(fused.extras[name], batch.target), on) for name, on in rows.items()}

    def backward(self, losses: Mapping[str, Tensor], run: Run) -> None:
        """The sum of all losses for heads and fusion; for each encoder the Pareto combination of its two gradients."""
        parameters = [parameter for parameter in self.parameters() if parameter.requires_grad]
        found = {name: run.over_processes(gradients_of(loss, parameters)) for name, loss in losses.items()}
        for parameter, first, *others in zip(parameters, *found.values(), strict=True):
            parameter.grad = sum(others, first)
        place = {parameter: k for k, parameter in enumerate(parameters)}
        conflicts = []
        for name in self.modalities.names:
            own = [parameter for parameter in self.encoders[name].parameters() if parameter.requires_grad]
            together, alone = ([found[of][place[parameter]] for parameter in own] for of in (TOGETHER, name))
            flat = [torch.cat([gradient.flatten() for gradient in each]) for each in (together, alone)]
            weights = pareto_weights(*flat) if self.config.pareto else flat[0].new_tensor([0.5, 0.5])
            conflicts.append((flat[0] @ flat[1] < 0).float())
            for parameter, first, second in zip(own, together, alone, strict=True):
                parameter.grad = rescaled(first, second, weights, self.config.gamma).to(parameter.dtype)
        self._conflicts.append(torch.stack(conflicts).detach().cpu())

    def logs(self) -> dict[str, Any]:
        """The share of this epoch's steps in which the two gradients of each encoder conflicted."""
        if not self._conflicts:
            return {}
        share = torch.stack(self._conflicts).mean(0)
        self._conflicts = []
        return {"own_conflicts": dict(zip(self.modalities.names, share.tolist(), strict=True))}
