"""What a trained model would still be told by each combination: lengths of the gradients and angles between them.

What was logged while it learned is read by `mmlab.analysis.methods.training_log`. Lengths belong to one way to write a
network down: scaling an encoder up and its head down changes them and nothing else, so they are compared over time or
between combinations on the same parameters, never as shares of what a modality contributes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mmlab.analysis.base.array_checks import Numbers, finite
from mmlab.core.batch import Batch
from mmlab.core.errors import DataError
from mmlab.core.method import Method
from mmlab.losses.gmd import decoupled_gradients, gradient_cosines

STILL = 1e-12


@dataclass(frozen=True)
class CombinationGradients:
    """The gradient of the task's loss under each combination, on the parameters that at least two of them reach.

    keys: K combinations; lengths: `[K]`; cosines, after: `[K, K]`, before and after conflicts are taken out; encoders:
    `[K, M]`, lengths in each modality's own parameters; conflicts: share of the pairs beyond 90 degrees.
    """

    keys: tuple[str, ...]
    lengths: Numbers
    cosines: Numbers
    after: Numbers
    encoders: Numbers
    conflicts: float


def combination_gradients(method: Method, batch: Batch, seed: int = 0) -> CombinationGradients:
    """One backward pass per combination, in eval mode, `.grad` left alone. Raises DataError for gaps in the batch."""
    if not bool(batch.present.all()):
        raise DataError("The samples lack inputs.", "Gradients of combinations are compared on complete samples.")
    combinations = method.modalities.subsets()
    parameters = [p for p in method.parameters() if p.is_floating_point()]
    own = {name: {id(p) for p in method.modality_parameters(name)} for name in method.modalities.names}
    rows, encoders = [], []
    with torch.enable_grad():
        for combination in combinations:
            mask = method.modalities.mask(combination, len(batch), batch.present.device)
            loss = method.output.loss(method(batch.inputs, mask).logits, batch.target).mean()
            found = torch.autograd.grad(loss, parameters, allow_unused=True, materialize_grads=True)
            rows.append(torch.cat([g.flatten() for g in found]).float().cpu())
            encoders.append(
                [_length([g for p, g in zip(parameters, found, strict=True) if id(p) in ids]) for ids in own.values()]
            )
    gradients = torch.stack(rows)
    shared = (gradients != 0).sum(0) > 1
    if not bool(shared.any()):
        raise DataError("No two combinations share a parameter here.", "Each has a network of its own: no conflicts.")
    gradients = gradients[:, shared]
    projected = decoupled_gradients(gradients, generator=torch.Generator().manual_seed(seed))
    cosines, after = (gradient_cosines(each).double().numpy() for each in (gradients, projected))
    upper = cosines[np.triu_indices(len(cosines), 1)]
    return CombinationGradients(
        tuple(c.key for c in combinations),
        gradients.double().norm(dim=1).numpy(),
        cosines,
        after,
        np.array(encoders),
        float((upper < 0).mean()) if len(upper) else 0.0,
    )


def _length(gradients: list[Tensor]) -> float:
    return float(torch.sqrt(sum((g.float().square().sum() for g in gradients), torch.zeros(()))))


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


def meeting(first_length: float, second_length: float, degrees: float) -> GradientPair:
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
    return float(one @ other) / lengths if lengths > STILL else 0.0
