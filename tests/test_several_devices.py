"""Two processes that train together come to what one process does with all samples of each step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.multiprocessing import ProcessExitedException

from mmlab.core.errors import DataError, MissingExtra, MmlabError
from mmlab.core.method import METHODS, Method
from mmlab.core.options import build
from mmlab.core.training_plan import Plan
from mmlab.experiments import several_devices
from mmlab.experiments.several_devices import OverFabric, fabric_of
from mmlab.experiments.train_job import TrainJob
from mmlab.storage.library import Library
from mmlab.testing.toy_task import ToyTask
from mmlab.training.loop import Trainer
from mmlab.training.process_group import ALONE, ProcessGroup
from tests.foreign_models import package

pytestmark = pytest.mark.slow  # processes that start anew import torch anew
NAMES = ("joint", "gmd", "mmpareto", "ogm_ge")
PLAN = {"epochs": 2, "batch_size": 16, "augment": False}


class Row(nn.LayerNorm):
    """In place of batch normalisation, which would meet half of the samples in each of two processes."""


def made(name: str) -> Method:
    torch.manual_seed(0)
    method = METHODS[name](ToyTask(count=2).info, METHODS[name].Config())
    for part in list(method.modules()):
        for key, child in part.named_children():
            if isinstance(child, nn.BatchNorm1d):
                setattr(part, key, Row(child.num_features))
    return method


def trained(name: str, together: ProcessGroup = ALONE, **plan: Any) -> tuple[dict[str, Tensor], list[float]]:
    """The weights after a training, and the score of each epoch."""
    torch.set_num_threads(1)
    task = ToyTask(count=2)
    samples, validation = task.samples("train"), task.samples("valid")
    planned = build(Plan, {**PLAN, **plan})
    place = torch.device("cpu")
    trainer = Trainer(task, made(name), planned, 0, None, place, {}, samples, validation, together=together)
    scores = [progress.mean for progress in trainer.epochs()]
    return {key: value.detach().clone() for key, value in trainer.method.state_dict().items()}, scores


def both(fabric: Any, file: str) -> None:
    """What each of the processes does: all methods, with what it has found in a file of its own."""
    together = OverFabric(fabric)
    found = {f"{name}/{key}": value for name in NAMES for key, value in trained(name, together)[0].items()}
    np.savez(f"{file}{together.rank}.npz", **{key: value.numpy() for key, value in found.items()})


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The weights in each of two processes that speak by gloo."""
    package("lightning_fabric")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MMLAB_DEVICE", "cpu")
        file = tmp_path_factory.mktemp("both") / "rank"
        fabric_of(2, "ddp").launch(both, str(file))
    return [dict(np.load(f"{file}{rank}.npz")) for rank in range(2)]


@pytest.mark.parametrize("name", NAMES)
def test_two_processes_come_to_what_one_does_with_twice_the_batch(name: str, found: list[dict[str, Any]]) -> None:
    alone, _ = trained(name)
    start = made(name).state_dict()
    assert any(not torch.equal(value, start[key]) for key, value in alone.items())
    for key, value in alone.items():
        for rank in range(2):
            torch.testing.assert_close(torch.from_numpy(found[rank][f"{name}/{key}"]), value, atol=2e-4, rtol=2e-3)


@pytest.mark.parametrize("parts", [2, 3])
def test_a_step_in_parts_comes_to_the_whole_step(parts: int) -> None:
    whole, in_parts = trained("joint")[0], trained("joint", accumulate=parts)[0]
    assert not all(torch.equal(value, in_parts[key]) for key, value in whole.items())  # parts are rounded otherwise
    for key, value in whole.items():
        torch.testing.assert_close(in_parts[key], value, atol=2e-4, rtol=2e-3)


