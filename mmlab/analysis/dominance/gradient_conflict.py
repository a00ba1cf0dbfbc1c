"""The gradients that a trained model would still receive from each combination: their norms and the angles between
them.

What was logged during training is read by `mmlab.analysis.methods.training_log`. Lengths belong to one way to write a
network down: scaling an encoder up and its head down changes them and nothing else, so they are compared over time or
between combinations on the same parameters, never as shares of what a modality contributes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from mmlab.analysis.base.array_checks import Numbers, finite
from mmlab.core.batch import Batch
from mmlab.core.errors import DataError
from mmlab.core.method import Method
from mmlab.core.modality import Combination
from mmlab.core.phrases import phrase
from mmlab.inference.windows import answered
from mmlab.losses.gmd import decoupled_gradients, gradient_cosines

ROOM = 2**30  # bytes of gradients that are held at a time


@dataclass(frozen=True)
class CombinationGradients:
    """The gradient of the task's loss under each combination, on the parameters that at least two of them reach.

    keys: K combinations; lengths: `[K]`; cosines, after: `[K, K]`, before and after conflicts are taken out; encoders:
    `[K, M]`, lengths in each modality's own parameters, NaN for one that has none; conflicts: share of the pairs beyond
    90 degrees.
    """

    keys: tuple[str, ...]
    lengths: Numbers
    cosines: Numbers
    after: Numbers
    encoders: Numbers
    conflicts: float


def combination_gradients(method: Method, batch: Batch, seed: int = 0) -> CombinationGradients:
    """One backward pass per combination (several for very large models), in eval mode, `.grad` left alone.

    Only the K x K products of gradients are kept: vectors with the same products have the same lengths and angles, also
    after conflicts are taken out. Raises DataError for gaps in the batch, and where nothing is shared or learns.
    """
    if not bool(batch.present.all()):
        raise DataError(
            phrase("The samples lack inputs."), phrase("Gradients of combinations are compared on complete samples.")
        )
    combinations = method.modalities.subsets()
    parameters = [p for p in method.parameters() if p.is_floating_point() and p.requires_grad]
    if not parameters:
        raise DataError(
            phrase("No parameter of this model learns: all are frozen."), phrase("Gradients need parameters.")
        )
    own = [{id(p) for p in method.modality_parameters(name)} for name in method.modalities.names]
    count = len(combinations)
    products, squares, shared = np.zeros((count, count)), np.zeros((count, len(own))), 0
    for group in _groups(parameters, count):
        rows = [_gradient(method, batch, combination, group) for combination in combinations]
        for place, parameter in enumerate(group):
            each = torch.stack([row[place].flatten() for row in rows])
            squares += np.outer(each.double().square().sum(1), [id(parameter) in ids for ids in own])
            several = (each != 0).sum(0) > 1
            shared += int(several.sum())
            kept = each[:, several].double()
            products += (kept @ kept.T).numpy()
    if not shared:
        raise DataError(
            phrase("No two combinations share a parameter here."),
            phrase("Each has a network of its own: no conflicts."),
        )
    gradients = _vectors(products)
    projected = decoupled_gradients(gradients, generator=torch.Generator().manual_seed(seed))
    cosines, after = (gradient_cosines(each).double().numpy() for each in (gradients, projected))
    upper = cosines[np.triu_indices(len(cosines), 1)]
    return CombinationGradients(
        tuple(c.key for c in combinations),
        np.sqrt(np.diag(products)),
        cosines,
        after,
        np.where([len(ids) > 0 for ids in own], np.sqrt(squares), np.nan),
        float((upper < 0).mean()) if len(upper) else 0.0,
    )


def _groups(parameters: list[nn.Parameter], count: int) -> list[list[nn.Parameter]]:
    """Parameters in groups of which `count` gradients fit into ROOM."""
    groups: list[list[nn.Parameter]] = [[]]
    taken = 0
    for parameter in parameters:
        size = 4 * count * parameter.numel()
        if groups[-1] and taken + size > ROOM:
            groups.append([])
            taken = 0
        groups[-1].append(parameter)
        taken += size
    return groups


def _gradient(method: Method, batch: Batch, combination: Combination, group: list[nn.Parameter]) -> list[Tensor]:
    with torch.enable_grad():
        mask = method.modalities.mask(combination, len(batch), batch.present.device)
        loss = method.output.loss(answered(method, batch.inputs, mask).logits, batch.target).mean()
        found = torch.autograd.grad(loss, group, allow_unused=True, materialize_grads=True)
    return [each.float().cpu() for each in found]


def _vectors(products: Numbers) -> Tensor:
    """K vectors `[K, K]` with these products."""
    values, axes = torch.linalg.eigh(torch.from_numpy(products))
    return axes * values.clamp(min=0).sqrt()


@dataclass(frozen=True)
class GradientPair:
    """Two gradients in the plane `[2]` each, their sum, what each keeps, and the sum of that.

    cosine: between them; pull: the cosine of the sum with each, before and after.
    """

    first: Numbers
    second: Numbers
    total: Numbers
    first_kept: Numbers
    second_kept: Numbers
    kept: Numbers
    cosine: float
    pull: tuple[float, float]
    pull_kept: tuple[float, float]

    @property
    def conflict(self) -> bool:
        """Whether they point away from each other."""
        return self.cosine < 0


def degrees_of(cosine: float) -> float:
    """The angle of a cosine, 0 to 180; one that rounding has brought beyond 1 counts as 1."""
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def gradient_pair(first_length: float, second_length: float, degrees: float) -> GradientPair:
    """Two gradients of these lengths at this angle; each loses its part along the other where they conflict.

    The projection is `mmlab.losses.gmd.decoupled_gradients`, the one that GMD is trained with (GMD Eq. 8).
    """
    lengths = finite([first_length, second_length], "lengths", 1)
    if lengths.min() < 0:
        raise ValueError("Lengths cannot be negative.")
    angle = np.radians(float(degrees))
    first = np.array([lengths[0], 0.0])
    second = lengths[1] * np.array([np.cos(angle), np.sin(angle)])
    both = torch.from_numpy(np.stack([first, second]))
    first_kept, second_kept = decoupled_gradients(both, torch.tensor([[0, 1], [1, 0]])).numpy()
    total, kept = first + second, first_kept + second_kept
    return GradientPair(
        first,
        second,
        total,
        first_kept,
        second_kept,
        kept,
        _cosine(first, second),
        (_cosine(total, first), _cosine(total, second)),
        (_cosine(kept, first), _cosine(kept, second)),
    )


def _cosine(one: Numbers, other: Numbers) -> float:
    lengths = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / lengths if lengths > 0 else 0.0
