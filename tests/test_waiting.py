"""A GPU is not waited for in a step: masks are drawn where they are needed, and what is known is not asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch._subclasses import FakeTensor, FakeTensorMode
from torch._subclasses.fake_tensor import DataDependentOutputException
from torch.utils._python_dispatch import TorchDispatchMode

from mmlab.core.options import build
from mmlab.core.training_plan import Plan
from mmlab.losses.common import sample_present
from mmlab.testing.toy_task import ToyTask
from mmlab.training import batches, modality_dropout, optimisation
from tests.test_fake_device import Indexed

CPU, GPU = torch.device("cpu"), torch.device("cuda")


class Copies(TorchDispatchMode):
    """Notes what is copied from one device to another, and what is read."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def __torch_dispatch__(self, operator: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = operator.overloadpacket.__name__
        if name == "_local_scalar_dense" or (name == "_to_copy" and (kwargs or {}).get("device") is not None):
            self.found.append(name)
        return operator(*args, **(kwargs or {}))


def on_gpu(mode: FakeTensorMode, value: torch.Tensor) -> torch.Tensor:
    return FakeTensor(mode, value.to("meta"), GPU)


def test_a_gpu_draws_its_masks_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def generator_at(place: torch.device, seed: int) -> torch.Generator:
        asked.append((place.type, seed))
        return torch.Generator()  # there is none of a GPU here, and fake tensors take any

    monkeypatch.setattr(modality_dropout, "generator_at", generator_at)
    drop, mode = modality_dropout.drop(GPU, torch.Generator(), 7), FakeTensorMode()
    present = on_gpu(mode, torch.ones(4, 3, dtype=torch.bool))
    with mode, Indexed(), Copies() as copies:
        left = drop(present)
    assert (left.device.type, left.dtype, tuple(left.shape)) == ("cuda", torch.bool, (4, 3))
    assert copies.found == []
    assert asked == [("cuda", 7)]


def test_a_mask_drawn_on_the_processor_is_noticed() -> None:
    """What the test above would not notice otherwise."""
    mode = FakeTensorMode()
    present = on_gpu(mode, torch.ones(4, 3, dtype=torch.bool))
    with mode, Indexed(), Copies() as copies, pytest.raises(DataDependentOutputException):
        modality_dropout.drop(CPU, torch.Generator(), 7)(present)
    assert copies.found == ["_to_copy", "_local_scalar_dense"]


def test_a_processor_draws_the_bits_that_it_always_drew() -> None:
    present = torch.tensor([[True, True, False], [True, True, True]] * 8)
    drawn = modality_dropout.drop(CPU, torch.Generator().manual_seed(5), 7)(present)
    assert torch.equal(drawn, sample_present(16, 3, torch.Generator().manual_seed(5), present))


def test_a_batch_knows_whether_it_is_complete() -> None:
    task, plan = ToyTask(count=2), build(Plan, {"augment": False})
    samples = task.samples("train")
    present = samples.present.clone()
    present[1, 0] = False
    steps = batches.Steps(task, plan, replace(samples, present=present), [np.array([0, 1]), np.array([2, 3])], (0, 0))
    with_gap, complete = steps[0], steps[1]
    assert (with_gap.is_complete, complete.is_complete) == (False, True)
    assert with_gap.there is with_gap.present
    assert complete.there is None
    assert not complete.with_present(present[:2]).is_complete


@pytest.mark.parametrize(
    ("plan", "free", "is_held"),
    [
        ({"augment": False}, 10**6, True),
        ({"augment": True}, 10**6, False),
        ({"augment": False, "input_dropout": 0.1}, 10**6, False),
        ({"augment": False}, 5000, False),
    ],
)
def test_a_gpu_holds_samples_that_fit_and_are_not_varied(
    plan: dict[str, Any], free: int, is_held: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "free_bytes", lambda _: free)
    samples = ToyTask(count=2).samples(
        "train"
    )  # 96 samples of 2 x 6 numbers, 4608 bytes, and 960 of what else there is
    assert batches.fits_on_device(samples, build(Plan, plan), GPU) is is_held
    assert batches.on_device(samples, build(Plan, plan), CPU) is samples


@pytest.mark.parametrize("size", [0.5, 30.0])
def test_clipping_is_torchs(size: float) -> None:
    generator = torch.Generator().manual_seed(0)
    gradients = [torch.randn(40, 5, generator=generator) * size, torch.randn(7, generator=generator)]
    ours, theirs = ([nn.Parameter(torch.zeros_like(each)) for each in gradients] for _ in range(2))
    for parameters in (ours, theirs):
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient.clone()
    optimisation.clip(ours)
    nn.utils.clip_grad_norm_(theirs, optimisation.LONGEST)
    assert all(torch.equal(one.grad, other.grad) for one, other in zip(ours, theirs, strict=True))  # type: ignore[arg-type]
    assert float(optimisation.length([each.grad for each in ours])) <= optimisation.LONGEST * 1.0001  # type: ignore[misc]
