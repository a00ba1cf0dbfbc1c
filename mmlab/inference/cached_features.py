"""Features of frozen encoders: computed once, kept on disk under the content of the data, the backbone and its weights.

All methods then learn from vectors, and answer inputs and their features alike."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from mmlab.core.batch import Samples
from mmlab.core.modality import Modality
from mmlab.core.stored_rows import in_parts
from mmlab.core.task import TaskInfo
from mmlab.networks.backbone_encoder import Body
from mmlab.storage import disk_cache

VERSION = 1  # of what a body makes of an input; raise it when preparing inputs changes
BATCH = 32
FEATURES, SECONDS = "features", "seconds"


def with_cached_features(samples: Samples, info: TaskInfo, place: torch.device | str = "cpu") -> Samples:
    """The samples, with features `[N, C]` for each input that has a cached encoder; zeros for what is not there."""
    inputs = dict(samples.inputs)
    for position, modality in enumerate(info.modalities):
        if modality.backbone is not None and modality.backbone.training == "cached":
            found = _features(samples.inputs[modality.name], modality, place)
            inputs[modality.name] = torch.where(samples.present[:, position, None], found, 0.0)
    return replace(samples, inputs=inputs)


def any_cached(info: TaskInfo) -> bool:
    """Whether anything of the task is learned from features."""
    return any(backbone.training == "cached" for backbone in info.backbones.values())


def _features(values: Tensor, modality: Modality, place: torch.device | str) -> Tensor:
    assert modality.backbone is not None
    backbone = modality.backbone
    digest = hashlib.sha256()
    for part in in_parts(values):
        digest.update(np.ascontiguousarray(part.numpy()).reshape(-1).view(np.uint8).data)
    content = digest.hexdigest()
    depends_on = (backbone.encoder, backbone.pixels, backbone.digest, modality.kind, tuple(values.shape), content)
    key = f"features-{disk_cache.cache_key(VERSION, *depends_on)}"
    arrays = disk_cache.load(key)
    if arrays is None:
        start = time.perf_counter()
        body = Body(modality, backbone, False).to(place).eval()
        with torch.inference_mode():
            parts = [body.features(part.float().to(place)).float().cpu() for part in _batches(values)]
        whole = torch.cat(parts) if parts else torch.zeros(0, *body.feature_shape)
        arrays = {FEATURES: whole.numpy(), SECONDS: np.array(time.perf_counter() - start)}
        disk_cache.save(key, arrays)
    return torch.from_numpy(arrays[FEATURES]).clone()


def _batches(values: Tensor) -> Iterator[Tensor]:
    for start in range(0, len(values), BATCH):
        yield values[start : start + BATCH]
