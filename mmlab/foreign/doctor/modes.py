"""Evaluation mode: whether two passes agree, nothing stays in training mode, and no state is kept between passes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from mmlab.foreign.calls import submodules
from mmlab.foreign.doctor.examined_model import ExaminedModel
from mmlab.foreign.doctor.findings import Finding
from mmlab.foreign.trees import same_numbers

POINTS = 6  # of a pass at which another one comes between


def check(patient: ExaminedModel) -> Iterator[Finding]:
    """Modes, state, and passes that run into each other."""
    assert patient.module is not None
    stuck = [path for path, each in patient.below.items() if each.training]
    if patient.module.training:
        stuck = ["the module itself", *stuck]
    if stuck:
        yield Finding(
            "eval",
            "error",
            f"After eval() {_quoted(stuck[0])} is still in training mode.",
            "An overridden train() must take mode and return super().train(mode).",
            why="Dropout and batch statistics would change the answers.",
        )
    before = _state(patient)
    first = patient.run()
    after = _state(patient)
    changed = [name for name in before if not _equal(before[name], after[name])]
    if changed:
        yield Finding(
            "eval",
            "error",
            f"A pass in eval changes '{changed[0]}'.",
            "Update buffers and counters only where self.training is set.",
            why="The same input would be answered differently later.",
        )
    second = patient.run()
    if not same_numbers(first.logits, second.logits, 1e-6):
        yield Finding(
            "eval",
            "error",
            f"Two passes on the same samples differ (by {float((first.logits - second.logits).abs().max()):.2g}).",
            "Pass training=self.training to functional.dropout, and draw nothing at random in eval.",
            why="No number could be repeated.",
        )
        return
    yield from _interleaved(patient, second.logits)


def _quoted(name: str) -> str:
    return name if name.startswith("the ") else f"'{name}'"


def _state(patient: ExaminedModel) -> dict[str, Any]:
    assert patient.module is not None
    kept = {
        name: value.detach().clone() for name, value in patient.module.state_dict().items() if isinstance(value, Tensor)
    }
    buffers = {f"{name} ": value.detach().clone() for name, value in patient.module.named_buffers() if name not in kept}
    return {**kept, **buffers}


def _equal(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and bool(((one == other) | (one != one) & (other != other)).all())


def _interleaved(patient: ExaminedModel, alone: Tensor) -> Iterator[Finding]:
    """Another pass between two steps of one, as when two threads ask: what is kept on `self` is then another's."""
    assert patient.module is not None
    other = {name: value.flip(0) if len(value) > 1 else value + 1 for name, value in patient.inputs.items()}
    state = {"inside": False, "left": POINTS}

    def between(*_: object) -> None:
        if state["inside"] or not state["left"]:
            return
        state["inside"], state["left"] = True, int(state["left"]) - 1
        try:
            patient.run(other=other)
        finally:
            state["inside"] = False

    leaves = [each for each in submodules(patient.module).values() if not any(True for _ in each.children())]
    handles = [each.register_forward_hook(between) for each in leaves]
    try:
        mixed = patient.run().logits
    except RuntimeError:
        mixed = torch.full_like(alone, torch.nan)
    finally:
        for handle in handles:
            handle.remove()
    if not same_numbers(alone, mixed, 1e-5):
        yield Finding(
            "threads",
            "warning",
            "A pass keeps something on self that a second pass at the same time overwrites.",
            "Hand values on as arguments and results instead of on self.",
            why="mmlab calls the model one at a time; a server with threads would give one visitor another's answer.",
        )
