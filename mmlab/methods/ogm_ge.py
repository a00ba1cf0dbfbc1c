"""OGM-GE: On-the-fly Gradient Modulation with Generalisation Enhancement (Peng et al., CVPR 2022, 2203.15332).

Joint training in which the leading modality is damped: in each step the logits are decomposed into the contribution of
each modality (exactly, since the head is linear), and the gradients of the encoder that is more confident of the right
class are reduced; noise as strong as the gradients preserves the generalisation that smaller gradients would cost.

Departures: all weights of two dimensions and more are modulated, where the released code modulates those of
two-dimensional convolutions, which series, vectors and texts do not have. The duration of modulation is a fraction of
the training. SGD uses the weight decay of all methods here, 0.01, where the released code has 0.0001. Incomplete rows
do not count in the scores. The paper does not address missing modalities: their feature is zero, as in the authors' own
scores of single modalities.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor

from mmlab.core.batch import Batch
from mmlab.core.declarations import RESNET18, AblationStep, Card, Setting
from mmlab.core.diagram import ACCENT, MUTED, Arrow, Box, Diagram, Inputs, Join, Note, Words
from mmlab.core.method import METHODS, Feature, Features, Fused, Method, Run
from mmlab.core.options import option
from mmlab.core.task import TaskInfo
from mmlab.losses.ogm_ge import discrepancy_ratios, enhanced, modulation
from mmlab.networks.parts import Linear, Parts, pool, zero_absent

SGD = {"optimiser": "sgd", "learning_rate": 0.02}  # the rate: the better of 0.02 and 0.1 on validation data of `watch`


@METHODS.register("ogm_ge")
class OGMGE(Method["OGMGE.Config"]):
    """Encoders, concatenation, a linear head; the gradients of the encoder that is ahead are made smaller."""

    title = "OGM-GE"
    paper = "Peng et al., Balanced Multimodal Learning via On-the-fly Gradient Modulation, CVPR 2022"
    year = 2022
    about = "Joint training that holds back the encoder that is ahead, so that no input dominates."
    representation = "The features of all inputs side by side, with zeros in place of what is missing."
    trained_with_gaps = False
    supports = frozenset({"classification", "detection"})
    plan = SGD
    order = 90
    averages_gradients = True
    evidence_views = ("margin", "norms")
    ablations = (
        AblationStep("joint", "the same network without modulation", {"modulate": False}),
        AblationStep("ogm", "+ modulation (OGM)", {"enhance": False}),
        AblationStep("ogm_ge", "+ noise (OGM-GE)"),
    )
    search = (Setting("alpha-0.3", config={"alpha": 0.3}), Setting("alpha-0.8", config={"alpha": 0.8}))
    presets = (
        Setting(
            "paper",
            plan={
                "epochs": 100,
                "batch_size": 64,
                "learning_rate": 0.001,
                "weight_decay": 0.0001,
                **RESNET18,
                "optimiser": "sgd",
                "schedule": "tenths",
                "fall": 0.7,
            },
            config={"alpha": 0.8, "until": 0.51},
            about="The released code's for CREMA-D, with its ResNet-18 encoders",
        ),
    )
    card = Card(
        idea="In joint training the modality that learns fastest lowers the loss for all, and the encoders of the "
        "others are left half trained. OGM compares in each step how sure each modality alone is of the right class, "
        "and makes the gradients of the encoder that is ahead smaller. Noise as strong as the gradients (GE) makes "
        "up for the generalisation that shorter steps would lose.",
        trained="All encoders and one linear head on the concatenated features, on complete data.",
        missing="The features of a missing modality are set to zero, which the network has never seen: the method is "
        "a cure for dominance, not for gaps.",
        look="Whether the Shapley values are closer to each other than in joint training, and what the score of the "
        "weak modality alone gains.",
        paper="X. Peng, Y. Wei, A. Deng, D. Wang, D. Hu. Balanced Multimodal Learning via On-the-fly Gradient "
        "Modulation. CVPR 2022.",
        link="https://arxiv.org/abs/2203.15332",
        departs=(
            "With three and more modalities the ratios to each of the others are averaged, as the authors advise.",
            "All weights of an encoder are modulated; the released code takes those of two-dimensional convolutions.",
            "The optimiser is SGD, as in the released code and unlike the other methods here: AdamW divides the "
            "lengths of gradients out again, and the modulation with them. The learning rate (0.02) and the weight "
            "decay (0.01) are larger than the released 0.001 and 0.0001.",
            "Modulation ends after half of the training, as in the released code's 50 of 100 epochs.",
        ),
    )
    diagram = Diagram(
        training=(
            Inputs(),
            Join(133, 162, 0.25),
            Box(190, 100, 52, "join", high=64),
            Arrow(218, 100, 266, 100),
            Box(306, 100, 76, "answer"),
            Arrow(262, 126, 140, 150, MUTED, faint=True, wide=1),
            Arrow(262, 74, 140, 52, ACCENT, wide=3),
            Words(214, 40, "whole gradient", 11.5),
            Words(214, 168, "held back", 11.5),
            Note("The encoder that is ahead gets\na smaller gradient, with noise."),
        ),
        missing=(
            Inputs(),
            Join(133, 155, 0.6),
            Box(190, 100, 66, "zero for\nmissing\ninputs", high=116),
            Arrow(225, 100, 266, 100),
            Box(306, 100, 76, "answer"),
            Note("Zero takes its place:\nthe network has never seen it."),
        ),
    )

    @dataclass(frozen=True)
    class Config:
        """Options of OGM-GE."""

        alpha: float = option(0.1, "How strongly the modality that is ahead is held back", 0.0, 10.0, symbol="α")
        modulate: bool = option(True, "Hold gradients back (OGM); off is joint training of the same network")
        enhance: bool = option(True, "Add noise as strong as the gradients (GE)")
        until: float = option(0.5, "Fraction of the training after which nothing is held back", 0.0, 1.0)

    def __init__(self, info: TaskInfo, config: OGMGE.Config) -> None:
        super().__init__(info, config)
        parts = Parts(info)
        self.encoders = parts.encoders()
        self.head = parts.head((parts.joined,))
        self._scores = torch.ones(len(info.modalities))
        self._epoch: list[Tensor] = []

    def fuse(self, features: Features, present: Tensor) -> Fused:
        levels: list[Feature] = zero_absent(features.alone, present, self.modalities.names)
        joined = torch.cat([feature[-1] for feature in levels], 1)
        return Fused(self.head((joined,)), pool(joined), extras={"features": levels})

    def losses(self, batch: Batch, run: Run) -> dict[str, Tensor]:
        fused = self.learn_from(batch, batch.present)
        whole = batch.present.all(1)
        if bool(whole.any()):
            self._scores = self._own_scores(fused.extras["features"], batch.target, whole)
        return {"task": self.output.loss(fused.logits, batch.target).mean()}

    @torch.no_grad()
    def _own_scores(self, features: list[Feature], target: Tensor, whole: Tensor) -> Tensor:
        """Each modality's own probability of the right class, summed over complete rows: `[M]` (Eq. 7)."""
        scores = []
        layer = cast(Linear, self.head).layer
        weights = torch.split(layer.weight, [feature[-1].shape[1] for feature in features], 1)
        for feature, weight in zip(features, weights, strict=True):
            logits = feature[-1] @ weight.T + layer.bias / len(features)
            scores.append(logits.softmax(1).gather(1, target[:, None])[whole].sum())
        return torch.stack(scores).float()

    def backward(self, losses: Mapping[str, Tensor], run: Run) -> None:
        super().backward(losses, run)
        reached = [parameter for parameter in self.parameters() if parameter.grad is not None]
        gradients = [parameter.grad for parameter in reached if parameter.grad is not None]
        for parameter, gradient in zip(reached, run.over_processes(gradients), strict=True):
            parameter.grad = gradient
        [self._scores] = run.over_processes([self._scores])
        if not self.config.modulate:
            return
        ratios = discrepancy_ratios(self._scores)
        self._epoch.append(ratios.detach().cpu())
        if run.after(self.config.until):
            return
        for coefficient, name in zip(modulation(ratios, self.config.alpha), self.modalities.names, strict=True):
            for parameter in self.encoders[name].parameters():
                if parameter.grad is not None and parameter.dim() > 1:
                    noise = self._noise(parameter, run.generator) if self.config.enhance else None
                    parameter.grad = enhanced(parameter.grad, coefficient.to(parameter.device), noise)

    def _noise(self, parameter: Tensor, generator: torch.Generator) -> Tensor:
        drawn = torch.randn(parameter.shape, generator=generator, device=generator.device)
        return drawn.to(parameter.device, parameter.dtype)

    def logs(self) -> dict[str, Any]:
        """The epoch's mean discrepancy ratio of each modality; above 1 it is ahead."""
        if not self._epoch:
            return {}
        mean = torch.stack(self._epoch).mean(0)
        self._epoch = []
        return {"ratios": dict(zip(self.modalities.names, mean.tolist(), strict=True))}