def test_half_precision_is_close_and_weights_stay_single() -> None:
    full, scores = trained("joint")
    half, others = trained("joint", precision="bfloat16")
    assert {value.dtype for value in half.values()} == {torch.float32}
    assert any(not torch.equal(value, half[key]) for key, value in full.items())
    assert max(float((half[key] - value).abs().max()) for key, value in full.items()) < 0.1
    assert others == pytest.approx(scores, abs=0.2)
    assert all(torch.equal(value, full[key]) for key, value in trained("joint", precision="float32")[0].items())


@pytest.mark.parametrize(("ours", "theirs"), [("float32", "32-true"), ("bfloat16", "bf16-mixed")])
def test_on_one_device_fabric_would_come_to_the_same_bits(
    ours: str, theirs: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Why a plain install needs no Fabric: its place, precision and sums are those that the loop has by itself."""
    fabric = package("lightning_fabric").Fabric(accelerator="cpu", devices=1, precision=theirs)
    fabric.launch()
    by_hand, scores = trained("gmd", precision=ours)
    monkeypatch.setattr("mmlab.training.loop.mixed_precision", lambda *_: fabric.autocast())
    found, others = trained("gmd", OverFabric(fabric))
    assert fabric.device == torch.device("cpu")
    assert others == scores
    assert all(torch.equal(value, found[key]) for key, value in by_hand.items())


def test_parts_of_one_sample_are_refused() -> None:
    with pytest.raises(DataError, match="cannot be computed in 9 parts"):
        build(Plan, {"batch_size": 16, "accumulate": 9})


@pytest.mark.parametrize("name", NAMES)
def test_both_end_with_the_same_bits(name: str, found: list[dict[str, Any]]) -> None:
    keys = [key for key in found[0] if key.startswith(f"{name}/")]
    assert keys
    assert all(np.array_equal(found[0][key], found[1][key]) for key in keys)


def test_half_of_the_batch_is_another_training() -> None:
    """What the tests above would not notice otherwise."""
    whole, half = trained("joint")[0], trained("joint", batch_size=8)[0]
    assert any(not torch.allclose(whole[key], half[key], atol=2e-3) for key in whole)


class Second(ProcessGroup):
    """The second of two processes, of which the first adds up the same."""

    rank, count = 1, 2

    def summed(self, value: Tensor) -> Tensor:
        return 2 * value


def test_a_mean_is_weighed_by_the_samples_behind_it() -> None:
    together = Second()
    assert together.part(np.arange(5)).tolist() == [3, 4]
    together.begin_step(2, 5)
    assert float(together.averaged(torch.tensor(10.0))) == pytest.approx(8.0)
    used, unused, resting = (nn.Parameter(torch.zeros(2), requires_grad=learns) for learns in (True, True, False))
    used.grad = torch.tensor([5.0, 0.0])
    together.average_gradients([used, unused, resting])
    assert used.grad.tolist() == pytest.approx([4.0, 0.0])
    assert unused.grad is None
    assert resting.grad is None


def test_what_cannot_be_is_refused_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMLAB_DEVICE", "cpu")
    package("lightning_fabric")
    with pytest.raises(DataError, match="no strategy 'horses'"):
        fabric_of(2, "horses")
    job = TrainJob("digits", "joint", {}, {"batch_size": 4})
    with pytest.raises(DataError, match="A step of 4 samples is too small for 3 devices"):
        next(iter(several_devices.train(job, Library(tmp_path), 3)))


def test_a_process_that_ends_is_told_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Ending:
        def launch(self, work: Any) -> None:
            raise ProcessExitedException("process 1 terminated with signal SIGKILL", 1, 7, -9, "SIGKILL")

    monkeypatch.setattr(several_devices, "fabric_of", lambda *_: Ending())
    with pytest.raises(MmlabError, match="terminated with signal SIGKILL"):
        list(several_devices.train(TrainJob("digits", "joint"), Library(tmp_path), 2))


def test_without_fabric_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "lightning_fabric", None)
    with pytest.raises(MissingExtra, match="Several devices need Lightning Fabric"):
        fabric_of(2, "ddp")
