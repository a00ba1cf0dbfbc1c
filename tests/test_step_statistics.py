"""Losses and gradients of the steps of an epoch: the same however seldom they are read; a loss that is none ends it."""

from __future__ import annotations

import pytest
import torch

from mmlab.core.errors import MmlabError
from mmlab.testing.method_contract import trainer
from mmlab.training.step_statistics import StepStatistics

HERE = torch.device("cpu")


def added_up(every: int, values: torch.Tensor) -> tuple[dict[str, float], dict[str, float]]:
    found = StepStatistics(HERE, len(values), every)
    for task, other, length in values:
        found.add_losses({"task": task.clone().requires_grad_(), "other": other})
        found.add_lengths({"image": length})
    found.read()
    return found.losses, found.lengths


def test_what_is_read_seldom_is_the_same_to_the_last_bit() -> None:
    values = torch.rand(7, 3, generator=torch.Generator().manual_seed(0))
    expected = dict.fromkeys(("task", "other"), 0.0)
    for row in values:
        expected["task"] += float(row[0]) / 7
        expected["other"] += float(row[1]) / 7
    at_once = added_up(1, values)
    assert at_once[0] == expected
    assert added_up(3, values) == added_up(100, values) == at_once


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_ends_a_training_at_its_step_or_when_it_is_read(bad: float) -> None:
    losses = {"task": torch.tensor(bad)}
    with pytest.raises(MmlabError, match="The loss 'task' is not a number any more"):
        StepStatistics(HERE, 2).add_losses(losses)
    later = StepStatistics(HERE, 2, every=2)
    later.add_losses(losses)
    later.add_lengths({})
    with pytest.raises(MmlabError, match="The loss 'task' is not a number any more"):
        later.read()


def test_a_training_on_a_device_reads_its_statistics_once_in_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 3 steps one reading, at the end of the epoch; the log is the same."""
    expected = next(trainer("joint", "classification", 2).epochs())
    reads = []
    plain = StepStatistics.read

    def counted(found: StepStatistics) -> None:
        reads.append(len(found._unread))
        plain(found)

    monkeypatch.setattr(StepStatistics, "read", counted)
    monkeypatch.setattr(StepStatistics.__init__, "__defaults__", (5,))
    run = trainer("joint", "classification", 2)
    found = next(run.epochs())
    assert (found.losses, found.gradient_norm) == (expected.losses, expected.gradient_norm)
    assert reads == [2 * len(run.training) // run.plan.batch_size]
