"""What only the model itself can tell about its modalities: what it takes when inputs are swapped between samples, how
far it adds its modalities up, and where its gradients come from. Slow enough to be kept (`stored`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmlab.analysis.base.array_checks import Numbers
from mmlab.analysis.base.coalitions import Lattice, membership
from mmlab.analysis.base.input_swapping import InputSwapper, ProgressCallback, quiet
from mmlab.analysis.base.model_twin import twin
from mmlab.analysis.base.sampling import complete_samples, derangement
from mmlab.analysis.dominance.measures import emap
from mmlab.analysis.dominance.payoffs import counts_of, sample_values
from mmlab.core.batch import Samples
from mmlab.core.errors import Unsupported
from mmlab.core.method import Method
from mmlab.core.modality import Modalities
from mmlab.core.outputs import Classification, Output
from mmlab.storage import disk_cache

OWN_RULE, DONOR_RULE = "the method’s own way to do without", "the same input of another sample"
FORMAT = 1


@dataclass(frozen=True)
class ProbeBudget:
    """How many samples and draws are spent. pairs: samples whose inputs are all paired with each other."""

    samples: int = 256
    pairs: int = 128
    permutations: int = 5
    donors: int = 2

    @classmethod
    def usual(cls, output: Output) -> ProbeBudget:
        """Fewer where every answer is a picture."""
        return cls(48, 20, 3, 1) if output.dense else cls()


@dataclass(frozen=True)
class Probes:
    """What was found on n complete samples, with P permutations and D donors each.

    own: `[n]`, what each answer to complete input is worth; permuted: `[M, P]`, the mean of that with one modality from
    another sample; paired: `[M, 2]`, the mean for the samples that were paired, and for the additive stand-in of
    modality m and the rest; gradient, cam: `[n, M]`, shares that add up to 1; swapped: `[2**M, n * D, ...]`, the logits
    (counts of pixels, for regions) with donors in the place of what is absent; target: theirs, `[n * D, ...]`;
    ids: `[n]`. Shares are NaN where a model has no gradient.
    """

    own: Numbers
    permuted: Numbers
    paired: Numbers
    pairs: int
    gradient: Numbers
    cam: Numbers
    swapped: NDArray[np.floating]
    target: NDArray[np.generic]
    ids: tuple[str, ...]

    def lattice(self, modalities: Modalities) -> Lattice:
        """The swapped answers by bit mask: another rule for what stands in for an absent modality."""
        rows = len(self.target)
        by_code = {modalities.code(c): c.key for c in modalities.subsets()}
        keys = ("", *(by_code[code] for code in range(1, len(self.swapped))))
        names = tuple(self.ids[row % len(self.ids)] for row in range(rows))
        return Lattice(modalities.names, keys, self.swapped, self.target, names, names, DONOR_RULE)


def probe(
    method: Method, samples: Samples, effort: ProbeBudget, seed: int = 0, tell: ProgressCallback = quiet
) -> Probes:
    """Everything at once, each encoder running once per sample. `tell` hears of the progress and may raise to stop it.

    Raises DataError for fewer than 8 samples with every modality.
    """
    chosen = complete_samples(samples, effort.samples)
    output, target = method.output, chosen.target.numpy()
    recombiner = InputSwapper(method, chosen.inputs)
    tell(0.1)
    generator = np.random.default_rng(seed)
    straight = np.tile(np.arange(len(chosen))[:, None], (1, len(method.modalities)))
    own = sample_values(output, recombiner.answers(straight), target, "right")
    permuted = _permuted(recombiner, straight, target, output, effort.permutations, generator)
    tell(0.3)
    few = np.unique(np.linspace(0, len(chosen) - 1, min(effort.pairs, len(chosen))).astype(int))
    paired = _paired(recombiner, few, target, output, lambda share: tell(0.3 + 0.4 * share))
    swapped = _swapped(recombiner, straight, target, effort.donors, generator)
    tell(0.8)
    try:
        gradient, cam = evidence_shares(method, chosen, lambda share: tell(0.8 + 0.2 * share))
    except Unsupported:  # no gradient reaches the answer: the others are measured all the same
        gradient = cam = np.full((len(chosen), len(method.modalities)), np.nan)
    kept = output.condense_target(chosen.target).numpy()
    shown = np.tile(kept, (effort.donors, *([1] * (kept.ndim - 1))))
    return Probes(own, permuted, paired, len(few), gradient, cam, swapped, shown, chosen.ids)


def _permuted(
    recombiner: InputSwapper,
    straight: NDArray[np.int64],
    target: NDArray[Any],
    output: Output,
    draws: int,
    generator: np.random.Generator,
) -> Numbers:
    """`[M, P]`: what answers are worth when one modality comes from another sample."""
    found = np.empty((straight.shape[1], draws))
    for modality in range(len(found)):
        for draw in range(draws):
            rows = straight.copy()
            rows[:, modality] = derangement(len(rows), generator)
            found[modality, draw] = sample_values(output, recombiner.answers(rows), target, "right").mean()
    return found


def _paired(
    recombiner: InputSwapper, few: NDArray[np.int64], target: NDArray[Any], output: Output, tell: ProgressCallback
) -> Numbers:
    """`[M, 2]`: the worth of the answers, and of EMAP's additive stand-in for modality m and all the others."""
    count, names = len(few), recombiner.modalities.names
    first, rest = np.repeat(few, count), np.tile(few, count)
    found = np.empty((len(names), 2))
    for modality in range(len(names)):
        rows = np.tile(rest[:, None], (1, len(names)))
        rows[:, modality] = first
        logits = recombiner.answers(rows)
        shape = logits.shape[1:]
        table = logits.reshape(count, count, -1)
        own = np.einsum("iic->ic", table).reshape(count, *shape)
        additive = emap(table).reshape(count, *shape)
        found[modality] = [sample_values(output, each, target[few], "right").mean() for each in (own, additive)]
        tell((modality + 1) / len(names))
    return found


