"""Several labels at once: answers, metrics by hand and beside scikit-learn's, and what each method makes of them."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import expit
from sklearn import metrics as theirs
from torch import nn

import mmlab
from mmlab.analysis.base.coalitions import sweep_to_coalitions
from mmlab.analysis.dominance.payoffs import metric_of_right, payoffs, sample_values
from mmlab.analysis.embedding.point_attributes import Labels, main, properties
from mmlab.analysis.methods import method_evidence
from mmlab.analysis.methods.reference_models import answers as reference_answers
from mmlab.analysis.robustness import label_calibration
from mmlab.analysis.robustness.class_scores import worst_classes
from mmlab.analysis.robustness.combination_calibration import trust
from mmlab.analysis.robustness.per_sample_scores import grade
from mmlab.core.errors import DataError, TaskMismatch, Unsupported
from mmlab.core.method import METHODS
from mmlab.core.outputs import Multilabel, output_from_card
from mmlab.core.results import Sweep
from mmlab.core.training_plan import Plan
from mmlab.foreign.answers import shaped
from mmlab.foreign.data import _answer
from mmlab.foreign.outputs_file import read_outputs, write_outputs
from mmlab.losses.dimml import dimension_scores
from mmlab.losses.mmanet import entropy_weights
from mmlab.storage import sweep_file
from mmlab.testing.method_contract import made
from mmlab.testing.toy_task import ToyTask
from mmlab.training import gap_rules, linear_start, variation
from mmlab.ui.session import cache
from mmlab.ui.text.bench_summary import ModelPrediction, sentence
from mmlab.viz.predict import prediction_cards
from mmlab.viz.predict.prediction_cards import LabelSet

OUTPUT = Multilabel(("drama", "comedy", "war"))
FILMS = torch.tensor([[2.0, 1.0, -3.0], [-1.0, -2.0, -0.5], [0.5, -0.5, 4.0], [-0.1, 3.0, -4.0]])
GENRES = torch.tensor([[True, True, False], [False, False, False], [True, False, False], [True, True, False]])


def drawn(samples: int = 200, labels: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Answers that know something of the truth, on a grid on which many are equal; the last label is rare."""
    rng = np.random.default_rng(7)
    truth = rng.random((samples, labels)) < np.linspace(0.6, 0.05, labels)
    return np.round(rng.normal(0, 1.5, truth.shape) + 1.5 * truth - 0.5, 1), truth


def test_an_answer_names_its_labels_and_how_sure_it_is() -> None:
    first, nothing = OUTPUT.read(FILMS[0]), OUTPUT.read(FILMS[1])
    assert (first.answer, nothing.answer) == ("drama, comedy", "no label")
    assert first.probabilities == pytest.approx(dict(zip(OUTPUT.classes, expit([2.0, 1.0, -3.0]), strict=True)))
    assert first.confidence == pytest.approx(expit([2.0, 1.0, 3.0]).mean())
    assert OUTPUT.right(first, (True, True, False))
    assert not OUTPUT.right(first, (True, False, False))
    assert OUTPUT.target_of(first.value) == 0
    assert OUTPUT.same(first, OUTPUT.read(FILMS[0] * 2))


def test_the_threshold_is_where_a_label_begins() -> None:
    strict = Multilabel(OUTPUT.classes, threshold=0.75)
    assert strict.read(FILMS[0]).answer == "drama"  # a logit of 1 is 73 %
    assert strict.right(strict.read(FILMS[0]), (True, False, False))
    assert strict.read(FILMS[0]).confidence == pytest.approx((expit(2) + expit(-1) + expit(3)) / 3)
    assert output_from_card({**strict.card(), "classes": list(strict.classes)}) == strict


