"""Somebody else's training loop leaves behind what the app shows of a training, and is not disturbed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import mmlab
from mmlab.analysis.dominance.log_reader import read_log
from mmlab.core.errors import MissingExtra
from mmlab.experiments.recorders.attribution_maps import read as read_snapshots
from mmlab.experiments.recorders.embedding_maps import read as read_maps
from mmlab.training import DominanceLog, recorders
from tests.foreign_models import package
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


def prepared(folder: Path) -> tuple[nn.Module, list[dict[str, Any]], recorders.Recorder, DominanceLog]:
    """A module that learns, its samples, and what looks on."""
    data = drawn(16, rgb=(3, 16, 16), depth=(1, 16, 16))
    net = seeded(TwoBranch)()
    mine = mmlab.adapt(net, inputs=["rgb", "depth"], classes=CLASSES, data=data)
    log = DominanceLog(folder / "run.jsonl", {"rgb": net.rgb, "depth": net.depth})  # type: ignore[dict-item]
    return net, data, recorders.Recorder(mine, 2, folder / "run"), log


def check_what_was_written(folder: Path, net: nn.Module) -> None:
    assert read_maps(folder / "run").epochs.tolist() == read_snapshots(folder / "run").epochs.tolist() == [0, 1]
    lines = read_log((folder / "run.jsonl").read_bytes())
    assert [line["epoch"] for line in lines] == [0, 1]
    for line in lines:
        assert list(line["metrics"]) == ["rgb", "depth", "rgb-depth"]
        assert min(line["gradient_norm"].values()) > 0
        assert sum(line["logs"]["shares"].values()) == pytest.approx(1)
    assert not net.rgb._forward_hooks  # type: ignore[union-attr]


@pytest.mark.filterwarnings("ignore")
def test_a_callback_for_lightning_writes_maps_and_the_log(tmp_path: Path) -> None:
    lightning = package("lightning.pytorch")
    net, data, recorder, log = prepared(tmp_path)

    class Module(lightning.LightningModule):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.net = net

        def training_step(self, batch: dict[str, torch.Tensor], _: int) -> torch.Tensor:
            loss = nn.functional.cross_entropy(self.net(batch["rgb"], batch["depth"]), batch["label"])
            self.log("train_loss", loss, on_epoch=True)
            return loss

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.SGD(self.parameters(), 0.1)

    quiet = {
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
    }
    trainer = lightning.Trainer(
        max_epochs=2,
        accelerator="cpu",
        callbacks=[recorders.lightning_callback(recorder, log)],
        default_root_dir=tmp_path,
        **quiet,
    )
    trainer.fit(Module(), torch.utils.data.DataLoader(data, batch_size=8))
    check_what_was_written(tmp_path, net)
    assert read_log((tmp_path / "run.jsonl").read_bytes())[0]["losses"]["train_loss"] > 0


@pytest.mark.filterwarnings("ignore")
def test_a_callback_for_trainer_writes_maps_and_the_log(tmp_path: Path) -> None:
    transformers = package("transformers")
    package("accelerate")
    net, data, recorder, log = prepared(tmp_path)

    class Module(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = net

        def forward(self, rgb: torch.Tensor, depth: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
            logits = self.net(rgb, depth)
            return {"loss": nn.functional.cross_entropy(logits, labels), "logits": logits}

    arguments = transformers.TrainingArguments(
        output_dir=str(tmp_path / "out"),
        num_train_epochs=2,
        per_device_train_batch_size=8,
        logging_strategy="steps",
        logging_steps=1,
        save_strategy="no",
        report_to=[],
        use_cpu=True,
        disable_tqdm=True,
    )
    samples = [{"rgb": each["rgb"], "depth": each["depth"], "labels": each["label"]} for each in data]
    callback = recorders.trainer_callback(recorder, log)
    transformers.Trainer(Module(), arguments, train_dataset=samples, callbacks=[callback]).train()
    check_what_was_written(tmp_path, net)


def test_a_callback_for_what_is_not_installed_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for name in ("lightning", "lightning.pytorch", "pytorch_lightning"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtra, match="needs lightning"):
        recorders.lightning_callback()
