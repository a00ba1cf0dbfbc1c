"""What holds for every method, on every kind of output that it supports. Each check raises AssertionError."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mmlab.core.batch import Batch
from mmlab.core.method import METHODS, Method
from mmlab.core.options import build
from mmlab.core.outputs.label_masks import UNLABELLED
from mmlab.core.task import TaskInfo
from mmlab.core.training_plan import Plan
from mmlab.inference.representation import represent
from mmlab.inference.sweep import fuse_all
from mmlab.testing.toy_task import OUTPUTS, ToyTask
from mmlab.training.loop import Trainer

COUNTS = (2, 3, 4)
STRANGE = (1e3, torch.nan)


def check_method(name: str) -> None:
    """Run the whole contract on a registered method: seconds to a minute. Raises AssertionError, or what it raises."""
    for kind, count in cases(name):
        method, batch = settled(name, kind, count)
        for check in CHECKS:
            check(method, batch)
    for kind in METHODS[name].supports & set(OUTPUTS):
        every_parameter_learns(learner(name, kind))
    if "segmentation" in METHODS[name].supports:
        nothing_is_learned_where_nobody_labelled(name)


def cases(name: str) -> Iterator[tuple[str, int]]:
    """The kinds of output and numbers of modalities that a method is examined on."""
    kind_of = METHODS[name]
    for kind in OUTPUTS:
        for count in COUNTS:
            if (count < 4 or kind != "segmentation") and not kind_of.unsupported_reason(ToyTask(kind, count).info):
                yield kind, count


def made(name: str, kind: str = "classification", count: int = 3, seed: int = 0, **config: Any) -> Method:
    """A method that learned nothing, the same at every call."""
    torch.manual_seed(seed)
    method = METHODS[name]
    return method(ToyTask(kind, count).info, build(method.Config, config))


def teachers(method: type[Method] | Method, info: TaskInfo) -> Mapping[str, Method]:
    """The teachers that it asks for, untrained."""
    found = {}
    for name in method.teachers:
        torch.manual_seed(9)
        found[name] = METHODS[name](info, build(METHODS[name].Config, {})).eval()
    return found


def trainer(
    name: str,
    kind: str = "classification",
    count: int = 3,
    folder: Path | None = None,
    gaps: float = 0.0,
    epochs: int = 0,
    **config: Any,
) -> Trainer:
    """A short training of a method on a toy; half as many epochs where it answers with regions, which cost most,
    unless it is given how many."""
    task = ToyTask(kind, count, gaps)
    method = made(name, kind, count, **config)
    return Trainer(
        task=task,
        method=method,
        plan=build(Plan, {"epochs": epochs or (4 if kind == "segmentation" else 8), "batch_size": 32}),
        seed=3,
        folder=folder,
        place=torch.device("cpu"),
        teachers=teachers(method, task.info),
        training=task.samples("train"),
        validation=task.samples("valid"),
    )


def learner(name: str, kind: str) -> Trainer:
    """The training of `every_parameter_learns`: long enough for two stages, and for what is done every second epoch."""
    return trainer(name, kind, 2 if kind == "segmentation" else 3, epochs=4)


def settled(name: str, kind: str, count: int) -> tuple[Method, Batch]:
    """A method whose batch statistics have seen data, in eval mode, and a batch."""
    task = ToyTask(kind, count)
    method = made(name, kind, count)
    batch = task.samples("train").batch(range(8))
    method.before_training(task.samples("train"))
    method.train()
    for _ in range(3):
        method(batch.inputs, batch.present)
    return method.eval(), batch


def every_answer_is_finite_and_of_the_right_shape(method: Method, batch: Batch) -> None:
    """For each combination: logits, embedding, and a variance above zero where there is one."""
    shape = (len(batch), method.output.channels, *batch.target.shape[2:])
    for fused in fuse_all(method, batch.inputs, method.modalities.subsets()):
        assert fused.logits.shape == shape, f"logits are {tuple(fused.logits.shape)}, not {shape}"
        assert fused.mean.ndim == 2, "the embedding is no vector"
        assert torch.isfinite(fused.logits).all(), "a logit is not finite"
        assert torch.isfinite(fused.mean).all(), "an embedding is not finite"
        if fused.variance is not None:
            assert fused.variance.shape == fused.mean.shape
            assert (fused.variance > 0).all(), "a variance is not above zero"


def what_is_absent_has_no_influence(method: Method, batch: Batch) -> None:
    """Neither a strange value nor NaN in a modality that is absent changes an answer."""
    for combination in method.modalities.subsets():
        absent = [n for n in method.modalities.names if n not in combination]
        mask = method.modalities.mask(combination, len(batch))
        expected = method(batch.inputs, mask).logits
        inputs = {n: v if n in combination else _strange(v) for n, v in batch.inputs.items()}
        found = method(inputs, mask).logits
        for number, strange in enumerate(STRANGE):
            rows = slice(number, None, len(STRANGE))
            _same(found[rows], expected[rows], f"{strange} in {absent} leaks")


def _strange(values: Tensor) -> Tensor:
    """Samples of nothing but one of the strange values, in turn."""
    marks = torch.tensor(STRANGE).repeat(len(values))[: len(values)]
    return marks.view(-1, *[1] * (values.dim() - 1)).expand_as(values).to(values)


def _same(found: Tensor, expected: Tensor, message: str | None = None) -> None:
    """`assert_close`, which takes longer than most models here where there is nothing to say."""
    if not torch.equal(found, expected):
        torch.testing.assert_close(found, expected, msg=message)


def an_absent_modality_gets_no_gradient(method: Method, batch: Batch) -> None:
    """Nothing flows back into what is absent."""
    for combination in method.modalities.subsets()[:-1]:
        inputs = {n: v.clone().requires_grad_() for n, v in batch.inputs.items()}
        method(inputs, method.modalities.mask(combination, len(batch))).logits.sum().backward()
        for other, value in inputs.items():
            if other not in combination:
                assert value.grad is None or not value.grad.any(), f"{other} is absent and gets a gradient"


def encoding_once_equals_encoding_for_each_combination(method: Method, batch: Batch) -> None:
    """All combinations from one pass through the encoders, one by one, and mixed in one batch: the same answers."""
    combinations = method.modalities.subsets()
    once = fuse_all(method, batch.inputs, combinations)
    for combination, fused in zip(combinations, once, strict=True):
        single = method(batch.inputs, method.modalities.mask(combination, len(batch)))
        _same(fused.logits, single.logits)
    mixed = torch.cat([method.modalities.mask(c, len(batch)) for c in combinations])
    repeated = {n: v.repeat(len(combinations), *[1] * (v.dim() - 1)) for n, v in batch.inputs.items()}
    _same(method(repeated, mixed).logits, torch.cat([f.logits for f in once]))


def the_order_of_the_inputs_is_irrelevant(method: Method, batch: Batch) -> None:
    """A dictionary of inputs has no order."""
    turned = dict(reversed(list(batch.inputs.items())))
    _same(method(turned, batch.present).logits, method(batch.inputs, batch.present).logits)


def grad_cam_has_maps_of_every_input(method: Method, batch: Batch) -> None:
    """The layers that it looks at are passed, whatever network reads an input, and the answer depends on them."""
    found = method.evidence(batch.inputs, batch.present, lambda logits: logits.flatten(1).square().sum(1))
    for name in method.modalities.names:
        pairs = found.layers[name]
        assert pairs, f"{name} has no layer to look at"
        assert all(value.shape[0] == len(batch) and value.dim() > 1 for value, _ in pairs), f"{name} has no maps"
        assert any(bool(slope.any()) for _, slope in pairs), f"no answer depends on the layers of {name}"


def every_parameter_learns(run: Trainer) -> None:
    """In a short training every parameter moves, every loss is above zero once, every combination is measured."""
    before = {n: p.detach().clone() for n, p in run.method.named_parameters()}
    moved: set[str] = set()
    seen: dict[str, float] = {}
    for progress in run.epochs():
        moved |= {n for n, p in run.method.named_parameters() if not torch.equal(p, before[n])}
        for term, value in progress.losses.items():
            seen[term] = max(seen.get(term, 0.0), abs(value))
        assert progress.metrics.keys() == {c.key for c in run.method.modalities.subsets()}
    assert moved == set(before), f"never moved: {sorted(set(before) - moved)}"
    assert all(value > 0 for value in seen.values()), seen


def nothing_is_learned_where_nobody_labelled(name: str) -> None:
    """After a short training the same weights, whatever a target says of pixels without a label; others where these
    count as empty. Mining, stages and teachers included."""
    first, same, empty = (_learned(name, mark) for mark in (UNLABELLED, UNLABELLED - 99, 0))
    assert all(torch.equal(one, other) for one, other in zip(first, same, strict=True)), "an unlabelled pixel teaches"
    assert not all(torch.equal(one, other) for one, other in zip(first, empty, strict=True)), "no pixel teaches"


def _learned(name: str, mark: int) -> list[Tensor]:
    """What a method has learned from regions of which half of the pixels have this mark."""
    run = trainer(name, "segmentation", 2)
    for split in ("training", "validation"):
        samples = getattr(run, split).take(32)
        unlabelled = torch.rand(samples.target[:, :1].shape, generator=torch.Generator().manual_seed(1)) > 0.5
        target = torch.where(unlabelled, mark, samples.target.to(torch.int8)).to(torch.int8)
        setattr(run, split, replace(samples, target=target))
    torch.manual_seed(0)
    for _ in run.epochs():
        pass
    return list(run.method.state_dict().values())


def what_it_represents_is_one_space_of_what_is_there(method: Method, batch: Batch) -> None:
    """Where a representation is declared: as many numbers for every combination, and nothing of what is absent."""
    if not method.representation:
        return
    widths = set()
    for combination in method.modalities.subsets():
        code = represent(method, batch.inputs, combination)
        widths.add(code.shape[1])
        inputs = {n: v if n in combination else torch.full_like(v, 1e3) for n, v in batch.inputs.items()}
        _same(represent(method, inputs, combination), code, "what is absent shows in the code")
    assert len(widths) == 1, f"a code has {sorted(widths)} numbers, depending on what is there"


CHECKS = (
    every_answer_is_finite_and_of_the_right_shape,
    what_is_absent_has_no_influence,
    an_absent_modality_gets_no_gradient,
    encoding_once_equals_encoding_for_each_combination,
    the_order_of_the_inputs_is_irrelevant,
    grad_cam_has_maps_of_every_input,
    what_it_represents_is_one_space_of_what_is_there,
)
