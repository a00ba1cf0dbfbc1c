"""The complete training plan of a run: the requested settings over the defaults of the task and the method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mmlab.core.backbone import merged
from mmlab.core.backbone_families import BACKBONES, TakesTexts, as_read, chosen
from mmlab.core.errors import Unsupported
from mmlab.core.method import METHODS, Method
from mmlab.core.options import build
from mmlab.core.task import Task
from mmlab.core.training_plan import Plan
from mmlab.inference.cached_features import any_cached


def whole_plan(method: str, asked: Mapping[str, Any], task: Task) -> Plan:
    """The whole plan of a run. Who gives the number of epochs has it: nothing is searched unless they ask for it.

    Raises DataError for a value that does not fit.
    """
    usual = default_plan(task, METHODS[method])
    encoders = merged(str(usual.get("encoders", "")), str(asked.get("encoders", "")))
    if "epochs" in asked or encoders:
        usual = {**usual, "search": False}
    made = build(Plan, {**usual, **asked, "encoders": encoders})
    _check_tokens(task, made)
    if any_cached(as_read(task.info, made)):  # features are those of the samples as they are
        made = replace(made, augment=False, move=False, warp=False, input_dropout=0.0)
    return made


def _check_tokens(task: Task, plan: Plan) -> None:
    """Raise Unsupported where a model with a tokenizer of its own would read whole words, and nobody asked for that."""
    backbones = chosen(plan.encoders, task.info.modalities)
    for name in task.taken_as_words() if backbones and isinstance(task, TakesTexts) else ():
        if name in backbones and BACKBONES[backbones[name].family].has_tokens:
            encoder = backbones[name].encoder
            raise Unsupported(
                f"'{task.info.modalities[name].label}' would reach {encoder} as whole words, "
                "though that model has a tokenizer of its own.",
                f"Let it be used: python -m mmlab tokens FOLDER --by {encoder} (or keep words: --by words).",
            )


def default_plan(task: Task, kind: type[Method]) -> dict[str, Any]:
    """What of the training plan differs from `Plan` before anybody asks for more: the method's own before the task's,
    since a learning rate belongs to the optimiser that it names.
    """
    source = "both" if "real" in task.sources() else "built-in"
    return {"source": source, **task.plan, **kind.plan}