def test_the_loss_is_binary_cross_entropy_averaged_over_labels() -> None:
    by_hand = -(math.log(expit(2)) + math.log(expit(1)) + math.log(1 - expit(-3))) / 3
    assert OUTPUT.loss(FILMS, GENRES)[0] == pytest.approx(by_hand)
    heavy = OUTPUT.weighing(foreground=True)
    rare = torch.tensor([[True], [False], [False], [False]])  # (4 - 1) / 1
    found = Multilabel(("war",)).weighing(foreground=True).loss(torch.zeros(4, 1), rare)
    assert found.tolist() == pytest.approx([3 * math.log(2), *[math.log(2)] * 3])
    assert heavy == OUTPUT
    assert heavy.card() == OUTPUT.card()


def test_a_cell_has_labels_with_a_bar_between_them() -> None:
    assert OUTPUT.parse("war | drama") == (True, False, True)
    assert OUTPUT.parse("") == (False, False, False)
    assert OUTPUT.in_words(OUTPUT.parse("comedy")) == "comedy"
    for text, says, hint in (
        ("dramma", "'dramma' is not a label", "Did you mean 'drama'"),
        ("war,comedy", "'war,comedy' is not a label", "Put '|' between labels, not ','"),
        ("western", "'western' is not a label", "There are: drama"),
        ("war|", "no label on one side", "drama|comedy"),
        ("war|war", "a label twice", "once"),
    ):
        with pytest.raises(DataError, match=says) as raised:
            OUTPUT.parse(text)
        assert hint in raised.value.hint
    with pytest.raises(TaskMismatch, match="stands between labels"):
        Multilabel(("a|b",))


def test_metrics_by_hand() -> None:
    """Drama is given to films 1 and 3 of 1, 3, 4; comedy to 1 and 4, as is right; war to film 3, wrongly."""
    found = OUTPUT.metrics(FILMS, GENRES)
    assert found["f1_macro"] == pytest.approx((2 * 2 / (3 + 2) + 1) / 2)  # war is nowhere: it has no recall
    assert found["f1_micro"] == pytest.approx(2 * 4 / (5 + 5))
    assert found["f1_weighted"] == pytest.approx((3 * 0.8 + 2 * 1) / 5)
    assert found["f1_samples"] == pytest.approx((1 + 1 + 2 / 3 + 2 / 3) / 4)
    assert found["exact_match"] == pytest.approx(2 / 4)
    assert found["hamming"] == pytest.approx(2 / 12)
    assert found["average_precision"] == pytest.approx(1.0)
    assert OUTPUT.headline == "f1_macro"
    assert OUTPUT.metric_names[0] == "f1_macro"


def test_metrics_are_those_of_scikit_learn() -> None:
    answers, truth = drawn()
    output = Multilabel(tuple("abcde"))
    said, found = answers > 0, output.metrics_of(answers, truth)
    for average in ("macro", "micro", "weighted"):
        assert found[f"f1_{average}"] == pytest.approx(theirs.f1_score(truth, said, average=average))
    by_sample = theirs.f1_score(truth, said, average="samples", zero_division=1.0)
    assert found["f1_samples"] == pytest.approx(by_sample)
    assert found["auroc"] == pytest.approx(theirs.roc_auc_score(truth, answers))
    assert found["average_precision"] == pytest.approx(theirs.average_precision_score(truth, answers))
    assert found["exact_match"] == pytest.approx(theirs.accuracy_score(truth, said))
    assert found["hamming"] == pytest.approx(theirs.hamming_loss(truth, said))
    weights = np.random.default_rng(0).integers(0, 4, len(truth)).astype(float)
    for name, same in (
        ("auroc", theirs.roc_auc_score(truth, answers, sample_weight=weights)),
        ("average_precision", theirs.average_precision_score(truth, answers, sample_weight=weights)),
        ("f1_macro", theirs.f1_score(truth, said, average="macro", sample_weight=weights)),
    ):
        assert output.output_metrics[name].weighted(answers, truth, weights[None])[0] == pytest.approx(same)


