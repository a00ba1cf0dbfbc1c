"""GMD + DS: Gradient-guided Modality Decoupling, dynamic sharing (Wang et al., AAAI 2024, 2402.16318).

Every combination of modalities is a separate objective. If the gradients of two of them conflict, each loses its
component along the other (docs/methods.md 4.3), so that no combination is dominated. Dynamic sharing: one network for
all modalities, of which only the normalisation is modality-specific (docs/methods.md 4.1); the prediction is the mean
over the available modalities. Segmentation of images of equal size uses the paper's network: a U-Net with every
convolution shared. An image and a sound cannot share convolutions; elsewhere encoders are modality-specific, and a
layer and the head are shared.

Departures: shared parts are defined by structure, where the released code uses all parameters with a gradient in every
objective; the visiting order is random from an explicit generator. Gradient cosines and norms are those of the shared
parameters (Eq. 3); in their own parameters two single modalities are orthogonal anyway. Segmentation uses the loss of
all methods here (soft Dice and cross-entropy), where the released code has soft Dice over the batch; the U-Net has
three levels instead of the released five. Elsewhere the normalisation is batch normalisation, not GroupNorm.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mmlab.core.batch import Batch
from mmlab.core.declarations import AblationStep, Card, Setting
from mmlab.core.diagram import ACCENT, MUTED, PLAIN, WRONG, Arrow, Box, Diagram, Inputs, Join, Note, Words
from mmlab.core.method import METHODS, Feature, Features, Fused, Method, Run
from mmlab.core.modality import Combination
from mmlab.core.options import option
from mmlab.core.presence import mean_of, of_present
from mmlab.core.task import TaskInfo
from mmlab.losses.common import gradients_of, mean_over_present
from mmlab.losses.gmd import decoupled_gradients, gradient_cosines, merge_gradients
from mmlab.networks.parts import Parts, pool

ANGLES = 18


@METHODS.register("gmd")
class GMD(Method["GMD.Config"]):
    """All combinations as objectives, their conflicts removed; shared backbone with own normalisation."""

    title = "GMD + DS"
    paper = "Wang et al., Gradient-guided Modality Decoupling for Missing-Modality Robustness, AAAI 2024"
    year = 2024
    about = (
        "Trains every combination of inputs at once and removes the components in which their "
        "gradients conflict, so that no input dominates."
    )
    representation = "The mean of the features of the inputs that are there."
    order = 70
    averages_gradients = True
    evidence_views = ("angles", "conflicts", "norms")
    ablations = (
        AblationStep("neither", "neither", {"decouple": False, "sharing": False}),
        AblationStep("ds", "dynamic sharing only", {"decouple": False}),
        AblationStep("gmd", "decoupling only", {"sharing": False}),
        AblationStep("three", "both, 3 combinations per step", {"per_step": 3}),
        AblationStep("five", "both, 5 combinations per step", {"per_step": 5}),
        AblationStep("both", "both, all combinations (GMD + DS)"),
    )
    search = (Setting("per_step-3", config={"per_step": 3}), Setting("scope-shared", config={"scope": "shared"}))
    presets = (
        Setting(
            "paper",
            plan={
                "epochs": 600,
                "batch_size": 4,
                "learning_rate": 0.0008,
                "weight_decay": 0.00001,
                "optimiser": "adam",
                "schedule": "polynomial",
            },
            config={"per_step": 63},
            about="The released code's for BraTS (docs/methods.md 4.5), its polynomial decay as it was meant, but "
            "for its three dimensions and 16 to 256 channels",
        ),
    )
    card = Card(
        idea="When the losses of several combinations are trained together, their gradients can conflict, and a "
        "dominant modality drags the shared parameters where they hurt the others. GMD computes the gradient "
        "of every combination and projects conflicting ones so that the conflicting component is removed. "
        "Dynamic sharing (DS) uses one network for all modalities with a normalisation layer for each, so "
        "that a missing modality is simply left out.",
        trained="All encoders, one shared network and head, and one normalisation per modality. Every combination is "
        "an objective of its own in each step (with more than four modalities, five combinations drawn at "
        "random).",
        missing="Nothing takes its place: the prediction is the average over the modalities that are present.",
        look="How many pairs of gradients conflict before and after the projection, and whether the gradient of "
        "one combination is much longer than the others.",
        paper="H. Wang, S. Luo, G. Hu, J. Zhang. Gradient-Guided Modality Decoupling for Missing-Modality Robustness. "
        "AAAI 2024, 38(14), 15483–15491.",
        link="https://arxiv.org/abs/2402.16318",
        departs=(
            "For regions in scans of one size all convolutions are shared, as in the paper. Elsewhere each modality "
            "has an encoder of its own, since an image and a sound cannot share one as four MRI contrasts can.",
            "Which parameters are shared is fixed by the architecture. The released code takes those that every "
            "combination reached in that step.",
            "Conflicts are removed one after another in random order, as in the released code, so a few remain.",
            "Regions are trained with the loss of all methods here, soft Dice plus cross-entropy; the released code "
            "uses soft Dice alone, over the whole batch. Its U-Net has five levels of 16 to 256 channels, ours has "
            "three of 8 to 32.",
            "Where only some combinations are drawn in a step, the complete one is always among them.",
        ),
    )
    diagram = Diagram(
        training=(
            Inputs(),
            Join(133, 155, 0.8),
            Box(185, 100, 58, "one\nshared\nnetwork", high=142),
            Arrow(290, 128, 348, 116, ACCENT, wide=3),
            Arrow(290, 128, 246, 76, WRONG, faint=True, wide=2),
            Arrow(290, 128, 278, 66, WRONG, wide=3),
            Arrow(248, 74, 273, 68, MUTED),
            Words(294, 46, "corrections", 11.5),
            Words(294, 150, "conflict: projected", 11.5),
            Note("Every combination gives a gradient.\nConflicting components are projected out."),
        ),
        missing=(
            Inputs(),
            Join(133, 155, 0.8),
            Box(185, 100, 58, "one\nshared\nnetwork", high=142),
            Arrow(216, 100, 255, 100),
            Box(302, 100, 90, "mean of the\npresent ones", PLAIN, 44),
            Note("Nothing replaces it; its part\nof the network is switched off."),
        ),
    )

    @dataclass(frozen=True)
    class Config:
        """Options of GMD + DS."""

        decouple: bool = option(True, "Remove conflicts between gradients (GMD); off adds them up")
        sharing: bool = option(True, "Normalise each modality by its own statistics (DS); off shares those too")
        convolutions: bool = option(
            True,
            "For regions in pictures of one size: share every convolution, as the paper does; off gives each input an "
            "encoder of its own, as elsewhere",
        )
        per_step: int = option(
            0, "Combinations per step; 0 is all up to four modalities and five beyond", 0, 63, symbol="k"
        )
        reduction: str = option("mean", "How shared gradients are merged", choices=("mean", "sum"))
        order: str = option("random", "Order in which conflicts are removed", choices=("random", "fixed"))
        scope: str = option("all", "Parameters whose conflicts are removed", choices=("all", "shared"))

    def __init__(self, info: TaskInfo, config: GMD.Config) -> None:
        super().__init__(info, config)
        parts = Parts(info)
        pairs = list(zip(parts.sizes, parts.embedding, strict=True))
        owners = info.modalities.names if config.sharing else ("all",)
        self.network = parts.switched_unet(owners) if config.convolutions and parts.readable_by_one() else None
        self._reset_statistics()
        if self.network is not None:
            return
        self.encoders = parts.encoders()
        self.backbone = nn.ModuleList(parts.pointwise(before, after) for before, after in pairs)
        self.norms = nn.ModuleDict({name: nn.ModuleList(parts.norm(after) for _, after in pairs) for name in owners})
        self.head = parts.head()

    @classmethod
    def stored_config(cls, info: TaskInfo, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Version 0.1 had encoders of their own everywhere, and no option for it."""
        return values if "convolutions" in values or "sharing" not in values else {**values, "convolutions": False}

    def encode_one(self, name: str, values: Tensor, there: Tensor | None = None) -> tuple[Tensor, ...]:
        """A modality's own answer and embedding, through the shared backbone and head."""
        return of_present(lambda rows: self._answer(name, values[rows]), there, self)

    def _owner(self, name: str) -> str:
        """Whose normalisation a modality passes."""
        return name if self.config.sharing else "all"

    def _answer(self, name: str, values: Tensor) -> tuple[Tensor, Tensor]:
        if self.network is not None:
            logits, found = self.network(values, self._owner(name), name)
            return logits, pool(found[-1])
        feature: Feature = self.encoders[name](values)
        norms: Any = self.norms[self._owner(name)]
        levels = tuple(
            torch.relu(norm(mix(level))) for mix, norm, level in zip(self.backbone, norms, feature, strict=True)
        )
        return self.head(levels), pool(levels[-1])

    def fuse(self, features: Features, present: Tensor) -> Fused:
        names = self.modalities.names
        logits = mean_over_present([features.alone[name][0] for name in names], present)
        return Fused(logits, mean_over_present([features.alone[name][1] for name in names], present))

    def losses(self, batch: Batch, run: Run) -> dict[str, Tensor]:
        features = self.encode(batch.inputs, batch.there)
        terms = {}
        for combination in self._objectives(run):
            wanted = self.modalities.mask(combination, len(batch), batch.present.device)
            present = batch.present & wanted
            on = present.any(1)
            safe = torch.where(on[:, None], present, wanted)
            each = self.output.loss(self.fuse(features, safe).logits, batch.target)
            terms[combination.key] = mean_of(each, on)
        return terms

    def _objectives(self, run: Run) -> list[Combination]:
        """All combinations, or the complete one and a draw of the others (paper: five are about as good)."""
        subsets = list(self.modalities.subsets())
        count = self.config.per_step or self._usual_count()
        drawn = torch.randperm(len(subsets) - 1, generator=run.generator)[: count - 1].tolist()
        return subsets if count >= len(subsets) else [subsets[index] for index in (*sorted(drawn), -1)]

    def _usual_count(self) -> int:
        return 2 ** len(self.modalities) - 1 if len(self.modalities) <= 4 else 5

    def backward(self, losses: Mapping[str, Tensor], run: Run) -> None:
        """One backward pass per objective; project, merge, and write the result into the gradients."""
        parameters = [parameter for parameter in self.parameters() if parameter.requires_grad]
        rows = [
            torch.cat([gradient.flatten() for gradient in gradients_of(loss, parameters)]) for loss in losses.values()
        ]
        [gradients] = run.over_processes([torch.stack(rows).float()])
        shared = self._shared(parameters, gradients.device)
        projected = self._decoupled(gradients, shared, run) if self.config.decouple else gradients
        self._count(gradients[:, shared], projected[:, shared], list(losses))
        merged = merge_gradients(projected, shared, self.config.reduction)
        start = 0
        for parameter in parameters:
            parameter.grad = merged[start : start + parameter.numel()].view_as(parameter).to(parameter.dtype)
            start += parameter.numel()

    def _decoupled(self, gradients: Tensor, shared: Tensor, run: Run) -> Tensor:
        count = len(gradients)
        orders = torch.arange(count).expand(count, -1) if self.config.order == "fixed" else None
        if self.config.scope == "all":
            return decoupled_gradients(gradients, orders, run.generator)
        projected = gradients.clone()
        projected[:, shared] = decoupled_gradients(gradients[:, shared], orders, run.generator)
        return projected

    def _shared(self, parameters: list[nn.Parameter], place: torch.device) -> Tensor:
        own = {id(p) for name in self.modalities.names for p in self._own_parameters(name)}
        return torch.cat([torch.full((p.numel(),), id(p) not in own, device=place) for p in parameters])

    def _own_parameters(self, name: str) -> Iterable[nn.Parameter]:
        """All that only this modality's input passes: its encoder where it has one, and its normalisation."""
        if self.network is None:
            yield from self.encoders[name].parameters()
        if self.config.sharing:
            yield from self.norms[name].parameters() if self.network is None else self.network.own_parameters(name)

    def modality_parameters(self, name: str) -> Iterable[nn.Parameter]:
        return super().modality_parameters(name) if self.network is None else self._own_parameters(name)

    def cam_layers(self, name: str, combination: Combination) -> list[nn.Module]:
        return super().cam_layers(name, combination) if self.network is None else [self.network.seen[name]]

    def _reset_statistics(self) -> None:
        count = len(self.modalities.subsets())
        self.cosines, self.pairs = np.zeros((count, count)), np.zeros((count, count))
        self.lengths = np.zeros(count)
        self.angles = {"before": np.zeros(ANGLES), "after": np.zeros(ANGLES)}

    def _count(self, before: Tensor, after: Tensor, keys: list[str]) -> None:
        """Add this step's cosines and angles up; only this epoch's are kept."""
        rows = [k for k, c in enumerate(self.modalities.subsets()) if c.key in keys]
        cosines = gradient_cosines(before).cpu().numpy()
        self.cosines[np.ix_(rows, rows)] += cosines
        self.pairs[np.ix_(rows, rows)] += 1
        self.lengths[rows] += before.norm(dim=1).cpu().numpy()
        upper = np.triu_indices(len(rows), 1)
        for name, found in (("before", cosines), ("after", gradient_cosines(after).cpu().numpy())):
            angle = np.degrees(np.arccos(np.clip(found[upper], -1, 1)))
            self.angles[name] += np.histogram(angle, ANGLES, (0, 180))[0]

    def logs(self) -> dict[str, Any]:
        """The epoch's mean cosines and gradient lengths by combination, share of conflicts, angles before and after;
        all in the parameters that the modalities share.
        """
        if not self.pairs.any():
            return {}
        mean = self.cosines / np.maximum(self.pairs, 1)
        total = self.angles["before"].sum()
        record = {
            "parameters": "shared",
            "cosines": mean.round(4).tolist(),
            "lengths": (self.lengths / np.maximum(self.pairs.diagonal(), 1)).round(5).tolist(),
            "conflicts": float(self.angles["before"][ANGLES // 2 :].sum() / max(total, 1)),
            "angles_before": self.angles["before"].astype(int).tolist(),
            "angles_after": self.angles["after"].astype(int).tolist(),
        }
        self._reset_statistics()
        return record
