"""Robustness: what missing means, every kind of answer graded, the closed form, charts and the report."""

from __future__ import annotations

import csv
import io
import itertools
import re
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import torch

from mmlab.analysis import expected_score, fit_temperature, negative_flips
from mmlab.analysis.base.clusters import wilson
from mmlab.analysis.robustness.combination_calibration import trust
from mmlab.analysis.robustness.measure_slices import measure_slices
from mmlab.analysis.robustness.missing_rate_simulation import simulate
from mmlab.analysis.robustness.paired_model_test import paired_model_test
from mmlab.analysis.robustness.per_sample_scores import Measure, grade, hardness
from mmlab.analysis.robustness.prediction_flips import negative_flip_shares
from mmlab.core.batch import Samples
from mmlab.core.errors import DataError
from mmlab.core.method import METHODS, Method
from mmlab.core.modality import Modality
from mmlab.core.outputs.base import thirds
from mmlab.core.results import Sweep
from mmlab.inference import imputation
from mmlab.inference.sweep import logits_of, metrics, sweep
from mmlab.testing.toy_task import OUTPUTS, ToyTask
from mmlab.ui.pages.robustness.missing_rate import RATES, Chances, scores_along
from mmlab.viz.base import heatmap
from mmlab.viz.base.figure import Figure
from mmlab.viz.base.html_report import Fact, document
from mmlab.viz.robustness import score_lattice

KINDS = tuple(OUTPUTS)
CLASSES = tuple(kind for kind in KINDS if kind in ("classification", "detection"))


def method_of(name: str, task: ToyTask) -> Method:
    torch.manual_seed(3)
    kind = METHODS[name]
    made = kind(task.info, kind.Config())
    made.before_training(task.samples("train"))
    return made.eval()


def swept(kind: str, name: str = "dropout", count: int = 3) -> Sweep:
    task = ToyTask(kind, count)
    return sweep(method_of(name, task), task.samples("test"))


# Rules


def sample_of(*shape: int, count: int = 6) -> Samples:
    inputs = {"a": torch.arange(float(count * int(np.prod(shape)))).view(count, *shape)}
    names = tuple(str(i) for i in range(count))
    return Samples(inputs, torch.ones(count, 1, dtype=torch.bool), torch.zeros(count).long(), names, names)


VECTOR = Modality("a", "vector", (2,), "A", "A")


def test_zeros_are_zeros_and_the_mean_is_that_of_training() -> None:
    samples, seen = sample_of(2), torch.tensor([[1.0, 10.0], [3.0, 30.0]])
    assert not imputation.replacements("zeros", samples, VECTOR).any()
    mean = imputation.replacements("mean", samples, VECTOR, seen)
    torch.testing.assert_close(mean, torch.tensor([[2.0, 20.0]]).expand(6, 2))


def test_noise_has_mean_and_spread_of_each_place_in_training() -> None:
    samples = sample_of(2, count=4000)
    seen = torch.tensor([[0.0, 100.0], [2.0, 140.0]])
    noise = imputation.replacements("noise", samples, VECTOR, seen)
    torch.testing.assert_close(noise.mean(0), seen.mean(0), rtol=0.02, atol=0.1)
    torch.testing.assert_close(noise.std(0), seen.std(0), rtol=0.05, atol=0.1)
    torch.testing.assert_close(noise, imputation.replacements("noise", samples, VECTOR, seen))


def test_every_sample_has_a_donor_that_is_another_sample() -> None:
    samples = sample_of(2)
    donors = imputation.replacements("donor", samples, VECTOR)
    assert (donors != samples.inputs["a"]).any(1).all()
    assert sorted(map(tuple, donors.tolist())) == sorted(map(tuple, samples.inputs["a"].tolist()))
    with pytest.raises(DataError, match="second sample"):
        imputation.replacements("donor", sample_of(2, count=1), VECTOR)


def test_a_text_has_no_mean_and_noise_is_made_of_words() -> None:
    text = Modality("a", "text", (2, 3), "A", "A")
    samples = sample_of(2, 3)
    assert not imputation.replacements("mean", samples, text).any()
    noise, words = imputation.replacements("noise", samples, text), samples.inputs["a"]
    for sample, place in itertools.product(range(len(samples)), range(3)):
        assert any(torch.equal(noise[sample, :, place], other[:, place]) for other in words)


@pytest.mark.parametrize(("rule", "says"), [("nonsense", "There is no rule"), ("mean", "needs the training")])
def test_a_rule_says_what_it_lacks(rule: str, says: str) -> None:
    with pytest.raises(DataError, match=says):
        imputation.replacements(rule, sample_of(2), VECTOR)


