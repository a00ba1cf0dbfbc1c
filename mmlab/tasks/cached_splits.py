"""Splits as stacked tensors: from the cache on disk, or built and put there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mmlab.core.batch import Samples
from mmlab.core.modality import Modalities
from mmlab.storage import disk_cache

Arrays = Mapping[str, NDArray[Any]]
FORMAT = 1  # of the arrays in the cache


def cached_split(
    name: str, depends_on: Sequence[object], modalities: Modalities, build: Callable[[], Arrays]
) -> Samples:
    """The split `name` (`digits-real-train`), built where the cache has none for what it `depends_on`.

    `build` makes an array `[N, *shape]` per modality (half precision is enough: that is what is kept), `target`, `ids`,
    `groups`, and `present` bool `[N, M]` where samples lack modalities by nature.
    """
    key = f"{name}-{disk_cache.cache_key(FORMAT, *depends_on)}"
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
