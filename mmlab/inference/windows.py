"""Whole scans, predicted in overlapping windows by MONAI's sliding window.

A model that learned from windows answers in windows of the same size. Each is encoded once for all combinations, and
where windows overlap, the middle of one counts for more than its edge (Gaussian weights). Whatever explains an answer
looks through the same windows: the gradients of the whole answer are sums over what each window contributes to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from mmlab.core.errors import MmlabError
from mmlab.core.method import Fused, Method
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


def at_once(info: TaskInfo, count: int, of_maps: int) -> int:
    """How many samples are answered at a time, see `Output.affordable`: of scans that take windows, one."""
    return 1 if info.has_windows else info.output.affordable(count, of_maps)


@dataclass(frozen=True)
class Window:
    """What a model sees of scans at a time: `inputs [B, *shape]` at `where`, slices `[D, H, W]` of the whole.

    weights: `[B, R, *sides]`, the gradient of the score of the whole answer in the logits that this window gives.
    """

    where: tuple[slice, ...]
    inputs: Mapping[str, Tensor]
    weights: Tensor

    def score(self, logits: Tensor) -> Tensor:
        """What this window's logits contribute to the score of the whole answer, to first order: `[B]`."""
        return (logits * self.weights).flatten(1).sum(1)


def answered(method: Method, inputs: Mapping[str, Tensor], present: Tensor) -> Fused:
    """The output of a method for inputs `[B, *shape]` and `present`, bool `[B, M]`, in windows if it needs them.

    It can be differentiated. What a window went through is then computed again instead of being kept.
    """
    info = method.info
    if not info.has_windows:
        found: Fused = method(inputs, present)
        return found

    def of_row(row: int) -> Fused:
        def answer(part: Mapping[str, Tensor]) -> list[Fused]:
            return [method(part, present[row].expand(len(next(iter(part.values()))), -1))]

        return _of_one({name: value[row : row + 1] for name, value in inputs.items()}, info, answer)[0]

    return _joined([of_row(row) for row in range(len(present))])


def windows_of(
    info: TaskInfo, inputs: Mapping[str, Tensor], logits: Tensor, score: Callable[[Tensor], Tensor]
) -> Iterator[Window]:
    """The windows through which `logits [B, R, ...]` were given of `inputs [1 or B, *shape]`, whose score is explained.

    score: of logits, `[B]`. Raises MmlabError without MONAI.
    """
    with torch.inference_mode(False), torch.enable_grad():
        leaf = logits.detach().clone().requires_grad_()
        (gradient,) = torch.autograd.grad(score(leaf).sum(), leaf)
    for where, share in _shares(info):
        seen = {name: part_of(value, where) for name, value in inputs.items()}
        yield Window(where, seen, part_of(gradient, where) * share.to(gradient))


def part_of(values: Tensor, where: Sequence[slice]) -> Tensor:
    """A view of a window of the last dimensions of values."""
    index: Any = (..., *where)
    return values[index]


def parts_of(info: TaskInfo, inputs: Mapping[str, Tensor]) -> Iterator[Mapping[str, Tensor]]:
    """The windows of inputs `[B, *shape]`; the inputs themselves if the model needs no windows."""
    if not info.has_windows:
        yield inputs
        return
    for where, _ in _shares(info):
        yield {name: part_of(value, where) for name, value in inputs.items()}


def sliding_window(
    info: TaskInfo, inputs: Mapping[str, Tensor], answer: Callable[[Mapping[str, Tensor]], list[Fused]]
) -> list[Fused]:
    """The output of `answer` for inputs `[B, C, D, H, W]`: predicted window by window and blended.

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

    def asked(window: Tensor) -> tuple[Tensor, list[tuple[Tensor, Tensor | None]]]:
        fused = answer(dict(zip(inputs, torch.split(window, channels, 1), strict=True)))
        return torch.cat([each.logits.float() for each in fused], 1), [(each.mean, each.variance) for each in fused]

    def look(window: Tensor) -> Tensor:
        learns = torch.is_grad_enabled()
        logits, embeddings = checkpoint(asked, window, use_reentrant=False) if learns else asked(window)
        seen.append(embeddings)
        return logits

    stacked = torch.cat([value.float() for value in inputs.values()], 1)
    whole = _blended(info, stacked, look, AT_ONCE.get(stacked.device.type, 1))
    answers = zip(whole.tensor_split(len(seen[0]), 1), zip(*seen, strict=True), strict=True)
    return [Fused(logits, *(_mean(part) for part in zip(*of, strict=True))) for logits, of in answers]


def _blended(
    info: TaskInfo, stacked: Tensor, look: Callable[..., Tensor], count: int, coordinates: bool = False
) -> Tensor:
    """What `look` gives of windows, `count` at a time, put together; with coordinates it is told where each lies."""
    try:
        from monai.inferers import sliding_window_inference
    except ImportError as error:
        message = "Scans are answered in windows by MONAI, which is not installed."
        raise MmlabError(message, f"pip install 'mmlab[{EXTRA}]'") from error
    found: Any = sliding_window_inference(
        stacked, info.window_sides, count, look, overlap=OVERLAP, mode="gaussian", with_coord=coordinates
    )
    blended: Tensor = found
    return blended


def _shares(info: TaskInfo) -> list[tuple[tuple[slice, ...], Tensor]]:
    """Where each window lies, and the share of its logits in the whole answer at each of its voxels, `[*sides]`."""
    seen: list[tuple[tuple[slice, ...], Tensor]] = []

    def look(window: Tensor, places: Sequence[Sequence[slice]]) -> Tensor:
        given = torch.zeros_like(window, requires_grad=True)
        seen.append((tuple(places[0][2:]), given))
        return given * 1  # what it is multiplied with in place must not be a leaf

    with torch.inference_mode(False), torch.enable_grad():
        whole = _blended(info, torch.zeros(1, 1, *info.places), look, 1, coordinates=True)
        shares = torch.autograd.grad(whole.sum(), [given for _, given in seen])
    return [(where, share[0, 0]) for (where, _), share in zip(seen, shares, strict=True)]


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
