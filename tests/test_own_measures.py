"""Measures of dominance of a registered model equal brute force on the module itself, called sample by sample."""

from __future__ import annotations

from functools import cache
from itertools import permutations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from mmlab.analysis.base.sampling import complete_samples
from mmlab.analysis.dominance.perturbations import OWN_RULE, ProbeBudget, Probes, Probing, probe
from mmlab.analysis.dominance.report import DominanceReport, dominance_report, lattice_of
from mmlab.foreign.adapter import RegisteredModel
from mmlab.foreign.opening import adapted
from mmlab.foreign.task import RegisteredTask, task_class
from mmlab.inference.sweep import sweep
from tests.own_models import SHAPES, Shape

pytestmark = pytest.mark.filterwarnings("ignore")
FEW = ProbeBudget(12, 12, 2, 1)
CLASSIFY = ["trio", "siamese", "single_stream", "none"]
Numbers = NDArray[np.float64]


@cache
def measured(name: str) -> tuple[Shape, RegisteredTask, RegisteredModel, DominanceReport, Probes]:
    shape = SHAPES[name]()
    said = shape.registration
    task = task_class(said, said.name, (said.name,))()
    method = adapted(said, task.info)
    samples = task.samples("test")
    probes = probe(method, samples, FEW)
    found = dominance_report(lattice_of(sweep(method, samples)), method.output, method.modalities, probes, OWN_RULE)
    return shape, task, method, found, probes


def direct(name: str, rows: dict[str, int], present: frozenset[str]) -> Numbers:
    """What the module answers where each input comes from the sample `rows` names, and only those in `present`."""
    shape, _, method, *_ = measured(name)
    data, inputs = shape.registration.data, shape.registration.inputs
    sample = {key: data[row][key] for each, row in rows.items() for key in inputs[each].keys}
    with torch.no_grad():
        answer = shape.direct(method.module, sample, {each: each in present for each in inputs})
    return answer[0].double().numpy()


def worth(name: str, kind: str, logits: Numbers, row: int) -> float:
    label = measured(name)[0].registration.data[row]["label"]
    if kind == "right":
        return float(logits.argmax() == label)
    chance = np.exp(logits - logits.max())
    return float(chance[label] / chance.sum())


def nothing(name: str) -> Numbers:
    """What the answer to nothing is said to be: how often each class is right, each counted once more."""
    labels = [sample["label"] for sample in measured(name)[0].registration.data]
    counts = np.bincount(labels, minlength=3) + 1
    return np.log(counts / counts.sum())


@pytest.mark.parametrize("kind", ["right", "probability"])
@pytest.mark.parametrize("name", CLASSIFY)
def test_shapley_values_are_the_mean_gain_over_every_order_of_arrival(name: str, kind: str) -> None:
    shape, _, _, found, _ = measured(name)
    names, count = list(shape.registration.inputs), len(shape.registration.data)

    @cache
    def value(present: frozenset[str]) -> float:
        rows = range(count)
        answers = [direct(name, dict.fromkeys(names, r), present) if present else nothing(name) for r in rows]
        return float(np.mean([worth(name, kind, answer, r) for r, answer in zip(rows, answers, strict=True)]))

    orders = list(permutations(names))
    for place, each in enumerate(names):
        gains = [value(frozenset(o[: o.index(each) + 1])) - value(frozenset(o[: o.index(each)])) for o in orders]
        told = found.row(f"shapley:{kind}").numbers[place].value
        assert told == pytest.approx(float(np.mean(gains)), abs=1e-5)
    for place, each in enumerate(names):
        rest = frozenset(names) - {each}
        if kind == "right":
            lost = value(frozenset(names)) - value(rest)
            assert found.row("dropped").numbers[place].value == pytest.approx(lost, abs=1e-5)
            assert found.row("alone").numbers[place].value == pytest.approx(value(frozenset([each])), abs=1e-5)


@pytest.mark.parametrize("name", CLASSIFY)
def test_the_perceptual_score_is_what_permuting_an_input_of_the_module_costs(name: str) -> None:
    shape, task, method, found, _ = measured(name)
    names = list(shape.registration.inputs)
    chosen = complete_samples(task.samples("test"), FEW.samples)
    drawn = Probing.of(method, chosen, FEW, 0, lambda _: None).permutations
    numbers = [task.samples("test").ids.index(each) for each in chosen.ids]
    whole = frozenset(names)

    def score(permuted: str, order: NDArray[np.int64]) -> float:
        rows = [{**dict.fromkeys(names, r), permuted: numbers[o]} for r, o in zip(numbers, order, strict=True)]
        pairs = zip(rows, numbers, strict=True)
        return float(np.mean([worth(name, "right", direct(name, mixed, whole), r) for mixed, r in pairs]))

    straight = np.arange(len(numbers))
    for place, each in enumerate(names):
        lost = score(each, straight) - np.mean([score(each, order) for order in drawn[place]])
        assert found.row("perceptual").numbers[place].value == pytest.approx(lost, abs=1e-6)


@pytest.mark.parametrize("name", [name for name in CLASSIFY if name != "trio"])
def test_the_additive_stand_in_is_that_of_all_pairs_of_the_modules_answers(name: str) -> None:
    shape, task, _, found, probes = measured(name)
    paired = probes.found["emap"]["paired"]
    chosen = complete_samples(task.samples("test"), FEW.samples)
    numbers = [task.samples("test").ids.index(each) for each in chosen.ids]
    first, second = shape.registration.inputs
    pairs = np.array(
        [[direct(name, {first: i, second: j}, frozenset((first, second))) for j in numbers] for i in numbers]
    )
    additive = pairs.mean(1) + pairs.mean(0) - pairs.mean((0, 1))
    own = np.mean([worth(name, "right", pairs[k, k], r) for k, r in enumerate(numbers)])
    without = np.mean([worth(name, "right", additive[k], r) for k, r in enumerate(numbers)])
    assert paired[0].tolist() == pytest.approx([own, without])
    assert found.row("emap").numbers[0].value == pytest.approx(own - without)
