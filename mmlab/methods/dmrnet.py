"""DMRNet: Robust Multimodal Learning via Representation Decoupling (Wei et al., ECCV 2024, 2407.04458).

Each combination's embedding is a normal distribution. The task loss acts on a sample of it, the prediction uses its
mean, so that the direction constraint of the loss no longer acts on the embedding used (docs/methods.md 1).
Combinations with the largest predicted variance during warm-up are mined as hard and get an additional loss (HCR).

The layers of mean and variance act on the concatenated features; for segmentation, on those of the deepest level. The
divergence has a weight of `alpha` per nat, whatever the size of the embedding.

Departures, each an option: the hard-combination loss is masked, where the released code multiplies the whole
batch's loss by the number of hard samples (`hcr="broadcast"`); the hard set is mined over the whole warm-up
for any number of modalities, where the released code fixes it by hand. The embedding has 512 dimensions, where the
released code has 512 to 8192 (`embedding`). Start epochs are fractions of the training. Ours: complete input is never
hard, and a rarely seen combination gets the mean variance of all combinations of its size (docs/methods.md 1.8).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from mmlab.core.batch import Batch
from mmlab.core.declarations import RESNET18, SHARES_NOT_EPOCHS, AblationStep, Card, Setting
from mmlab.core.diagram import MUTED, WRONG, Arrow, Box, Diagram, Inputs, Join, Note, Oval, Words
from mmlab.core.method import METHODS, Features, Fused, Method, Run
from mmlab.core.options import option
from mmlab.core.task import TaskInfo
from mmlab.losses.dmrnet import (
    combination_statistics,
    gaussian_kl,
    gaussian_sample,
    hard_combination_loss,
    hardest_combinations,
)
from mmlab.networks.parts import Parts, pool, zero_absent

SELDOM = 30  # samples below which a combination's own mean variance is not trusted


@METHODS.register("dmrnet")
class DMRNet(Method["DMRNet.Config"]):
    """Modality dropout with a probabilistic embedding per combination and a hard-combination regulariser."""

    title = "DMRNet"
    paper = "Wei et al., Robust Multimodal Learning via Representation Decoupling, ECCV 2024"
    year = 2024
    about = (
        "Gives every combination of inputs a probabilistic embedding of its own, and adds a loss on the "
        "combinations that it is least certain of."
    )
    representation = "The mean of the distribution into which the inputs that are there are decoupled."
    order = 50
    most_parameters = 1_000_000  # two layers from all features to 512 numbers
    evidence_views = ("turning", "to_class", "clouds", "width_and_score", "norms")
    ablations = (
        AblationStep("dropout", "the same head without noise", {"probabilistic": False, "hard": 0.0}),
        AblationStep("probabilistic", "+ probabilistic embedding", {"alpha": 0.0, "hard": 0.0}),
        AblationStep("kl", "+ divergence", {"hard": 0.0}),
        AblationStep("hcr", "+ hard combinations (DMRNet)"),
    )
    search = (
        Setting("embedding-64", config={"embedding": 64}),
        Setting("alpha-0.0001", config={"alpha": 0.0001}),
    )
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
                "select": "random_mask",
            },
            config={"embedding": 1024, "hard": 0.2, "warmup": 0.06},
            about="The released code's for CREMA-D (docs/methods.md 1.4), with its ResNet-18 encoders, but for what "
            "it makes of the hard combinations (hcr=broadcast)",
        ),
        Setting(
            "paper-regions",
            plan={
                "epochs": 300,
                "batch_size": 8,
                "learning_rate": 0.01,
                "weight_decay": 0.0001,
                "optimiser": "sgd",
            },
            config={"hard": 0.5, "hard_head": "separate", "keep": 63, "kl_from_start": False, "warmup": 0.033},
            about="As released for NYUv2 (docs/methods.md 1.4), but for ESANet and its weights of classes; there the "
            "divergence has no gradient",
        ),
    )
    card = Card(
        idea="One network that has to serve every combination tends to embed a sample in the same direction "
        "whatever is present, and loses what each modality knows alone. DMRNet decouples the combinations by "
        "embedding each as a distribution instead of a point: in training a random draw has to be classified "
        "correctly, in use the mean is taken. The combinations with the largest variance early in training "
        "count as hard and get an additional loss.",
        trained="All encoders, two layers on the concatenated features that give mean and variance of the embedding, "
        "and one head. Modalities are dropped at random, every combination equally likely.",
        missing="The features of a missing modality are set to zero, and the mean of the embedding is classified. The "
        "paper reads the variance as uncertainty; the views below show whether that holds here.",
        look="Whether the embedding of a sample turns more between combinations than with plain modality dropout, "
        "as the paper expects, and whether the combinations with a large variance are the ones with a low "
        "score.",
        paper="S. Wei, Y. Luo, Y. Wang, C. Luo. Robust Multimodal Learning via Representation Decoupling. ECCV 2024.",
        link="https://arxiv.org/abs/2407.04458",
        departs=(
            "The additional loss counts hard samples only. The released code multiplies the loss of the whole "
            "batch by the number of hard samples (option `hcr=broadcast`).",
            "Hard combinations are found from the whole warm-up, for any number of modalities. The released "
            "code compares two of them or has them written in by hand (option `fixed`). Complete input is never hard.",
            "The embedding has 512 numbers; in the released code 512 to 8,192. The noise is about 1 in each of "
            "them, and what tells the classes apart grows with their number, so that a small embedding loses by "
            "the noise (option `embedding`).",
            "For regions the skip connections are concatenated and mixed by a convolution; the paper adds them up "
            "with squeeze-and-excitation. The additional loss is that of the shared decoder; there it has one of its "
            "own (option `hard_head=separate`).",
            "The paper does not state how many combinations count as hard: here 1 of 3, 3 of 7 (option `keep`).",
            SHARES_NOT_EPOCHS,
        ),
    )
    diagram = Diagram(
        training=(
            Inputs(),
            Join(133, 166, 0.25),
            Oval(214, 100, 46, 42, fill=0.10),
            Oval(214, 100, 26, 24, fill=0.14),
            Oval(214, 100, 4, 4, MUTED, 1),
            Oval(232, 82, 4, 4, WRONG, 1),
            Arrow(238, 82, 272, 92),
            Box(314, 100, 76, "answer"),
            Words(248, 156, "a distribution, not a point", 11.5),
            Note("Inputs are dropped at random. A random draw\npredicts; hard combinations get an extra loss."),
        ),
        missing=(
            Inputs(),
            Join(133, 166, 0.25),
            Oval(214, 100, 46, 54, fill=0.10),
            Oval(214, 100, 26, 32, fill=0.14),
            Oval(214, 100, 4, 4, MUTED, 1),
            Arrow(220, 100, 272, 100),
            Box(314, 100, 76, "answer"),
            Words(230, 168, "a variance of its own", 11.5),
            Note("The mean of the embedding predicts.\nEach combination has its own variance."),
        ),
    )

    @dataclass(frozen=True)
    class Config:
        """Options of DMRNet."""

        probabilistic: bool = option(True, "Learn a distribution per combination; off is the same head without noise")
        embedding: int = option(
            512,
            "Numbers (channels) of the embedding; the noise is about 1 in each and what tells classes apart grows "
            "with their number, so that a small one loses by the noise",
            2,
            4096,
            symbol="n",
        )
        heads_on: str = option(
            "concatenation",
            "What mean and variance are computed from: the concatenated features, or a layer that mixes them first, "
            "as in mmlab 0.1",
            choices=("concatenation", "mixture"),
        )
        alpha: float = option(0.001, "Weight per nat of the divergence from a standard normal", 0.0, 10.0, symbol="α")
        hard: float = option(0.3, "Weight of the hard-combination loss", 0.0, 10.0, symbol="β")
        hcr: str = option("masked", "How the hard-combination loss is averaged", choices=("masked", "broadcast"))
        warmup: float = option(0.1, "Fraction of the training after which combinations are ranked", 0.0, 1.0)
        keep: int = option(
            0, "How many combinations count as hard; 0 is 1 of 3, 3 of 7, else 3/7 of all", 0, 63, symbol="V"
        )
        fixed: str = option("", "A fixed hard set instead of the mined one: keys with commas (image,image-pen)")
        hard_head: str = option(
            "shared",
            "What predicts in the loss on hard combinations: the head itself, or one of its own (for regions a whole "
            "decoder, as in the released segmentation code), which answers nothing later",
            choices=("shared", "separate"),
        )
        kl_from_start: bool = option(True, "Divergence from the first epoch on; off starts it after warm-up")

    def __init__(self, info: TaskInfo, config: DMRNet.Config) -> None:
        super().__init__(info, config)
        parts = Parts(info)
        mixed = config.heads_on == "mixture"
        before = parts.embedding[-1] if mixed else parts.joined
        self.encoders = parts.encoders()
        self.fusion = parts.fusion(mixed_to_the_end=mixed)
        self.mean = parts.normed(before, config.embedding)
        self.log_variance = parts.normed(before, config.embedding) if config.probabilistic else None
        levels = (*parts.embedding[:-1], config.embedding)
        self.head = parts.head(levels)
        self.hard_head = parts.head(levels) if config.hard_head == "separate" and config.hard > 0 else None
        self.seen: Tensor
        self.is_hard: Tensor
        self.register_buffer("seen", torch.zeros(2, 2 ** len(info.modalities), dtype=torch.float64))
        self.register_buffer("is_hard", torch.zeros(2 ** len(info.modalities), dtype=torch.bool))

    @classmethod
    def stored_config(cls, info: TaskInfo, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Those of version 0.1 say `kl`, a weight divided by the size of an embedding that sat on a mixing layer."""
        if "kl" not in values:
            return values
        size = Parts(info).embedding[-1]
        kept = {name: value for name, value in values.items() if name != "kl"}
        return {**kept, "embedding": size, "heads_on": "mixture", "alpha": float(values["kl"]) / size}

    def fuse(self, features: Features, present: Tensor) -> Fused:
        feature = self.fusion(zero_absent(features.alone, present, self.modalities.names))
        mean = self.mean(feature[-1])
        if self.log_variance is None:
            levels = (*feature[:-1], mean)
            return Fused(self.head(levels), pool(mean), extras={"levels": levels})
        log_variance = self.log_variance(feature[-1])
        code = gaussian_sample(mean, log_variance, torch.randn_like(mean)) if self.training else mean
        levels = (*feature[:-1], code)
        extras = {"mean": mean, "log_variance": log_variance, "levels": levels}
        return Fused(self.head(levels), pool(mean), pool(log_variance.exp()), extras)

    def losses(self, batch: Batch, run: Run) -> dict[str, Tensor]:
        present = run.drop(batch.present)
        fused = self.learn_from(batch, present)
        each = self.output.loss(fused.logits, batch.target)
        codes = self.modalities.codes(present)
        terms = {"task": each.mean()}
        late = run.after(self.config.warmup)
        if fused.variance is not None:
            if not late:
                total, number = combination_statistics(fused.variance.detach().mean(1), codes, len(self.is_hard))
                self.seen += torch.stack((total, number)).to(self.seen)
            if late or self.config.kl_from_start:
                terms["kl"] = self._divergence(fused)
        if late and self.config.hard > 0:
            broadcast = self.config.hcr == "broadcast"
            if self.hard_head is not None:
                each = self.output.loss(self.hard_head(fused.extras["levels"]), batch.target)
            terms["hard"] = self.config.hard * hard_combination_loss(each, self.is_hard[codes], broadcast)
        return terms

    def _divergence(self, fused: Fused) -> Tensor:
        mean, log_variance = fused.extras["mean"], fused.extras["log_variance"]
        divergence = gaussian_kl(mean, log_variance, per="pixel" if mean.dim() > 2 else "sample")
        weighted: Tensor = self.config.alpha * divergence
        return weighted

    def on_epoch_end(self, run: Run) -> None:
        """Rank the combinations once, when the warm-up is over (Eq. 10; the whole input is never hard)."""
        if not run.last_before(self.config.warmup) or self.config.hard == 0:
            return
        self.is_hard[self._hard_codes()] = True

    def _hard_codes(self) -> Tensor:
        if self.config.fixed:
            keys = [self.modalities.parse(key) for key in self.config.fixed.split(",")]
            return torch.tensor([self.modalities.code(combination) for combination in keys])
        combinations = len(self.is_hard) - 1
        count = self.config.keep or max(1, round(combinations * 3 / 7))
        total, number = self._backed_off().unbind(0)
        return hardest_combinations(total, number, count)

    def _backed_off(self) -> Tensor:
        """Sums and counts `[2, 2^M]`; one seen too seldom takes those of all of its size (docs/methods.md 1.8)."""
        sizes = torch.tensor([code.bit_count() for code in range(len(self.is_hard))], device=self.seen.device)
        by_size = torch.zeros_like(self.seen).index_add_(1, sizes, self.seen)[:, sizes]
        return torch.where(self.seen[1] < SELDOM, by_size, self.seen)

    def logs(self) -> dict[str, Any]:
        """The mined combinations, and the mean variance of each during warm-up."""
        subsets = self.modalities.subsets()
        hard = [c.key for c in subsets if bool(self.is_hard[self.modalities.code(c)])]
        ranked = self.seen[0] / self.seen[1].clamp(min=1)
        return {
            "mined": hard,
            "warmup_variance": {c.key: float(ranked[self.modalities.code(c)]) for c in subsets},
        }
