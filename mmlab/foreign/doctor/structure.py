"""Building: whether the builder works, is deterministic, returns an eager module, and registers all its parts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import nn

from mmlab.core.errors import MmlabError
from mmlab.foreign.building import build, unwrapped
from mmlab.foreign.calling import signature_of
from mmlab.foreign.calls import submodules
from mmlab.foreign.doctor.examined_model import ExaminedModel, StopExamination
from mmlab.foreign.doctor.findings import Finding

LARGE = 500_000_000
HELD = frozenset(vars(nn.Module()))  # what torch itself keeps on a module


def check(patient: ExaminedModel) -> Iterator[Finding]:
    """What can be said before anything is run."""
    try:
        module = patient.make()
    except MmlabError as error:
        raise StopExamination(Finding("build", "error", error.message, error.hint)) from error
    registration = patient.registration
    if isinstance(module, torch.jit.ScriptModule):
        yield Finding(
            "build",
            "warning",
            "The module is a ScriptModule, into which nobody can look.",
            "Register the eager module that it was made from.",
            why="Answers can be had; layers, Grad-CAM and the embedding cannot.",
        )
    yield from _hidden(module)
    if not isinstance(registration.model, nn.Module):
        yield from _twice(patient, module)
    if not any(True for _ in module.parameters()):
        yield Finding("build", "warning", "The module has no parameters.", "Is it the one that was meant?")
    try:
        signature_of(module, registration)
    except MmlabError as error:
        raise StopExamination(Finding("call", "error", error.message, error.hint, _forward(module))) from error


def _forward(module: nn.Module) -> str:
    """Where its forward stands."""
    code = getattr(getattr(type(module), "forward", None), "__code__", None)
    return f"({Path(code.co_filename).name}, line {code.co_firstlineno})" if code is not None else ""


def _hidden(module: nn.Module) -> Iterator[Finding]:
    """Modules and parameters in plain lists and dicts, which torch does not see."""
    known = {id(each) for each in (*module.modules(), *module.parameters())}
    for path, each in [("", module), *submodules(module).items()]:
        for name, value in vars(each).items():
            if name in HELD:
                continue
            kind = _strangers(value, known)
            if kind:
                owner = f"{path}.{name}" if path else name
                fix = "nn.ModuleList or nn.ModuleDict" if kind == "modules" else "nn.ParameterList, or register_buffer"
                yield Finding(
                    "build",
                    "error",
                    f"'{owner}' holds {kind} in a {type(value).__name__}, which torch does not see.",
                    f"Use {fix}.",
                    why="They are in no state_dict, stay behind when the model moves, and keep their training mode.",
                )


def _strangers(value: Any, known: set[int]) -> str:
    if not isinstance(value, list | tuple | dict | set):
        return ""
    strange = [each for each in (value.values() if isinstance(value, dict) else value) if id(each) not in known]
    if any(isinstance(each, nn.Module) for each in strange):
        return "modules"
    return "parameters" if any(isinstance(each, nn.Parameter) for each in strange) else ""


def _twice(patient: ExaminedModel, module: nn.Module) -> Iterator[Finding]:
    """A builder that draws its weights gives another model each time."""
    if sum(parameter.numel() for parameter in module.parameters()) > LARGE:
        return
    again = build(patient.registration)
    if unwrapped(again) is module:
        return
    mine, its = module.state_dict(), again.state_dict()
    different = [name for name in mine if name not in its or not _equal(mine[name], its[name])]
    if different:
        yield Finding(
            "build",
            "error",
            f"Building twice gives two models: '{different[0]}' differs.",
            "Load the weights in the function that builds, or set a seed there.",
            why="What was measured would not be what answers.",
        )


def _equal(one: Any, other: Any) -> bool:
    if not isinstance(one, torch.Tensor) or not isinstance(other, torch.Tensor):
        return True
    return one.shape == other.shape and bool(((one == other) | (one != one) & (other != other)).all())
