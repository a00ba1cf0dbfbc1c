"""What a method is: how it predicts from a subset of its inputs, and how it is trained.

Adding a method is one file under `mmlab/methods/`. A method splits at the one place where a missing modality
matters: `encode` runs each encoder once, `fuse` turns what is present into an answer, so that all combinations
of a sample cost one pass through the encoders.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, cast

import torch
from torch import Tensor, nn
from typing_extensions import TypeVar

from mmlab.core.batch import Batch, Samples
from mmlab.core.declarations import WITHOUT_WEIGHT, AblationStep, Card, Setting
from mmlab.core.diagram import Diagram
from mmlab.core.errors import PluginError
from mmlab.core.evidence import Evidence, record_evidence
from mmlab.core.features import Feature as Feature
from mmlab.core.features import Features as Features
from mmlab.core.features import Fused as Fused
from mmlab.core.modality import NAME, Combination
from mmlab.core.options import Options, build
from mmlab.core.outputs import ALL_KINDS
from mmlab.core.presence import columns_of, of_present
from mmlab.core.registry import Registry
from mmlab.core.task import TaskInfo

Config_co = TypeVar("Config_co", bound=Options, default=Options, covariant=True)


@dataclass(frozen=True)
class Stage:
    """A stage of a training: its share of the epochs, the trained parameters, the modules kept in eval mode.

    scored: whether its best epoch on validation is kept; otherwise its last, if there are no predictions to score yet.
    """

    name: str
    epochs: int
    parameters: Sequence[nn.Parameter] | None = None
    frozen: Sequence[nn.Module] = ()
    scored: bool = True


@dataclass
class Run:
    """A method's access to its training. It gives no access to the test split.

    validation:  predictions of this method on the validation split, `[N, ...]`, from some inputs, bool `[N, M]`.
        For label maps stored on disk, only the first samples, so that all predictions fit into memory.
    validation_present: what the samples of the validation split have, bool `[N, M]`.
    training:    the training split in batches, unaugmented, in order (up to a number of samples).
    averaged:    of several processes that train together, the mean over all of them, see `over_processes`.
    """

    epoch: int
    epochs: int
    stage: str
    generator: torch.Generator
    drop: Callable[[Tensor], Tensor]
    validation: Callable[[Tensor], Tensor]
    validation_present: Tensor
    validation_target: Tensor
    training: Callable[[int], Iterator[Batch]]
    teachers: Mapping[str, Method] = field(default_factory=dict)
    averaged: Callable[[Tensor], Tensor] | None = None

    def over_processes(self, values: Sequence[Tensor]) -> list[Tensor]:
        """The means over all processes of a training of what are means over the samples of this one: for a `backward`
        that merges gradients, which must be those of the whole step. In a training of one process, what they are.
        """
        if self.averaged is None:
            return list(values)
        whole = self.averaged(torch.cat([each.flatten() for each in values]))
        pieces = torch.split(whole, [each.numel() for each in values])
        return [piece.view_as(each) for piece, each in zip(pieces, values, strict=True)]

    def after(self, fraction: float) -> bool:
        """Whether this share of the training is over. Papers count epochs; short runs count shares."""
        return self.epoch >= max(1, round(fraction * self.epochs))

    def last_before(self, fraction: float) -> bool:
        """Whether this is the last epoch before `after(fraction)` holds."""
        return self.epoch + 1 == max(1, round(fraction * self.epochs))


class Method(nn.Module, ABC, Generic[Config_co]):
    """Base of all methods. A subclass needs `fuse` and `losses`; everything else has a default.

    One with options is a `Method["X.Config"]`, so that the type of `self.config` is known.

    title, paper, year, about: for display. supports: kinds of output. teachers: methods that must be trained
    first; they are passed to `losses` and never saved. plan: its own defaults for the training plan.
    trained_with_gaps: whether it is trained on incomplete inputs. most_modalities: 0 for any number.
    most_parameters: the limit for a shipped model. trained_here: whether mmlab can train it.
    one_at_a_time: its modules can neither be copied nor shared by threads, so it serialises its own calls.
    averages_gradients: whether its `backward` merges gradients, and uses `Run.over_processes` for a whole step's.
    missing_hint: for a method that is not trained here, how it gets into the library.
    representation: what its embedding (`Fused.mean`) is on complete and on incomplete input, as a sentence, if other
        components may build on it: one space whatever is present. Empty: it is not a representation.

    Its own, never inherited: card: the texts of the Methods page, diagram: its drawing there, evidence_views: its
    views there, by name. ablations: its ladder. search: the two settings that a search adds. presets: named training
    settings, such as the paper's. order: its position in tables, lowest first.
    """

    title: ClassVar[str]
    paper: ClassVar[str] = ""
    year: ClassVar[int] = 0
    about: ClassVar[str] = ""
    supports: ClassVar[frozenset[str]] = ALL_KINDS
    teachers: ClassVar[tuple[str, ...]] = ()
    plan: ClassVar[Mapping[str, Any]] = {}
    trained_with_gaps: ClassVar[bool] = True
    most_modalities: ClassVar[int] = 0
    most_parameters: ClassVar[int] = 250_000
    trained_here: ClassVar[bool] = True
    one_at_a_time: ClassVar[bool] = False
    averages_gradients: ClassVar[bool] = False
    missing_hint: ClassVar[str] = ""
    representation: ClassVar[str] = ""
    card: ClassVar[Card | None] = None
    diagram: ClassVar[Diagram | None] = None
    evidence_views: ClassVar[tuple[str, ...]] = ("norms",)
    ablations: ClassVar[tuple[AblationStep, ...]] = ()
    search: ClassVar[tuple[Setting, ...]] = WITHOUT_WEIGHT
    presets: ClassVar[tuple[Setting, ...]] = ()
    order: ClassVar[int] = 1000
    encoders: nn.ModuleDict

    @dataclass(frozen=True)
    class Config:
        """Options of the method; made with `mmlab.core.options.option`."""

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        for name in ("card", "diagram", "evidence_views", "ablations", "search", "presets", "order"):
            if name not in vars(cls):
                setattr(cls, name, getattr(Method, name))

    def __init__(self, info: TaskInfo, config: Config_co) -> None:
        super().__init__()
        self.info = info
        self.modalities = info.modalities
        self.output = info.output
        self.config = config

    @classmethod
    def unsupported_reason(cls, info: TaskInfo) -> str:
        """Why this method cannot be trained on a task, as a sentence; empty if it can."""
        count = len(info.modalities)
        if info.output.kind not in cls.supports:
            return f"{cls.title} cannot do {info.output.kind}, only {', '.join(sorted(cls.supports))}."
        if cls.most_modalities and count > cls.most_modalities:
            return f"{cls.title} is not trained on {count} inputs, but on {cls.most_modalities} at most."
        return ""

    @classmethod
    def stored_config(cls, info: TaskInfo, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """The options of a checkpoint under their current names. A method whose options have changed translates those
        of earlier versions here, so that an old model is never taken for another one.
        """
        return values

    @classmethod
    def rebuild(cls, info: TaskInfo, card: Mapping[str, Any], state: Mapping[str, Tensor], place: Any) -> Method:
        """The model that a checkpoint describes: a card, and the parameters in full precision."""
        method = cls(info.from_state(), cast(Config_co, build(cls.Config, cls.stored_config(info, card["config"]))))
        method.load_state_dict(state)
        return method.to(place)

    def is_current(self) -> bool:
        """Whether the sources it was built from are unchanged; otherwise a pool builds it again."""
        return True

    @property
    def device(self) -> torch.device:
        """The device of its parameters; the CPU if it has none."""
        first = next(self.parameters(), None)
        return torch.device("cpu") if first is None else first.device

    # answering

    def encode(self, inputs: Mapping[str, Tensor], there: Tensor | None = None) -> Features[Any]:
        """Run each encoder once. `inputs` holds every modality; the rows of absent ones are ignored later.

        there: bool `[B, M]`, what the data holds of each modality, which a method that learns must tell: rows that
        are not there would enter batch statistics. None where everything is there.
        """
        columns = columns_of(there, len(self.modalities))
        names = zip(self.modalities.names, columns, strict=True)
        return Features({name: self.encode_one(name, inputs[name], column) for name, column in names})

    def encode_one(self, name: str, values: Tensor, there: Tensor | None = None) -> Feature:
        """The feature of one modality, of `values [B, *shape]`; during training, zero where it is not `there [B]`."""
        encoder = self.encoders[name]
        return of_present(lambda rows: encoder(values[rows]), there, encoder)

    @abstractmethod
    def fuse(self, features: Features[Any], present: Tensor) -> Fused:
        """The prediction from the modalities in `present`, bool `[B, M]`."""

    def fuse_many(self, features: Features[Any], masks: Sequence[Tensor]) -> list[Fused]:
        """One prediction per mask `[B, M]`. A method that is cheaper in one large batch overrides it."""
        return [self.fuse(features, mask) for mask in masks]

    def mix(self, features: Features[Any], rows: Tensor) -> Features[Any] | None:
        """Features of mixtures: modality m of mixture r from sample `rows[r, m]`; None where features do not tell."""
        return None

    def forward(self, inputs: Mapping[str, Tensor], present: Tensor) -> Fused:
        """Encode and fuse."""
        return self.fuse(self.encode(inputs), present)

    def learn_from(self, batch: Batch, present: Tensor) -> Fused:
        """The answer of a method that learns: encode what a batch holds, fuse what is left of it, `present [B, M]`."""
        return self.fuse(self.encode(batch.inputs, batch.there), present)

    # learning

    def before_training(self, samples: Samples) -> None:
        """One pass over the training split, before the first epoch."""

    @abstractmethod
    def losses(self, batch: Batch, run: Run) -> dict[str, Tensor]:
        """Weighted losses by name, summed by `backward`."""

    def backward(self, losses: Mapping[str, Tensor], run: Run) -> None:
        """Compute the gradients. Most methods sum their losses."""
        torch.autograd.backward(torch.stack(list(losses.values())).sum())

    def stages(self, epochs: int) -> list[Stage]:
        """The stages of a training of `epochs` in all."""
        return [Stage("all", epochs)]

    def on_epoch_end(self, run: Run) -> None:
        """Mine, rank, refresh."""

    def logs(self) -> dict[str, Any]:
        """What this epoch logs for the analyses, as JSON (mined combinations, cosines, ...)."""
        return {}

    # being looked at

    def modality_parameters(self, name: str) -> Iterable[nn.Parameter]:
        """The parameters that only this modality's input passes through."""
        return self.encoders[name].parameters()

    def evidence(self, inputs: Mapping[str, Tensor], present: Tensor, score: Callable[[Tensor], Tensor]) -> Evidence:
        """Activations and gradients of `score(logits)`, `[B]`, at `cam_layers` on complete rows. Hooks on itself."""
        names = self.modalities.names
        layers = {name: self.cam_layers(name, self.modalities.full) for name in names}
        return record_evidence(layers, lambda: score(self(inputs, present).logits))

    def reinitialised(self, seed: int) -> Method:
        """The same network with fresh random parameters; buffers (statistics, mean inputs) are the learned one's."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            other = type(self)(self.info.unlearned(), self.config)
        other.load_state_dict({name: value.cpu() for name, value in self.named_buffers()}, strict=False)
        return other.to(self.device).eval()

    def cam_layers(self, name: str, combination: Combination) -> list[nn.Module]:
        """The layers whose maps Grad-CAM weighs for a modality in a combination (one per network that sees it)."""
        return [self.encoders[name].body]  # type: ignore[list-item]


def check_method(name: str, method: type[Method]) -> None:
    """Raise PluginError for a class that a page or the command line would stumble over."""
    if not NAME.fullmatch(name):
        raise PluginError(f"'{name}' cannot name a method.", "Use a-z, 0-9 and _ only; title is for people.")
    if not (isinstance(method, type) and issubclass(method, Method)):
        raise PluginError(f"'{name}' is no subclass of Method.", "Derive it from mmlab.core.method.Method.")
    if lacking := sorted(method.__abstractmethods__):
        raise PluginError(
            f"The method '{name}' lacks {' and '.join(lacking)}.", "Write what mmlab.core.method asks for."
        )
    if not isinstance(getattr(method, "title", None), str) or not method.title.strip():
        raise PluginError(f"The method '{name}' has no title.", 'Give its class one: title = "A name for people".')
    settings = (*method.search, *method.presets)
    for changed in ({}, *(step.config for step in method.ablations), *(each.config for each in settings)):
        build(method.Config, changed)
    if method.ablations and [step.name for step in method.ablations if not step.config] == []:
        raise PluginError(f"No ablation step of '{name}' is the complete method.", "Add one that changes nothing.")


METHODS: Registry[type[Method]] = Registry("method", "mmlab.methods", ["mmlab.foreign.supplying"], check_method)
