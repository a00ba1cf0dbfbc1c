"""Error rates of a detection, by cases solved by hand, and what follows from an error being the headline."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from mmlab.analysis.methods.seed_comparison import Runs, rows
from mmlab.core.errors import TaskMismatch
from mmlab.core.method import METHODS
from mmlab.core.metric import METRICS, higher_is_better, is_share
from mmlab.core.outputs import Classification, Detection, output_from_card
from mmlab.core.task import TASKS
from mmlab.experiments import comparison_tables
from mmlab.inference.sweep import mean_metrics
from mmlab.storage.library import Library
from mmlab.training.loop import Trainer
from mmlab.ui.text import wording
from tests.test_methods import trainer

OUTPUT = Detection(("attack", "live"), accept="live")
ATTACK, LIVE = 0, 1


def evidence(*values: float) -> Tensor:
    """Logits whose difference, live less attack, is each value."""
    half = torch.tensor(values, dtype=torch.float32)[:, None] / 2
    return torch.cat([-half, half], 1)


def test_rates_by_hand() -> None:
    """Four attacks of which one passes, five genuine samples of which two do not."""
    logits = evidence(-3, -2, -1, 0.5, 2, 1, 3, -0.5, -4)
    target = torch.tensor([ATTACK] * 4 + [LIVE] * 5)
    found = OUTPUT.metrics(logits, target)
    assert found["apcer"] == pytest.approx(1 / 4)
    assert found["bpcer"] == pytest.approx(2 / 5)
    assert found["acer"] == pytest.approx((1 / 4 + 2 / 5) / 2)
    assert found["accuracy"] == pytest.approx(6 / 9)
    # no attack may pass at 1 in 20 of four: the threshold is the best attack, 0.5, and two genuine are below it
    assert found["bpcer20"] == found["bpcer100"] == pytest.approx(2 / 5)
    assert tuple(found) == OUTPUT.metric_names


def test_the_class_that_may_pass_can_be_named_first() -> None:
    logits, target = evidence(-3, 0.5, 2, -0.5), torch.tensor([ATTACK, ATTACK, LIVE, LIVE])
    turned = Detection(("live", "attack"), accept="live").metrics(logits.flip(1), 1 - target)
    assert turned == OUTPUT.metrics(logits, target)


def test_thresholds_let_exactly_so_many_attacks_pass() -> None:
    """Of 200 attacks at 1..200, ten pass at 1 in 20 (above 190), two at 1 in 100 (above 198)."""
    attacks, genuine = np.arange(1, 201), np.array([100, 190, 190.5, 198, 198.5, 300])
    target = torch.tensor([ATTACK] * 200 + [LIVE] * 6)
    found = OUTPUT.metrics(evidence(*attacks, *genuine), target)
    assert found["bpcer20"] == pytest.approx(2 / 6)
    assert found["bpcer100"] == pytest.approx(4 / 6)


def test_ties_never_let_more_attacks_pass_than_allowed() -> None:
    """All attacks and half of the genuine samples give the same evidence: at any threshold all or none of them pass."""
    target = torch.tensor([ATTACK] * 100 + [LIVE] * 4)
    found = OUTPUT.metrics(evidence(*[1.0] * 100, 1, 1, 2, 2), target)
    assert found["bpcer20"] == found["bpcer100"] == pytest.approx(0.5)


def test_an_undecided_answer_is_refused_where_attack_is_named_first() -> None:
    found = OUTPUT.metrics(evidence(0, 0), torch.tensor([ATTACK, LIVE]))
    assert (found["apcer"], found["bpcer"]) == (0.0, 1.0)
    assert OUTPUT.read(evidence(0)[0]).answer == "attack"


@pytest.mark.parametrize(("target", "acer"), [(LIVE, 1 / 3), (ATTACK, 2 / 3)])
def test_a_class_without_samples_does_not_count(target: int, acer: float) -> None:
    found = OUTPUT.metrics(evidence(2, 1, -1), torch.full((3,), target))
    assert found["acer"] == pytest.approx(acer)
    undefined = {name for name, value in found.items() if np.isnan(value)}
    assert undefined == {"apcer" if target == LIVE else "bpcer", "bpcer20", "bpcer100", "auroc"}


def test_without_samples_nothing_has_a_value() -> None:
    found = OUTPUT.metrics(torch.zeros(0, 2), torch.zeros(0, dtype=torch.long))
    assert tuple(found) == OUTPUT.metric_names
    assert np.isnan(list(found.values())).all()


def test_perfect_and_perfectly_wrong() -> None:
    logits, target = evidence(*[-1.0] * 30, *[1.0] * 30), torch.tensor([ATTACK] * 30 + [LIVE] * 30)
    right, wrong = OUTPUT.metrics(logits, target), OUTPUT.metrics(-logits, target)
    assert {value for name, value in right.items() if not higher_is_better(name)} == {0.0}
    assert right["accuracy"] == wrong["acer"] == wrong["bpcer100"] == 1
    assert wrong["accuracy"] == 0


def test_a_card_comes_back_as_the_same_output() -> None:
    card = json.loads(json.dumps(OUTPUT.card()))
    assert card == {"kind": "detection", "classes": ["attack", "live"], "accept": "live"}
    assert output_from_card(card) == OUTPUT
    assert isinstance(OUTPUT, Classification)


@pytest.mark.parametrize(
    "change",
    [{"accept": "cat"}, {"classes": ["attack", "live", "mask"]}, {"classes": ["live"]}, {"accept": None}, {"more": 1}],
)
def test_a_card_that_makes_no_sense_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(TaskMismatch):
        output_from_card({**OUTPUT.card(), **change})
    incomplete = {name: value for name, value in OUTPUT.card().items() if name not in change}
    if "more" not in change:
        with pytest.raises(TaskMismatch):
            output_from_card(incomplete)


def test_its_errors_are_known_as_errors_and_as_shares() -> None:
    errors = {"acer", "apcer", "bpcer", "bpcer20", "bpcer100"}
    assert not OUTPUT.higher_is_better
    assert {name for name in OUTPUT.metric_names if not higher_is_better(name)} == errors
    assert all(map(is_share, OUTPUT.metric_names))


def test_the_epoch_with_the_lowest_error_is_kept() -> None:
    run: Trainer = trainer("dropout", "detection", 2)
    means = [progress.mean for progress in run.epochs()]
    assert max(means) > min(means)
    assert run.state.best_epoch == int(np.argmin(means))
    assert run.state.best == pytest.approx(-min(means))


def test_without_any_score_the_last_epoch_is_kept_and_the_score_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = {"acer": math.nan, "accuracy": math.nan}
    monkeypatch.setattr(Detection, "metrics_of", lambda self, answers, truth, groups=None: dict(nothing))
    run: Trainer = trainer("dropout", "detection", 2)
    epochs = list(run.epochs())
    assert run.state.best_epoch == len(epochs) - 1
    assert math.isnan(run.validation_score())


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """Joint training with an error of 20 % wherever depth is missing and 2 % elsewhere, dropout with 10 % and 4 %."""
    info = TASKS["faces"].info
    for method, without, with_depth in (("joint", 0.2, 0.02), ("dropout", 0.1, 0.04)):
        table = {
            key: dict.fromkeys(info.output.metric_names, with_depth if "depth" in key else without)
            for key in (combination.key for combination in info.modalities.subsets())
        }
        found = {"metrics": table, "mean": mean_metrics(table), "samples": 1200}
        card = {"task": info.card(), "seed": 0, "parameters": 9, "training_seconds": 6.0}
        folder = tmp_path / "faces" / method / "seed0"
        folder.mkdir(parents=True)
        content = {"digest": "", "headline": "acer", "card": card, "sources": {"built-in": found}}
        (folder / "report.json").write_text(json.dumps(content))
    return Library(tmp_path)


def test_a_comparison_knows_that_less_is_better(library: Library) -> None:
    found = comparison_tables.compare(library, "faces")
    assert (found.metric, found.higher_is_better, found.is_share) == ("acer", False, True)
    worst = {row.name: row.worst for row in found.rows}
    assert worst == {"joint": 0.2, "dropout": 0.1}
    lines = {line.split(" | ")[0]: line for line in comparison_tables.as_markdown(found).splitlines()}
    mean = (3 * 0.1 + 4 * 0.04) / 7
    assert f"**{100 * mean:.1f}**" in lines[f"| {METHODS['dropout'].title}"]
    assert "**" not in lines[f"| {METHODS['joint'].title}"]
    assert comparison_tables.compare(library, "faces", metric="accuracy").higher_is_better


def test_the_screen_says_that_less_is_better() -> None:
    assert wording.metric("bpcer20") == "BPCER20"
    assert "lower is better" in wording.metric_meaning("acer")
    assert "lower is better" not in wording.metric_meaning("accuracy")
    assert all(wording.metric(name) == METRICS[name].title for name in OUTPUT.metric_names)


def test_the_worst_combination_is_the_one_with_the_largest_error() -> None:
    scores = np.array([[0.3, 0.1, 0.02]])
    run = Runs("a", "A", (0,), scores, 1, 1.0)
    assert rows([run], "a", higher_is_better=False)[0].worst == 0.3
