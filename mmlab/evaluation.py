"""Answers for every combination: encode once, fuse many."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from mmlab.core.batch import Samples
from mmlab.core.method import Fused, Method
from mmlab.core.modality import Combination, Modalities
from mmlab.core.outputs import Output
from mmlab.core.results import Sweep

BATCH = 256


@torch.inference_mode()
def fuse_all(method: Method, inputs: Mapping[str, Tensor], combinations: Sequence[Combination]) -> list[Fused]:
    """One `Fused` per combination for a batch `[B, *shape]`, with one pass through the encoders.

    The method must be in eval mode. Rows of modalities outside a combination have no influence.
    """
    features = method.encode(inputs)
    rows = len(next(iter(inputs.values())))
    place = next(iter(inputs.values())).device
    modalities = method.modalities
    return [method.fuse(features, modalities.mask(c, rows, place)) for c in combinations]


def sweep(
    method: Method,
    samples: Samples,
    combinations: Sequence[Combination] | None = None,
    digest: str = "",
    on_progress: Callable[[float], None] | None = None,
) -> Sweep:
    """Every combination of every sample. Leaves the method in eval mode, on the device where it is."""
    combinations = method.modalities.subsets() if combinations is None else combinations
    place = next(method.parameters()).device
    method.eval()
    parts: list[list[Fused]] = []
    for start in range(0, len(samples), BATCH):
        batch = samples.batch(range(start, min(start + BATCH, len(samples)))).to(place)
        parts.append(fuse_all(method, batch.inputs, combinations))
        if on_progress is not None:
            on_progress(min(1.0, (start + BATCH) / len(samples)))

    def gather(field: str) -> np.ndarray | None:
        if getattr(parts[0][0], field) is None:
            return None
        rows = [[getattr(fused, field).float().cpu().numpy() for fused in part] for part in parts]
        return np.stack([np.concatenate([part[k] for part in rows]) for k in range(len(combinations))])

    logits, mean, variance = gather("logits"), gather("mean"), gather("variance")
    assert logits is not None
    assert mean is not None
    return Sweep(
        combinations=tuple(c.key for c in combinations),
        logits=logits,
        mean=mean,
        variance=variance,
        target=samples.target.numpy(),
        present=samples.present.numpy(),
        ids=samples.ids,
        groups=samples.groups,
        digest=digest,
    )


def metrics(found: Sweep, output: Output, modalities: Modalities) -> dict[str, dict[str, float]]:
    """The metrics of each combination, over the samples that really have all of its modalities."""
    table: dict[str, dict[str, float]] = {}
    for k, key in enumerate(found.combinations):
        needed = np.array(modalities.row(modalities.parse(key)))
        rows = found.present[:, needed].all(1)
        logits, target = torch.from_numpy(found.logits[k][rows]), torch.from_numpy(found.target[rows])
        table[key] = output.metrics(logits.float(), target)
    return table


def mean_metrics(table: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Each metric averaged over the combinations, all counted alike."""
    names = next(iter(table.values()))
    return {name: float(np.mean([row[name] for row in table.values()])) for name in names}
