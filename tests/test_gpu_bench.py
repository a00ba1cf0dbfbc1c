"""The bench of devices runs wherever there is a processor, so that it does not rot until a GPU is at hand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from bench import gpu
from tests.foreign_models import package

SIZE = replace(
    gpu.SMALL, network="test_resnet", side=32, batch=4, steps=2, swept=6, rounds=1, visitors=4, questions=1, matrix=16
)


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    package("timm")
    return gpu.measure(SIZE, torch.device("cpu"))


def test_every_part_is_measured_and_says_on_which_device(found: dict[str, Any]) -> None:
    text = gpu.as_markdown(json.loads(json.dumps(found)))
    assert "Device: CPU. Two test_resnet on 32 pixels" in text
    assert text.count("\n| ") == 10  # the line under the head, and nine rows
    assert all(found[part][name] > 0 for part in ("sweep", "explaining") for name in ("own", "apart"))
    assert found["training"]["own"] > 0
    assert found["training"]["plain"] > 0


def test_numbers_are_held_against_double_precision(found: dict[str, Any]) -> None:
    numbers = found["numbers"]
    assert 0 < numbers["logits, device"] < 1e-3
    assert 0 < numbers["gradient, device"] < 1e-3
    worse = {**found, "training": {**found["training"], "share": 1.0}, "numbers": {**numbers, "logits, device": 0.1}}
    assert not gpu.held({**worse, "sweep": {**found["sweep"], "faster": 2.0}})


def test_visitors_get_what_one_alone_gets(found: dict[str, Any]) -> None:
    assert found["visitors"]["apart"] < 1e-4


def test_the_table_in_the_documents_says_its_device() -> None:
    docs = Path(__file__).resolve().parent.parent / "docs"
    kept = json.loads((docs / "tables" / "gpu.json").read_text("utf-8"))
    table = (docs / "tables" / "gpu.md").read_text("utf-8").strip()
    assert f"Device: {kept['device']}." in table
    assert table in (docs / "results.md").read_text("utf-8")
