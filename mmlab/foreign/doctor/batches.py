"""Batches: whether a sample's prediction is the same alone, among others, and at another position."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn

from mmlab.core.errors import MmlabError
from mmlab.foreign.calling import dtype_of
from mmlab.foreign.doctor.examined_model import ExaminedModel
from mmlab.foreign.doctor.findings import Finding
from mmlab.foreign.error_location import in_one_line, own_line
from mmlab.foreign.trees import same_numbers

TOLERANCE = {torch.float16: 2e-2, torch.bfloat16: 1e-1}


def check(patient: ExaminedModel) -> Iterator[Finding]:
    """One sample, and one among others in another order."""
    assert patient.module is not None
    bound = TOLERANCE.get(dtype_of(patient.module), 1e-4)
    together = patient.run().logits
    try:
        alone = patient.run(rows=[0]).logits
    except MmlabError as error:
        yield Finding(
            "batch",
            "error",
            f"A batch of one sample is not answered: {error.message}",
            "Look for squeeze() without an axis: squeeze(-1) keeps the samples.",
            why="The app asks for one sample at a time.",
        )
        return
    except Exception as error:
        yield Finding(
            "batch",
            "error",
            f"A batch of one sample crashes: {in_one_line(error)}",
            "Look for squeeze() without an axis, and sizes that are written down.",
            own_line(error),
        )
        return
    if not same_numbers(alone[0], together[0], bound):
        by = float((alone[0] - together[0]).abs().max())
        yield Finding(
            "batch",
            "error",
            f"A sample is answered differently alone and among others (by {by:.2g}).",
            _hint(patient.module),
            why="What is shown for a sample would depend on what else is asked.",
        )
    elif patient.count > 1:
        turned = patient.run(rows=range(patient.count - 1, -1, -1)).logits.flip(0)
        if not same_numbers(turned, together, bound):
            yield Finding(
                "batch",
                "error",
                "The order of the samples in a batch changes their answers.",
                "The first axis must be the sample, everywhere in forward.",
            )


def _hint(module: nn.Module) -> str:
    without = [path for path, each in module.named_modules() if _no_statistics(each)]
    if without:
        return f"'{without[0]}' keeps no running statistics (track_running_stats=False): use those of training."
    return "Look for means or norms over axis 0, and for reshapes that mix samples."


def _no_statistics(module: nn.Module) -> bool:
    return isinstance(module, nn.modules.batchnorm._BatchNorm) and not module.track_running_stats
