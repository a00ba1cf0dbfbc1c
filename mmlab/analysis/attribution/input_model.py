"""One sample under many combinations as a function of its inputs, for explainers that attribute to the inputs
themselves.

Captum is asked once for all combinations: they are the rows of one batch. Maps have the inputs' own resolution, and an
absent modality gets an exact zero."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mmlab.analysis.attribution.captum_wrapper import single_input
from mmlab.analysis.attribution.registry import AttributionRequest, by_combination
from mmlab.analysis.base.model_twin import twin
from mmlab.core.errors import Unsupported
from mmlab.core.method import Method
from mmlab.core.modality import Modality
from mmlab.core.modality_kinds import modality_kind
from mmlab.core.results import Attribution
from mmlab.core.spans import divisor
from mmlab.inference.windows import answered

AT_ONCE = 8  # steps of a path, or windows that cover a part, in one pass


class InputAttributionModel(nn.Module):
    """The score of one sample under K combinations as a function of its inputs, `[K]`, for captum.

    `rows` are the inputs `[K, *shape]` in the task's order, `plain` what stands for an input that says nothing: its own
    mean, and for texts no words. `passes` forward passes are expected; the request's `tell` hears of each.
    """

    def __init__(self, request: AttributionRequest, passes: int) -> None:
        super().__init__()
        method = request.method
        self.method = twin(method)
        self.combinations, self.target = request.combinations, request.target
        self.place = method.device
        self.present = method.modalities.masks(self.combinations, self.place)
        singles = [single_input(modality, request.inputs).to(self.place) for modality in method.modalities]
        count = len(self.combinations)
        self.rows = tuple(single.expand(count, *single.shape[1:]).contiguous() for single in singles)
        self.plain = tuple(
            baseline_input(m, single).expand(count, *single.shape[1:]).contiguous()
            for m, single in zip(method.modalities, singles, strict=True)
        )
        self._tell, self._passes, self._done = request.tell, passes, 0

    def forward(self, *arguments: Tensor) -> Tensor:
        """Scores of the inputs, in the task's order, and the mask that comes last."""
        *rows, present = arguments
        fused = answered(self.method, dict(zip(self.method.modalities.names, rows, strict=True)), present)
        self._done += 1
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
        pairs = list(zip(plain, at_once, strict=True))
        sizes = torch.stack([each.abs().flatten(1).sum(1) / size for each, size in pairs])
        net = torch.stack([each.flatten(1).sum(1).abs() / size for each, size in pairs])
        with torch.no_grad():
            score = answered(self.method, dict(zip(names, self.rows, strict=True)), self.present).logits
        scores = self.method.output.score(score, self.target).tolist()
        return Attribution(
            maps=by_combination(keys, maps),
            shares=_parts(sizes, on, keys, names),
            score=dict(zip(keys, scores, strict=True)),
            target=self.target,
            net=_parts(net, on, keys, names),
            cells={name: each[0].numel() // size for name, (each, size) in zip(names, pairs, strict=True)},
        )


def _parts(sums: Tensor, on: Tensor, keys: Sequence[str], names: Sequence[str]) -> dict[str, dict[str, float]]:
    """Sums `[M, K]` as parts of their sum over modalities, by combination; even where there is nothing."""
    even = on.float() / on.float().sum(0)
    shares = torch.where(sums.sum(0) > 0, sums / sums.sum(0).clamp(min=1e-30), even)
    return {key: dict(zip(names, shares[:, row].tolist(), strict=True)) for row, key in enumerate(keys)}


def baseline_input(modality: Modality, values: Tensor) -> Tensor:
    """An uninformative input `[B, *shape]`, as its kind defines it."""
    return modality_kind(modality.kind).plain(values)


def _like(on: Tensor, values: Tensor) -> Tensor:
    return on.view(-1, *([1] * (values.dim() - 1))).float()


def _positive(modality: Modality, values: Tensor) -> NDArray[np.float32]:
    """`[K, *places]` in [0, 1]: summed over channels, what speaks against the answer cut off."""
    summed = (values.sum(1) if len(modality.shape) > 1 else values).relu()
    return (summed / divisor(float(summed.max()))).numpy()


def needs_numbers(method: Method) -> None:
    """Raises Unsupported where a modality is made of words."""
    for modality in method.modalities:
        if modality.discrete:
            raise Unsupported(
                f"{modality.label} is made of words, and a word cannot be changed a little.",
                "Choose one of the CAMs, or occlusion.",
            )
