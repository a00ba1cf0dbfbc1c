"""Where a model looks: attribution maps per modality for every combination of one sample, and shares per modality.

The combinations of a sample become the rows of one batch, and captum is asked once for all of them and all
modalities. It works on a twin of the model: the same weights in modules of its own, so that captum's hooks never
touch the model that other threads answer with, and nothing has to wait.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mmlab.core.errors import UnknownName
from mmlab.core.method import Method
from mmlab.core.modality import Combination, Modality
from mmlab.core.outputs import Classification, Output, Segmentation
from mmlab.core.results import Attribution

Explain = Callable[[Method, Mapping[str, Tensor], Sequence[Combination], int], Attribution]
SPATIAL = {1: "linear", 2: "bilinear", 3: "trilinear"}


@dataclass(frozen=True)
class Explainer:
    """One way to explain: a name for people, one sentence, its source, and the function."""

    title: str
    about: str
    paper: str
    run: Explain


EXPLAINERS: dict[str, Explainer] = {}


def explainer(name: str, title: str, about: str, paper: str) -> Callable[[Explain], Explain]:
    """Decorator that files `(method, inputs, combinations, target) -> Attribution` under `name`.

    `inputs` holds `[*shape]` per modality of one sample; a modality that was not brought may be left out, and
    is then in none of the combinations. `target` is the class or region whose score is explained; 0 for a number.
    """

    def decorate(function: Explain) -> Explain:
        EXPLAINERS[name] = Explainer(title, about, paper, function)
        return function

    return decorate


def find(name: str) -> Explainer:
    """The explainer of that name. Raises UnknownName."""
    if name not in EXPLAINERS:
        raise UnknownName(f"There is no explainer named '{name}'.", f"There are: {', '.join(EXPLAINERS)}.")
    return EXPLAINERS[name]


def targets(output: Output) -> tuple[str, ...]:
    """What can be explained, by index: the classes, the regions, or the one number."""
    if isinstance(output, Classification):
        return output.classes
    if isinstance(output, Segmentation):
        return output.regions
    return ("the number",)


class Question(nn.Module):
    """The score of one sample under K combinations, `[K]`, as a module that captum can explain.

    `junction` is the layer to attribute to: it hands on the activations of all Grad-CAM layers at once, as a
    tuple, so that one call serves every modality. `rows` are the inputs `[K, *shape]` in the task's order.
    """

    def __init__(
        self,
        method: Method,
        inputs: Mapping[str, Tensor],
        combinations: Sequence[Combination],
        target: int,
    ) -> None:
        super().__init__()
        self.method = twin(method)
        self.target = target
        self.combinations = tuple(combinations)
        place = next(method.parameters()).device
        self.present = method.modalities.masks(self.combinations, place)
        self.rows = tuple(
            _given(modality, inputs).to(place).expand(len(combinations), *modality.shape)
            for modality in method.modalities
        )
        self.junction = _Junction()
        self.layers = self._layers()
        self.activations = self._activations()
        self.score = torch.zeros(len(combinations))

    def forward(self, *arguments: Tensor) -> Tensor:
        """Scores `[K]` of the inputs, in the task's order, and the mask `[K, M]` that comes last."""
        *rows, present = arguments
        values = self.junction(*self.activations)
        with _replayed(dict(zip(self.layers, values, strict=True))):
            fused = self.method(self._named(rows), present)
        scores = self.method.output.score(fused.logits, self.target)
        self.score = scores.detach()
        return scores

    def sees(self, name: str) -> Tensor:
        """Which layer shows which row of a modality: bool `[layers, K]`; nothing where it is absent."""
        table = torch.zeros(len(self.layers), len(self.combinations), dtype=torch.bool)
        for row, combination in enumerate(self.combinations):
            for layer in self.method.cam_layers(name, combination) if name in combination else ():
                table[self.layers.index(layer), row] = True
        return table

    def _layers(self) -> list[nn.Module]:
        pairs = ((name, c) for c in self.combinations for name in c.names)
        found = (layer for name, c in pairs for layer in self.method.cam_layers(name, c))
        return list(dict.fromkeys(found))

    @torch.no_grad()
    def _activations(self) -> tuple[Tensor, ...]:
        """`[K, C, ...]` of each layer. Encoders do not know the combination, so one row is enough where it can be."""
        single = {name: rows[:1] for name, rows in self._named(self.rows).items()}
        with _recorded(self.layers) as found:
            self.method.encode(single)
        if len(found) < len(self.layers):
            with _recorded(self.layers) as found:
                self.method(self._named(self.rows), self.present)
        count = len(self.combinations)
        return tuple(found[layer].expand(count, *found[layer].shape[1:]) for layer in self.layers)

    def _named(self, rows: Sequence[Tensor]) -> dict[str, Tensor]:
        return dict(zip(self.method.modalities.names, rows, strict=True))


class _Junction(nn.Module):
    """Hands on what it is given. Its copies require gradients, whatever the parameters do."""

    def forward(self, *values: Tensor) -> tuple[Tensor, ...]:
        return tuple(value.detach().clone().requires_grad_() for value in values)


