"""Ways to explain beyond Grad-CAM: Grad-CAM++, HiResCAM, gradient x input, integrated gradients, occlusion.

What captum has is captum's, asked once for all combinations: they are the rows of one batch. The last three look at the
inputs themselves, so their maps have the inputs' own resolution. An absent modality gets an exact zero from each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mmlab.analysis.attribution.captum_wrapper import given
from mmlab.analysis.attribution.registry import ProgressCallback, by_combination, explainer
from mmlab.analysis.base.model_twin import twin
from mmlab.core.errors import Unsupported
from mmlab.core.method import Method
from mmlab.core.modality import Combination, Modality
from mmlab.core.results import Attribution

STEPS = 32  # of the path of integrated gradients
TOGETHER = 8  # of these steps, or windows of occlusion, in one pass
WINDOWS = {1: 8, 2: 7, 3: 4}  # how many windows of occlusion fit side by side, by the number of axes


class InputAttributionModel(nn.Module):
    """The score of one sample under K combinations as a function of its inputs, `[K]`, for captum.

    `rows` are the inputs `[K, *shape]` in the task's order, `plain` what stands for an input that says nothing: its own
    mean, and for texts no words. `passes` forward passes are expected; `tell` hears of each.
    """

    def __init__(
        self,
        method: Method,
        inputs: Mapping[str, Tensor],
        combinations: Sequence[Combination],
        target: int,
        tell: ProgressCallback | None,
        passes: int,
    ) -> None:
        super().__init__()
        self.method = twin(method)
        self.combinations, self.target = tuple(combinations), target
        self.place = method.device
        self.present = method.modalities.masks(self.combinations, self.place)
        singles = [given(modality, inputs).to(self.place) for modality in method.modalities]
        count = len(self.combinations)
        self.rows = tuple(single.expand(count, *single.shape[1:]).contiguous() for single in singles)
        self.plain = tuple(
            plain(m, single).expand(count, *single.shape[1:]).contiguous()
            for m, single in zip(method.modalities, singles, strict=True)
        )
        self._tell, self._passes, self._done = tell, passes, 0

    def forward(self, *arguments: Tensor) -> Tensor:
        """Scores of the inputs, in the task's order, and the mask that comes last."""
        *rows, present = arguments
        fused = self.method(dict(zip(self.method.modalities.names, rows, strict=True)), present)
        self._done += 1
        if self._tell is not None:
            self._tell(min(1.0, self._done / self._passes))
        unused = sum((0.0 * row.flatten(1).sum(1) for row in rows), torch.zeros(len(present), device=self.place))
        return self.method.output.score(fused.logits, self.target) + unused  # captum wants a gradient for every input

    def explained(self, found: Sequence[Tensor], together: Sequence[int] = ()) -> Attribution:
        """Attributions `[K, *shape]` as maps of what speaks for the answer, and shares of all that was attributed.

        together: by modality, how many numbers had one value attributed to them at once, which then counts once.
        """
        names, keys = self.method.modalities.names, [c.key for c in self.combinations]
        on = self.present.T.cpu()
        plain = [each.detach().float().cpu() * _like(on[m], each) for m, each in enumerate(found)]
        maps = {m.name: _positive(m, each) for m, each in zip(self.method.modalities, plain, strict=True)}
        at_once = together or [1] * len(plain)
        sums = torch.stack([e.abs().flatten(1).sum(1) / size for e, size in zip(plain, at_once, strict=True)])
        even = on.float() / on.float().sum(0)
        shares = torch.where(sums.sum(0) > 0, sums / sums.sum(0).clamp(min=1e-30), even)
        with torch.no_grad():
            score = self.method(dict(zip(names, self.rows, strict=True)), self.present).logits
        scores = self.method.output.score(score, self.target).tolist()
        return Attribution(
            maps=by_combination(keys, maps),
            shares={key: dict(zip(names, shares[:, row].tolist(), strict=True)) for row, key in enumerate(keys)},
            score=dict(zip(keys, scores, strict=True)),
            target=self.target,
        )


def plain(modality: Modality, values: Tensor) -> Tensor:
    """An input `[B, *shape]` that says nothing: each channel at its mean, a vector at zero, a text without words."""
    if modality.discrete or values.dim() < 3:
        return torch.zeros_like(values)
    return values.mean(tuple(range(2, values.dim())), keepdim=True).expand_as(values).clone()


def _like(on: Tensor, values: Tensor) -> Tensor:
    return on.view(-1, *([1] * (values.dim() - 1))).float()


