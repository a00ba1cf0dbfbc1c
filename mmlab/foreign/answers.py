"""From the return value of `forward` to logits in the shape that the output expects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import singledispatch
from typing import Any

import torch
from torch import Tensor

from mmlab.core.errors import DataError
from mmlab.core.outputs import Multilabel, Output, Regression, Segmentation
from mmlab.foreign.trees import described

SMALLEST = 1e-7  # a probability below this counts as this


def log_odds(logits: Tensor) -> Tensor:
    """Of scores `[B, C, ...]` that exclude each other (softmax over axis 1), each one's log odds against the rest.

    What `Segmentation` wants of a net whose classes share a softmax: log p - log (1 - p) is a class's score less the
    logsumexp of the others'.

    >>> mmlab.log_odds(torch.tensor([[1.0, 3.0]]))
    tensor([[-2.,  2.]])
    """
    return torch.stack([logits[:, place] - _others(logits, place) for place in range(logits.shape[1])], 1)


def _others(logits: Tensor, place: int) -> Tensor:
    kept = [other for other in range(logits.shape[1]) if other != place]
    return logits[:, kept].logsumexp(1)


def find(returned: Any, logits: str | Callable[[Any], Any] | None) -> Tensor:
    """The answer in what `forward` returned. Raises DataError where it is not there."""
    if callable(logits):
        found = logits(returned)
    elif logits:
        found = _named(returned, logits)
    else:
        found = _usual(returned)
    if not isinstance(found, Tensor):
        raise DataError(
            f"forward returned {described(returned)}, and no tensor of answers was found in it.",
            'Say which it is: logits="name", or a function of what forward returned.',
        )
    return found


def _named(returned: Any, name: str) -> Any:
    if isinstance(returned, Mapping) or hasattr(returned, "keys"):
        if name in returned.keys():  # noqa: SIM118
            return returned[name]
    elif hasattr(returned, name):
        return getattr(returned, name)
    raise DataError(f"forward returned {described(returned)}, without '{name}'.", "Correct logits=.")


def _usual(returned: Any) -> Any:
    if isinstance(returned, Tensor):
        return returned
    if isinstance(getattr(returned, "logits", None), Tensor):
        return returned.logits
    if hasattr(returned, "keys"):
        return next((returned[name] for name in ("logits", "out") if name in returned.keys()), None)  # noqa: SIM118
    return returned[0] if isinstance(returned, tuple | list) and len(returned) else None


def shaped(answer: Tensor, output: Output, rows: int, probabilities: bool = False) -> Tensor:
    """`answer` as logits `[B, C]`, `[B, 1]` or `[B, R, H, W]`, float32. Raises DataError for others."""
    if not answer.is_floating_point():
        raise DataError(
            f"The answer holds {str(answer.dtype).removeprefix('torch.')} numbers, as after argmax.",
            "Return the logits, before anything is decided.",
        )
    return _shaped(output, answer.float(), rows, probabilities)


TAKE = "Take the right tensor with logits=."


@singledispatch
def _shaped(output: Output, answer: Tensor, rows: int, probabilities: bool) -> Tensor:
    shape = tuple(answer.shape)
    if shape != (rows, output.channels):
        raise DataError(
            f"The answer has shape {shape}, and there are {output.channels} classes.", _hint(shape, rows, output)
        )
    return answer.clamp(min=SMALLEST).log() if probabilities else answer


@_shaped.register
def _labels(output: Multilabel, answer: Tensor, rows: int, probabilities: bool) -> Tensor:
    shape = tuple(answer.shape)
    if shape != (rows, output.channels):
        raise DataError(f"The answer has shape {shape}, and there are {output.channels} labels.", TAKE)
    return _unlog(answer) if probabilities else answer


@_shaped.register
def _number(output: Regression, answer: Tensor, rows: int, probabilities: bool) -> Tensor:
    shape = tuple(answer.shape)
    if shape in ((rows,), (rows, 1)):
        return answer.reshape(rows, 1)
    raise DataError(f"The answer has shape {shape}, and one number per sample is expected: ({rows}, 1).", TAKE)


@_shaped.register
def _regions(output: Segmentation, answer: Tensor, rows: int, probabilities: bool) -> Tensor:
    shape = tuple(answer.shape)
    if len(shape) == 4 and shape[:2] == (rows, output.channels):
        return _unlog(answer) if probabilities else answer
    raise DataError(
        f"The answer has shape {shape}, and ({rows}, {output.channels}, height, width) is expected.",
        "Name one region per plane, or take the right tensor with logits=.",
    )


def _hint(shape: tuple[int, ...], rows: int, output: Output) -> str:
    if output.channels == 2 and shape in ((rows,), (rows, 1)):
        return "For a single logit of the second class: logits=lambda out: torch.stack([-out / 2, out / 2], -1)."
    if len(shape) == 2 and shape[0] == shape[1] == rows:
        return "It compares the samples of a batch with each other. Compare each with the texts of the classes instead."
    return "Give the class names in the order of the model's columns, or logits= to take the right tensor."


def _unlog(probability: Tensor) -> Tensor:
    return probability.clamp(SMALLEST, 1 - SMALLEST).logit()
