"""Predictions for every combination: encode once, fuse many."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from math import prod
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from mmlab.core.batch import Batch, Samples
from mmlab.core.method import Fused, Method
from mmlab.core.metric import mean_of
from mmlab.core.modality import Combination, Modalities
from mmlab.core.outputs import Output
from mmlab.core.results import Sweep
from mmlab.core.stored_rows import in_parts
from mmlab.core.task import TaskInfo
from mmlab.inference import windows
from mmlab.inference.batching import in_halves
from mmlab.inference.memory import give_back
from mmlab.storage.growing_array import Floats, GrowingArray

HELD = 2**26  # numbers of a sweep that memory holds: 256 MB
BATCH, DENSE_BATCH = 128, 8  # maps of a small batch stay in the processor's cache
R = TypeVar("R")
_Part = tuple[Floats, Floats, Floats]
Answer = Callable[[Method, Mapping[str, Tensor], Sequence[Combination]], list[Fused]]


@torch.inference_mode()
def fuse_all(method: Method, inputs: Mapping[str, Tensor], combinations: Sequence[Combination]) -> list[Fused]:
    """One `Fused` per combination for a batch `[B, *shape]`, with one pass through the encoders, of each window where
    the method answers in windows.

    The method must be in eval mode. Rows of modalities outside a combination have no influence.
    """
    return windows.sliding_window(method.info, inputs, partial(_fused, method, combinations))


def _fused(method: Method, combinations: Sequence[Combination], inputs: Mapping[str, Tensor]) -> list[Fused]:
    features = method.encode(inputs)
    first, modalities = next(iter(inputs.values())), method.modalities
    return method.fuse_many(features, [modalities.mask(c, len(first), first.device) for c in combinations])


def sweep(
    method: Method,
    samples: Samples,
    combinations: Sequence[Combination] | None = None,
    digest: str = "",
    on_progress: Callable[[float], None] | None = None,
    distances: bool = True,
    answer: Answer | None = None,
    embeddings: bool = True,
) -> Sweep:
    """The predictions for every combination of every sample. Leaves the method in eval mode, on its device.

    distances: whether to measure what takes long to measure; a training looks at the headline only.
    answer: another way than `fuse_all` to answer a batch.
    embeddings: without them `mean` is `[K, N, 0]`, and `variance` `[K, N, 1]`, the mean over the embedding.
    More than `HELD` numbers are kept in temporary files and mapped. Raises StorageError where these have no room.
    """
    combinations = method.modalities.subsets() if combinations is None else combinations
    output = method.output
    kept: list[GrowingArray] = []  # logits, mean and variance of everything: small arrays would fragment memory
    start = 0

    def answered(batch: Batch) -> list[_Part]:
        found: list[_Part] = []
        for some in windows.in_groups(method.info, combinations):
            for each in _asked(method, batch.inputs, some, answer):
                condensed = output.summarise(each.logits.float(), batch.target, distances)
                found.append(_kept(each, condensed, embeddings))
        return found

    for parts in _answers(answered, method, samples, on_progress):
        if not kept:
            shapes = [(len(combinations), len(samples) if len(part) else 0, *part.shape[1:]) for part in parts[0]]
            is_large = sum(map(prod, shapes)) > HELD
            kept = [GrowingArray(shape, on_disk=is_large and prod(shape) > 0) for shape in shapes]
        for k, part in enumerate(parts):
            for whole, piece in zip(kept, part, strict=True):
                whole.put(k, start, piece)
        start += len(parts[0][0])
    logits, mean, variance = (each.full() for each in kept)
    return Sweep(
        combinations=tuple(c.key for c in combinations),
        logits=logits,
        mean=mean,
        variance=variance if variance.size else None,
        target=torch.cat([output.condense_target(part) for part in in_parts(samples.target)]).numpy(),
        present=samples.present.numpy(),
        ids=samples.ids,
        groups=samples.groups,
        digest=digest,
    )


@torch.inference_mode()
def logits_of(method: Method, samples: Samples, present: Tensor) -> Tensor:
    """The logits of every sample from the inputs in `present`, bool `[N, M]`: `[N, ...]`. Leaves it in eval mode."""
    asked = replace(samples, present=present)

    def answered(batch: Batch) -> Tensor:
        def of_part(inputs: Mapping[str, Tensor]) -> list[Fused]:  # a batch, or windows of one scan
            return [method.fuse(method.encode(inputs), batch.present.expand(len(next(iter(inputs.values()))), -1))]

        return windows.sliding_window(method.info, batch.inputs, of_part)[0].logits.float().cpu()

    return torch.cat(list(_answers(answered, method, asked)))


def _asked(
    method: Method, inputs: Mapping[str, Tensor], combinations: Sequence[Combination], answer: Answer | None
) -> list[Fused]:
    if answer is None:
        return fuse_all(method, inputs, combinations)
    return windows.sliding_window(method.info, inputs, lambda part: answer(method, part, combinations))


def _kept(fused: Fused, condensed: Tensor, embeddings: bool) -> _Part:
    """What a sweep keeps of a batch: logits or what stands for them, mean, variance (empty where there is none)."""
    mean, variance = fused.mean, fused.mean[:0] if fused.variance is None else fused.variance
    if not embeddings:
        mean, variance = mean[:, :0], variance.mean(1, keepdim=True)
    return tuple(value.float().cpu().numpy() for value in (condensed, mean, variance))  # type: ignore[return-value]


def _answers(
    answered: Callable[[Batch], R], method: Method, samples: Samples, on_progress: Callable[[float], None] | None = None
) -> Iterator[R]:
    """What is answered of one batch after the other, of halves of one where memory runs out."""
    place, step = method.device, batch_size(method.info)
    method.eval()

    def work(rows: Sequence[int]) -> list[R]:
        return [answered(samples.batch(rows, place))]

    for start in range(0, len(samples), step):
        yield from in_halves(work, range(start, min(start + step, len(samples))), partial(give_back, place))
        if on_progress is not None:
            on_progress(min(1.0, (start + step) / len(samples)))


def batch_size(info: TaskInfo) -> int:
    """How many samples are answered at a time."""
    return windows.at_once(info, BATCH, DENSE_BATCH)


def metrics(found: Sweep, output: Output, modalities: Modalities) -> dict[str, dict[str, float]]:
    """The metrics of each combination, over the samples that really have all of its modalities.

    A combination that no sample has is left out: real recordings may lack a modality altogether.
    """
    table: dict[str, dict[str, float]] = {}
    for k, key in enumerate(found.combinations):
        needed = np.array(modalities.row(modalities.parse(key)))
        rows = found.present[:, needed].all(1)
        if not rows.any():
            continue
        groups = [found.groups[row] for row in np.flatnonzero(rows)]
        table[key] = output.metrics_of(found.logits[k][rows], found.target[rows], groups)
    return table


def mean_metrics(table: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Each metric averaged over the combinations that have it, all counted alike; NaN where none has."""
    names = next(iter(table.values()))
    return {name: float(mean_of([row[name] for row in table.values()])) for name in names}
