"""One thread, no GPU by chance, a library of its own: what every test starts from."""

from __future__ import annotations

import os

os.environ.setdefault("MMLAB_DEVICE", "cpu")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
import torch

torch.set_num_threads(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first, so that no worker begins with one when the others are nearly done."""
    slow = {item.path for item in items if item.get_closest_marker("slow") or item.get_closest_marker("browser")}
    items.sort(key=lambda item: item.path not in slow)
