"""How parameters move and by what an epoch is kept: optimisers, learning rates, selection, presets."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from mmlab.core.errors import CheckpointError, UnknownName
from mmlab.core.method import METHODS
from mmlab.core.options import build
from mmlab.core.training_plan import Plan
from mmlab.inference.sweep import mean_metrics, metrics, sweep
from mmlab.methods.dimml import DIMML
from mmlab.testing.method_contract import made, settled, trainer
from mmlab.testing.toy_task import ToyTask
from mmlab.training import optimisation, selection
from mmlab.training.resume_state import STATE


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        ({"schedule": "constant"}, {0.0: 1, 0.99: 1}),
        ({"schedule": "tenths", "fall": 0.7}, {0.0: 1, 0.69: 1, 0.7: 0.1, 0.99: 0.1}),
        ({"schedule": "tenths", "fall": 0.4667}, {0.4: 1, 0.5: 0.1, 0.95: 0.01}),
        ({"schedule": "sixths"}, {0.025: 0.5, 0.1: 1, 1 / 6: 0.1, 2 / 6: 0.01, 3 / 6: 0.001, 0.99: 0.001}),
        ({"schedule": "polynomial"}, {0.0: 1, 0.5: 0.5**0.9, 0.75: 0.25**0.9}),
        ({"schedule": "cycle"}, {0.05: 0.55, 0.1: 1, 0.55: 0.5}),
    ],
)
def test_a_learning_rate_by_hand(plan: dict[str, object], expected: dict[float, float]) -> None:
    built = build(Plan, plan)
    for share, value in expected.items():
        assert optimisation.factor(built, share) == pytest.approx(value), share


@pytest.mark.parametrize(
    ("name", "steps"), [("sgd", (0.9, 0.71)), ("nesterov", (0.81, 0.539)), ("adam", (0.9, 0.8)), ("adamw", (0.9, 0.8))]
)
def test_two_steps_of_each_optimiser_by_hand(name: str, steps: tuple[float, float]) -> None:
    """A gradient of 1 at a rate of 0.1: with momentum 0.9 the second step is 1.9 times the first."""
    weight = torch.nn.Parameter(torch.tensor([1.0]))
    moving = optimisation.optimiser(
        build(Plan, {"optimiser": name, "learning_rate": 0.1, "weight_decay": 0.0}), [weight]
    )
    for value in steps:
        weight.grad = torch.ones(1)
        moving.step()
        assert float(weight.detach()) == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize("name", ["sgd", "nesterov", "adam"])
def test_a_killed_run_of_every_optimiser_goes_on_to_the_same_result(name: str, tmp_path: Path) -> None:
    plan = build(Plan, {"epochs": 4, "batch_size": 32, "optimiser": name, "schedule": "sixths"})
    straight, broken = trainer("dropout"), trainer("dropout", folder=tmp_path)
    straight.plan = broken.plan = plan
    for _ in straight.epochs():
        pass
    next(broken.epochs())
    finished = trainer("dropout", folder=tmp_path)
    finished.plan = plan
    for _ in finished.epochs():
        pass
    for key, value in straight.method.state_dict().items():
        assert torch.equal(finished.method.state_dict()[key], value), key


def test_an_unfinished_run_of_a_version_with_fewer_options_goes_on(tmp_path: Path) -> None:
    next(trainer("mmanet", folder=tmp_path).epochs())
    file = tmp_path / STATE
    tensors = safetensors.torch.load_file(file)
    with safetensors.safe_open(file, "pt") as opened:
        notes = json.loads(opened.metadata()["mmlab"])
    for group, names in {"plan": ("optimiser", "schedule", "fall"), "config": ("softened",)}.items():
        for name in names:
            del notes["settings"][group][name]
    safetensors.torch.save_file(tensors, file, {"mmlab": json.dumps(notes)})
    with pytest.raises(CheckpointError, match="had other options"):
        next(trainer("mmanet", folder=tmp_path, softened=False).epochs())
    assert [progress.epoch for progress in trainer("mmanet", folder=tmp_path).epochs()] == list(range(1, 8))


def test_an_epoch_is_chosen_by_the_mean_by_complete_input_or_by_a_mask_drawn_for_each_sample() -> None:
    method, _ = settled("dropout", "classification", 2)
    samples = ToyTask("classification", 2, gaps=0.4).samples("valid")
    found = sweep(method, samples)
    output, modalities = method.output, method.modalities
    table = metrics(found, output, modalities)

    def score(rule: str, seed: int = 0) -> float:
        return selection.score(rule, found, table, output, modalities, torch.Generator().manual_seed(seed))

    assert score("mean") == mean_metrics(table)[output.headline]
    assert score("full") == table[modalities.full.key][output.headline]
    drawn = {score("random_mask", seed) for seed in range(20)}
    assert len(drawn) > 3
    assert score("random_mask", 5) == score("random_mask", 5)
    right = found.logits.argmax(-1) == found.target
    of = {(True, False): [0], (False, True): [1], (True, True): [0, 1, 2]}  # what can be drawn from what is there
    own = [right[of[tuple(there)], n] for n, there in enumerate(found.present.tolist())]
    assert np.mean([each.min() for each in own]) <= min(drawn) <= max(drawn) <= np.mean([each.max() for each in own])


def test_the_last_epoch_is_kept_where_the_plan_says_so_and_its_own_score_is_stated() -> None:
    """By scores that fall, a plan that chooses keeps the first epoch."""
    found = {}
    for rule in ("mean", "last"):
        run = trainer("dropout")
        run.plan = build(Plan, {"epochs": 4, "batch_size": 32, "select": rule, "patience": 1})
        scores = iter([0.9, 0.5, 0.7, 0.2])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(selection, "score", lambda *_, these=scores: next(these))
            weights = [{n: v.clone() for n, v in run.method.state_dict().items()} for _ in run.epochs()]
        kept = run.state.best_epoch
        assert all(torch.equal(weights[kept][name], value) for name, value in run.method.state_dict().items())
        found[rule] = kept, run.validation_score()
    assert found == {"mean": (0, 0.9), "last": (3, 0.2)}


def test_a_gradient_is_logged_before_it_is_clipped(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = next(trainer("dropout").epochs()).gradient_norm
    monkeypatch.setattr(optimisation, "LONGEST", 1e-9)
    run = trainer("dropout")
    run.plan = build(Plan, {"epochs": 8, "batch_size": 96})  # one step, before which nothing can differ
    clipped = next(run.epochs()).gradient_norm
    assert usual
    assert all(value > 1e-3 for value in clipped.values())


def test_the_fusion_head_of_dimml_does_not_vote_before_it_is_trained() -> None:
    run = trainer("dimml", count=2)
    method = run.method
    assert isinstance(method, DIMML)
    batch = run.training.batch(range(16))
    for stage, votes in (("encoders", False), ("fusion", True)):
        method.train()
        method.losses(batch, run._run(next(each for each in method.stages(8) if each.name == stage), 0))
        weights = method.eval()(batch.inputs, torch.ones_like(batch.present)).extras["weights"]
        assert bool((weights[:, -1] > 0).all()) is votes
        torch.testing.assert_close(weights.sum(1), torch.ones(16))


@pytest.mark.parametrize(("name", "preset"), [(name, each.name) for name in METHODS for each in METHODS[name].presets])
def test_the_papers_settings_of_each_method_can_be_trained(name: str, preset: str) -> None:
    chosen = next(each for each in METHODS[name].presets if each.name == preset)
    kind, count, epochs = ("segmentation", 2, 4) if preset == "paper-regions" else ("classification", 3, 8)
    run = trainer(name, kind, count, **chosen.config)
    run.plan = build(Plan, {**chosen.plan, "epochs": epochs, "batch_size": 32})
    losses = [progress.losses for progress in run.epochs()]
    assert len(losses) == epochs
    assert all(np.isfinite(list(each.values())).all() for each in losses)


@pytest.mark.parametrize(
    ("name", "preset", "falls"),
    [
        ("dmrnet", "paper", [70]),
        ("ogm_ge", "paper", [70]),
        ("mmpareto", "paper", [30]),
        ("mmanet", "paper", [17, 34, 50]),
    ],
)
def test_a_preset_lowers_the_rate_after_the_epochs_of_the_released_code(
    name: str, preset: str, falls: list[int]
) -> None:
    plan = build(Plan, next(each for each in METHODS[name].presets if each.name == preset).plan)
    rates = [optimisation.factor(plan, epoch / plan.epochs) for epoch in range(plan.epochs)]
    assert [epoch for epoch in range(1, plan.epochs) if rates[epoch] < 0.5 * rates[epoch - 1]] == falls


def test_the_encoders_of_dimml_learn_with_the_released_steps_of_150_epochs() -> None:
    preset = METHODS["dimml"].presets[0]
    plan = build(Plan, preset.plan)
    first, last = (stage.epochs for stage in made("dimml", **preset.config).stages(plan.epochs))
    assert (first, last) == (150, 20)
    rates = [optimisation.factor(plan, epoch / first) for epoch in range(first)]
    assert [epoch for epoch in range(1, first) if rates[epoch] < 0.5 * rates[epoch - 1]] == [70, 140]


def test_a_preset_that_there_is_not_is_a_sentence() -> None:
    from mmlab.cli.commands.train import _preset

    assert _preset(METHODS["gmd"], "paper").plan["schedule"] == "polynomial"
    with pytest.raises(UnknownName, match="has no preset 'papers'"):
        _preset(METHODS["gmd"], "papers")


def test_a_gradient_of_an_earlier_stage_is_none_of_a_later_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """DI-MML's encoders rest while its fusion learns: they have no gradient then, and clipping counts none."""
    clipped: list[int] = []
    clip = optimisation.clip

    def counted(parameters: list[torch.nn.Parameter]) -> None:
        clipped.append(sum(parameter.grad is not None for parameter in parameters))
        clip(parameters)

    monkeypatch.setattr(optimisation, "clip", counted)
    made = trainer("dimml")
    progress = list(made.epochs())
    learning = sum(parameter.requires_grad for parameter in made.method.parameters())
    assert clipped[-1] == learning == sum(parameter.grad is not None for parameter in made.method.parameters())
    assert all(value == 0 for value in progress[-1].gradient_norm.values())
    assert all(value > 0 for value in progress[0].gradient_norm.values())