@pytest.mark.parametrize("name", sorted(METHODS))
@pytest.mark.parametrize("rule", ["zeros", "mean", "noise"])
def test_what_is_absent_has_no_influence_under_any_rule(name: str, rule: str) -> None:
    task = ToyTask()
    method, samples, training = method_of(name, task), task.samples("test").take(8), task.samples("train")
    other = {key: value + 5 if key == "m1" else value for key, value in samples.inputs.items()}
    changed = Samples(other, samples.present, samples.target, samples.ids, samples.groups)
    before = imputation.sweep_with_imputation(method, samples, rule, training)
    after = imputation.sweep_with_imputation(method, changed, rule, training)
    for place, key in enumerate(before.combinations):
        same = np.allclose(before.logits[place], after.logits[place], atol=1e-5)
        assert same == ("m1" not in key), key


@pytest.mark.parametrize("kind", ["classification", "segmentation"])
@pytest.mark.parametrize("name", sorted(METHODS))
def test_mixing_features_is_encoding_the_mixed_input(name: str, kind: str) -> None:
    task = ToyTask(kind)
    if kind not in METHODS[name].supports:
        pytest.skip("Not for this kind of answer.")
    method, samples = method_of(name, task), task.samples("test").take(6)
    donors = {m.name: imputation.replacements("donor", samples, m) for m in task.info.modalities}
    inputs = {**samples.inputs, **{imputation.INSTEAD + key: value for key, value in donors.items()}}
    combinations = task.info.modalities.subsets()
    found = imputation.fuse_replaced(method, inputs, combinations)
    present = torch.ones(6, 3, dtype=torch.bool)
    with torch.inference_mode():
        for combination, fused in zip(combinations, found, strict=True):
            mixed = {key: (samples.inputs if key in combination else donors)[key] for key in samples.inputs}
            torch.testing.assert_close(fused.logits, method(mixed, present).logits, atol=1e-4, rtol=1e-4)


def test_complete_input_is_the_same_under_every_rule() -> None:
    task = ToyTask()
    method, samples, training = method_of("dropout", task), task.samples("test"), task.samples("train")
    native = imputation.sweep_with_imputation(method, samples, imputation.NATIVE)
    for rule in imputation.RULES:
        found = imputation.sweep_with_imputation(method, samples, rule, training)
        np.testing.assert_allclose(found.logits[-1], native.logits[-1], atol=1e-5)


def test_what_was_computed_is_kept_under_the_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMLAB_CACHE", str(tmp_path))
    with pytest.raises(imputation.NotComputed):
        imputation.stored("abc", "zeros")
    found = swept("classification")
    imputation.store(imputation.folder_of("abc", "zeros"), Sweep(**{**vars(found), "digest": "abc"}))
    np.testing.assert_allclose(imputation.stored("abc", "zeros").logits, found.logits, atol=1e-2)
    assert imputation.stamp("abc", "zeros") > 0
    assert imputation.stored("abc", "zeros", ToyTask().info).ids == found.ids
    with pytest.raises(imputation.NotComputed, match="another version of the task"):
        imputation.stored("abc", "zeros", ToyTask("regression").info)
    with pytest.raises(imputation.NotComputed):
        imputation.stored("abd", "zeros")
    with pytest.raises(imputation.NotComputed):
        imputation.stored("../abc", "zeros")
    (imputation.folder_of("abc", "zeros") / "sweep.npz").write_bytes(b"no archive")
    with pytest.raises(imputation.NotComputed, match="damaged"):
        imputation.stored("abc", "zeros")


def test_a_part_of_a_sweep_keeps_the_order_that_is_asked_for() -> None:
    found = swept("classification")
    part = imputation.only(found, (found.ids[3], found.ids[1]))
    assert part.ids == (found.ids[3], found.ids[1])
    np.testing.assert_array_equal(part.logits[:, 0], found.logits[:, 3])


# Grading


@pytest.mark.parametrize("kind", KINDS)
def test_the_measures_are_the_metrics_of_the_task(kind: str) -> None:
    task = ToyTask(kind)
    found = swept(kind)
    graded = grade(found, task.info.output)
    table = metrics(found, task.info.output, task.info.modalities)
    assert tuple(graded.measures) == task.info.output.metric_names
    for name, measure in graded.measures.items():
        for key, row in table.items():
            assert measure.scores[graded.mask(key)] == pytest.approx(row[name], abs=1e-4), (name, key)


