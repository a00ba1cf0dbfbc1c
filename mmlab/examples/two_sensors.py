"""A small custom model in plain PyTorch: which exercise is it, from the accelerometer and the gyroscope of a watch?

The recordings are real (seglearn's, as `mmlab/samples/watch` ships them). `build()` gives the net trained as most
people would, `build_cured()` the same net trained with modality dropout; each trains once, in a minute, and keeps its
weights in the cache folder.
"""

from __future__ import annotations

import safetensors.torch
import torch
from torch import Tensor, nn

from mmlab.core.task import TASKS
from mmlab.storage.cache_folder import cache_folder

CLASSES = TASKS["watch"].info.output.class_names
EPOCHS = 12


class TwoSensors(nn.Module):
    """Two convolutional branches, concatenated."""

    def __init__(self) -> None:
        super().__init__()
        self.acc, self.gyro = branch(), branch()
        self.head = nn.Linear(64, len(CLASSES))

    def forward(self, acc: Tensor, gyro: Tensor) -> Tensor:
        """Logits `[B, 7]` from two series `[B, 3, 50]`."""
        return self.head(torch.cat([self.acc(acc).mean(2), self.gyro(gyro).mean(2)], 1))


def branch() -> nn.Module:
    """A series `[B, 3, T]` to features `[B, 32, T / 2]`."""
    return nn.Sequential(
        nn.Conv1d(3, 32, 5, padding=2),
        nn.BatchNorm1d(32),
        nn.ReLU(),
        nn.MaxPool1d(2),
        nn.Conv1d(32, 32, 5, padding=2),
        nn.BatchNorm1d(32),
        nn.ReLU(),
    )


class Recordings(torch.utils.data.Dataset):
    """A split as a data set of mappings."""

    def __init__(self, split: str) -> None:
        self.found = TASKS["watch"]().samples(split)  # type: ignore[arg-type]

    def __len__(self) -> int:
        return len(self.found)

    def __getitem__(self, row: int) -> dict[str, object]:
        acc, gyro = (value[row].float() for value in self.found.inputs.values())
        return {"acc": acc, "gyro": gyro, "label": int(self.found.target[row]), "group": self.found.groups[row]}


def train(drop: float) -> TwoSensors:
    """drop: how often one of the two sensors is hidden from a sample while learning."""
    torch.manual_seed(0)
    net, data = TwoSensors(), Recordings("train")
    loader = torch.utils.data.DataLoader(data, batch_size=64, shuffle=True)
    optimiser = torch.optim.AdamW(net.parameters(), 3e-3)
    for _ in range(EPOCHS):
        for batch in loader:
            acc, gyro = batch["acc"], batch["gyro"]
            hidden, which = torch.rand(len(acc)) < drop, torch.rand(len(acc)) < 0.5
            acc = torch.where((hidden & which)[:, None, None], 0.0, acc)
            gyro = torch.where((hidden & ~which)[:, None, None], 0.0, gyro)
            loss = nn.functional.cross_entropy(net(acc, gyro), batch["label"])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return net


def build() -> nn.Module:
    """Trained on complete recordings only."""
    return trained(0.0)


def build_cured() -> nn.Module:
    """Trained with one sensor hidden half of the time."""
    return trained(0.5)


def trained(drop: float) -> nn.Module:
    """The net with its weights, trained where they are not there yet."""
    file = cache_folder() / "examples" / f"two_sensors-{drop}-{EPOCHS}.safetensors"
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        safetensors.torch.save_file(train(drop).state_dict(), file)
    net = TwoSensors()
    net.load_state_dict(safetensors.torch.load_file(file))
    return net