def test_what_a_method_asks_of_labels() -> None:
    assert OUTPUT.uncertainty(torch.zeros(1, 3))[0] == pytest.approx(math.log(2))
    assert OUTPUT.certainty(torch.zeros(1, 3))[0, 0] == pytest.approx(0.5)
    given = OUTPUT.histogram(FILMS)  # drama 2, comedy 2, war 1, nothing 1
    assert given.tolist() == pytest.approx([2 / 6, 2 / 6, 1 / 6, 1 / 6])
    assert OUTPUT.score_of_truth(FILMS, GENRES)[0] == pytest.approx(2 + 1 + 3)
    assert OUTPUT.labels(GENRES).shape == (4, 3)


def test_dimensions_are_scored_by_each_label_alone() -> None:
    """Dimension 0 holds the first label and nothing of the second, dimension 1 the other way round."""
    first, second = torch.tensor([1, 1, 0, 0]), torch.tensor([1, 0, 1, 0])
    features = torch.stack((first, second), 1).float()
    found = dimension_scores(features, torch.stack((first, second), 1), 2)
    alone = [dimension_scores(features, each, 2) for each in (first, second)]
    assert found.tolist() == pytest.approx(((alone[0] + alone[1]) / 2).tolist())
    assert alone[0][0] == 1


def test_the_doubt_of_a_teacher_is_the_entropy_of_all_its_labels() -> None:
    method = made("mmanet", "multilabel")
    logits = torch.tensor([[0.0, 0.0, 0.0], [9.0, -9.0, 9.0], [0.0, 9.0, -9.0]])
    weights = method._weights(logits)  # type: ignore[attr-defined]
    joint = torch.tensor([8 * (1 / 8) * math.log(8), 0.0, math.log(2)])  # of the eight sets of labels
    torch.testing.assert_close(weights, joint / joint.sum(), atol=2e-3, rtol=0)
    assert not torch.allclose(weights, entropy_weights(logits), atol=0.05)  # labels do not exclude each other
    assert made("mmanet")._weights(logits) is None  # type: ignore[attr-defined]


def test_votes_are_weighed_label_by_label() -> None:
    method = made("dimml", "multilabel")
    votes = torch.tensor([[[6.0, 0.0, 0.0]], [[0.0, 0.0, -6.0]]])
    weights, fused = method._vote(votes, torch.ones(1, 2, dtype=torch.bool))  # type: ignore[attr-defined]
    assert weights.shape == (1, 2)
    assert weights[0, 0] == pytest.approx(weights[0, 1])  # each is sure of one label
    assert fused[0, 0] > 3  # and of that one the surer head counts more
    assert fused[0, 2] < -3


@pytest.mark.parametrize("name", sorted(METHODS))
def test_a_method_learns_several_labels_or_says_why_not(name: str) -> None:
    reason = METHODS[name].unsupported_reason(ToyTask("multilabel").info)
    assert reason == ("OGM-GE cannot do multilabel, only classification, detection." if name == "ogm_ge" else "")


def test_what_balance_and_foreground_mean() -> None:
    assert variation.kinds_of(GENRES).tolist() == [1, 3, 0, 1]  # the rarest label of each; 3 for none
    variation.check(Plan(balance=True), OUTPUT, GENRES)
    with pytest.raises(DataError, match="Only regions are moved"):
        variation.check(Plan(move=True), OUTPUT, GENRES)


def test_inputs_go_missing_by_label() -> None:
    task = ToyTask("multilabel")
    samples, rule = task.samples("test"), gap_rules.rule_of("class:m0=1.0@far")
    assert rule is not None
    left = gap_rules.drawn(samples, task.info, rule, {"m0": 1.0, "m1": 0.0, "m2": 0.0}, 0)
    assert (left[:, 0] == ~samples.target[:, 2].numpy()).all()


