"""Presence is told, never guessed from content: what is absent teaches nothing, and zeros that are there do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from mmlab.core.batch import Batch, Samples
from mmlab.core.method import METHODS, Method, Run
from mmlab.core.modality_kinds import modality_kind
from mmlab.core.presence import of_present
from mmlab.testing.method_contract import made, teachers, trainer
from mmlab.testing.toy_task import OUTPUTS, ToyTask
from mmlab.training.batches import Steps

KINDS = tuple(OUTPUTS)
GARBAGE = 37.0
cases = pytest.mark.parametrize(
    ("name", "kind"), [(name, kind) for name in METHODS for kind in KINDS if kind in METHODS[name].supports]
)


def spoilt(samples: Samples) -> Samples:
    """The same samples with garbage in the rows of what is absent."""
    inputs = {}
    for position, (name, value) in enumerate(samples.inputs.items()):
        inputs[name] = value.clone()
        inputs[name][~samples.present[:, position]] = GARBAGE
    return replace(samples, inputs=inputs)


def run_of(method: Method, epoch: int, stage: str) -> Run:
    def drop(present: Tensor) -> Tensor:
        return present

    return Run(
        epoch=epoch,
        epochs=8,
        stage=stage,
        generator=torch.Generator().manual_seed(5),
        drop=drop,
        validation=lambda present: torch.zeros(0),
        validation_present=torch.zeros(0, 3, dtype=torch.bool),
        validation_target=torch.zeros(0),
        training=lambda count: iter(()),
        teachers=teachers(method, method.info),
    )


def learnt(name: str, kind: str, batch: Batch) -> list[dict[str, Tensor]]:
    """Gradients and batch statistics after a step in each stage."""
    found = []
    for stage in made(name, kind).stages(8):
        method = made(name, kind)
        method.train()
        for module in stage.frozen:
            module.eval()
        torch.manual_seed(1)
        run = run_of(method, 6, stage.name)
        method.backward(method.losses(batch, run), run)
        gradients = {n: p.grad for n, p in method.named_parameters() if p.grad is not None}
        found.append({**gradients, **dict(method.named_buffers())})
    return found


@cases
@pytest.mark.parametrize("rows", [range(12), range(3)])
def test_what_is_absent_teaches_nothing(name: str, kind: str, rows: range):
    samples = ToyTask(kind, 3, gaps=0.5).samples("train")
    assert not samples.present[list(rows)].all()
    clean, dirty = (learnt(name, kind, each.batch(rows)) for each in (samples, spoilt(samples)))
    for one, other in zip(clean, dirty, strict=True):
        assert one.keys() == other.keys()
        for key, value in one.items():
            torch.testing.assert_close(other[key], value, rtol=0, atol=0, msg=lambda text, key=key: f"{key}: {text}")


@pytest.mark.parametrize("kind", ["image", "sound", "path", "series", "vector"])
def test_zeros_that_are_there_are_encoded_like_anything_else(kind: str):

    shapes = {"image": (1, 16, 16), "sound": (1, 16, 16), "path": (2, 24), "series": (3, 24), "vector": (4,)}
    torch.manual_seed(0)
    network = modality_kind(kind).encoder(shapes[kind], 4, 8)
    values = torch.randn(8, *shapes[kind])
    values[2:5] = 0
    learning = of_present(lambda rows: network(values[rows]), torch.ones(8, dtype=torch.bool), network)[0]
    assert learning[3].any(), "a present input of zeros was passed over"
    expected = network.neck(network.body(values))
    torch.testing.assert_close(learning, expected)


def test_absent_rows_stay_zero_when_batches_are_varied():
    run = trainer("dropout", "classification", 3, gaps=0.5)
    batch = Steps(run.task, run.plan, run.training, [np.arange(len(run.training))], (0, 3))[0]
    for position, value in enumerate(batch.inputs.values()):
        on = batch.present[:, position]
        assert not value[~on].any(), "noise of an absent input is learnt from"
        assert value[on].flatten(1).any(1).all()


def test_combinations_are_mined_on_samples_that_have_them():
    def mined(validation: Samples) -> dict[str, object]:
        run = trainer("mmanet", "classification", 3, gaps=0.5, warmup=0.5)
        run.validation = validation
        records = [progress.logs["divergence"] for progress in run.epochs()]
        assert records[0], "nothing was measured"
        return records[0]

    validation = ToyTask("classification", 3, gaps=0.5).samples("valid")
    assert mined(validation) == mined(spoilt(validation))


def test_what_lies_at_the_mean_is_learnt():
    """A rating of -1, 0 and 1: what lies at the mean is 0 once standardised, and no less there for it."""
    task = ToyTask("classification", 2)
    samples = task.samples("train")
    score = torch.arange(len(samples)) % 3
    inputs = {"m0": (score - 1).float()[:, None].expand(-1, 6), "m1": 0.01 * torch.randn(len(samples), 6)}
    made_up = replace(samples, inputs=inputs, target=score)
    run = trainer("joint", "classification", 2)
    run.training = run.validation = made_up
    *_, last = run.epochs()
    assert last.metrics["m0-m1"]["accuracy"] > 0.9
