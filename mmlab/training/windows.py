"""Windows of whole scans for training: the same one for all inputs of a sample and for its regions.

Half of them lie around a voxel of a region, since most of a scan is none; the others anywhere. One scan of one input is
read at a time, so that memory holds a batch of windows and never a batch of scans.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from mmlab.core.batch import Batch, Samples
from mmlab.core.outputs.label_masks import region_mask

AROUND_A_REGION = 0.5  # share of the windows; as many as anywhere, as MONAI's RandCropByPosNegLabel


def random_windows(samples: Samples, rows: Sequence[int] | Tensor, side: int, generator: torch.Generator) -> Batch:
    """A window of each sample at `rows`, with `side` voxels along each side or as many as there are; a function of the
    generator."""
    places = next(iter(samples.inputs.values())).shape[2:]
    sides = [min(side, extent) for extent in places]
    found: list[dict[str, Tensor]] = []
    targets: list[Tensor] = []
    index = torch.as_tensor(rows, dtype=torch.long)
    for row in index.tolist():
        regions = samples.target[row]
        window = _window(regions, sides, generator)
        targets.append(regions[window].clone())
        found.append({name: value[row][window].float() for name, value in samples.inputs.items()})
    inputs = {name: torch.stack([each[name] for each in found]) for name in samples.inputs}
    ids = tuple(samples.ids[row] for row in index.tolist())
    return Batch(inputs, samples.present[index], torch.stack(targets), ids)


def fixed_windows(samples: Samples, rows: Sequence[int] | Tensor, side: int) -> Batch:
    """One window of each sample, the same at every call; whole samples where there is no side."""
    if not side:
        return samples.batch(rows)
    return random_windows(samples, rows, side, torch.Generator().manual_seed(0))


def _window(regions: Tensor, sides: Sequence[int], generator: torch.Generator) -> tuple[slice, ...]:
    """Where a window of `regions [R, D, H, W]` lies, for all of its channels."""
    rests = [extent - side for extent, side in zip(regions.shape[1:], sides, strict=True)]
    chances = torch.rand(5, generator=generator).tolist()  # as many for each window
    first = [int(chance * (rest + 1)) for chance, rest in zip(chances[:3], rests, strict=True)]
    around = chances[3] < AROUND_A_REGION
    there = [region for region in region_mask(regions).numpy() if region.any()] if around else []
    if there:
        region = there[int(chances[4] * len(there))]
        voxels = np.flatnonzero(region)
        middle = np.unravel_index(voxels[int(torch.randint(len(voxels), (), generator=generator))], region.shape)
        first = [min(max(int(at) - side // 2, 0), rest) for at, side, rest in zip(middle, sides, rests, strict=True)]
    return (slice(None), *(slice(start, start + side) for start, side in zip(first, sides, strict=True)))