def _positive(modality: Modality, values: Tensor) -> NDArray[np.float32]:
    """`[K, *places]` in [0, 1]: summed over channels, what speaks against the answer cut off."""
    summed = (values.sum(1) if len(modality.shape) > 1 else values).relu()
    return (summed / summed.max().clamp(min=1e-12)).numpy()


def _no_names(method: Method) -> None:
    for modality in method.modalities:
        if modality.discrete:
            raise Unsupported(
                f"{modality.label} is made of words, and a word cannot be changed a little.",
                "Choose one of the CAMs, or occlusion.",
            )


@explainer(
    "gradient_input",
    "Gradient × input",
    "The gradient of the score times the input: fine-grained, and noisy.",
    "Shrikumar et al., Not Just a Black Box: Learning Important Features Through Propagating Activation "
    "Differences, 2016",
)
def gradient_input(
    method: Method,
    inputs: Mapping[str, Tensor],
    combinations: Sequence[Combination],
    target: int,
    tell: ProgressCallback | None = None,
) -> Attribution:
    """Gradient x input through captum. Raises Unsupported where a modality is made of words."""
    from captum.attr import InputXGradient

    _no_names(method)
    whole = InputAttributionModel(method, inputs, combinations, target, tell, 1)
    rows = tuple(row.clone().requires_grad_() for row in whole.rows)
    found = InputXGradient(whole).attribute(rows, additional_forward_args=(whole.present,))
    return whole.explained(found)


@explainer(
    "integrated",
    "Integrated gradients",
    "Gradients integrated on the path from a baseline to this input: they add up to the change of the score.",
    "Sundararajan et al., Axiomatic Attribution for Deep Networks, ICML 2017",
    slow=True,
)
def integrated_gradients(
    method: Method,
    inputs: Mapping[str, Tensor],
    combinations: Sequence[Combination],
    target: int,
    tell: ProgressCallback | None = None,
) -> Attribution:
    """Integrated gradients from `plain` through captum. Raises Unsupported where a modality is made of words."""
    from captum.attr import IntegratedGradients

    _no_names(method)
    whole = InputAttributionModel(method, inputs, combinations, target, tell, STEPS // TOGETHER)
    found = IntegratedGradients(whole).attribute(
        whole.rows,
        baselines=whole.plain,
        additional_forward_args=(whole.present,),
        n_steps=STEPS,
        internal_batch_size=TOGETHER * len(whole.combinations),
    )
    return whole.explained(found)


@explainer(
    "occlusion",
    "Occlusion",
    "The drop of the score when a window of an input is covered: slow, and independent of gradients.",
    "Zeiler & Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014",
    slow=True,
)
def occlusion(
    method: Method,
    inputs: Mapping[str, Tensor],
    combinations: Sequence[Combination],
    target: int,
    tell: ProgressCallback | None = None,
) -> Attribution:
    """Occlusion by overlapping windows through captum; `plain` covers them. Each window counts once in the shares."""
    from captum.attr import Occlusion

    windows = tuple(_window(modality) for modality in method.modalities)
    strides = tuple(tuple(max(1, side // 2) for side in window) for window in windows)
    sizes = [modality.shape for modality in method.modalities]
    count = sum(_count(*each) for each in zip(sizes, windows, strides, strict=True))
    whole = InputAttributionModel(method, inputs, combinations, target, tell, 1 + -(-count // TOGETHER))
    with torch.no_grad():
        found = Occlusion(whole).attribute(
            whole.rows,
            sliding_window_shapes=windows,
            strides=strides,
            baselines=whole.plain,
            additional_forward_args=(whole.present,),
            perturbations_per_eval=TOGETHER,
        )
    return whole.explained(found, [math.prod(window) for window in windows])


def _window(modality: Modality) -> tuple[int, ...]:
    """All channels, and a part of each other axis; of a text one word."""
    if modality.discrete:
        return (modality.shape[0], 1)
    places = modality.shape[1:] or modality.shape
    sides = tuple(-(-2 * side // (WINDOWS[min(len(places), 3)] + 1)) for side in places)
    return (modality.shape[0], *sides) if len(modality.shape) > 1 else sides


def _count(shape: tuple[int, ...], window: tuple[int, ...], stride: tuple[int, ...]) -> int:
    steps = (-(-(size - side) // step) + 1 for size, side, step in zip(shape, window, stride, strict=True))
    return int(np.prod([max(1, each) for each in steps]))
