"""The device of models: CUDA if available, then MPS, then the CPU; `MMLAB_DEVICE` overrides it."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

import torch
from torch import nn

from mmlab.core.errors import MmlabError

M = TypeVar("M", bound=nn.Module)


def device() -> torch.device:
    """The device that models are put on. Raises MmlabError for an `MMLAB_DEVICE` that is not there."""
    wanted = os.environ.get("MMLAB_DEVICE", "")
    there = available()
    if not wanted:
        return torch.device(there[0])
    if wanted.split(":")[0] not in there:
        raise MmlabError(f"MMLAB_DEVICE is '{wanted}', and it is not here.", f"Use one of: {', '.join(there)}.")
    return torch.device(wanted)


def available() -> tuple[str, ...]:
    """The kinds of device on this machine, the fastest first."""
    kinds = [("cuda", torch.cuda.is_available()), ("mps", torch.backends.mps.is_available()), ("cpu", True)]
    return tuple(kind for kind, is_there in kinds if is_there)


def label(place: torch.device) -> str:
    """The device in words."""
    if place.type == "cuda":
        return f"GPU ({torch.cuda.get_device_name(place)})"
    return {"mps": "GPU (Apple)", "cpu": "CPU"}.get(place.type, place.type)


def mixed_precision(place: torch.device, precision: str = "auto") -> AbstractContextManager[object]:
    """bfloat16 autocast, or full precision (`float32`); "auto" is full precision but on CUDA, since small networks gain
    nothing by less elsewhere."""
    if precision == "bfloat16" or (precision == "auto" and place.type == "cuda"):
        return torch.autocast(place.type, dtype=torch.bfloat16)
    return nullcontext()


def channels_last(module: M) -> M:
    """The module with the weights of pictures in the order in which processors take them; those of clips stay."""
    for value in (*module.parameters(), *module.buffers()):
        if value.dim() == 4:
            value.data = value.data.contiguous(memory_format=torch.channels_last)
    return module


def one_thread() -> None:
    """One torch thread a process: on few cores several threads wait for each other more than they work."""
    torch.set_num_threads(1)
