"""Logs of dominance: what somebody else's loop writes, what is read of a file, and what follows from its lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from mmlab.analysis.dominance.log_reader import LARGEST, MOST_LINES, read_log
from mmlab.analysis.dominance.training_dynamics import gradient_conflicts, training_dynamics
from mmlab.core.errors import CheckpointError, DataError
from mmlab.training.loop import DominanceLog


class Pair(nn.Module):
    """Two encoders with one weight each, added up."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)
        with torch.no_grad():
            self.left.weight.fill_(2.0)
            self.right.weight.fill_(1.0)

    def forward(self, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        return self.left(left) + self.right(right)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_five_lines_in_any_loop_write_what_follows_by_hand(tmp_path: Path) -> None:
    model, file = Pair(), tmp_path / "run.jsonl"
    optimiser = torch.optim.SGD(model.parameters(), lr=0.0)
    log = DominanceLog(file, {"left": model.left, "right": model.right})
    for _ in range(2):
        for left, right in ((3.0, 1.0), (0.0, 4.0)):
            model(torch.tensor([[left]]), torch.tensor([[right]])).sum().backward()
            log.step()
            optimiser.step()
            optimiser.zero_grad()
        log.epoch({"left": 0.6, "right": 0.5, "left-right": 0.9}, {"task": torch.tensor(0.25)})
    log.close()
    assert not model.left._forward_hooks
    first, second = lines(file)
    assert first["gradient_norm"] == {"left": 1.5, "right": 2.5}  # the inputs, averaged over two steps
    # gradient x activation is 2 x 3 against 1 x 1, then 0 against 4
    assert first["logs"]["shares"] == pytest.approx({"left": 3 / 7, "right": 4 / 7})
    assert first["losses"] == {"task": 0.25}
    assert second["epoch"] == 1
    assert second["gradient_norm"] == first["gradient_norm"], "each epoch starts from nothing"


def test_shares_do_not_change_when_layers_are_rescaled_and_lengths_do(tmp_path: Path) -> None:
    found = []
    for scale in (1.0, 10.0):
        torch.manual_seed(0)
        nets = {name: nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)) for name in ("a", "b")}
        heads = {name: nn.Linear(2, 1) for name in nets}
        with torch.no_grad():
            nets["a"][2].weight.mul_(scale)
            nets["a"][2].bias.mul_(scale)
            heads["a"].weight.div_(scale)
        with DominanceLog(tmp_path / "log.jsonl", nets) as log:
            inputs = torch.randn(5, 4)
            sum(heads[name](net(inputs)).sum() for name, net in nets.items()).backward()
            log.step()
            log.epoch({})
        found.append(lines(tmp_path / "log.jsonl")[0])
    assert found[0]["logs"]["shares"] == pytest.approx(found[1]["logs"]["shares"])
    assert found[0]["gradient_norm"]["a"] != pytest.approx(found[1]["gradient_norm"]["a"], rel=0.1)


def test_conflicts_by_hand(tmp_path: Path) -> None:
    weight = nn.Parameter(torch.zeros(2))
    nets = {"a": nn.Linear(1, 1), "b": nn.Linear(1, 1)}
    log = DominanceLog(tmp_path / "log.jsonl", nets)
    losses = {"a": weight @ torch.tensor([1.0, 0.0]), "b": weight @ torch.tensor([-1.0, 1.0])}
    log.conflicts(losses, [weight])
    log.step()
    log.epoch({"a": float("nan"), "b": 0.5})
    row = lines(tmp_path / "log.jsonl")[0]
    assert row["metrics"]["a"] == {"accuracy": None}
    assert row["logs"]["cosines"][0][1] == pytest.approx(-(0.5**0.5), abs=1e-4)
    assert row["logs"]["lengths"] == pytest.approx([1, 2**0.5])
    assert np.argmax(row["logs"]["angles_before"]) == 13  # 135 degrees, in bins of 10
    found = gradient_conflicts([row])
    assert found.keys == ("a", "b")
    assert found.rate.tolist() == [1.0]
    assert found.rate_after.tolist() == [0.0]