def swept() -> Sweep:
    """Two inputs, one of which knows the labels."""
    answers, truth = drawn()
    knows, guesses = 6.0 * truth - 3, answers
    logits = np.stack([knows, guesses, knows + guesses]).astype(np.float32)
    names = tuple(f"t{row}" for row in range(len(truth)))
    present = np.ones((len(truth), 2), bool)
    return Sweep(("a", "b", "a-b"), logits, logits.copy(), None, truth, present, names, names)


def test_the_payoffs_of_labels() -> None:
    logits, truth = FILMS.numpy(), GENRES.numpy()
    assert [each.name for each in payoffs(OUTPUT)] == ["right", "probability", "log_probability"]
    overlap = sample_values(OUTPUT, logits, truth, "right")
    assert overlap.mean() == pytest.approx(OUTPUT.metrics(FILMS, GENRES)[metric_of_right(OUTPUT)])
    likely = sample_values(OUTPUT, logits, truth, "log_probability")
    assert likely == pytest.approx(-OUTPUT.loss(FILMS, GENRES).numpy())
    assert sample_values(OUTPUT, logits, truth, "probability")[0] == pytest.approx(expit([2, 1, 3]).mean())


def test_nothing_is_answered_by_how_frequent_each_label_is() -> None:
    found = swept()
    lattice = sweep_to_coalitions(found)
    share = (found.target.sum(0) + 1) / (len(found.ids) + 2)
    assert expit(lattice.logits[0, 0]) == pytest.approx(share, abs=1e-6)
    assert lattice.rule == "the label frequencies of these samples"


def test_the_label_that_is_found_least_often() -> None:
    output = Multilabel(tuple("abcde"))
    found = swept()
    worst = worst_classes(found, output)
    said, truth = found.logits[1] > 0, found.target
    recall = [said[truth[:, label], label].mean() for label in range(5)]
    assert worst["b"].name == "abcde"[int(np.argmin(recall))]
    assert worst["b"].accuracy == pytest.approx(min(recall))
    assert worst["a"].accuracy == 1


def test_calibration_is_of_each_label() -> None:
    said = np.array([[0.9, 0.1], [0.9, 0.1], [0.9, 0.3], [0.9, 0.3]])
    there = np.array([[True, True], [True, False], [True, False], [False, False]])
    mean, seen, count = label_calibration.reliability(said, there, 10)
    assert (mean.tolist(), seen.tolist(), count.tolist()) == (
        pytest.approx([0.1, 0.3, 0.9]), pytest.approx([0.5, 0.0, 0.75]), [2, 2, 4],
    )  # fmt: skip
    assert label_calibration.error(said, there, 10) == pytest.approx((2 * 0.4 + 2 * 0.3 + 4 * 0.15) / 8)
    opposite, half = np.array([[0.9, 0.9], [0.9, 0.9]]), np.array([[True, False], [True, False]])
    assert label_calibration.error(opposite, half, 10) == pytest.approx(0.4)
    assert label_calibration.error_by_label(opposite, half, 10) == pytest.approx((0.1 + 0.9) / 2)


def test_the_temperature_of_labels_is_found_again() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (4000, 3))
    there = rng.random(logits.shape) < expit(logits / 2)
    assert label_calibration.fit_temperature(logits, there) == pytest.approx(2, abs=0.15)


def test_calibration_of_one_label_is_that_of_its_column() -> None:
    output, lattice = Multilabel(tuple("abcde")), grade(swept(), Multilabel(tuple("abcde"))).lattice
    alone = trust(output, lattice, 2, label="c")
    assert alone.curve.count.sum() == len(lattice.ids)
    assert "ece_label" not in alone.numbers
    by_label = [trust(output, lattice, 2, label=name).numbers["ece"] for name in output.classes]
    assert trust(output, lattice, 2).numbers["ece_label"] == pytest.approx(np.mean(by_label))
    assert trust(output, lattice, 2).curve.count.sum() == 5 * len(lattice.ids)


