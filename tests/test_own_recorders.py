"""Somebody else's training loop leaves behind what the app shows of a training, and is not disturbed."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import mmlab
from mmlab.core.errors import MissingExtra
from mmlab.experiments.recorders.attribution_maps import read as read_snapshots
from mmlab.experiments.recorders.embedding_maps import read as read_maps
from mmlab.training import DominanceLog, recorders
from tests.own_models import CLASSES, TwoBranch, drawn, seeded


def learn(net: nn.Module, data: list[dict[str, Any]], after: Any, epochs: int = 3) -> list[float]:
    batch = {key: torch.stack([sample[key] for sample in data]) for key in ("rgb", "depth")}
    target = torch.tensor([sample["label"] for sample in data])
    optimiser = torch.optim.SGD(net.parameters(), 0.1)
    losses = []
    for _ in range(epochs):
        net.train()
        loss = nn.functional.cross_entropy(net(**batch), target)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss))
        after()
    return losses


def test_a_loop_of_ones_own_leaves_embeddings_and_maps_and_learns_as_without(tmp_path: Path) -> None:
    data = drawn(16, rgb=(3, 16, 16), depth=(1, 16, 16))
    alone = learn(seeded(TwoBranch)(), data, lambda: None)
    net = seeded(TwoBranch)()
    mine = mmlab.adapt(net, inputs=["rgb", "depth"], classes=CLASSES, data=data)
    recorder = recorders.Recorder(mine, 3, tmp_path / "run")

    def after() -> None:
        recorder.epoch()
        assert net.training
        assert all(module.training for module in net.modules())

    assert learn(net, data, after) == alone
    maps, snapshots = read_maps(tmp_path / "run"), read_snapshots(tmp_path / "run")
    assert maps.epochs.tolist() == snapshots.epochs.tolist() == [0, 1, 2]
    assert np.allclose(snapshots.shares.sum(2), 1)
    assert not np.allclose(snapshots.maps["rgb"][0], snapshots.maps["rgb"][-1])


def test_a_callback_for_trainer_records_epochs_and_steps_the_log(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from tests.foreign_models import package

        package("transformers")
    steps: list[str] = []

    class Log(DominanceLog):
        def __init__(self) -> None:
            pass

        def step(self) -> None:
            steps.append("step")

    class Notes(recorders.Recorder):
        def __init__(self) -> None:
            pass

        def epoch(self) -> None:
            steps.append("epoch")

    callback = recorders.trainer_callback(Notes(), Log())
    callback.on_pre_optimizer_step(None, None, None)
    callback.on_epoch_end(None, None, None)
    assert steps == ["step", "epoch"]


def test_a_callback_for_what_is_not_installed_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for name in ("lightning", "lightning.pytorch", "pytorch_lightning"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtra, match="needs lightning"):
        recorders.lightning_callback()
