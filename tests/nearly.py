"""What two processes found is the same but for rounding: the last digits depend on the process that computed them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import Tensor


def same_weights(found: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    """Fails where a tensor lacks, is another or lies farther off than rounding; a step too many would lie far off."""
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-4, atol=1e-5, msg=lambda said, of=name: f"{of}: {said}")


def same_json(found: Any, expected: Any) -> bool:
    """Whether two values read from JSON are equal, their numbers nearly."""
    if isinstance(expected, dict):
        return (
            isinstance(found, dict)
            and found.keys() == expected.keys()
            and all(same_json(found[key], value) for key, value in expected.items())
        )
    if isinstance(expected, list):
        return isinstance(found, list) and len(found) == len(expected) and all(map(same_json, found, expected))
    if isinstance(expected, float) and isinstance(found, (int, float)):
        return bool(found == pytest.approx(expected, rel=1e-4, abs=1e-5, nan_ok=True))
    return bool(found == expected)
