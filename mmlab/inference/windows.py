"""Whole scans, predicted in overlapping windows by MONAI's sliding window.

A model that learned from windows answers in windows of the same size. Each is encoded once for all combinations, and
where windows overlap, the middle of one counts for more than its edge (Gaussian weights).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import prod
from typing import Any

import torch
from torch import Tensor

from mmlab.core.errors import MmlabError
from mmlab.core.features import Fused
from mmlab.core.modality import Combination
from mmlab.core.task import TaskInfo

OVERLAP = 0.25  # of a window's side: MONAI's default
HELD = 2**27  # numbers of whole answers that are put together at a time: 512 MB
AT_ONCE = {"cuda": 4}  # windows by the type of device; elsewhere one
EXTRA = "scans"


def in_groups(info: TaskInfo, combinations: Sequence[Combination]) -> Iterator[Sequence[Combination]]:
    """The combinations that are answered at a time: all, but as many as memory holds of scans that take windows."""
    if not info.has_windows:
        yield combinations
        return
    size = max(1, HELD // (info.output.channels * prod(info.places)))
    for start in range(0, len(combinations), size):
        yield combinations[start : start + size]


def slid(
    info: TaskInfo, inputs: Mapping[str, Tensor], answer: Callable[[Mapping[str, Tensor]], list[Fused]]
) -> list[Fused]:
    """What `answer` says of inputs `[B, C, D, H, W]`: of each window, put together to that of whole scans.

    Embeddings are means over the windows. A model without windows is asked once. Raises MmlabError without MONAI.
    """
    if not info.has_windows:
        return answer(inputs)
    rows = len(next(iter(inputs.values())))
    parts = [
        _of_one({name: value[row : row + 1] for name, value in inputs.items()}, info, answer) for row in range(rows)
    ]
    return parts[0] if rows == 1 else [_joined(each) for each in zip(*parts, strict=True)]


def _of_one(
    inputs: Mapping[str, Tensor], info: TaskInfo, answer: Callable[[Mapping[str, Tensor]], list[Fused]]
) -> list[Fused]:
    """The answers for one scan, `[1, ...]`."""
    channels = [value.shape[1] for value in inputs.values()]
    seen: list[list[tuple[Tensor, Tensor | None]]] = []

    def look(window: Tensor) -> Tensor:
        fused = answer(dict(zip(inputs, torch.split(window, channels, 1), strict=True)))
        seen.append([(each.mean, each.variance) for each in fused])
        return torch.cat([each.logits.float() for each in fused], 1)

    stacked = torch.cat([value.float() for value in inputs.values()], 1)
    at_once = AT_ONCE.get(stacked.device.type, 1)
    whole: Any = _sliding_window()(stacked, info.window_sides, at_once, look, overlap=OVERLAP, mode="gaussian")
    answers = zip(whole.split(info.output.channels, 1), zip(*seen, strict=True), strict=True)
    return [Fused(logits, *(_mean(part) for part in zip(*of, strict=True))) for logits, of in answers]


def _sliding_window() -> Callable[..., Any]:
    try:
        from monai.inferers import sliding_window_inference
    except ImportError as error:
        message = "Scans are answered in windows by MONAI, which is not installed."
        raise MmlabError(message, f"pip install 'mmlab[{EXTRA}]'") from error
    found: Callable[..., Any] = sliding_window_inference
    return found


def _mean(values: Iterable[Tensor | None]) -> Any:
    """The mean over all windows `[B, D]`, `[1, D]`; None where there is none."""
    found = [each for each in values if each is not None]
    return torch.cat(found).mean(0, keepdim=True) if found else None


def _joined(parts: Sequence[Fused]) -> Fused:
    """The answers for several scans as one batch."""
    variances = [each.variance for each in parts if each.variance is not None]
    return Fused(
        torch.cat([each.logits for each in parts]),
        torch.cat([each.mean for each in parts]),
        torch.cat(variances) if variances else None,
    )
