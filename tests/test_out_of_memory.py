"""What is done where a device has no room: work in halves, and a sentence where even the least does not fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from mmlab.core.errors import MmlabError
from mmlab.core.method import Fused, Method
from mmlab.core.modality import Combination
from mmlab.core.options import build
from mmlab.core.training_plan import Plan
from mmlab.inference.batching import in_halves
from mmlab.inference.sweep import fuse_all, logits_of, sweep
from mmlab.testing import method_contract
from mmlab.testing.toy_task import ToyTask
from mmlab.training.loop import Trainer

MOST = 3  # samples that fit at once


def of_few(method: Method, inputs: Mapping[str, Tensor], combinations: Sequence[Combination]) -> list[Fused]:
    """`fuse_all` on a device that has room for `MOST` samples."""
    if len(next(iter(inputs.values()))) > MOST:
        raise torch.OutOfMemoryError("no room")
    return fuse_all(method, inputs, combinations)


def test_a_sweep_that_does_not_fit_is_answered_in_parts_of_what_fits() -> None:
    method, samples = method_contract.made("dmrnet", "classification", 2), ToyTask("classification", 2).samples("test")
    whole, parts = sweep(method, samples), sweep(method, samples, answer=of_few)
    np.testing.assert_allclose(parts.logits, whole.logits, atol=1e-6)
    np.testing.assert_allclose(parts.mean, whole.mean, atol=1e-6)
    assert parts.variance is not None
    assert (parts.target == whole.target).all()


def test_logits_under_a_mask_are_in_the_order_of_the_samples() -> None:
    method, samples = method_contract.made("joint", "classification", 2), ToyTask("classification", 2).samples("test")
    present = samples.present.clone()
    present[::2, 0] = False
    batch = samples.batch(range(len(samples)))
    with torch.no_grad():
        wanted = method.eval().fuse(method.encode(batch.inputs), present).logits
    assert torch.allclose(logits_of(method, samples, present), wanted, atol=1e-6)


def test_a_single_sample_that_does_not_fit_is_a_sentence() -> None:
    def work(items: Sequence[int]) -> list[int]:
        raise torch.OutOfMemoryError("no room")

    with pytest.raises(MmlabError, match="a single sample does not fit"):
        in_halves(work, [1, 2, 3], lambda: None)


def test_a_step_of_a_training_that_does_not_fit_says_what_makes_it_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    task, method = ToyTask("classification", 2), method_contract.made("joint", "classification", 2)

    def losses(*_: Any) -> dict[str, Tensor]:
        raise torch.OutOfMemoryError("no room")

    monkeypatch.setattr(method, "losses", losses)
    plan, place = build(Plan, {"epochs": 1, "batch_size": 8}), torch.device("cpu")
    trainer = Trainer(task, method, plan, 0, None, place, {}, task.samples("train"), task.samples("valid"))
    with pytest.raises(MmlabError, match=r"a step of \d+ samples on CPU does not fit") as caught:
        list(trainer.epochs())
    assert "accumulate=2" in caught.value.hint