def _swapped(
    recombiner: InputSwapper,
    straight: NDArray[np.int64],
    target: NDArray[Any],
    most: int,
    generator: np.random.Generator,
) -> NDArray[np.floating]:
    """Answers `[2**M, n * D, ...]` with one other sample in the place of all that is absent."""
    on = membership(straight.shape[1])
    parts = []
    for _ in range(most):
        donor = derangement(len(straight), generator)[:, None]
        answers = (recombiner.answers(np.where(present, straight, donor)) for present in on)
        parts.append([counts_of(each, target) if each.ndim == 4 else each for each in answers])
    return np.stack([np.concatenate(each) for each in zip(*parts, strict=True)])


def evidence_shares(method: Method, samples: Samples, tell: ProgressCallback = quiet) -> tuple[Numbers, Numbers]:
    """Shares of each modality in |gradient x activation| and in the Grad-CAM map, `[n, M]` each, on complete input.

    Both at `Method.cam_layers`, for the score of the right class, the number, or all regions. Where nothing reaches any
    modality, the shares are equal. Gradient x activation does not change when a layer's output is scaled by s and
    the next layer's weights by 1/s, which leaves the model as it is; norms of either alone would.
    """
    copied = twin(method)
    step = 8 if method.output.dense else 64
    parts = []
    for start in range(0, len(samples), step):
        parts.append(_evidence(copied, samples.batch(range(start, min(start + step, len(samples))))))
        tell(min(1.0, (start + step) / len(samples)))
    gradient, cam = (np.concatenate(each) for each in zip(*parts, strict=True))
    return _shares(gradient), _shares(cam)


def _evidence(method: Method, batch: Any) -> tuple[Numbers, Numbers]:
    """Sums `[B, M]` of |gradient x activation| and of the positive Grad-CAM map."""
    place = method.device
    inputs = {name: value.to(place) for name, value in batch.inputs.items()}
    target = batch.target.to(place)
    mask = method.modalities.mask(method.modalities.full, len(batch), place)
    found = method.evidence(inputs, mask, lambda logits: _right_score(method.output, logits, target))
    sums = {name: [_both(*pair) for pair in found.layers[name]] for name in method.modalities.names}
    nothing = (np.zeros(len(batch)),) * 2
    gradient, cam = (
        np.stack([sum(pair[k] for pair in each or [nothing]) for each in sums.values()], 1) for k in (0, 1)
    )
    return gradient, cam


def _both(value: Tensor, gradient: Tensor) -> tuple[Numbers, Numbers]:
    product = (value * gradient).abs().flatten(1).sum(1)
    places = tuple(range(2, value.dim()))
    weights = gradient.mean(places, keepdim=True) if places else gradient
    positive = (weights * value).sum(1).relu().flatten(1).sum(1) if places else (weights * value).sum(1).relu()
    return product.double().cpu().numpy(), positive.double().cpu().numpy()


def _right_score(output: Output, logits: Tensor, target: Tensor) -> Tensor:
    if isinstance(output, Classification):
        return logits.gather(1, target[:, None])[:, 0]
    return torch.stack([output.score(logits, index) for index in range(output.channels)]).sum(0)


def _shares(values: Numbers) -> Numbers:
    total = values.sum(1, keepdims=True)
    return np.where(total > 0, values / np.maximum(total, 1e-30), 1 / values.shape[1])


def stored(digest: str, effort: ProbeBudget, seed: int = 0) -> Probes | None:
    """What was found for the checkpoint of this digest, from the user's cache folder; nothing where it was not kept."""
    arrays = disk_cache.load(_name(digest, effort, seed))
    if arrays is None:
        return None
    plain: dict[str, Any] = {each.name: arrays[each.name] for each in fields(Probes)}
    return Probes(**{**plain, "pairs": int(plain["pairs"]), "ids": tuple(plain["ids"].tolist())})


def keep(found: Probes, digest: str, effort: ProbeBudget, seed: int = 0) -> None:
    """Keep it for `stored`. A full or read-only disk is no error."""
    arrays: Mapping[str, Any] = {each.name: np.asarray(getattr(found, each.name)) for each in fields(Probes)}
    disk_cache.save(_name(digest, effort, seed), {**arrays, "swapped": found.swapped.astype(np.float32)})


def _name(digest: str, effort: ProbeBudget, seed: int) -> str:
    return f"dominance-{disk_cache.cache_key(FORMAT, digest, vars(effort), seed)}"
