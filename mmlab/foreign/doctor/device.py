"""Devices: whether tensors created in forward are on the device of the inputs. Runs on `meta`, so that no GPU is
needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import nn
from torch.func import functional_call
from torch.utils._python_dispatch import TorchDispatchMode

from mmlab.core.modality import Combination
from mmlab.foreign.doctor.examined_model import ExaminedModel
from mmlab.foreign.doctor.findings import Finding
from mmlab.foreign.error_location import own_line
from mmlab.foreign.trees import tensors

MAY_MIX = {"index", "index_put", "index_put_", "copy_", "_to_copy", "_index_put_impl_"}


class _MixedError(RuntimeError):
    """Tensors of two devices met."""


class _Watch(TorchDispatchMode):
    """Stops where a tensor on the processor meets one on `meta`; single numbers may."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        every = tensors((args, kwargs or {}))
        away = any(each.device.type == "meta" for each in every)
        here = any(each.device.type == "cpu" and each.dim() > 0 for each in every)
        if away and here and func.overloadpacket.__name__ not in MAY_MIX:
            raise _MixedError
        return func(*args, **(kwargs or {}))


class _OnMeta(nn.Module):
    """A module as if it lay on `meta`: its own parameters and buffers are left where they are."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        state = [*module.named_parameters(remove_duplicate=False), *module.named_buffers(remove_duplicate=False)]
        self.__dict__["of"] = module
        self.__dict__["tensors"] = {name: value.detach().to("meta") for name, value in state}
        self.__dict__["dtype"] = next((v for _, v in state if v.is_floating_point()), torch.zeros(0))

    def parameters(self, recurse: bool = True) -> Iterator[nn.Parameter]:
        """One that tells the type of its numbers."""
        yield nn.Parameter(self.__dict__["dtype"].detach(), requires_grad=False)

    def forward(self, *arguments: Any, **named: Any) -> Any:
        """The module's, on tensors of `meta`."""
        return functional_call(self.__dict__["of"], self.__dict__["tensors"], arguments, named)


def check(patient: ExaminedModel) -> Iterator[Finding]:
    """All is there, and each other way to call it: some tensors are made only where an argument is None or left out.

    Otherwise combinations differ in values alone, and on `meta` there are none.
    """
    assert patient.module is not None
    if isinstance(patient.module, torch.jit.ScriptModule):
        return
    elsewhere = _OnMeta(patient.module)
    told, called = set(), set()
    for combination in [patient.modalities.full, *patient.combinations()]:
        gone = _gone(patient, combination)
        if gone in called:
            continue
        called.add(gone)
        finding = _one(patient, elsewhere, combination, gone)
        if finding is not None and finding.where not in told:
            told.add(finding.where)
            yield finding


def _gone(patient: ExaminedModel, combination: Combination) -> frozenset[str]:
    """The modalities whose absence changes the call."""
    fills = patient.ready().caller.fills
    return frozenset(n for n in patient.modalities.names if n not in combination and fills[n].apart)


@torch.no_grad()
def _one(
    patient: ExaminedModel, elsewhere: nn.Module, combination: Combination, gone: frozenset[str]
) -> Finding | None:
    caller = patient.ready().caller
    mask = patient.modalities.mask(combination, patient.count)
    filled = caller.filled(patient.inputs, mask)
    moved = {name: value.to("meta") for name, value in filled.items()}
    try:
        with _Watch():
            caller.run(elsewhere, moved, mask.to("meta"), gone)
    except _MixedError as error:
        return Finding(
            "device",
            "error",
            "forward makes a tensor on the processor, or keeps one that does not move with the model.",
            "Make it where the input is: device=x.device, or register_buffer for one that is kept.",
            own_line(error),
            "The model would crash on a GPU.",
        )
    except Exception:  # it decides by values, which `meta` does not have: nothing can be said here
        return None
    return None
