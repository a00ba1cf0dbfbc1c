"""Models of the same architecture that lack the learned knowledge: with random parameters, and trained on shuffled
labels.

A map that looks the same for them shows the input or the architecture, not what was learned (Adebayo et al., Sanity
Checks for Saliency Maps, NeurIPS 2018: model and data randomisation).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from mmlab.analysis.attribution.registry import Explainer
from mmlab.analysis.base.input_swapping import ProgressCallback, no_progress
from mmlab.analysis.base.ranking import spearman
from mmlab.analysis.base.sampling import complete_samples, derangement
from mmlab.core.batch import Samples
from mmlab.core.errors import Unsupported
from mmlab.core.method import Method
from mmlab.core.modality import Combination
from mmlab.core.results import Attribution
from mmlab.inference.windows import answered
from mmlab.losses.common import sample_present

SHUFFLED, EPOCHS = (192, 12), (40, 80)  # samples and epochs, for plain answers and for pictures
BATCH = 32, 4
RATE = 3e-3


def reinitialise(method: Method, seed: int) -> Method:
    """The same network with fresh random parameters, see `Method.reinitialised`. Raises Unsupported where it is not.

    A builder that loads weights would make the learned model again.
    """
    other = method.reinitialised(seed)
    if _is_alike(method, other) and _is_alike(method, method.reinitialised(seed + 1)):
        raise Unsupported("Building this network again gives the learned weights.", "Override Method.reinitialised.")
    return other


def _is_alike(one: Method, other: Method) -> bool:
    mine, its = dict(one.named_parameters()), dict(other.named_parameters())
    return bool(mine) and all(name in its and torch.equal(value, its[name].to(value)) for name, value in mine.items())


@dataclass(frozen=True)
class RandomLabelModel:
    """A network that learned shuffled answers by heart. learned: the part of the loss on answers shuffled in another
    way that it saves on its own, 0 for nothing learned and 1 for all."""

    method: Method
    learned: float


def learn_random_labels(
    method: Method, samples: Samples, seed: int = 0, tell: ProgressCallback = no_progress
) -> RandomLabelModel:
    """Train a fresh network of the same architecture on shuffled labels, with the task's loss and modality dropout.

    Raises DataError for fewer than 8 samples with every modality.
    """
    afford = method.output.affordable
    count, epochs = afford(*SHUFFLED), afford(*EPOCHS)
    chosen = complete_samples(samples, count)
    generator = np.random.default_rng(seed)
    own, other = (_shuffled(chosen, generator) for _ in range(2))
    pupil = reinitialise(method, seed).train()
    pupil.requires_grad_(True)
    optimiser = torch.optim.AdamW(pupil.parameters(), RATE)
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        torch.manual_seed(seed)
        drawn = torch.Generator().manual_seed(seed)
        for epoch in range(epochs):
            order = generator.permutation(len(chosen))
            for rows in np.array_split(order, max(1, len(order) // afford(*BATCH))):
                there = sample_present(len(rows), len(method.modalities), drawn)
                optimiser.zero_grad()
                _loss(pupil, own, rows, there).backward()
                optimiser.step()
            tell((epoch + 1) / epochs)
    pupil.eval()
    full = torch.ones(len(chosen), len(method.modalities), dtype=torch.bool)
    with torch.no_grad():
        fitted, foreign = (float(_loss(pupil, each, np.arange(len(chosen)), full)) for each in (own, other))
    return RandomLabelModel(pupil, max(0.0, 1 - fitted / max(foreign, 1e-12)))


def _shuffled(samples: Samples, generator: np.random.Generator) -> Samples:
    """The same samples, each with the answer of another one."""
    return replace(samples, target=samples.target[torch.from_numpy(derangement(len(samples), generator))])


def _loss(method: Method, samples: Samples, rows: np.ndarray, present: Tensor) -> Tensor:
    batch = samples.batch(torch.from_numpy(rows)).to(method.device)
    found = answered(method, batch.inputs, present.to(batch.present.device))
    return method.output.loss(found.logits, batch.target).mean()


def map_similarity(
    others: Sequence[Method],
    inputs: Mapping[str, Tensor],
    combination: Combination,
    found: Attribution,
    explain: Explainer,
    tell: ProgressCallback = no_progress,
) -> dict[str, float]:
    """Rank correlation of each map of `found` with those of other networks: mean |rho|, NaN for flat maps."""
    correlations: dict[str, list[float]] = {name: [] for name in combination.names}
    for number, other in enumerate(others):
        maps = explain.run(other, inputs, [combination], found.target).maps[combination.key]
        for name in combination.names:
            mine, its = found.maps[combination.key][name].ravel(), maps[name].ravel()
            if not math.isnan(rho := spearman(mine, its)):
                correlations[name].append(abs(rho))
        tell((number + 1) / len(others))
    return {name: float(np.mean(each)) if each else float("nan") for name, each in correlations.items()}
