"""The comparison of what two processes found sees what is no rounding."""

from __future__ import annotations

import pytest
import torch

from tests.nearly import same_json, same_weights


def test_numbers_may_differ_by_rounding_and_by_nothing_else() -> None:
    found = {"scores": [0.5, 1, None], "name": "joint", "nothing": float("nan")}
    assert same_json({**found, "scores": [0.5000001, 1, None]}, found)
    assert same_json({**found, "scores": [0.5, 1.0, None]}, {**found, "scores": [0.5, 1.0, None]})
    for other in (
        {**found, "scores": [0.501, 1, None]},
        {**found, "scores": [0.5, 1]},
        {**found, "scores": [0.5, 2, None]},
        {**found, "name": "gmd"},
        {"name": "joint"},
        [found],
    ):
        assert not same_json(other, found)


def test_weights_may_differ_by_rounding_and_by_nothing_else() -> None:
    weights = {"layer": torch.tensor([1.0, -2.0])}
    same_weights({"layer": torch.tensor([1.0, -2.00001])}, weights)
    for other in ({"layer": torch.tensor([1.0, -2.01])}, {"layer": torch.tensor([1.0])}, {}):
        with pytest.raises(AssertionError):
            same_weights(other, weights)