@pytest.mark.parametrize("kind", KINDS)
def test_scores_lie_in_their_intervals(kind: str) -> None:
    for measure in grade(swept(kind), OUTPUTS[kind]).measures.values():
        low, high = measure.intervals[1:].T
        there = np.isfinite(low)  # some are of fewer than five samples: those without a region
        assert there.any() or measure.name.startswith("empty")
        assert (low[there] <= measure.scores[1:][there] + 1e-9).all()
        assert (measure.scores[1:][there] <= high[there] + 1e-9).all()


def test_wilsons_interval_by_hand() -> None:
    np.testing.assert_allclose(wilson(np.array([0.5, 1.0]), 10), [[0.2366, 0.7634], [0.7225, 1.0]], atol=1e-4)


def test_correlation_is_that_of_numpy_and_undefined_without_variation() -> None:
    rng = np.random.default_rng(0)
    answers, truth = rng.normal(size=(3, 40)), rng.normal(size=40)
    answers[1] = 0.1
    answers[2] = 1.7e9 + 1e-3 * answers[0]  # a large offset and a small unit
    measure = Measure(OUTPUTS["regression"].output_metrics["r"], answers[..., None], truth)
    whole = [np.corrcoef(answers[0], truth)[0, 1], np.nan, np.corrcoef(answers[2], truth)[0, 1]]
    np.testing.assert_allclose(measure.scores, whole, atol=1e-9)
    assert np.isnan(measure.intervals[1]).all()


def test_a_rate_of_a_class_that_a_slice_lacks_is_undefined_and_the_others_are_those_of_the_slice() -> None:
    graded = grade(swept("detection"), OUTPUTS["detection"])
    belongs = graded.slices["answer"]
    found = measure_slices(graded.measures["apcer"], (1, 7), belongs)
    assert found.names == ("high", "low")
    assert np.isnan(found.scores[0]).all()
    np.testing.assert_allclose(found.scores[1], graded.measures["apcer"].scores[[1, 7]])
    assert found.counts.tolist() == [[0, 0], [belongs.count("low")] * 2]


@pytest.mark.parametrize("kind", CLASSES)
def test_negative_flips_are_those_of_the_logits(kind: str) -> None:
    graded = grade(swept(kind), OUTPUTS[kind])
    expected = negative_flips(graded.lattice.logits, graded.lattice.target)
    np.testing.assert_allclose(negative_flip_shares(graded.right), expected)


def test_hardness_is_what_other_models_get_wrong() -> None:
    right = np.array([[True] * 3, [True, True, False], [True, False, False], [True, False, False]])
    assert hardness([right]) == ("easy for other models", "in between", "hard for other models")
    assert thirds(np.arange(6), ("a", "b", "c")) == ("a", "a", "b", "b", "c", "c")


# Failures


@pytest.mark.parametrize("kind", KINDS)
def test_the_curve_of_the_page_is_the_sum_over_all_combinations(kind: str) -> None:
    graded = grade(swept(kind), OUTPUTS[kind])
    for measure in graded.measures.values():
        for chances in (Chances({"m0": 30, "m1": 30, "m2": 30}, "all"), Chances({"m0": 10, "m1": 60, "m2": 0}, "m1")):
            line = scores_along(measure.scores, chances)
            for place in (0, 20, len(RATES) - 1):
                failure = chances.failure.copy() if not chances.shared else np.full(3, RATES[place])
                if not chances.shared:
                    failure[1] = RATES[place]
                assert line[place] == pytest.approx(brute_force(measure, failure))


def brute_force(measure: Measure, failure: np.ndarray) -> float:
    total, mass = 0.0, 0.0
    for on in itertools.product((False, True), repeat=len(failure)):
        if any(on):
            weight = np.prod([1 - p if there else p for p, there in zip(failure, on, strict=True)])
            total += weight * measure.scores[sum(1 << m for m, there in enumerate(on) if there)]
            mass += weight
    return total / mass


@pytest.mark.parametrize("kind", KINDS)
def test_simulated_failures_agree_with_the_closed_form(kind: str) -> None:
    for measure in grade(swept(kind), OUTPUTS[kind]).measures.values():
        found = simulate(measure, [0.2, 0.5, 0.4], rounds=300)
        assert found.errors_from(expected_score(measure.scores, [0.2, 0.5, 0.4])) < 5
        assert found.draws > 100


