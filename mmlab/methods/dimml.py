"""DI-MML: Detached and Interactive Multimodal Learning (Fan et al., ACM MM 2024, 2407.19514).

Every encoder is trained with its own head's loss, so that modalities cannot compete. They interact through a shared
classifier and a contrastive loss (DUC) that pulls a student's weak dimensions towards a detached teacher (3.2). A
second stage trains a fusion head on the frozen encoders. At inference the heads vote, weighted by certainty (3.3).

Ours where the paper is silent: with missing inputs, the heads of the available modalities vote and the fusion head,
which was never trained on incomplete input, does not (docs/methods.md 3.6). The temperature is smaller: our features
have 64 dimensions, not 512. Start epochs are fractions of the training, the fusion stage takes the last eighth.
Dimensions are separated on `SAMPLES` training samples, not augmented; the released code uses all of them, augmented.
Our own options: fusion heads, `refresh`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from mmlab.core.batch import Batch
from mmlab.core.declarations import RESNET18, SHARES_NOT_EPOCHS, AblationStep, Card, Setting
from mmlab.core.diagram import PLAIN, Box, Diagram, Each, Exchange, Inputs, Join, Note
from mmlab.core.errors import Unsupported
from mmlab.core.method import METHODS, Feature, Features, Fused, Method, Run, Stage
from mmlab.core.modality import Combination
from mmlab.core.options import option
from mmlab.core.presence import keep_rows, mean_of
from mmlab.core.task import TaskInfo
from mmlab.losses.common import mean_over_present
from mmlab.losses.dimml import (
    certainty_fusion,
    dimension_scores,
    duc_loss,
    effective_dimensions,
    undivided_contrast,
    yes_no_fusion,
)
from mmlab.networks.parts import Parts, logits_of_rows, pixels, pool, zero_absent

SAMPLES, PIXELS = 4096, 1024
MOST_WITH_HEADS = 4  # inputs, for which a fusion head for each combination is eleven heads


@METHODS.register("dimml")
class DIMML(Method["DIMML.Config"]):
    """Detached encoders with own heads, a shared classifier, dimension-decoupled contrast, votes by certainty."""

    title = "DI-MML"
    paper = "Fan et al., Detached and Interactive Multimodal Learning, ACM MM 2024"
    year = 2024
    about = (
        "Each input learns on its own, so none can dominate another; they teach each other only where one is good "
        "and the other is not. Their answers are weighted by how sure each is."
    )
    representation = "The mean of the features of the inputs that are there."
    trained_with_gaps = False
    order = 80
    evidence_views = ("skills", "votes", "norms")
    ablations = (
        AblationStep("no-shared", "no shared classifier", {"shared": 0.0}),
        AblationStep("no-duc", "no contrast", {"duc": 0.0}),
        AblationStep("all-dimensions", "contrast over all dimensions", {"dimensions": "all"}),
        AblationStep("no-weighting", "votes not weighted", {"weighting": False}),
        AblationStep("complete", "DI-MML"),
    )
    search = (Setting("duc-0.3", config={"duc": 0.3}), Setting("duc-3", config={"duc": 3.0}))
    presets = (
        Setting(
            "paper",
            plan={
                "epochs": 170,
                "batch_size": 16,
                "learning_rate": 0.001,
                "weight_decay": 0.0001,
                **RESNET18,
                "optimiser": "sgd",
                "schedule": "tenths",
                "fall": 0.46666,
            },
            config={"temperature": 10.0, "start": 0.1176, "fusion_share": 0.1176},
            about="As released for UCF101: 150 passes, then 20 for the fusion head (docs/methods.md 3.5), with its "
            "ResNet-18 encoders; the rate falls in those 20 as well",
        ),
    )
    card = Card(
        idea="When modalities are trained jointly, the strong one is fitted first and the others stay "
        "under-trained (modality competition). DI-MML detaches them: every modality is trained with a head "
        "and a loss of its own, so that no gradient passes from one to another. They still interact: in each "
        "feature dimension where one modality separates the classes better, it teaches the other "
        "(unidirectional contrastive learning).",
        trained="First each encoder with its own head and one head that all modalities share. Then the encoders are "
        "frozen and a fusion head is trained on top.",
        missing="The heads of the modalities that are present vote, weighted by their certainty. The fusion head "
        "votes only on complete input, since it is never trained with a modality missing.",
        look="The effective dimensions of each modality, how many of them it teaches to the others, and whether "
        "the more certain head is also the one that is right.",
        paper="Y. Fan, W. Xu, H. Wang, J. Liu, S. Guo. Detached and Interactive Multimodal Learning. ACM "
        "Multimedia 2024.",
        link="https://arxiv.org/abs/2407.19514",
        departs=(
            "The paper does not treat missing modalities: who votes when one is missing is our choice. With more than "
            "two modalities, the contrastive loss of a student is divided by the number of its teachers.",
            "The contrastive loss has a smaller temperature, 2 and not 10 to 50: features have 64 numbers, not 512.",
            "The dimensions that separate the classes are found on the first 4,096 training samples, without "
            "augmentation. The released code uses all of them, augmented as in training.",
            "The fusion head gets the last eighth of the training.",
            SHARES_NOT_EPOCHS,
        ),
    )
    diagram = Diagram(
        training=(
            Inputs(),
            Each(190, 66, "own\nanswer", 36, arrow_from=133),
            Exchange(96),
            Join(225, 264, 0.3),
            Box(306, 100, 80, "last: learn\nto put them\ntogether", high=60),
            Note("Each is trained on its own prediction and\nteaches the others what they lack (orange)."),
        ),
        missing=(
            Inputs(),
            Each(190, 66, "own\nanswer", 36, arrow_from=133),
            Join(225, 264, 0.3, wide=1.4, first_wide=3.5, only_present=True),
            Box(306, 100, 80, "vote, by\ncertainty", PLAIN, 48),
            Note("The heads present vote;\nthe surer one counts more."),
        ),
    )

    @dataclass(frozen=True)
    class Config:
        """Options of DI-MML."""

        shared: float = option(1.0, "Weight of the shared classifier's loss", 0.0, 10.0, symbol="w")
        duc: float = option(1.0, "Weight of the contrast between modalities", 0.0, 10.0)
        temperature: float = option(2.0, "Temperature of that contrast; smaller is sharper", 0.01, 100.0, symbol="τ")
        start: float = option(0.15, "Fraction of the training after which the contrast begins", 0.0, 1.0)
        dimensions: str = option(
            "decoupled",
            "Dimensions that are contrasted: where only the teacher is effective, or all",
            choices=("decoupled", "all"),
        )
        certainty: float = option(1.0, "Temperature of the votes; small: the surest decides", 0.01, 100.0, symbol="T")
        weighting: bool = option(True, "Weigh the votes by certainty; off counts all heads alike")
        voters: str = option(
            "own",
            "Heads that vote beside the fusion head: each modality's own, or the shared one",
            choices=("own", "shared"),
        )
        fusion_share: float = option(0.125, "Share of the training for the fusion head", 0.01, 0.9)
        fusion_training: str = option(
            "alone",
            "What the fusion head learns from: its own answer, as in the released code, or that of the weighted votes",
            choices=("alone", "votes"),
        )
        fusion_heads: str = option(
            "complete",
            "Fusion heads: one for complete input, or one for each combination of two and more, for up to four inputs",
            choices=("complete", "each"),
        )
        refresh: int = option(
            0, "Find the effective dimensions anew after so many epochs; 0 is once, as in the released code", 0, 1000
        )

    def __init__(self, info: TaskInfo, config: DIMML.Config) -> None:
        super().__init__(info, config)
        parts = Parts(info)
        size = parts.sizes[-1]
        self.encoders = parts.encoders()
        self.heads = nn.ModuleDict({name: parts.head(parts.sizes) for name in info.modalities.names})
        self.shared_head = parts.head(parts.sizes)
        self.fusion_head = parts.head([len(info.modalities) * level for level in parts.sizes])
        self.partial_heads = nn.ModuleDict()
        if config.fusion_heads == "each":
            if len(info.modalities) > MOST_WITH_HEADS:
                raise Unsupported("A fusion head for each combination is for up to four inputs.", "Use one head.")
            parted = [c for c in info.modalities.subsets()[:-1] if len(c) > 1]
            sizes = {c.key: [len(c) * level for level in parts.sizes] for c in parted}
            self.partial_heads.update({key: parts.head(size) for key, size in sizes.items()})
        self.fusion_votes = True  # not while it is untrained: an epoch of the first stage is chosen without it
        self.scores: Tensor
        self.effective: Tensor
        self.register_buffer("scores", torch.zeros(len(info.modalities), size))
        self.register_buffer("effective", torch.zeros(len(info.modalities), size, dtype=torch.bool))

    def stages(self, epochs: int) -> list[Stage]:
        """Encoders and their heads first; then the fusion heads alone, everything else frozen."""
        fusion = max(1, round(self.config.fusion_share * epochs))
        learners = [self.encoders, self.heads, self.shared_head]
        last = [self.fusion_head, self.partial_heads]
        first = [parameter for module in learners for parameter in module.parameters()]
        return [
            Stage("encoders", epochs - fusion, first, frozen=last),
            Stage("fusion", fusion, [p for module in last for p in module.parameters()], frozen=learners),
        ]

    def encode(self, inputs: Mapping[str, Tensor], there: Tensor | None = None) -> Features:
        """Each modality's feature and the logits of the head that votes for it."""
        alone, votes = super().encode(inputs, there).alone, {}
        for name, feature in alone.items():
            head = self.heads[name] if self.config.voters == "own" else self.shared_head
            votes[name] = (head(feature),)
        return Features(alone, beside=votes)

    def fuse(self, features: Features, present: Tensor) -> Fused:
        hidden = zero_absent(features.alone, present, self.modalities.names)
        votes = [features.beside[name][0] for name in self.modalities.names]
        together, there = self._together(hidden, votes[0], present)
        votes.append(together)
        available = torch.cat((present, there), 1)
        weights, logits = self._vote(torch.stack(votes), available)
        mean = mean_over_present([pool(feature[-1]) for feature in hidden], present)
        return Fused(logits, mean, extras={"weights": weights})

    def _fusion_heads(self) -> list[tuple[Combination, nn.Module]]:
        """The fusion heads, each with the combination that it votes on."""
        partial = [c for c in self.modalities.subsets() if c.key in self.partial_heads]
        return [*((c, self.partial_heads[c.key]) for c in partial), (self.modalities.full, self.fusion_head)]

    def _joined(self, hidden: Sequence[Feature], combination: Combination) -> Feature:
        chosen = [hidden[position] for position, on in enumerate(self.modalities.row(combination)) if on]
        return tuple(torch.cat(level, 1) for level in zip(*chosen, strict=True))

    def _together(self, hidden: Sequence[Feature], like: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """The answers of the head made for exactly what is present, and where there is one, bool `[B, 1]`."""
        answers, there = torch.zeros_like(like), torch.zeros_like(present[:, 0])
        for combination, head in self._fusion_heads() if self.fusion_votes else ():
            rows = (present == self.modalities.mask(combination, len(present), present.device)).all(1)
            if rows.any():  # these heads are large
                answers = answers + keep_rows(logits_of_rows(head, self._joined(hidden, combination), rows), rows)
                there = there | rows
        return answers, there[:, None]

    def _vote(self, votes: Tensor, available: Tensor) -> tuple[Tensor, Tensor]:
        """Weights `[B, H]` (averaged over labels, pixels and regions) and fused logits of votes `[H, B, C, ...]`."""
        temperature = self.config.certainty if self.config.weighting else 1e6
        if not self.output.yes_or_no:
            return certainty_fusion(votes, temperature, available)
        weights, fused = yes_no_fusion(votes, temperature, available)
        return weights.flatten(2).mean(2), fused

    def losses(self, batch: Batch, run: Run) -> dict[str, Tensor]:
        self.fusion_votes = run.stage == "fusion"
        if self.fusion_votes:
            return {"fusion": self._fusion_loss(batch)}
        features = super().encode(batch.inputs, batch.there).alone
        terms = {}
        for position, name in enumerate(self.modalities.names):
            on = batch.present[:, position]
            own = self.output.loss(logits_of_rows(self.heads[name], features[name], on), batch.target)
            common = self.output.loss(logits_of_rows(self.shared_head, features[name], on), batch.target)
            terms[f"own {name}"] = mean_of(own, on)
            terms[f"shared {name}"] = self.config.shared * mean_of(common, on)
        if self.config.duc > 0 and bool(self.effective.any()):
            terms["duc"] = self.config.duc * self._contrast(features, batch, run)
        return terms

    def _fusion_loss(self, batch: Batch) -> Tensor:
        """The mean over the fusion heads of what each loses on the samples that have its inputs."""
        with torch.no_grad():
            features = self.encode(batch.inputs, batch.there)
            hidden = zero_absent(features.alone, batch.present, self.modalities.names)
        losses = []
        for combination, head in self._fusion_heads():
            wanted = self.modalities.mask(combination, len(batch), batch.present.device)
            rows = (batch.present | ~wanted).all(1)
            if self.config.fusion_training == "votes":
                logits = self.fuse(features, torch.where(rows[:, None], wanted, batch.present)).logits
            else:
                logits = logits_of_rows(head, self._joined(hidden, combination), rows)
            losses.append(mean_of(self.output.loss(logits, batch.target), rows))
        return torch.stack(losses).mean()

    def _contrast(self, features: Mapping[str, Feature], batch: Batch, run: Run) -> Tensor:
        deep = [features[name][-1] for name in self.modalities.names]
        present = batch.present
        if deep[0].dim() > 2:  # maps: their pixels are related
            chosen = torch.randperm(len(deep[0]) * deep[0][0, 0].numel(), generator=run.generator)[:PIXELS]
            per_image = deep[0][0, 0].numel()
            deep = [pixels(level)[chosen.to(level.device)] for level in deep]
            present = present[(chosen // per_image).to(present.device)]
        effective = self.effective
        if self.config.dimensions == "all":
            return undivided_contrast(deep, self.config.temperature, present)
        return duc_loss(deep, effective, self.config.temperature, present)

    def on_epoch_end(self, run: Run) -> None:
        """Separate the dimensions just before the contrast begins, and later where asked to (docs/methods.md 3.2)."""
        if run.stage != "encoders" or not self._is_due(run):
            return
        found = [(super(DIMML, self).encode(batch.inputs).alone, batch) for batch in run.training(SAMPLES)]
        for position, name in enumerate(self.modalities.names):
            values, labels = [], []
            for features, batch in found:
                on = batch.present[:, position]
                level, label = features[name][-1][on], self.output.labels(batch.target)[on]
                values.append(pixels(level) if level.dim() > 2 else level)
                labels.append(_shrunk(label, level) if level.dim() > 2 else label)
            classes = self.output.label_count
            self.scores[position] = dimension_scores(torch.cat(values), torch.cat(labels), classes)
            self.effective[position] = effective_dimensions(torch.cat(values), torch.cat(labels), classes)

    def _is_due(self, run: Run) -> bool:
        refresh, start = self.config.refresh, self.config.start
        since = run.epoch + 1 - max(1, round(start * run.epochs))  # epochs that the contrast has had
        return run.last_before(start) or (refresh > 0 and since > 0 and since % refresh == 0)

    def logs(self) -> dict[str, Any]:
        """How many dimensions each modality is effective in, and each dimension's score."""
        names = self.modalities.names
        counts = dict(zip(names, self.effective.sum(1).tolist(), strict=True))
        rounded = [[round(value, 4) for value in row] for row in self.scores.tolist()]
        return {"effective_dimensions": counts, "dimension_scores": dict(zip(names, rounded, strict=True))}


def _shrunk(labels: Tensor, like: Tensor) -> Tensor:
    """Label maps `[B, ...]` at the resolution of `like`, as rows."""
    small = functional.interpolate(labels[:, None].float(), size=like.shape[2:], mode="nearest")
    return small.long().flatten()