def test_a_map_is_coloured_by_a_label() -> None:
    found, output = swept(), Multilabel(tuple("abcde"))
    there = properties(found, output)
    name, kind = main(there)
    assert name == "label"
    assert isinstance(kind, Labels)
    assert kind.names == ("b", "not b")  # of shares from 0.6 to 0.05 the one nearest to a half
    rare = there["label: e"]
    assert isinstance(rare, Labels)
    assert ((rare.codes[0] == 0) == found.target[:, 4]).all()
    with pytest.raises(Unsupported, match="Several labels can be right at once"):
        output.categories(found.logits[0], found.target)


@pytest.mark.parametrize("name", ["linear", "forest"])
def test_plain_models_answer_each_label(name: str) -> None:
    rng = np.random.default_rng(1)
    inputs = rng.normal(0, 1, (80, 3)).astype(np.float32)
    truth = np.stack([inputs[:, 0] > 0, inputs[:, 1] > 0.5, np.ones(80, bool)], 1)
    found = reference_answers(name, (inputs[:60], truth[:60]), (inputs[60:], truth[60:]), inputs[60:], 3)
    assert ((found > 0) == truth[60:]).mean() > 0.8
    assert (found[:, 2] > 0).all()
    with pytest.raises(Unsupported, match="the same labels"):
        reference_answers(name, (inputs, truth[:1].repeat(80, 0)), (inputs, truth), inputs, 3)


def test_linear_encoders_begin_with_a_direction_for_each_label() -> None:
    rng = np.random.default_rng(2)
    inputs = rng.normal(0, 1, (80, 4))
    truth = np.stack([inputs[:, 0] > 0, inputs[:, 1] > 0, np.zeros(80, bool)], 1)
    found = linear_start.weights_of((inputs, truth), (inputs[:20], truth[:20]), 3)
    assert found.shape == (2, 4)  # of a label that nobody has nothing can be learned
    assert np.abs(found).argmax(1).tolist() == [0, 1]


def test_somebody_elses_labels_are_read_as_zeros_and_ones_or_by_name() -> None:
    for value in ([0, 1, 1], torch.tensor([0.0, 1.0, 1.0]), ["war", "comedy"], "comedy|war"):
        assert _answer(OUTPUT, value, 0).tolist() == [False, True, True]
    for value, says in (([0, 1], "2 numbers"), ([0.0, 0.5, 1.0], "zeros and ones")):
        with pytest.raises(DataError, match=says):
            _answer(OUTPUT, value, 0)
    chances = shaped(torch.tensor([[0.5, 0.9, 0.1]]), OUTPUT, 1, probabilities=True)
    assert chances[0].tolist() == pytest.approx([0.0, math.log(9), -math.log(9)], abs=1e-5)


def test_a_file_of_answers_may_have_several_labels(tmp_path: Path) -> None:
    found = swept()
    file = write_outputs(tmp_path / "theirs", found.logits, found.target, ["a", "b"], classes=list("abcde"))
    read = read_outputs(file)
    assert read.output == Multilabel(tuple("abcde"))
    assert (read.found.target == found.target).all()
    with pytest.raises(DataError, match="zeros and ones"):
        write_outputs(tmp_path / "wrong", found.logits, found.target * 2, ["a", "b"], classes=list("abcde"))


def card(logits: list[float], right: frozenset[str] | None) -> str:
    """What the Bench draws of an answer, without its marks for the eye."""
    now, whole = OUTPUT.read(torch.tensor(logits)), OUTPUT.read(FILMS[0])
    given = OUTPUT.named(np.asarray(now.value) > 0.5)
    drawn = prediction_cards.Card("A model", now, whole, "x", "mean over labels", "A", labels=LabelSet(given, right))
    return prediction_cards.cards([drawn])


