"""MMANet: Margin-aware Distillation and Modality-aware Regularization (Wei et al., CVPR 2023, 2304.08028).

A teacher, trained first on complete data, transfers its relations between samples, weighted by its uncertainty so that
samples near a decision boundary count more (MAD, docs/methods.md 5.2). A second head gets an extra loss on the weakest
combinations (MAR, 5.3), mined by the divergence of their predictions from those on complete input.

Departures, each an option: the weight applies to a sample's row (the released classification code weights columns); the
extra loss is masked (the released code multiplies the whole batch's loss by the number of weak samples); the
distillation has a weight of 0.3, chosen on validation, where the paper's 30 costs accuracy here; mining uses the
validation split, where the released code uses the loader called test. Start epochs are fractions of the training.
Relations are those of the fused features, not of the last maps before pooling. In segmentation, pixels are the samples:
`PIXELS` random ones per level, weighted by the teacher's uncertainty, and combinations are mined as for classification;
the released version is `pixels="pooled"`, `doubt="entropy"`, `miner="iou"`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from mmlab.core.batch import Batch
from mmlab.core.declarations import RESNET18_SE, SHARES_NOT_EPOCHS, AblationStep, Card, Setting
from mmlab.core.diagram import GONE, RESTS, Arrow, Box, Chips, Diagram, Grid, Note, Words
from mmlab.core.errors import Unsupported
from mmlab.core.method import METHODS, Feature, Features, Fused, Method, Run
from mmlab.core.options import option
from mmlab.core.task import TaskInfo
from mmlab.losses.dmrnet import hard_combination_loss
from mmlab.losses.mmanet import (
    margin_aware_distillation,
    margin_weights,
    prediction_divergence,
    similarity_preserving,
    squared_iou_gap,
    uncertainty_shares,
    weakest_combinations,
)
from mmlab.networks.parts import Parts, pixels, pool, zero_absent
from mmlab.networks.rank import shrunk

PIXELS = 1200
POOLED = 8  # pixels on a side of what the released pipeline relates; there 30 x 40, of pictures of 480 x 640


@METHODS.register("mmanet")
class MMANet(Method["MMANet.Config"]):
    """Modality dropout, a teacher's relations, and a regularisation network for the weakest combinations."""

    title = "MMANet"
    paper = "Wei et al., MMANet: Margin-aware Distillation and Modality-aware Regularization, CVPR 2023"
    year = 2023
    about = (
        "Distils relations between samples from a teacher with complete data, above all near the decision boundary, "
        "and adds a loss on the combinations that drift most."
    )
    representation = "The joined features of the student, with zeros in place of what is missing, as in training."
    teachers = ("joint",)
    order = 60
    evidence_views = ("likeness", "doubts", "drift", "margin", "norms")
    ablations = (
        AblationStep("dropout", "modality dropout", {"distil": 0.0, "weak": 0.0}),
        AblationStep("sp", "+ similarity of relations", {"relation": "similarity", "weak": 0.0}),
        AblationStep("mad", "+ weighted by uncertainty (MAD)", {"weak": 0.0}),
        AblationStep("mar", "+ weak combinations (MMANet)"),
    )
    search = (Setting("distil-3", config={"distil": 3.0}), Setting("distil-30", config={"distil": 30.0}))
    presets = (
        Setting(
            "paper",
            plan={
                "epochs": 100,
                "batch_size": 64,
                "learning_rate": 0.001,
                "weight_decay": 0.0005,
                **RESNET18_SE,
                "optimiser": "nesterov",
                "schedule": "sixths",
                "select": "random_mask",
            },
            config={"distil": 30.0, "warmup": 0.06},
            about="The released code's for CASIA-SURF (5.4), ResNet-18-SE encoders; there layers 3 and 4 are shared",
        ),
        Setting(
            "paper-regions",
            plan={"epochs": 300, "batch_size": 8, "optimiser": "sgd", "learning_rate": 0.01, "weight_decay": 0.0001},
            config={
                "distil": 4.0,
                "weak": 0.2,
                "warmup": 0.033,
                "blocks": 2,
                "pixels": "pooled",
                "doubt": "entropy",
                "miner": "iou",
            },
            about="As released for NYUv2 (docs/methods.md 5.4), but for ESANet, its entropies and 30 x 40 pixels",
        ),
    )
    card = Card(
        idea="A teacher is trained on complete data. The student, whose modalities are dropped at random, is "
        "distilled not from the teacher's predictions but from its similarities between samples, above all of "
        "samples for which the teacher is uncertain (margin-aware distillation). The combinations whose "
        "predictions drift furthest from complete input are mined as weak and regularised by an auxiliary "
        "head (modality-aware regularisation).",
        trained="First the teacher (the method *Joint training*), which is then frozen. Then the encoders, fusion and "
        "head of the student, and the auxiliary head.",
        missing="The features of a missing modality are set to zero, and the student predicts. Teacher and auxiliary "
        "head are not used any more.",
        look="Whether the similarity matrix of the student resembles the teacher's, and which combinations were "
        "mined as weak.",
        paper="S. Wei, C. Luo, Y. Luo. MMANet: Margin-aware Distillation and Modality-aware Regularization for "
        "Incomplete Multimodal Learning. CVPR 2023.",
        link="https://arxiv.org/abs/2304.08028",
        departs=(
            "The uncertainty of a sample weights its row of the similarity matrix. The released "
            "classification code weights columns (option `weight=column`).",
            "The loss of the auxiliary head counts weak samples only. The released code multiplies that of the whole "
            "batch by their number (option `mar=broadcast`).",
            "Weak combinations are mined on validation samples, the released code's on its test loader. For regions "
            "random pixels are related; the released way is `pixels=pooled`, `doubt=entropy`, `miner=iou`.",
            "The distillation weighs 0.3, chosen on validation; the paper's 30 costs accuracy here (`distil=30`).",
            "Similarities are those of the fused features, in the released code of the last maps before pooling.",
            SHARES_NOT_EPOCHS,
        ),
    )
    diagram = Diagram(
        training=(
            Chips(56),
            Arrow(86, 56, 103, 56),
            Box(138, 56, 68, "teacher", RESTS),
            Arrow(173, 56, 196, 56),
            Grid(222, 56, 46, "9720793127930139"),
            Chips(140, without_second=True),
            Arrow(86, 140, 103, 140),
            Box(138, 140, 68, "student"),
            Arrow(173, 140, 196, 140),
            Grid(222, 140, 46, "9611692116930139"),
            Words(222, 98, "make alike", 11.5),
            Arrow(222, 108, 222, 116, wide=1.2),
            Arrow(222, 88, 222, 80, wide=1.2),
            Arrow(247, 132, 265, 122),
            Arrow(247, 148, 265, 162),
            Box(312, 116, 90, "answer"),
            Box(312, 166, 90, "extra loss", high=28),
            Note(
                "Teacher: frozen, sees all inputs. Its similarities\n"
                "are distilled; weak combinations get an extra loss."
            ),
        ),
        missing=(
            Chips(56, pale=True),
            Arrow(86, 56, 103, 56, faint=True),
            Box(138, 56, 68, "teacher", GONE),
            Chips(140, without_second=True),
            Arrow(86, 140, 103, 140),
            Box(138, 140, 68, "student"),
            Arrow(173, 140, 196, 140),
            Box(236, 140, 74, "answer"),
            Words(232, 56, "no longer needed", faint=True),
            Note("The student predicts alone,\nwith zeros for missing inputs."),
        ),
    )

    @dataclass(frozen=True)
    class Config:
        """Options of MMANet."""

        distil: float = option(0.3, "Weight of the distillation; the paper's is 30", 0.0, 1000.0, symbol="λ₁")
        relation: str = option(
            "margin",
            "How relations are compared: weighted by the teacher's uncertainty, or all alike",
            choices=("margin", "similarity"),
        )
        weight: str = option(
            "row", "What a sample's uncertainty weighs: its row, or its column", choices=("row", "column")
        )
        blocks: int = option(1, "Column blocks that are normalised apart; 2 is the released segmentation code", 1, 2)
        weak: float = option(0.5, "Weight of the extra loss on weak combinations", 0.0, 10.0, symbol="λ₂")
        mar: str = option("masked", "How that extra loss is averaged", choices=("masked", "broadcast"))
        warmup: float = option(0.1, "Fraction of the training after which both begin", 0.0, 1.0)
        candidates: str = option(
            "largest", "Combinations that can be mined: all but one modality, or any", choices=("largest", "all")
        )
        pixels: str = option(
            "sampled",
            "For regions, the pixels that are related: random ones of all places, or all of maps that are pooled to "
            "8 by 8 first, as in the released code",
            choices=("sampled", "pooled"),
        )
        doubt: str = option(
            "certainty",
            "For regions, what weighs a pixel: one minus the teacher's certainty, or the entropy of its answer, as for "
            "classes",
            choices=("certainty", "entropy"),
        )
        margin: str = option(
            "scale",
            "For numbers, how near to the middle counts as near: by the scale, or by the mean distance in the batch",
            choices=("scale", "batch"),
        )
        miner: str = option(
            "histogram",
            "How weak combinations are found: by what they predict; or, for regions, by their overlap with the truth, "
            "and only the weakest, as in the released segmentation code",
            choices=("histogram", "iou"),
        )
        softened: bool = option(True, "Soften the histograms before comparing them, as the released code does")

    def __init__(self, info: TaskInfo, config: MMANet.Config) -> None:
        super().__init__(info, config)
        if config.miner == "iou" and not info.output.dense:  # an overlap is one of regions
            raise Unsupported("Only regions have an overlap to mine by.", "Use miner=histogram.")
        parts = Parts(info)
        self.encoders = parts.encoders()
        self.fusion = parts.fusion()
        self.head = parts.head()
        self.regulariser_fusion = parts.fusion()
        self.regulariser_head = parts.head()
        self.divergence: Tensor
        self.is_weak: Tensor
        self.register_buffer("divergence", torch.zeros(2 ** len(info.modalities), dtype=torch.float64))
        self.register_buffer("is_weak", torch.zeros(2 ** len(info.modalities), dtype=torch.bool))

    def fuse(self, features: Features, present: Tensor) -> Fused:
        hidden = zero_absent(features.alone, present, self.modalities.names)
        feature = self.fusion(hidden)
        return Fused(self.head(feature), pool(feature[-1]), extras={"hidden": hidden, "feature": feature})

    def losses(self, batch: Batch, run: Run) -> dict[str, Tensor]:
        present = run.drop(batch.present)
        fused = self.learn_from(batch, present)
        terms = {"task": self.output.loss(fused.logits, batch.target).mean()}
        if not run.after(self.config.warmup):
            return terms
        if self.config.distil > 0:
            with torch.no_grad():
                teacher = run.teachers["joint"](batch.inputs, batch.present)
            terms["distil"] = self.config.distil * self._distillation(fused, teacher, run)
        if self.config.weak > 0:
            logits = self.regulariser_head(self.regulariser_fusion(fused.extras["hidden"]))
            is_weak = self.is_weak[self.modalities.codes(present)]
            each = self.output.loss(logits, batch.target)
            terms["weak"] = self.config.weak * hard_combination_loss(each, is_weak, self.config.mar == "broadcast")
        return terms

    def _distillation(self, fused: Fused, teacher: Fused, run: Run) -> Tensor:
        student_feature, teacher_feature = fused.extras["feature"], teacher.extras["feature"]
        total = torch.zeros((), device=fused.logits.device)
        for student, wise in zip(student_feature, teacher_feature, strict=True):
            rows, uncertainties = self._as_samples((student, wise), teacher.logits, run)
            if self.config.relation == "similarity":
                total = total + similarity_preserving(*rows)
            else:
                total = total + margin_aware_distillation(
                    *rows, teacher.logits, self.config.weight, self.config.blocks, uncertainties
                )
        return total

    def _as_samples(self, levels: Feature, logits: Tensor, run: Run) -> tuple[tuple[Tensor, Tensor], Tensor | None]:
        """Rows to relate, of student and teacher, and their weights (None: the entropy of the teacher's classes)."""
        student, teacher = levels
        if student.dim() == 2:
            return (student, teacher), self._weights(logits)
        pooled = self.config.pixels == "pooled"
        sides = tuple(min(side, POOLED) if pooled else side for side in student.shape[2:])
        small, by_entropy = shrunk(logits, sides), self.config.doubt == "entropy"
        uncertainties = self.output.uncertainty_map(small) if by_entropy else 1 - self.output.certainty(small)
        chosen = torch.randperm(len(student) * math.prod(sides), generator=run.generator)
        chosen = (chosen if pooled else chosen[:PIXELS]).to(student.device)
        rows, wise, weights = (pixels(shrunk(maps, sides))[chosen] for maps in (student, teacher, uncertainties))
        weights = weights.squeeze(1) + 1e-6
        return (rows, wise), weights / weights.sum()

    def _weights(self, logits: Tensor) -> Tensor | None:
        """Of numbers by nearness to the middle, of labels by entropy (docs/methods.md 5.8); None: as classes."""
        if logits.shape[1] > 1 and not self.output.yes_or_no:
            return None
        uncertainties = self.output.uncertainty(logits)  # of a number exp(-distance) on the scale
        in_batch = self.config.margin == "batch" and not self.output.yes_or_no
        return margin_weights(-uncertainties.log()) if in_batch else uncertainty_shares(uncertainties)

    def on_epoch_end(self, run: Run) -> None:
        """Measure how far each combination drifts while warming up; then choose the weakest once (Eq. 9-13).

        On samples that have the combination and more, against the answers from all that they have.
        """
        if run.after(self.config.warmup):
            return
        have = run.validation_present
        answers = run.validation(have)
        smallest = len(self.modalities) - 1 if self.config.candidates == "largest" else 1
        candidates = [c for c in self.modalities.subsets()[:-1] if len(c) >= smallest]
        for combination in candidates:
            only = have & self.modalities.mask(combination, len(have))
            more = (only.sum(1) == len(combination)) & (have.sum(1) > len(combination))
            if more.any():  # nobody can drift from what he lacks
                distance = self._drift(run.validation(only)[more], answers[more], run.validation_target[more])
                self.divergence[self.modalities.code(combination)] += float(distance)
        if run.last_before(self.config.warmup):
            codes = [self.modalities.code(c) for c in candidates]
            weak = weakest_combinations(self.divergence[codes].cpu(), self.modalities.masks(candidates))
            weak = weak[:1] if self.config.miner == "iou" else weak
            self.is_weak[self.modalities.codes(weak.bool()).to(self.is_weak.device)] = True

    def _drift(self, found: Tensor, full: Tensor, truth: Tensor) -> Tensor:
        """How far the answers from a combination are from those from everything, `[N, ...]` each."""
        if self.config.miner == "iou":
            known = truth >= 0  # what is found where nobody labelled is neither right nor wrong
            return squared_iou_gap((found > 0) & known, (full > 0) & known, truth > 0)
        return prediction_divergence(self.output.histogram(found), self.output.histogram(full), self.config.softened)

    def logs(self) -> dict[str, Any]:
        """The mined combinations, and how far each candidate has drifted."""
        subsets = self.modalities.subsets()
        weak = [c.key for c in subsets if bool(self.is_weak[self.modalities.code(c)])]
        drift = {c.key: float(self.divergence[self.modalities.code(c)]) for c in subsets}
        return {"mined": weak, "divergence": {key: value for key, value in drift.items() if value}}