def test_names_must_be_fit_for_combinations(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot name modalities"):
        DominanceLog(tmp_path / "log.jsonl", {"Left": nn.Linear(1, 1), "right": nn.Linear(1, 1)})
    with pytest.raises(DataError, match="cannot name modalities"):
        DominanceLog(tmp_path / "log.jsonl", {"left": nn.Linear(1, 1)})


def row(**changes: Any) -> dict[str, Any]:
    plain = {
        "epoch": 0,
        "stage": "all",
        "metrics": {"a": {"accuracy": 0.5}, "b": {"accuracy": 0.4}, "a-b": {"accuracy": 0.8}},
        "gradient_norm": {"a": 1.0, "b": 2.0},
        "logs": {"shares": {"a": 0.25, "b": 0.75}},
    }
    return {**plain, **changes}


def angles(size: int) -> dict[str, Any]:
    keys = ["a", "b", "a-b"][:size]
    counts = {name: [1.0] * 18 for name in ("angles_before", "angles_after")}
    return {"combinations": keys, "cosines": [[1.0] * size] * size, **counts}


def packed(*rows: Any) -> bytes:
    return "\n".join(json.dumps(each) for each in rows).encode()


def test_what_was_written_is_read(tmp_path: Path) -> None:
    model = Pair()
    with DominanceLog(tmp_path / "log.jsonl", {"left": model.left, "right": model.right}) as log:
        model(torch.ones(1, 1), torch.ones(1, 1)).sum().backward()
        log.step()
        log.epoch({"left": 0.6, "right": 0.5, "left-right": 0.9})
    found = training_dynamics(read_log((tmp_path / "log.jsonl").read_bytes()))
    assert found.names == ("left", "right")
    assert found.keys == ("left", "right", "left-right")
    assert found.scores.tolist() == [[0.6, 0.5, 0.9]]


def test_the_course_of_a_training_by_hand() -> None:
    found = training_dynamics(read_log(packed(row(), row(gradient_norm={"a": 3.0, "b": 4.0}))), nothing=0.1)
    assert found.norms.tolist() == [[1, 2], [3, 4]]
    # a: ((0.5 - 0.1) + (0.8 - 0.4)) / 2, b: ((0.4 - 0.1) + (0.8 - 0.5)) / 2
    np.testing.assert_allclose(found.work, [[0.4, 0.3], [0.4, 0.3]])
    assert found.shares is not None
    assert found.shares[0].tolist() == [0.25, 0.75]
    partial = training_dynamics(read_log(packed(row(metrics={"a": {"accuracy": 0.5}}, logs={}))))
    assert partial.work is None
    assert partial.shares is None
    with pytest.raises(CheckpointError, match="No gradient norms"):
        training_dynamics([])
    with pytest.raises(CheckpointError, match="No angles"):
        gradient_conflicts(read_log(packed(row())))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\xff\xfe",
        b"{",
        b"[1, 2]",
        b"null",
        b"[" * 100_000,
        packed({}),
        packed(row(gradient_norm={"a": 1.0})),
        packed(row(gradient_norm={"<b>": 1.0, "b": 1.0})),
        packed(row(gradient_norm={f"m{place}": 1.0 for place in range(7)})),
        packed(row(gradient_norm={"a": "1", "b": 2.0})),
        packed(row(gradient_norm={"a": True, "b": 2.0})),
        packed(row(gradient_norm={"a": 1e300, "b": 2.0})),
        packed(row(metrics={"a-x": {"accuracy": 1.0}})),
        packed(row(metrics={"a": {"accuracy": [1]}})),
        packed(row(metrics=[1])),
        packed(row(), row(gradient_norm={"b": 1.0, "c": 1.0})),
        packed(row(logs={"cosines": [[1.0]]})),
        packed(row(logs={"cosines": [[1.0] * 3] * 3})),
        packed(row(logs={"lengths": [1.0]})),
        packed(*(row(logs=angles(size)) for size in (1, 2))),
        packed(row(logs="no")),
        b'{"gradient_norm": {"a": NaN, "b": Infinity}}',
        b"\n" * (MOST_LINES + 2),
    ],
)
def test_hostile_logs_are_refused(content: bytes) -> None:
    with pytest.raises(DataError):
        read_log(content)


def test_a_log_has_a_largest_size() -> None:
    with pytest.raises(DataError, match="larger than"):
        read_log(b" " * (LARGEST + 1))


def test_what_a_log_says_beyond_its_lines_is_dropped() -> None:
    found = read_log(packed(row(epoch=7, secret="x" * 100, stage={"a": 1})))[0]
    assert "secret" not in found
    assert found["epoch"] == 0, "epochs are counted, not believed"
    assert found["stage"] == "all"