def test_the_card_marks_the_labels_that_are_given_and_those_that_are_right() -> None:
    drawn = card([1.0, -1.0, 2.0], frozenset({"drama", "comedy"}))
    assert "✗ 1 missed, 1 too many" in drawn
    rows = re.findall(r'mm-row( mm-top)?".*?mm-name">(.*?)</span>', drawn)
    assert rows == [(" mm-top", "drama ✓"), ("", "comedy ✓"), (" mm-top", "war")]
    assert "✓ every label" in card([1.0, 1.0, -1.0], frozenset({"drama", "comedy"}))
    assert "✗ 2 missed" in card([-1.0, -1.0, -1.0], frozenset({"drama", "comedy"}))
    unknown = card([1.0, 1.0, -1.0], None)
    assert "mm-verdict" not in unknown
    assert "Bold: given." in unknown


def test_what_happened_is_said_of_labels() -> None:
    said = [ModelPrediction("One", "drama, war", 0.9, good=False), ModelPrediction("Two", "drama", 0.9, good=True)]
    assert sentence(OUTPUT, "With all inputs", said) == (
        "With all inputs: One is not right about every label (drama, war); Two is right about every label (drama)."
    )
    assert (
        sentence(OUTPUT, "Alone", [ModelPrediction("One", "no label", 0.9, good=None)]) == "Alone: One gives no label."
    )


def test_views_of_one_class_a_sample_say_that_there_is_none() -> None:
    found = swept()
    with pytest.raises(Unsupported, match="the one class of each sample; there is none here"):
        method_evidence.relations(found, found, "a-b")
    with pytest.raises(Unsupported, match="Only of DI-MML with one class as its answer"):
        method_evidence.votes(made("dimml", "multilabel"), found)
    assert method_evidence.class_weights(made("joint", "multilabel")) is None


def test_the_truth_of_an_upload_is_unknown_where_no_label_was_named() -> None:
    task: Any = SimpleNamespace(info=SimpleNamespace(output=OUTPUT))
    assert cache._truth(task, "") == (None, "")
    assert cache._truth(task, "war|drama") == ((True, False, True), "drama, war")
    assert cache._truth(task, "western") == (None, "")


def test_a_model_of_ones_own_gives_several_labels() -> None:
    """Two columns are read as they are; the third label is never given."""
    net = nn.Linear(4, 3)
    with torch.no_grad():
        net.weight.copy_(torch.tensor([[9.0, 0, 0, 0], [0, 0, 9.0, 0], [0, 0, 0, 0]]))
        net.bias.copy_(torch.tensor([0.0, 0.0, -9.0]))
    rng = torch.Generator().manual_seed(0)
    values = torch.randn(24, 4, generator=rng)
    data = [{"a": row[:2], "b": row[2:], "label": [*(row[::2] > 0).int().tolist(), 0]} for row in values]
    mine = mmlab.adapt(TwoInputs(net), inputs=["a", "b"], output=OUTPUT, data=data)
    found = mine.sweep()
    assert OUTPUT.metrics_of(found.logits[-1], found.target)["exact_match"] == 1
    names = [name for name, on in zip(OUTPUT.classes, data[0]["label"], strict=True) if on]
    assert mine.predict(0)["a-b"].answer == (", ".join(names) or "no label")


class TwoInputs(nn.Module):
    """A layer that reads two inputs side by side."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return self.layer(torch.cat((a, b), 1))


def test_what_is_stored_gives_the_same_labels(tmp_path: Path) -> None:
    """Logits are rounded; one that is hardly above 0 gives its label all the same."""
    found = replace(swept(), digest="d")
    near = np.where(found.target, 1e-3, -1e-3).astype(np.float32)
    sweep_file.write(tmp_path, replace(found, logits=np.stack([near, -near, near * 2000])))
    read = sweep_file.read(tmp_path, "d")
    assert (OUTPUT.decided(read.logits[0]) == found.target).all()
    assert (OUTPUT.decided(read.logits[1]) == ~found.target).all()
