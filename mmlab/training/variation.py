"""Augmentation of training samples: inputs as the task says, images with their regions, input dropout of vectors."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from mmlab.core.batch import Batch
from mmlab.core.errors import DataError
from mmlab.core.modality_kinds import modality_kind
from mmlab.core.outputs import Output
from mmlab.core.stored_rows import in_parts
from mmlab.core.task import Task
from mmlab.core.training_plan import Plan
from mmlab.modalities.random_draws import even_draw

TURN, GROWTH, SHIFT = 0.3, 0.25, 0.2  # radians; of the logarithm of the size; of half the picture
KNOTS, BEND = 4, 0.06  # a side; standard deviation of what a knot is moved by, of half the picture
CONTRAST, BRIGHTNESS = 0.4, 0.2  # of the logarithms of the power and of the factor


def mixed_seed(*numbers: int) -> int:
    """One well-mixed 63-bit seed of several numbers."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> 1)


def check(plan: Plan, output: Output, target: Tensor) -> None:
    """Raise DataError for a plan that asks for what this kind of answer does not have."""
    if plan.balance and not output.label_names and target.dim() < 4:
        raise DataError("Only classes, labels and regions can be drawn equally often.", "Leave balance out.")
    if (plan.move or plan.warp) and target.dim() < 4:
        option = "move" if plan.move else "warp"
        raise DataError("Only regions are moved with their pictures.", f"Leave {option} out.")


def kinds_of(target: Tensor) -> NDArray[np.int64]:
    """The kind of each sample, `[N]`, for drawing all kinds equally often: its class; of labels `[N, L]` and regions
    `[N, R, H, W]`, the rarest one that is in it, or as many as there are for none."""
    if target.dim() < 2:
        return np.asarray(target.numpy(), np.int64)
    parts = [(part > 0).flatten(2).any(2) if part.dim() > 2 else part.bool() for part in in_parts(target)]
    there = torch.cat(parts).numpy()
    rarest = np.argsort(there.sum(0), kind="stable")
    return np.asarray(np.where(there.any(1), rarest[there[:, rarest].argmax(1)], there.shape[1]), np.int64)


def augmented(task: Task, plan: Plan, batch: Batch, seed: int) -> tuple[dict[str, Tensor], Tensor]:
    """Inputs and target of a batch, augmented as the plan says; deterministic given `seed`."""
    inputs = dict(task.augment(batch.inputs, seed) if plan.augment else batch.inputs)
    target = batch.target
    if plan.move:
        shift = 0.0 if plan.window else SHIFT  # windows lie anywhere
        inputs, target = moved_alike(inputs, target, torch.Generator().manual_seed(mixed_seed(seed, 2)), shift)
    if plan.warp:
        inputs, target = warped(inputs, target, torch.Generator().manual_seed(mixed_seed(seed, 3)))
    if plan.input_dropout:
        generator = torch.Generator().manual_seed(mixed_seed(seed, 1))
        for item in task.info.modalities:
            kind = modality_kind(item.kind)
            inputs[item.name] = kind.thinned(inputs[item.name], plan.input_dropout, generator)
    return inputs, target


def moved_alike(
    inputs: Mapping[str, Tensor], regions: Tensor, generator: torch.Generator, shift: float = SHIFT
) -> tuple[dict[str, Tensor], Tensor]:
    """Flip, rotate, scale and shift pictures `[B, C, H, W]` and regions `[B, R, H, W]` of a sample alike.

    Beyond its edges a picture goes on as in a mirror, and so do its regions. Whole scans `[B, C, D, H, W]` are
    turned about their upright axis.
    """
    rows = len(regions)
    turn, size = even_draw(rows, TURN, generator), even_draw(rows, GROWTH, generator).exp()
    mirror = torch.randint(0, 2, (rows,), generator=generator) * 2 - 1
    matrix = torch.zeros(rows, 2, 3)
    matrix[:, 0, 0], matrix[:, 0, 1] = turn.cos() * size * mirror, turn.sin() * size
    matrix[:, 1, 0], matrix[:, 1, 1] = -turn.sin() * size * mirror, turn.cos() * size
    matrix[:, :, 2] = even_draw(2 * rows, shift, generator).view(rows, 2)
    if regions.dim() == 5:
        matrix = _upright(matrix, size, even_draw(rows, shift, generator))
    return _at(functional.affine_grid(matrix, _one_channel(regions), align_corners=False), inputs, regions)


def _upright(matrix: Tensor, size: Tensor, shift: Tensor) -> Tensor:
    """What happens to pictures, `[B, 2, 3]`, done to scans, `[B, 3, 4]`, whose slices keep their order."""
    found = torch.zeros(len(matrix), 3, 4)
    found[:, :2, :2], found[:, :2, 3] = matrix[:, :, :2], matrix[:, :, 2]
    found[:, 2, 2], found[:, 2, 3] = size, shift
    return found


def _one_channel(regions: Tensor) -> list[int]:
    return [len(regions), 1, *regions.shape[2:]]


def warped(
    inputs: Mapping[str, Tensor], regions: Tensor, generator: torch.Generator
) -> tuple[dict[str, Tensor], Tensor]:
    """Bent alike, pictures and regions of a sample, and each input by itself brighter or darker, with more or less
    contrast. Where a picture is 0 it stays so. Whole scans have mean 0, so that a factor is their contrast.

    Bends are smooth between knots that are moved by chance (Ronneberger, Fischer & Brox, U-Net, MICCAI 2015); contrast
    is a power, as nnU-Net's gamma.
    """
    rows, rank = len(regions), regions.dim() - 2
    knots = torch.randn(rows, rank, *[KNOTS] * rank, generator=generator) * BEND
    smooth = "bicubic" if rank == 2 else "trilinear"
    bend = functional.interpolate(knots, regions.shape[2:], mode=smooth, align_corners=True).movedim(1, -1)
    straight = torch.eye(rank, rank + 1).expand(rows, rank, rank + 1)
    still = functional.affine_grid(straight, _one_channel(regions), align_corners=False)
    bent, found = _at(still + bend, inputs, regions)
    each = (-1, *[1] * (rank + 1))
    for name, value in bent.items():
        power, factor = (even_draw(rows, width, generator).exp().view(each) for width in (CONTRAST, BRIGHTNESS))
        bent[name] = value.clamp(min=0) ** power * factor if rank == 2 else value * factor
    return bent, found


def _at(grid: Tensor, inputs: Mapping[str, Tensor], regions: Tensor) -> tuple[dict[str, Tensor], Tensor]:
    """Pictures and regions at the places of a grid `[B, H, W, 2]`, scans at those of one `[B, D, H, W, 3]`."""

    def at(maps: Tensor, mode: str) -> Tensor:
        return functional.grid_sample(maps.float(), grid, mode, "reflection", align_corners=False)

    return {name: at(value, "bilinear") for name, value in inputs.items()}, at(regions, "nearest").to(regions.dtype)
