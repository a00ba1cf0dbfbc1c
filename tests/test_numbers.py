"""Answers that are numbers: how far off they may be, and a model beside the best that any model could do."""

from __future__ import annotations

import numpy as np
import pytest

from mmlab.analysis.base.coalitions import sweep_to_coalitions
from mmlab.analysis.dominance.oracle_comparison import compare_with_oracle
from mmlab.analysis.robustness.conformal_intervals import interval_by_combination
from mmlab.core.errors import DataError
from mmlab.core.outputs import Regression
from mmlab.core.results import Sweep

OUTPUT = Regression(-3.0, 3.0)
KEYS = ("left", "right", "left-right")


def made(answers: np.ndarray, target: np.ndarray, groups: tuple[str, ...], present: np.ndarray | None = None) -> Sweep:
    """A sweep of numbers, `[3, N]` under left, right and both."""
    count = len(target)
    return Sweep(
        combinations=KEYS,
        logits=answers[..., None].astype(np.float32),
        mean=np.zeros((3, count, 2), np.float32),
        variance=None,
        target=target.astype(np.float32),
        present=np.ones((count, 2), bool) if present is None else present,
        ids=tuple(f"s{i}" for i in range(count)),
        groups=groups,
    )


def test_an_interval_reaches_as_far_as_nine_of_ten_errors() -> None:
    target = np.zeros(99)
    answers = np.stack([np.arange(99) / 100, np.zeros(99), np.full(99, -0.5)])
    found = interval_by_combination(made(answers, target, ("g",) * 99))
    assert found["left"].width == pytest.approx(0.89)  # the 90th of 99 sorted errors: ceil(100 * 0.9)
    assert found["right"].width == 0
    assert found["left-right"].width == pytest.approx(0.5)
    assert found["left"].samples == 99


def test_nothing_is_learned_from_the_sample_or_its_group() -> None:
    groups = ("a",) * 30 + ("b",) * 30
    wrong = np.concatenate([np.full(30, 2.0), np.full(30, 0.1)])  # everything of group a is far off
    found = made(np.stack([wrong] * 3), np.zeros(60), groups)
    assert interval_by_combination(found, "s0")["left"].width == pytest.approx(0.1)
    assert interval_by_combination(found, "s45")["left"].width == pytest.approx(2.0)
    assert interval_by_combination(found, "brought")["left"].samples == 60


def test_intervals_hold_for_new_samples() -> None:
    rng = np.random.default_rng(3)
    target, off = rng.uniform(-3, 3, 2000), rng.normal(0, 0.7, 2000)
    width = interval_by_combination(made(np.stack([target + off] * 3), target, ("g",) * 2000))["left"].width
    assert (np.abs(rng.normal(0, 0.7, 4000)) <= width).mean() == pytest.approx(0.9, abs=0.02)


def test_a_combination_that_too_few_samples_have_gets_no_interval() -> None:
    present = np.ones((40, 2), bool)
    present[5:, 1] = False
    found = interval_by_combination(made(np.zeros((3, 40)), np.zeros(40), ("g",) * 40, present))
    assert set(found) == {"left"}


def test_the_share_of_an_input_in_truth_and_as_measured() -> None:
    """Left alone is always on the right side, right alone is a coin, and nothing at all is right half of the time."""
    target = np.tile([-1.0, 1.0], 50)
    coin = np.tile([1.0, 1.0, -1.0, -1.0], 25)
    known = {"": 0.5, "left": 1.0, "right": 0.5, "left-right": 1.0}
    scores = {key: {"sign_accuracy": value, "mae": 2 - value} for key, value in known.items()}
    found = compare_with_oracle(
        scores,
        sweep_to_coalitions(made(np.stack([target, coin, target]), target, ("g",) * 100)),
        OUTPUT,
        "sign_accuracy",
    )
    assert found.true.tolist() == pytest.approx([0.5, 0.0])
    assert found.shares.tolist() == pytest.approx([0.5, 0.0])
    assert found.measured.tolist() == pytest.approx([0.5, 1.0, 0.5, 1.0])
    assert (found.low <= found.shares).all()
    assert (found.shares <= found.high).all()


def test_shares_of_an_error_are_of_its_fall() -> None:
    target = np.tile([-2.0, 2.0], 50)
    known = {key: {"mae": value} for key, value in {"": 2.0, "left": 1.0, "right": 1.0, "left-right": 0.0}.items()}
    half = target / 2  # one input: off by 1; both: exact; nothing, the mean: off by 2
    found = compare_with_oracle(
        known, sweep_to_coalitions(made(np.stack([half, half, target]), target, ("g",) * 100)), OUTPUT, "mae"
    )
    assert found.true.tolist() == pytest.approx([1.0, 1.0])
    assert found.shares.tolist() == pytest.approx([1.0, 1.0])
    assert found.used.tolist() == pytest.approx([1.0, 1.0])


def test_a_combination_of_which_nothing_is_known_is_said() -> None:
    found = sweep_to_coalitions(made(np.zeros((3, 4)), np.ones(4), ("g",) * 4))
    with pytest.raises(DataError, match="not known"):
        compare_with_oracle({"left": {"mae": 1.0}}, found, OUTPUT, "mae")
