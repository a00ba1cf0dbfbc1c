"""The duration, augmentation and encoder of a training on small data, selected on validation beforehand.

Tables of the same size can ask for the opposite: 8 passes and half of the numbers hidden, or 160 passes and nothing
changed; a hidden layer, or no more than a linear model. So a small network (modality dropout) tries each before the
method itself is trained: first what to do with the samples, then twice as many epochs as long as that is better. All
methods and seeds of a task share what is found.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
import torch

from mmlab.core.backbone_families import as_read
from mmlab.core.batch import Samples
from mmlab.core.method import METHODS
from mmlab.core.options import as_dict, build
from mmlab.core.task import Task
from mmlab.core.training_plan import Plan
from mmlab.inference.device import device
from mmlab.storage import disk_cache
from mmlab.training.loop import Progress, Trainer

VERSION = 3
PILOT, STAGE = "dropout", "search"
FEWEST, FIRST = 10, 20
VARIED: tuple[dict[str, Any], ...] = (  # how samples are varied and read; the first of equals is taken
    {"augment": False, "input_dropout": 0.0, "encoder": "linear"},
    {"augment": False, "input_dropout": 0.4, "encoder": "hidden"},
    {"augment": True, "input_dropout": 0.0, "encoder": "hidden"},
    {"augment": False, "input_dropout": 0.0, "encoder": "hidden"},
)
FEW_COLUMNS = 8  # numbers of an input: when two fifths of fewer are hidden, nothing is left too often


def search_plan(
    task: Task, plan: Plan, seed: int, training: Samples, validation: Samples
) -> Generator[Progress, None, Plan]:
    """The plan with the epochs (at most `plan.epochs`) and the way in VARIED that are best on validation.

    Yields the progress of each trial, in the stage `search`. Found once per version of the data, then remembered.
    """
    name = f"{task.name}-plan-{_key(task, plan, seed)}"
    stored = disk_cache.load(name)
    if stored is not None:
        return build(Plan, {**as_dict(plan), "search": False, **{key: value.item() for key, value in stored.items()}})

    def score(**changes: Any) -> Generator[Progress, None, float]:
        return (yield from _tried(task, replace(plan, search=False, **changes), training, validation))

    first = min(FIRST, plan.epochs)
    scores, ways = [], _ways(task)
    for varied in ways:
        scores.append((yield from score(epochs=first, **varied)))
    best, varied = max(scores), ways[int(np.argmax(scores))]
    epochs = first
    fewer = yield from score(epochs=min(FEWEST, first), **varied)
    if fewer > best:
        best, epochs = fewer, min(FEWEST, first)
    for longer in _doubled(first, plan.epochs) if epochs == first else ():
        found = yield from score(epochs=longer, **varied)
        if found <= best:
            break
        best, epochs = found, longer
    chosen = {"epochs": epochs, **varied}
    disk_cache.save(name, {key: np.array(value) for key, value in chosen.items()})
    return build(Plan, {**as_dict(plan), "search": False, **chosen})


def _ways(task: Task) -> list[dict[str, Any]]:
    """Those of VARIED that fit the task's inputs."""
    is_narrow = any(prod(each.shape) < FEW_COLUMNS for each in task.info.modalities)
    return [each for each in VARIED if not (is_narrow and each["input_dropout"])]


def _doubled(first: int, most: int) -> Iterator[int]:
    """Twice the epochs, again and again, up to the most."""
    while first < most:
        first = min(2 * first, most)
        yield first


def _tried(task: Task, plan: Plan, training: Samples, validation: Samples) -> Generator[Progress, None, float]:
    """Train the pilot by this plan; its score on validation, larger for better whatever the metric."""
    kind = METHODS[PILOT]
    torch.manual_seed(0)
    pilot = kind(as_read(task.info, plan), kind.Config()).to(device())
    trainer = Trainer(task, pilot, plan, 0, None, device(), {}, training, validation)
    for progress in trainer.epochs():
        yield replace(progress, stage=STAGE)
    return float(np.nan_to_num(trainer.state.best, neginf=-np.inf))


def _key(task: Task, plan: Plan, seed: int) -> str:
    """Everything that the answer depends on; of the seed only where it decides which samples lack what."""
    return disk_cache.cache_key(VERSION, task.describe(), as_dict(plan), seed if plan.missing else 0)