def test_a_simulation_refuses_what_leaves_nothing() -> None:
    measure = Measure(OUTPUTS["regression"].output_metrics["mae"], np.zeros((4, 3, 1)), np.zeros(3))
    for failure in ([1.0, 1.0], [0.5, 1.5]):
        with pytest.raises(ValueError, match=r"leave no input|between 0 and 1"):
            simulate(measure, failure)


# Certainty and pairs


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_answer_has_its_calibration(kind: str) -> None:
    graded = grade(swept(kind), OUTPUTS[kind])
    for mask in range(1, 8):
        found = trust(OUTPUTS[kind], graded.lattice, mask)
        assert all(np.isfinite(value) for value in found.numbers.values())
        assert len(found.curve.said) == len(found.curve.seen) == len(found.curve.count)
        assert found.about


def test_a_temperature_that_is_wrong_by_a_factor_is_found() -> None:
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(7, 3000, 3)) * 2
    shares = np.exp(logits[0]) / np.exp(logits[0]).sum(1, keepdims=True)
    target = np.array([rng.choice(3, p=row) for row in shares])
    names = tuple(map(str, range(3000)))
    keys = tuple(c.key for c in ToyTask().info.modalities.subsets())
    everything = np.ones((3000, 3), bool)
    found = Sweep(keys, logits * 3, logits, None, target, everything, names, names)
    seen = trust(OUTPUTS["classification"], grade(found, OUTPUTS["classification"]).lattice, 1)
    assert seen.numbers["temperature"] == pytest.approx(3, rel=0.1)
    assert seen.numbers["ece_after"] < 0.05 < seen.numbers["ece_before"]
    assert "has not been predicted yet" in seen.about


def test_the_calibration_of_pixels_is_that_of_their_probabilities() -> None:
    task, bins = ToyTask("segmentation"), 5
    method, samples = method_of("dropout", task), task.samples("test")
    seen = trust(task.info.output, grade(sweep(method, samples), task.info.output).lattice, 5)
    combination = task.info.modalities.parse("m0-m2")
    said = (
        logits_of(method, samples, method.modalities.mask(combination, len(samples))).sigmoid().double().numpy().ravel()
    )
    there = samples.target.numpy().ravel()
    place = np.minimum((said * bins).astype(int), bins - 1)
    gaps = [abs((said[place == b] - there[place == b]).sum()) for b in range(bins)]
    assert seen.numbers["ece"] == pytest.approx(sum(gaps) / len(said), abs=2e-3)
    assert seen.curve.count.sum() == len(said)


def test_answers_that_were_stored_without_probabilities_say_so() -> None:
    found = swept("segmentation")
    older = Sweep(**{**vars(found), "logits": found.logits[..., :-1]})
    lattice = grade(older, OUTPUTS["segmentation"]).lattice
    with pytest.raises(DataError, match="without the probabilities"):
        trust(OUTPUTS["segmentation"], lattice, 1)


@pytest.mark.parametrize("kind", ["classification", "regression"])
def test_what_is_fitted_on_validation_is_measured_on_all_test_samples(kind: str) -> None:
    task = ToyTask(kind)
    method, output = method_of("dropout", task), OUTPUTS[kind]
    found, validation = (grade(sweep(method, task.samples(name)), output).lattice for name in ("test", "valid"))
    seen = trust(output, found, 3, validation)
    assert f"the validation split ({len(validation.ids)} samples)" in seen.about
    curve = seen.mended or seen.curve
    assert curve.count.max() <= len(found.ids)
    if kind == "classification":
        assert curve.count.sum() == len(found.ids)
        assert seen.numbers["ece_before"] == seen.numbers["ece"]
        heat = fit_temperature(validation.logits[3], validation.target.astype(int))
        assert seen.numbers["temperature"] == pytest.approx(heat)
    else:
        errors = np.abs(validation.logits[3, :, 0] - validation.target)
        width = np.sort(errors)[int(np.ceil(0.9 * (len(errors) + 1))) - 1]
        assert seen.numbers["width"] == pytest.approx(width)
        inside = np.abs(found.logits[3, :, 0] - found.target) <= width
        assert seen.numbers["coverage"] == pytest.approx(inside.mean())


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_against_itself_is_a_draw(kind: str) -> None:
    graded = grade(swept(kind), OUTPUTS[kind])
    found = paired_model_test(graded, graded, next(iter(graded.measures)))
    assert not found.difference.any()
    assert not found.interval[1:].any()
    assert (found.p[1:] == 1).all()
    assert not found.won.any()


def test_only_the_same_samples_can_be_compared() -> None:
    first, second = swept("classification"), swept("classification", "joint")
    graded = grade(first, OUTPUTS["classification"])
    fewer = grade(imputation.only(second, second.ids[:10]), OUTPUTS["classification"])
    with pytest.raises(DataError, match="different samples"):
        paired_model_test(graded, fewer, "accuracy")


