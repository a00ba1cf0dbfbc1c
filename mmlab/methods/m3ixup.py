"""M3ixup: Adapt and explore, multimodal mixup for representation learning (Lin & Hu, Information Fusion 2024).

No code was released and the full text was not available: the scheme (encoders per modality and one joint encoder,
mixup before and after the encoders, a mixed view that adapts downhill and explores uphill, contrast at the loss level)
is from the paper's abstract and Figure 1; the computation of its steps is this project's reading (docs/methods.md 2.3),
built on GMC (Poklukar et al., ICML 2022), whose code is public. For segmentation see docs/methods.md 2.4.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from mmlab.core.batch import Batch
from mmlab.core.declarations import SHARES_NOT_EPOCHS, AblationStep, Card, Setting
from mmlab.core.diagram import ACCENT, GONE, WRONG, Arrow, Box, Codes, Diagram, Inputs, Join, Note, Oval, Words
from mmlab.core.errors import Unsupported
from mmlab.core.method import METHODS, Feature, Features, Fused, Method, Run, Stage
from mmlab.core.modality import Combination
from mmlab.core.options import option
from mmlab.core.presence import Rows, keep_rows, mean_of, of_present
from mmlab.core.task import TaskInfo
from mmlab.losses.m3ixup import (
    adapt_and_explore,
    adapt_and_explore_view,
    gmc_code,
    gmc_loss,
    mix,
    mix_inputs,
    mix_nce,
    mixed_view,
    mixed_view_loss,
)
from mmlab.networks.parts import Parts, mean_feature, pool

ALIGNED = {"unimodal": 0.0, "adapt": 0.0, "explore": 0.0}  # options of GMC, its base


@METHODS.register("m3ixup")
class M3ixup(Method["M3ixup.Config"]):
    """GMC's aligned codes, unimodal mixup, and a mixed view that adapts and explores."""

    title = "M3ixup"
    paper = "Lin & Hu, Adapt and explore: Multimodal mixup for representation learning, Information Fusion 2024"
    year = 2024
    about = (
        "Brings the code of each single input close to the code of all inputs together, through mixtures that are "
        "first the easiest and then the hardest to align. No code was released: parts are our reading."
    )
    representation = "The joint code of all inputs; with one missing, the mean of the codes that are left."
    trained_with_gaps = False
    order = 90
    most_parameters = 2**18  # it has joint encoders, too
    evidence_views = ("gap", "mixtures", "norms")
    ablations = (
        AblationStep("contrast", "aligned codes only", ALIGNED),
        AblationStep("input", "+ mixed inputs", {"input_share": 1.0, "adapt": 0.0, "explore": 0.0}),
        AblationStep("manifold", "+ mixed features", {"adapt": 0.0, "explore": 0.0}),
        AblationStep("adapt", "+ adapting", {"explore": 0.0}),
        AblationStep("explore", "+ exploring (M3ixup)"),
        AblationStep("unlabelled-contrast", "aligned codes, no labels (GMC)", {"labels": "probe", **ALIGNED}),
        AblationStep("unlabelled", "M3ixup, no labels", {"labels": "probe"}),
    )
    search = (
        Setting("mixed-0.03", config={"adapt": 0.03, "explore": 0.03}),
        Setting("mixed-0.3", config={"adapt": 0.3, "explore": 0.3}),
    )
    presets = (
        Setting(
            "paper",
            plan={
                "epochs": 40,
                "batch_size": 24,
                "learning_rate": 0.001,
                "weight_decay": 0.0,
                "embedding": 60,
                "optimiser": "adam",
                "schedule": "constant",
            },
            config={"temperature": 0.3, "contrast": 1.0, "classifier": "residual"},
            about="Those of GMC, its base, for CMU-MOSI (docs/methods.md 2.2), without plateaus; its own are unknown",
        ),
    )
    card = Card(
        idea="Every modality has a representation, and a joint encoder that sees all of them gives one of the "
        "complete input. Training aligns the representation of each modality with the joint one, so that it "
        "can stand in for it. To make this hold between modalities too, representations are mixed: the "
        "mixture first moves to where alignment is easiest (adapt), then to where it is harder (explore).",
        trained="The encoders of each modality, a second set for the joint representation, one projection for all, "
        "and one head, on complete data only.",
        missing="The mean of the representations that are present takes the place of the joint one.",
        look="Whether the representation of each modality lies close to the joint one of its own sample, and where "
        "adapting and exploring move the mixture.",
        paper="R. Lin, H. Hu. Adapt and explore: Multimodal mixup for representation learning. Information Fusion 105, "
        "102216, 2024. Its base, GMC: P. Poklukar et al., ICML 2022.",
        link="https://doi.org/10.1016/j.inffus.2023.102216",
        departs=(
            "From the paper (its abstract and Figure 1): encoders per modality and a joint one; mixing before "
            "and after the encoders; a mixture that first descends, then ascends; alignment that is mixed in "
            "the loss, too.",
            "From GMC, whose code is public: the alignment itself, the shared projection, the classifier, and "
            "averaging when a modality is missing. The classifier's residual branch has one layer here, without ReLU, "
            "where GMC's has two (option `classifier=residual`).",
            "Our reading: adapting and exploring change the *ratios* of the mixture, in three small steps "
            "down and one up; the labels of mixed samples are mixed in the loss; all weights and step sizes. "
            "Option `update` has two other readings.",
            SHARES_NOT_EPOCHS,
        ),
        warning="No code was ever released for this method, and its full text was not at hand. Parts of it are our "
        "reading of the abstract and one figure; they are named below. Do not take its numbers for the paper's.",
    )
    diagram = Diagram(
        training=(
            Inputs(middle=78, gap=46),
            Join(133, 180, 0.7, middle=94),
            Box(68, 170, 134, "one encoder for all", high=28),
            Arrow(141, 172, 258, 167),
            Codes(266, 94, 70),
            Oval(327.4, 60.4, 6, 6, ACCENT, 1),
            Words(316, 58, "all together", 11.5, at="end"),
            Oval(240, 108, 5, 5, WRONG, 1),
            Arrow(247, 103, 282, 82, ACCENT, wide=2.4),
            Arrow(244, 114, 262, 138, WRONG, wide=2.4),
            Words(272, 103, "easier", 11.5, at="start"),
            Words(264, 126, "harder", 11.5, at="start"),
            Note("Unimodal codes are pulled to the joint code.\nA mixture (orange) gets easier, then harder."),
        ),
        missing=(
            Inputs(middle=78, gap=46),
            Join(133, 180, 0.7, middle=94),
            Box(68, 170, 134, "one encoder for all", GONE, 28),
            Arrow(141, 172, 258, 167, faint=True),
            Codes(266, 94, 70, mean="mean of the rest"),
            Note("The mean of the codes present\nreplaces the joint code."),
        ),
    )

    @dataclass(frozen=True)
    class Config:
        """Options of M3ixup."""

        temperature: float = option(0.3, "Temperature of the contrast", 0.01, 10.0, symbol="τ")
        contrast: float = option(0.1, "Weight of GMC's alignment of single and joint codes", 0.0, 10.0, symbol="γ_c")
        unimodal: float = option(1.0, "Weight of mixup within a modality", 0.0, 10.0, symbol="γ_u")
        unimodal_loss: str = option(
            "task",
            "What that mixup is held to: both samples' targets, or their joint codes, which needs no labels",
            choices=("task", "contrast"),
        )
        input_share: float = option(0.5, "How often inputs are mixed rather than features; 1 is inputs only", 0.0, 1.0)
        beta: float = option(0.2, "Shape of the mixing weight's distribution", 0.01, 10.0, symbol="a")
        adapt: float = option(0.1, "Weight of the mixed view after adapting", 0.0, 10.0, symbol="γ_a")
        explore: float = option(0.1, "Weight of the mixed view after exploring", 0.0, 10.0, symbol="γ_e")
        start: float = option(0.1, "Fraction of the training after which exploring begins", 0.0, 1.0)
        steps: int = option(3, "Adapting steps", 1, 20)
        rho: float = option(1.0, "Size of an adapting step", 0.0, 100.0, symbol="ρ")
        eta: float = option(1.0, "Size of the exploring step", 0.0, 100.0, symbol="η")
        update: str = option(
            "coefficients",
            "What adapting and exploring move: mixing weights, the view itself, or nothing (random mixtures)",
            choices=("coefficients", "representation", "none"),
        )
        classifier: str = option(
            "linear",
            "The classifier on a code: a linear one, or GMC's residual one, whose branch has two layers with ReLU",
            choices=("linear", "residual"),
        )
        labels: str = option(
            "yes",
            "Whether labels are learnt from. probe: codes without any, then a linear head on frozen joint codes",
            choices=("yes", "probe"),
        )
        probe: float = option(0.25, "With labels=probe: share of the epochs in which that head learns", 0.05, 0.95)

    def __init__(self, info: TaskInfo, config: M3ixup.Config) -> None:
        super().__init__(info, config)
        if config.labels == "probe" and not config.contrast + config.unimodal + config.adapt + config.explore:
            raise Unsupported(
                "Without labels and without contrast there is nothing to learn from.", "Set contrast=0.1."
            )
        parts = Parts(info)
        size = parts.sizes[-1]
        self.encoders = parts.encoders()
        self.joint_encoders = parts.encoders()
        self.fusion = parts.fusion()
        self.shared = nn.Linear(size, size)
        self.refine = parts.pointwise(size, size, hidden=size if config.classifier == "residual" else 0)
        self.head = parts.head()
        self.coefficients: Tensor
        self.register_buffer("coefficients", torch.zeros(2, len(info.modalities)), persistent=False)

    def stages(self, epochs: int) -> list[Stage]:
        """One with labels. Without: the codes, then the head alone on frozen codes, as GMC's classifier on MHD."""
        if self.config.labels == "yes":
            return super().stages(epochs)
        last = max(1, round(self.config.probe * epochs))
        heads, coders = [self.refine, self.head], [self.encoders, self.joint_encoders, self.fusion, self.shared]
        learners, probes = ([p for module in each for p in module.parameters()] for each in (coders, heads))
        return [
            Stage("codes", epochs - last, learners, frozen=heads, scored=False),
            Stage("head", last, probes, frozen=coders),
        ]

    def encode(self, inputs: Mapping[str, Tensor], there: Tensor | None = None) -> Features:
        """The feature of each modality, and the joint feature of all of them, which complete samples have."""
        complete = None if there is None else there.all(1)

        def together(rows: Rows) -> Feature:
            read = [self.joint_encoders[name](inputs[name][rows]) for name in self.modalities.names]
            return tuple(self.fusion(read))

        alone = super().encode(inputs, there).alone
        return Features(alone, shared={"joint": of_present(together, complete, self)})

    def fuse(self, features: Features, present: Tensor) -> Fused:
        singles = [features.alone[name] for name in self.modalities.names]
        joint = self._code(features.shared["joint"])
        code = gmc_code(joint, [self._code(feature) for feature in singles], present)
        if len(features.shared["joint"]) == 1:  # a vector, not the levels of a picture
            return Fused(self._answer((code,)), code)
        complete = present.all(1)
        levels = tuple(
            keep_rows(whole, complete) + keep_rows(partial, ~complete)
            for whole, partial in zip(features.shared["joint"], mean_feature(singles, present), strict=True)
        )
        return Fused(self._answer(levels), code)

    def _code(self, feature: Feature) -> Tensor:
        """A unit vector `[B, D]`: the shared projection of a modality's or the joint feature."""
        return functional.normalize(self.shared(pool(feature[-1])), dim=1)

    def _answer(self, feature: Feature) -> Tensor:
        """Logits of a code, by GMC's residual classifier (docs/methods.md 2.2), or of levels, by the decoder."""
        logits: Tensor = self.head((*feature[:-1], feature[-1] + self.refine(feature[-1])))
        return logits

    def _answer_of(self, feature: Feature, on: Tensor) -> Tensor:
        """Logits for the rows `on [B]`, zero for the others."""
        return of_present(lambda rows: (self._answer(tuple(level[rows] for level in feature)),), on, self.head)[0]

    def losses(self, batch: Batch, run: Run) -> dict[str, Tensor]:
        features = self.encode(batch.inputs, batch.there)
        joint = self._code(features.shared["joint"])
        codes = torch.stack([self._code(features.alone[name]) for name in self.modalities.names], 1)
        complete = batch.present.all(1, keepdim=True).expand(-1, codes.shape[1])
        aligned = batch.present & complete  # the joint code of an incomplete sample saw an input that is not there
        settings, temperature = self.config, self.config.temperature
        terms: dict[str, Tensor] = {}
        if settings.labels == "yes" or run.stage == "head":
            terms["task"] = self.output.loss(self.fuse(features, batch.present).logits, batch.target).mean()
        if run.stage == "head":
            return terms
        if settings.contrast > 0:
            terms["contrast"] = settings.contrast * gmc_loss(joint, codes.unbind(1), temperature, aligned)
        if settings.unimodal > 0:
            terms["unimodal"] = settings.unimodal * self._unimodal(batch, features, run)
        adapt, explore = self._mixed(joint[complete[:, 0]], codes[complete[:, 0]], run)
        if settings.adapt > 0:
            terms["adapt"] = settings.adapt * adapt
        if settings.explore > 0 and run.after(settings.start):
            terms["explore"] = settings.explore * explore
        return terms

    def _unimodal(self, batch: Batch, features: Features, run: Run) -> Tensor:
        """Mixup within each modality, of inputs or features, labels mixed at the loss level (docs/methods.md 2.3)."""
        weight = float(torch.distributions.Beta(self.config.beta, self.config.beta).sample())
        order = torch.randperm(len(batch), generator=run.generator).to(batch.present.device)
        of_inputs = float(torch.rand((), generator=run.generator)) < self.config.input_share
        total = torch.zeros((), device=batch.present.device)
        for position, name in enumerate(self.modalities.names):
            on = batch.present[:, position] & batch.present[order, position]
            if of_inputs:
                words = self.modalities[name].discrete
                mixed = self.encode_one(name, mix_inputs(batch.inputs[name], order, weight, words, run.generator), on)
            else:
                mixed = tuple(mix(level, order, weight) for level in features.alone[name])
            if self.config.unimodal_loss == "contrast" or self.config.labels == "probe":
                joint, complete = self._code(features.shared["joint"]), batch.present.all(1)
                total = total + mix_nce(self._code(mixed), joint, order, weight, self.config.temperature, complete)
                continue
            logits = self._answer_of(mixed if len(mixed) > 1 else (self._code(mixed),), on)
            first, second = (self.output.loss(logits, target) for target in (batch.target, batch.target[order]))
            total = total + mean_of(weight * first + (1 - weight) * second, on)
        return total / len(self.modalities)

    def _mixed(self, joint: Tensor, codes: Tensor, run: Run) -> tuple[Tensor, Tensor]:
        """The losses of the mixed view after adapting and after exploring."""
        settings = self.config
        if len(joint) < 2:
            return joint.sum() * 0, joint.sum() * 0
        noise = torch.randn(codes.shape[:2], generator=run.generator).to(codes.device)
        moves = settings.steps, settings.rho, settings.eta
        if settings.update == "coefficients":
            found = adapt_and_explore(joint, codes, settings.temperature, 0.1 * noise, *moves)
            self.coefficients = torch.stack((found.adapted.mean(0), found.explored.mean(0)))
            return found.adapt_loss, found.explore_loss
        omega = torch.distributions.Dirichlet(torch.ones(codes.shape[1])).sample((len(codes),)).log()
        view, coefficients = mixed_view(codes, omega.to(codes.device))
        if settings.update == "none":
            loss = mixed_view_loss(view, coefficients, joint, codes, settings.temperature)
            return loss, loss
        return adapt_and_explore_view(joint, codes, settings.temperature, view, coefficients, *moves)

    def modality_parameters(self, name: str) -> Iterable[nn.Parameter]:
        return chain(self.encoders[name].parameters(), self.joint_encoders[name].parameters())

    def cam_layers(self, name: str, combination: Combination) -> list[nn.Module]:
        encoder: Any = (self.joint_encoders if combination == self.modalities.full else self.encoders)[name]
        return [encoder.body]

    def logs(self) -> dict[str, Any]:
        """The mean mixing weights after adapting and after exploring, of the epoch's last step."""
        steps = zip(("adapted", "explored"), self.coefficients.tolist(), strict=True)
        return {step: dict(zip(self.modalities.names, found, strict=True)) for step, found in steps}
