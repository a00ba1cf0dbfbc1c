"""Not wrong but worth knowing: size, time, and predictions no better than chance."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import singledispatch

import torch
from torch import Tensor

from mmlab.core.outputs import Classification, Multilabel, Output, Regression
from mmlab.foreign.doctor.examined_model import ExaminedModel
from mmlab.foreign.doctor.findings import Finding

FEWEST, MOST = 40, 100  # samples that chance is told on
LARGE = 4 * 2**30
LONG = 600.0  # seconds


def check(patient: ExaminedModel) -> Iterator[Finding]:
    """Estimates from what ran."""
    assert patient.module is not None
    assert patient.samples is not None
    size = sum(each.numel() * each.element_size() for each in patient.module.parameters())
    if size > LARGE:
        yield Finding(
            "size", "warning", f"The weights take {size / 2**30:.1f} GB.", "Other models are put out of memory."
        )
    start = time.perf_counter()
    patient.run(rows=[0])
    each = time.perf_counter() - start
    whole = each * len(patient.samples) * len(patient.modalities.subsets())
    if whole > LONG:
        yield Finding(
            "time",
            "warning",
            f"All combinations of {len(patient.samples):,} samples take about {whole / 60:.0f} minutes.",
            "Register fewer: samples=200.",
        )
    if each * MOST < 10:
        yield from _chance(patient)


@torch.no_grad()
def _chance(patient: ExaminedModel) -> Iterator[Finding]:
    assert patient.samples is not None
    rows = patient.samples.present.all(1).nonzero()[:, 0]
    if len(rows) < FEWEST:
        return
    rows = rows[torch.linspace(0, len(rows) - 1, min(MOST, len(rows))).long()]
    batch = patient.samples.batch(rows)
    parts = [
        patient.ready()
        .direct(
            {name: value[i : i + 1] for name, value in batch.inputs.items()},
            patient.modalities.mask(patient.modalities.full, 1),
        )
        .logits
        for i in range(len(rows))
    ]
    yield from _no_better(patient.registration.output, torch.cat(parts), batch.target)


@singledispatch
def _no_better(output: Output, logits: Tensor, target: Tensor) -> Iterator[Finding]:
    """Answers no better than chance, where it is known what chance makes."""
    return iter(())


@_no_better.register
def _classes(output: Classification, logits: Tensor, target: Tensor) -> Iterator[Finding]:
    right = float((logits.argmax(1) == target).float().mean())
    most = float(torch.bincount(target).max()) / len(target)
    if right <= max(1 / output.channels, most) + 1e-9:
        yield Finding(
            "chance",
            "warning",
            f"{right:.0%} of {len(target)} answers are right, no more than by chance.",
            "Were the weights loaded, and are the samples prepared as in training?",
        )


@_no_better.register
def _labels(output: Multilabel, logits: Tensor, target: Tensor) -> Iterator[Finding]:
    found = output.metrics(logits, target)["auroc"]
    if found <= 0.5:
        yield Finding(
            "chance",
            "warning",
            f"A sample with a label gets a higher probability of it than one without in {found:.0%} of the cases, no "
            "more than by chance.",
            "Were the weights loaded, are the samples prepared as in training, and is the order of the labels the "
            "model's?",
        )


@_no_better.register
def _numbers(output: Regression, logits: Tensor, target: Tensor) -> Iterator[Finding]:
    error = float((logits[:, 0] - target).abs().mean())
    plain = float((target - target.median()).abs().mean())
    if error >= plain:
        yield Finding(
            "chance",
            "warning",
            f"The mean error is {error:.3g}; always answering the median makes {plain:.3g}.",
            "Were the weights loaded, and are the samples prepared as in training?",
        )
