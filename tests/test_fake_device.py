"""A GPU that is not there: torch's fake tensors raise where a pass mixes it with the processor."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch._subclasses import FakeTensor, FakeTensorMode
from torch._subclasses.fake_tensor import FakeTensorDeviceMismatchError
from torch.overrides import TorchFunctionMode

from mmlab.core.method import METHODS
from mmlab.testing import method_contract
from mmlab.testing.toy_task import ToyTask

GPU = torch.device("cuda")
CASES = [
    (name, kind)
    for name in METHODS
    for kind in ("classification", "segmentation")
    if METHODS[name].trained_here and not METHODS[name].unsupported_reason(ToyTask(kind, 2).info)
]


class Indexed(TorchFunctionMode):
    """Indexing and `~` by operators: torch's own ask for the driver of the device before they see what is there."""

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if function is torch.Tensor.__invert__:
            return torch.ops.aten.bitwise_not(args[0])
        if function is not torch.Tensor.__getitem__:
            return function(*args, **(kwargs or {}))
        value, index = args
        items = index if isinstance(index, tuple) else (index,)
        place = 0
        for number, item in enumerate(items):
            if item is Ellipsis:
                place = value.dim() - sum(each is not None for each in items[number + 1 :])
            elif isinstance(item, int):
                value = value.select(place, item)
            elif item is None:
                value, place = value.unsqueeze(place), place + 1
            elif isinstance(item, slice):
                value = torch.ops.aten.slice(value, place, item.start, item.stop, item.step or 1)
                place += 1
            else:
                value = torch.ops.aten.index(value, [*[None] * place, item])
                place += 1
        return value


def on_gpu(module: nn.Module, mode: FakeTensorMode) -> None:
    """Every parameter and buffer, without its content, on a GPU that is not there."""
    for part in module.modules():
        for name, value in part.named_parameters(recurse=False):
            fake = FakeTensor(mode, value.detach().to("meta"), GPU)
            setattr(part, name, nn.Parameter(fake, requires_grad=False))
        for name, value in part.named_buffers(recurse=False):
            part._buffers[name] = FakeTensor(mode, value.to("meta"), GPU)


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_no_method_mixes_devices_in_a_pass(name: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.Tensor, "__bool__", lambda _: True)  # fake tensors have no content to decide by
    method = method_contract.made(name, kind, 2).eval()
    modalities = method.modalities
    mode = FakeTensorMode()
    on_gpu(method, mode)
    with mode, Indexed(), torch.no_grad():
        inputs = {item.name: torch.empty(3, *item.shape, device=GPU) for item in modalities}
        for combination in modalities.subsets():
            present = torch.empty(3, len(modalities), dtype=torch.bool, device=GPU)
            fused = method(inputs, present)
            assert fused.logits.device.type == "cuda", combination.key
            assert fused.mean.device.type == "cuda"


def test_mixing_is_found() -> None:
    layer, mode = nn.Linear(2, 2), FakeTensorMode()
    on_gpu(layer, mode)
    with mode, torch.no_grad(), pytest.raises(FakeTensorDeviceMismatchError):
        layer(torch.empty(1, 2))
