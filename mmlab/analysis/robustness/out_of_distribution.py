"""Whether an input resembles the training data: its distance to the nearest training inputs, in three views.

One view is what enters the model, averaged to at most PLACES cells along each axis; another how its numbers are spread
and how far neighbours are apart, wherever that is (of words, whose numbers are names, there is neither); the last is
what the model's own encoder makes of it: the last maps before anything is pooled, by mean and maximum over their
places, at unit length as Sun et al. do it. All are needed: an encoder that never saw a white wall may map it onto a
face, pixels alone do not know what matters, and noise is, place by place, no farther from a picture than others are.

>>> known = learn(model)                                     # {"infrared": NeighbourTest, ...}: seconds to minutes
>>> measure(model, known, {"infrared": tensor})              # {"infrared": NeighbourDistance(...)}
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from itertools import count
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from mmlab.analysis.base.model_twin import recorded, twin
from mmlab.analysis.robustness.neighbour_distance import NeighbourDistance, NeighbourTest
from mmlab.core.batch import Batch, Samples
from mmlab.core.errors import DataError, MmlabError
from mmlab.core.method import Method
from mmlab.core.task import Split
from mmlab.inference.predictor import Model
from mmlab.inference.sweep import batch_size
from mmlab.inference.windows import parts_of
from mmlab.storage import disk_cache

VERSION = 1  # of what an encoder's view is; raise it when that changes
ROWS = 2000  # of each split: more change the distances little
SPLITS: tuple[Split, ...] = ("train", "valid", "test")
PLACES = 16  # cells along each axis of an input
NUMBERS = 4096  # of an input, once it is averaged
RANKS = 17  # of its numbers in order
POOLS: Mapping[int, Callable[[Tensor, Any], Tensor]] = {
    1: functional.adaptive_avg_pool1d,
    2: functional.adaptive_avg_pool2d,
    3: functional.adaptive_avg_pool3d,
}
Rows = NDArray[np.float32]
Progress = Callable[[float], None]


def learn(model: Model, on_progress: Progress | None = None) -> dict[str, NeighbourTest]:
    """By input what its distances are compared with: training samples, and the validation and the test split.

    An input of which there are too few samples is left out, and all of them where the training split is not here. The
    encoder's views are kept in the cache, under the model and the content of the data.
    """
    tell = on_progress or (lambda share: None)
    tell(0.0)
    splits = _splits(model)
    if not splits:
        return {}
    pixels, spreads = zip(*(split.several(input_view, spread_view) for split in splits), strict=True)
    tell(0.2)
    seen = _encoded(model, splits, pixels, lambda share: tell(0.2 + 0.8 * share))
    found = {}
    for place, modality in enumerate(model.method.modalities):
        name = modality.name
        views = [] if modality.discrete else [[each[name] for each in of] for of in (pixels, spreads)]
        views += [[each[name] for each in seen]] if name in seen[0] else []
        there = [split.present[:, place] for split in splits]
        kept = [[view[each][there[each]] for view in views] for each in range(len(splits))]
        with suppress(DataError):  # too few samples to say anything: nothing is said of this input
            if views:
                found[name] = NeighbourTest.learn(kept[0], kept[1:])
    return found


def measure(
    model: Model, known: Mapping[str, NeighbourTest], tensors: Mapping[str, Tensor]
) -> dict[str, NeighbourDistance]:
    """How far each of the inputs `[*shape]` lies from those that the model was trained on."""
    method = model.method
    complete = {m.name: tensors.get(m.name, torch.zeros(m.shape)).float()[None] for m in method.modalities}
    seen = encoder_views(method, complete)
    found = {}
    for name, test in known.items():
        if name in tensors:
            is_words = method.modalities[name].discrete
            views = [] if is_words else [view(complete[name])[0] for view in (input_view, spread_view)]
            found[name] = test.of([*views, *([seen[name][0]] if name in seen else [])])
    return found


def input_view(values: Tensor) -> Rows:
    """Inputs `[B, *shape]` as rows: averaged to at most PLACES cells along each axis but the first, and drawn together
    to at most NUMBERS where that is still more."""
    values = values.float()
    cells = tuple(min(size, PLACES) for size in values.shape[2:])
    if pool := POOLS.get(len(cells)):
        values = pool(values, cells)
    return np.asarray(_drawn_together(values.flatten(1)).numpy(), np.float32)


def spread_view(values: Tensor) -> Rows:
    """How the numbers of inputs `[B, C, *places]` are spread in each channel, and the steps between neighbours along
    each axis, as rows: at RANKS even places of them in order. Of inputs without places the numbers themselves."""
    values = values.float()
    if values.dim() < 3:
        return np.asarray(values.flatten(1).numpy(), np.float32)
    along = [axis for axis in range(2, values.dim()) if values.shape[axis] > 1]
    steps = [_ranked(values.diff(dim=axis).abs().flatten(1)) for axis in along]
    return np.asarray(torch.cat([_ranked(values.flatten(2)).flatten(1), *steps], 1).numpy(), np.float32)


def _ranked(numbers: Tensor) -> Tensor:
    """`[..., N]` to `[..., RANKS]`: of at most about NUMBERS of them, in order and without the ends."""
    ordered = numbers[..., :: -(-numbers.shape[-1] // NUMBERS)].sort(-1).values
    places = torch.linspace(0.02, 0.98, RANKS) * (ordered.shape[-1] - 1)
    return ordered[..., places.round().long()]


def _drawn_together(rows: Tensor) -> Tensor:
    """Rows of at most NUMBERS numbers, about as far apart as they were: sums of neighbours with random signs, the same
    for all (a count sketch)."""
    count, wide = rows.shape
    if wide <= NUMBERS:
        return rows
    signs = 2.0 * torch.randint(0, 2, (wide,), generator=torch.Generator().manual_seed(0)) - 1
    together = -(-wide // NUMBERS)
    return functional.pad(rows * signs, (0, together * NUMBERS - wide)).view(count, NUMBERS, together).sum(2)


@torch.inference_mode()
def encoder_views(method: Method, inputs: Mapping[str, Tensor]) -> dict[str, Rows]:
    """By input what the encoders' last maps hold of a batch `[B, *shape]`, rows of unit length.

    Nothing for a method whose modules cannot be looked at beside others' calls, and for an input without such maps.
    """
    if method.one_at_a_time:
        return {}
    copy = twin(method)
    layers = {name: copy.cam_layers(name, copy.modalities.full)[:1] for name in copy.modalities.names}
    seen: dict[str, list[Tensor]] = {}
    for part in parts_of(method.info, inputs):
        with recorded([layer for each in layers.values() for layer in each]) as found:
            copy.encode({name: value.to(method.device) for name, value in part.items()})
        for name, each in layers.items():
            if each and each[0] in found:
                seen.setdefault(name, []).append(_deepest(found[each[0]]))
    return {name: _unit(_pooled(maps)) for name, maps in seen.items()}


def _deepest(maps: Tensor | tuple[Tensor, ...]) -> Tensor:
    """The last of several levels: `[B, C]`, or maps with their places in a row, `[B, C, P]`."""
    deepest = (maps[-1] if isinstance(maps, tuple | list) else maps).float().cpu()
    return deepest.flatten(2) if deepest.dim() > 2 else deepest.flatten(1)


def _pooled(maps: Sequence[Tensor]) -> Tensor:
    """Maps `[B, C, P]`, those of all windows, by mean and maximum over their places; `[B, C]` as it is."""
    if maps[0].dim() < 3:
        return maps[0]
    places = torch.cat(list(maps), 2)
    return torch.cat([places.mean(2), places.amax(2)], 1)


def _unit(rows: Tensor) -> Rows:
    return np.asarray(functional.normalize(rows, dim=1).numpy(), np.float32)


def _splits(model: Model) -> list[_Rows]:
    """The splits that are here, the training split first; none without it, as for a model trained elsewhere."""
    found: dict[Split, Samples] = {}
    for split in SPLITS:
        with suppress(MmlabError):
            found[split] = model.task.samples(split)
    if not len(found.get("train", ())):
        return []
    step = batch_size(model.method.info)
    return [_Rows(samples, step) for samples in found.values() if len(samples)]


class _Rows:
    """Up to ROWS samples of a split, evenly spread over it, read in parts."""

    def __init__(self, samples: Samples, step: int) -> None:
        places = np.linspace(0, len(samples) - 1, min(ROWS, len(samples))).round().astype(int).tolist()
        self.samples = samples
        self.parts = [places[start : start + step] for start in range(0, len(places), step)]
        self.present = samples.present[places].numpy()

    def several(self, *views: Callable[[Tensor], Rows]) -> list[dict[str, Rows]]:
        """What each of several views makes of each input, `[N, D]`; the samples are read once."""

        def made(batch: Batch) -> dict[str, Rows]:
            return {f"{at}:{name}": view(v) for at, view in enumerate(views) for name, v in batch.inputs.items()}

        found: list[dict[str, Rows]] = [{} for _ in views]
        for key, rows in self.views(made).items():
            at, _, name = key.partition(":")
            found[int(at)][name] = rows
        return found

    def views(self, view: Callable[[Batch], Mapping[str, Rows]]) -> dict[str, Rows]:
        """What `view` makes of each input, `[N, D]`."""
        found = [view(self.samples.batch(part)) for part in self.parts]
        return {name: np.concatenate([each[name] for each in found]) for name in found[0]}


def _encoded(
    model: Model, splits: Sequence[_Rows], pixels: Sequence[Mapping[str, Rows]], tell: Progress
) -> list[dict[str, Rows]]:
    """The encoder's views of each split by input, from the cache where it has them."""
    key = f"distances-{disk_cache.cache_key(VERSION, model.digest, *map(_digest, pixels))}"
    kept = disk_cache.load(key)
    names = model.method.modalities.names
    if kept is None:
        parts, done = sum(len(split.parts) for split in splits), count()

        def view(batch: Batch) -> dict[str, Rows]:
            tell(next(done) / parts)
            return encoder_views(model.method, batch.inputs)

        kept = {
            f"{place}-{name}": rows for place, split in enumerate(splits) for name, rows in split.views(view).items()
        }
        disk_cache.save(key, kept)
    return [
        {name: kept[f"{place}-{name}"] for name in names if f"{place}-{name}" in kept} for place in range(len(splits))
    ]


def _digest(views: Mapping[str, Rows]) -> str:
    found = hashlib.blake2b(digest_size=16)
    for name in sorted(views):
        found.update(np.ascontiguousarray(views[name]).data)
    return found.hexdigest()