# Charts and the report


def scored(*names: str, score: float) -> score_lattice.Scored:
    return score_lattice.Scored(names, score, score - 0.05, score + 0.05, f"{score:.0%}", "-".join(names))


def test_keys_walk_the_lattice() -> None:
    nodes = [scored("a", score=0.9), scored("b", score=0.5), scored("a", "b", score=0.95)]
    frame = score_lattice.Frame({"a": "A", "b": "B"}, {"a": "#000000", "b": "#ffffff"}, "a-b", True, True)
    drawn = score_lattice.svg(nodes, frame, "title")
    whole = re.search(r'data-pick="a-b" data-keys="([^"]*)"', drawn)
    alone = re.search(r'data-pick="b" data-keys="([^"]*)"', drawn)
    assert whole is not None
    assert alone is not None
    assert whole[1].split() == ["ArrowDown:b", "a:b", "b:a"], "down takes away what costs most"
    assert alone[1].split() == ["ArrowUp:a-b", "a:a-b"]
    assert "−45" in drawn


@pytest.mark.parametrize("count", [2, 3, 4])
def test_the_numbers_on_the_lines_do_not_cover_each_other(count: int) -> None:
    names = "abcd"[:count]
    subsets = [each for size in range(1, count + 1) for each in itertools.combinations(names, size)]
    nodes = [scored(*each, score=0.2 * len(each)) for each in subsets]
    for selected in subsets:
        frame = score_lattice.Frame(
            {n: n for n in names}, dict.fromkeys(names, "#000000"), "-".join(selected), True, True
        )
        drawn = score_lattice.svg(nodes, frame, "title")
        labels = re.findall(r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="13"', drawn)
        assert labels
        for (x, y, wide), (x2, y2, _) in itertools.combinations([tuple(map(float, each)) for each in labels], 2):
            assert abs(y - y2) >= 12 or abs(x - x2) >= wide - 4, selected


def test_names_from_data_cannot_leave_a_drawing() -> None:
    evil = '"><script>alert(1)</script>'
    cell = heatmap.Cell(evil, 0.5, evil, "#000000", evil)
    drawn = heatmap.grid(
        [heatmap.Head("x", (True,))], [(heatmap.Head("y", label=evil), [cell])], [("A", "#000000")], evil
    )
    figure = Figure("x", evil, drawn, (evil,), [(evil,)], evil)
    page = document(evil, [Fact(evil, evil, evil)], {evil: [figure]}, [(evil, evil, evil)])
    assert "<script" not in drawn
    assert "<script" not in page


def test_the_numbers_of_a_figure_are_a_table() -> None:
    figure = Figure("x", "X", "<svg></svg>", ("a", "b"), [("one, two", 0.123456789)], "note")
    lines = figure.csv.splitlines()
    assert lines[0] == "# note"
    assert list(csv.reader(io.StringIO("\n".join(lines[1:])))) == [["a", "b"], ["one, two", "0.123457"]]


def test_a_document_asks_for_nothing_from_outside() -> None:
    figure = Figure("x", "X", '<svg xmlns="http://www.w3.org/2000/svg"></svg>', ("a",), [(1,)])
    made = datetime(2026, 1, 2, tzinfo=UTC).isoformat()
    page = document("T", [Fact("View", "here", "http://localhost/x"), Fact("Made", made)], {"S": [figure]})
    assert outside(page) == ["http://localhost/x"]
    assert "<script" not in page


def outside(page: str) -> list[str]:
    """Every address that the page names in a place where a browser would go there."""
    return re.findall(r"(?:src|href|url\(|@import)\s*=?\s*[\"'(]?(https?://[^\"')\s]+)", page)


def test_a_combination_without_a_score_has_a_dash_in_the_lattice_and_bends_no_number() -> None:
    names = (("a",), ("b",), ("a", "b"))
    scored = [
        score_lattice.Scored(each, value, value - 0.1, value + 0.1, "–" if np.isnan(value) else f"{value:.1f}", "words")
        for each, value in zip(names, (0.5, np.nan, 0.9), strict=True)
    ]
    colours = {"a": "#111111", "b": "#222222"}
    frame = score_lattice.Frame({"a": "A", "b": "B"}, colours, "a-b", True, True)
    drawn = score_lattice.svg(scored, frame, "ACER")
    assert "nan" not in drawn
    assert "–" in drawn
