"""What holds for every metric. Raises AssertionError."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmlab.core.metric import METRICS, OutputMetric
from mmlab.core.outputs import ALL_KINDS, Output, Regression, SemanticSegmentation
from mmlab.testing.toy_task import OUTPUTS, ToyTask

STEPPED = Regression(-3.0, 3.0, whole_steps=True)
LARGEST = 9.0  # the logit of a certain answer
RIGHT: dict[str, Callable[[Output, Tensor], Tensor]] = {  # the logits of perfect answers
    "classification": lambda output, target: LARGEST * torch.nn.functional.one_hot(target, output.channels).float(),
    "detection": lambda output, target: LARGEST * torch.nn.functional.one_hot(target, output.channels).float(),
    "multilabel": lambda output, target: LARGEST * (2 * target.float() - 1),
    "regression": lambda output, target: target[:, None].float(),
    "segmentation": lambda output, target: LARGEST * (2 * target.float() - 1),
}


def check_metric(name: str) -> None:
    """Compute a registered metric of right and of wrong answers, for every kind of output that it applies to."""
    kinds = METRICS[name].kinds
    assert kinds <= ALL_KINDS, f"there is no kind of output named {', '.join(sorted(kinds - ALL_KINDS))}"
    for kind in sorted(kinds):
        output, target = OUTPUTS[kind], ToyTask(kind).samples("test").target
        if not METRICS[name].is_for(output):  # of kinds that share a picture alone
            output = SemanticSegmentation(output.targets)
        if kind == STEPPED.kind and not METRICS[name]().parts(output):  # of a scale with whole steps alone
            output, target = STEPPED, target * STEPPED.high
        found = {whole: each for whole, each in output.output_metrics.items() if isinstance(each.metric, METRICS[name])}
        assert name in {whole[: len(name)] for whole in found}, f"it has no value for {kind}"
        right = RIGHT[kind](output, target)
        noise = torch.randn(right.shape, generator=torch.Generator().manual_seed(0))
        perfect, guessed = (_kept(output, logits, target) for logits in (right, noise))
        for each in found.values():
            right_answers_are_best(each, perfect, guessed)
            weights_are_repeated_samples(each, guessed)
            no_samples_have_no_score(each, guessed)


Kept = tuple[NDArray[np.generic], NDArray[np.generic]]


def right_answers_are_best(metric: OutputMetric, perfect: Kept, guessed: Kept) -> None:
    """A number for right answers and for guesses, the first better; a share lies between 0 and 1."""
    best, other = metric.of(*perfect), metric.of(*guessed)
    assert math.isfinite(best + other), f"{metric.name} has no value: {best}, {other}"
    assert best > other if metric.higher_is_better else best < other, f"{metric.name}: {best} for right, {other}"
    if metric.is_share:
        assert max(abs(other - 0.5), abs(best - 0.5)) <= 0.5, f"{metric.name} is a share, and {best} or {other}"


def weights_are_repeated_samples(metric: OutputMetric, kept: Kept) -> None:
    """Counting a sample twice is having it twice, several weightings are given at once, and order does not matter."""
    answers, truth = kept
    times = np.arange(len(truth)) % 3
    rows = np.repeat(np.arange(len(truth)), times)[::-1]
    both = metric.weighted(answers, truth, np.stack([times, np.ones(len(truth))]).astype(np.float64))
    assert both.shape == (2,), f"{metric.name} gives {both.shape} for two weightings"
    expected = [metric.of(answers[rows], truth[rows]), metric.of(answers, truth)]
    np.testing.assert_allclose(both, expected, atol=1e-9, err_msg=metric.name)


def no_samples_have_no_score(metric: OutputMetric, kept: Kept) -> None:
    """NaN, without a warning, where nothing counts: as for every rate of a class without samples."""
    answers, truth = kept
    with np.errstate(all="raise"):
        assert math.isnan(metric.of(answers[:0], truth[:0])), f"{metric.name} has a value without samples"
        assert np.isnan(metric.weighted(answers, truth, np.zeros((1, len(truth))))).all(), f"{metric.name} of weights 0"


def _kept(output: Output, logits: Tensor, target: Tensor) -> Kept:
    return output.summarise(logits, target).numpy(), output.condense_target(target).numpy()