@explainer(
    "gradcam",
    "Grad-CAM",
    "The maps of the last convolutions, weighted by how much each raises the score, positive part only.",
    "Selvaraju et al., Grad-CAM: Visual Explanations from Deep Networks, ICCV 2017",
)
def grad_cam(
    method: Method, inputs: Mapping[str, Tensor], combinations: Sequence[Combination], target: int
) -> Attribution:
    """Grad-CAM at `Method.cam_layers`, through captum, for every combination of one sample.

    Maps are brought to the size of the modality, cut at zero (the paper's ReLU) and divided by the largest value
    that the modality reaches in any of the combinations, so that combinations can be compared; modalities cannot,
    that is what the shares are for. A vector has no places: its map is flat. Several layers of one modality add up.

    The share of a modality is the sum of |gradient x activation| over its layer, as a part of the sum over what is
    present. It does not change when a layer's output is scaled by s and the next layer's weights by 1/s, which
    leaves the model as it is: the gradient then shrinks by s as the activation grows, and the product stays. Norms
    of gradients or of activations alone would change. Where no gradient reaches any modality, shares are equal.
    """
    from captum.attr import LayerGradCam, LayerGradientXActivation

    question = Question(method, inputs, combinations, target)
    asked = {"additional_forward_args": (question.present,), "grad_kwargs": UNUSED}
    maps = LayerGradCam(question, question.junction).attribute(question.rows, **asked)
    products = LayerGradientXActivation(question, question.junction).attribute(question.rows, **asked)
    keys = [combination.key for combination in question.combinations]
    evidence = torch.stack([each.abs().flatten(1).sum(1).cpu() for each in _as_tuple(products)])
    return Attribution(
        maps=_by_combination(question, {m.name: _map(question, m, _as_tuple(maps)) for m in method.modalities}),
        shares=_shares(question, evidence),
        score=dict(zip(keys, question.score.tolist(), strict=True)),
        target=target,
    )


UNUSED = {"allow_unused": True, "materialize_grads": True}  # a layer that an answer does not use has gradient zero


def twin(method: Method) -> Method:
    """A copy in eval mode with modules of its own and the *same* tensors: hooks on it stay on it."""
    shared: list[Any] = [*method.parameters(), *method.buffers(), method.info, method.config]
    copied = copy.deepcopy(method, {id(item): item for item in shared})
    return copied.eval()


def _given(modality: Modality, inputs: Mapping[str, Tensor]) -> Tensor:
    return inputs[modality.name].float()[None] if modality.name in inputs else torch.zeros(1, *modality.shape)


def _map(question: Question, modality: Modality, maps: tuple[Tensor, ...]) -> NDArray[np.float32]:
    """`[K, *places]` in [0, 1]."""
    from captum.attr import LayerAttribution

    places = modality.shape[1:] or modality.shape
    total = torch.zeros(len(question.combinations), *places)
    for each, sees in zip(maps, question.sees(modality.name), strict=True):
        if not sees.any():
            continue
        raw = each.detach().cpu().float()
        raw = raw if raw.dim() > 2 else raw[..., None]
        large = LayerAttribution.interpolate(raw, places, SPATIAL[len(places)])[:, 0]
        total += torch.where(sees.view(-1, *([1] * len(places))), large, 0.0)
    positive = total.relu()
    return (positive / positive.max().clamp(min=1e-12)).numpy()


def _by_combination(
    question: Question, maps: Mapping[str, NDArray[np.float32]]
) -> dict[str, dict[str, NDArray[np.float32]]]:
    return {
        combination.key: {name: stack[row] for name, stack in maps.items()}
        for row, combination in enumerate(question.combinations)
    }


def _shares(question: Question, evidence: Tensor) -> dict[str, dict[str, float]]:
    """Parts of the evidence `[layers, K]` that came through each modality, by combination."""
    names = question.method.modalities.names
    by_name = torch.stack([torch.where(question.sees(name), evidence, 0.0).sum(0) for name in names])
    present = question.present.T.cpu().float()
    total = by_name.sum(0)
    shares = torch.where(total > 0, by_name / total.clamp(min=1e-30), present / present.sum(0))
    return {
        combination.key: dict(zip(names, shares[:, row].tolist(), strict=True))
        for row, combination in enumerate(question.combinations)
    }


def _as_tuple(values: Tensor | tuple[Tensor, ...] | list[Any]) -> tuple[Tensor, ...]:
    return (values,) if isinstance(values, Tensor) else tuple(values)


@contextmanager
def _recorded(layers: Sequence[nn.Module]) -> Iterator[dict[nn.Module, Tensor]]:
    """What each layer gives on its *first* call: the one that sees the sample, as a method may run a layer again.

    (Joint training does, on the mean input that stands in for an absent one.)
    """
    found: dict[nn.Module, Tensor] = {}

    def keep(layer: nn.Module, _: Any, value: Tensor) -> None:
        found.setdefault(layer, value)

    handles = [layer.register_forward_hook(keep) for layer in layers]
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def _replayed(values: Mapping[nn.Module, Tensor]) -> Iterator[None]:
    """Let each layer of the twin give that value on its first call, without computing it again."""
    waiting = dict(values)

    def first(layer: nn.Module) -> Callable[..., Tensor]:
        original = type(layer).forward.__get__(layer)
        return lambda *arguments: waiting.pop(layer) if layer in waiting else original(*arguments)

    for layer in values:
        layer.forward = first(layer)
    try:
        yield
    finally:
        for layer in values:
            del layer.forward
