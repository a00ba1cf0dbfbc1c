"""The two cures for dominance, OGM-GE and MMPareto: the released code's numbers, cases by hand, what a step does."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from mmlab.core.batch import Batch
from mmlab.core.method import METHODS, Method
from mmlab.core.options import build
from mmlab.losses.mmpareto import pareto_weights, rescaled
from mmlab.losses.ogm_ge import discrepancy_ratios, enhanced, modulation
from mmlab.methods.mmpareto import MMPareto
from mmlab.testing.method_contract import trainer
from mmlab.training.loop import Trainer

PARITY = Path(__file__).parent / "parity"


def load(name: str) -> dict[str, Tensor]:
    with np.load(PARITY / f"{name}.npz", allow_pickle=False) as found:
        return {key: torch.from_numpy(found[key]) for key in found.files}


@pytest.mark.parametrize("case", ["0", "1"])
def test_ogm_ge_holds_back_as_the_released_code(case: str) -> None:
    data = load("ogm_ge_modulation")
    weights = data[f"{case}_weight"].split(6, 1)
    scores = torch.stack(
        [
            (data[f"{case}_{name}"] @ weight.T + data[f"{case}_bias"] / 2)
            .softmax(1)
            .gather(1, data[f"{case}_label"][:, None])
            .sum()
            for name, weight in zip(("audio", "visual"), weights, strict=True)
        ]
    )
    torch.testing.assert_close(scores.double(), data[f"{case}_scores"], rtol=1e-5, atol=1e-6)
    ratios = discrepancy_ratios(scores)
    torch.testing.assert_close(ratios.double(), data[f"{case}_ratios"], rtol=1e-5, atol=1e-6)
    coefficients = modulation(ratios, 0.3)
    torch.testing.assert_close(coefficients.double(), data[f"{case}_coefficients"], rtol=1e-5, atol=1e-6)
    for coefficient, name in zip(coefficients, ("audio", "visual"), strict=True):
        new = enhanced(data[f"{case}_{name}_gradient"], coefficient, data[f"{case}_{name}_noise"])
        torch.testing.assert_close(new, data[f"{case}_{name}_new"], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("case", range(4))
@pytest.mark.parametrize("name", ["audio", "visual"])
def test_mmpareto_merges_as_the_released_code(name: str, case: int) -> None:
    data = load("mmpareto_gradients")
    parts = ("conv", "bias")
    flat = [torch.cat([data[f"{name}_{case}_{part}_{of}"].flatten() for part in parts]) for of in ("together", "alone")]
    weights = pareto_weights(*flat)
    torch.testing.assert_close(weights.double(), data[f"{name}_{case}_weights"], rtol=1e-5, atol=1e-6)
    for part in parts:
        together, alone = (data[f"{name}_{case}_{part}_{of}"] for of in ("together", "alone"))
        new = rescaled(together, alone, weights, 1.5)
        torch.testing.assert_close(new, data[f"{name}_{case}_{part}_new"], rtol=1e-4, atol=1e-5)


def test_ratios_of_three_modalities_are_averaged_over_the_others() -> None:
    # 6 against 3 and 2: (2 + 3) / 2; 3 against 6 and 2: (.5 + 1.5) / 2; 2 against 6 and 3: (1/3 + 2/3) / 2
    ratios = discrepancy_ratios(torch.tensor([6.0, 3.0, 2.0]))
    torch.testing.assert_close(ratios, torch.tensor([2.5, 1.0, 0.5]))
    torch.testing.assert_close(modulation(ratios, 0.0), torch.ones(3))
    held = modulation(ratios, 1.0)
    torch.testing.assert_close(held, torch.tensor([1 - float(np.tanh(2.5)), 1.0, 1.0]))


def test_the_shortest_vector_descends_both_losses() -> None:
    # 4 0 and -1 1: the shortest point between them is at (2 + 4) / (16 + 2 + 8) of the way: 3/13 and 10/13
    together, alone = torch.tensor([4.0, 0.0]), torch.tensor([-1.0, 1.0])
    weights = pareto_weights(together, alone)
    torch.testing.assert_close(weights, torch.tensor([3 / 13, 10 / 13]))
    merged = rescaled(together, alone, weights, 1.0)
    assert merged @ together > 0
    assert merged @ alone > 0
    torch.testing.assert_close(merged.norm(), (together + alone).norm())
    assert not rescaled(torch.zeros(2), torch.zeros(2), weights, 1.5).any()


def gradients(method: Method, run: Trainer, batch: Batch) -> dict[str, Tensor]:
    seen = run._run(method.stages(8)[0], 0)
    method.train().zero_grad(set_to_none=True)
    method.backward(method.losses(batch, seen), seen)
    return {name: p.grad.clone() for name, p in method.named_parameters() if p.grad is not None}


def test_only_encoders_that_are_ahead_are_held_back() -> None:
    run = trainer("ogm_ge", count=3, enhance=False, alpha=0.5)
    batch = run.training.batch(range(16))
    plain = copy.deepcopy(run.method)
    plain.config = build(METHODS["ogm_ge"].Config, {"modulate": False})
    held, whole = gradients(run.method, run, batch), gradients(plain, run, batch)
    ratios = run.method.logs()["ratios"]
    assert max(ratios.values()) > 1 > min(ratios.values())
    for name, gradient in held.items():
        owner = name.split(".")[1] if name.startswith("encoders.") else ""
        is_held = owner and ratios[owner] > 1 and gradient.dim() > 1
        coefficient = 1 - float(np.tanh(0.5 * ratios[owner])) if is_held else 1.0
        torch.testing.assert_close(gradient, whole[name] * coefficient, rtol=1e-4, atol=1e-6)


def test_mmpareto_without_its_two_ideas_adds_the_losses_up() -> None:
    run = trainer("mmpareto", count=3, pareto=False, gamma=1.0)
    batch, other = run.training.batch(range(16)), copy.deepcopy(run.method).train()
    found = gradients(run.method, run, batch)
    torch.stack(list(other.losses(batch, run._run(other.stages(8)[0], 0)).values())).sum().backward()
    for name, parameter in other.named_parameters():
        torch.testing.assert_close(found[name], parameter.grad, rtol=1e-4, atol=1e-6)


def test_mmpareto_answers_incomplete_input_by_the_heads_of_what_is_there() -> None:
    run = trainer("mmpareto", count=2)
    method, batch = run.method.eval(), run.training.batch(range(16))
    assert isinstance(method, MMPareto)
    features = method.encode(batch.inputs)
    first = torch.zeros_like(batch.present)
    first[:, 0] = True
    name = method.modalities.names[0]
    torch.testing.assert_close(method.fuse(features, first).logits, method.heads[name](features.alone[name]))
    whole = method.fuse(features, torch.ones_like(batch.present))
    torch.testing.assert_close(whole.logits, whole.extras["together"])
