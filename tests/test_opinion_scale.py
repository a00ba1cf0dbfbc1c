"""Metrics of opinions from -3 to 3, against the definitions of MMSA on scikit-learn's functions."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from mmlab.core.outputs import Regression, output_from_card
from mmlab.tasks.custom.targets import output_from

STEPPED = Regression(-3, 3, whole_steps=True)


def test_they_are_those_of_mmsa() -> None:
    rng = np.random.default_rng(0)
    truth = np.round(rng.uniform(-3, 3, 400), 1)
    truth[:60] = 0
    said = np.clip(truth + rng.normal(0, 1, 400), -4, 4)
    said[60:70] = 0
    there = truth != 0
    sides, others = (said >= 0, truth >= 0), (said[there] > 0, truth[there] > 0)
    expected = {
        "acc7": np.mean(np.round(np.clip(said, -3, 3)) == np.round(np.clip(truth, -3, 3))),
        "acc5": np.mean(np.round(np.clip(said, -2, 2)) == np.round(np.clip(truth, -2, 2))),
        "acc2_with_zero": accuracy_score(*sides),
        "acc2_without_zero": accuracy_score(*others),
        "f1_with_zero": f1_score(sides[1], sides[0], average="weighted"),
        "f1_without_zero": f1_score(others[1], others[0], average="weighted"),
    }
    found = {name: STEPPED.output_metrics[name].of(said[:, None], truth) for name in expected}
    assert found == pytest.approx(expected)


def test_only_a_scale_with_whole_steps_has_them() -> None:
    plain = Regression(-3, 3)
    assert not {"acc7", "f1_with_zero"} & set(plain.metric_names)
    assert "whole_steps" not in plain.card()
    assert output_from_card(plain.card()) == plain
    assert output_from_card(STEPPED.card()) == STEPPED
    assert output_from({"kind": "regression", "low": -3, "high": 3, "whole_steps": True})[0] == STEPPED
