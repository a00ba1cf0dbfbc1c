"""Splits as stacked tensors: from memory, from the disk cache, or built and cached; and how they are stacked."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from mmlab.core.batch import Samples
from mmlab.core.modality import Modalities
from mmlab.core.prepared_input import PreparedInput
from mmlab.core.recordings import Raw
from mmlab.storage import disk_cache
from mmlab.storage.cache_folder import cache_folder

Arrays = Mapping[str, NDArray[Any]]
FORMAT = 1  # of the arrays in the cache
KEPT = 12  # splits in memory, those that were asked for last

_kept: OrderedDict[tuple[Path, str], Samples] = OrderedDict()  # by cache folder and file
_lock = threading.Lock()


class Sample(NamedTuple):
    """One sample of a split with its recordings by modality; one that it lacks is left out."""

    id: str
    group: str
    target: Any
    raw: Mapping[str, Raw]


def cached_split(
    name: str, depends_on: Sequence[object], modalities: Modalities, build: Callable[[], Arrays]
) -> Samples:
    """The split `name` (`digits-real-train`), built where the cache has none for what it `depends_on`.

    `build` makes an array `[N, *shape]` per modality (half precision is enough: that is what is kept), `target`, `ids`,
    `groups`, and `present` bool `[N, M]` where samples lack modalities by nature.
    """
    key = f"{name}-{disk_cache.cache_key(FORMAT, *depends_on)}"
    return kept_split(key, lambda: _from_disk(key, modalities, build))


def kept_split(key: str, make: Callable[[], Samples]) -> Samples:
    """The split under `key`, made where it is not among those in memory."""
    place = cache_folder(), key
    with _lock:
        if place in _kept:
            _kept.move_to_end(place)
            return _kept[place]
    samples = make()
    with _lock:
        _kept[place] = samples
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return samples


def forget() -> None:
    """Let go of the splits in memory; those on disk stay."""
    with _lock:
        _kept.clear()


def stacked(
    samples: Iterable[Sample], modalities: Modalities, prepare: Mapping[str, Callable[[Raw], PreparedInput]]
) -> dict[str, NDArray[Any]]:
    """The arrays of a split for `cached_split`: every recording prepared; zeros, and `present`, where there is none."""
    inputs: dict[str, list[NDArray[np.float16]]] = {name: [] for name in modalities.names}
    rows: list[Sample] = []
    present: list[list[bool]] = []
    for sample in samples:
        rows.append(sample._replace(raw={}))  # recordings are large
        for modality in modalities:
            name = modality.name
            if name in sample.raw:
                inputs[name].append(prepare[name](sample.raw[name]).tensor.numpy().astype(np.float16))
            else:
                inputs[name].append(np.zeros(modality.shape, np.float16))
        present.append([name in sample.raw for name in modalities.names])
    arrays: dict[str, NDArray[Any]] = {name: np.stack(values) for name, values in inputs.items()}
    if not np.all(present):
        arrays["present"] = np.array(present)
    labels = {
        "target": [row.target for row in rows],
        "ids": [row.id for row in rows],
        "groups": [r.group for r in rows],
    }
    return {**arrays, **{name: np.array(values) for name, values in labels.items()}}


def _from_disk(key: str, modalities: Modalities, build: Callable[[], Arrays]) -> Samples:
    arrays = disk_cache.load(key)
    if arrays is None:
        arrays = _halved(build(), modalities)
        disk_cache.save(key, arrays)
    complete = np.ones((len(arrays["target"]), len(modalities)), bool)
    return Samples(
        {item: torch.from_numpy(arrays[item]) for item in modalities.names},
        torch.from_numpy(arrays.get("present", complete)),
        torch.from_numpy(arrays["target"]),
        tuple(arrays["ids"].tolist()),
        tuple(arrays["groups"].tolist()),
    )


def _halved(arrays: Arrays, modalities: Modalities) -> dict[str, NDArray[Any]]:
    kept = {item: np.asarray(arrays[item], np.float16) for item in modalities.names}
    return {**{name: np.asarray(value) for name, value in arrays.items()}, **kept}
