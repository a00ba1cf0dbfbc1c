"""Named layers, for Grad-CAM and for the embedding: whether they exist, run, and are plausible."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import replace

import torch

from mmlab.core.errors import MmlabError
from mmlab.foreign.calls import Call, caught
from mmlab.foreign.cam_layers import CamLayer, Layer, cam_layer_of
from mmlab.foreign.doctor.examined_model import ExaminedModel
from mmlab.foreign.doctor.findings import Finding
from mmlab.foreign.error_location import in_one_line
from mmlab.foreign.inputs import Input
from mmlab.foreign.tracing import Seen, Trace, trace


def check(patient: ExaminedModel) -> Iterator[Finding]:
    """Every name that was given, against what a pass showed."""
    assert patient.module is not None
    registration = patient.registration
    named = {name: given for name, given in registration.inputs.items() if given.look and given.look != "input"}
    places = [
        (what, text)
        for what, text in (("embedding", registration.embedding), ("variance", registration.variance))
        if text
    ]
    if not named and not places:
        return
    with torch.no_grad():
        seen = trace(patient.module, patient.ready().caller, patient.inputs)
    for what, text in places:
        yield from _place(patient, seen, what, text.partition(":")[0], text.partition(":")[2])
    for name, given in named.items():
        yield from _look(patient, seen, name, given)


def _place(patient: ExaminedModel, seen: Trace, what: str, path: str, side: str) -> Iterator[Finding]:
    if side not in ("", "in"):
        yield Finding(
            "layers", "error", f"{what}= ends in ':{side}'.", 'Write "module", or "module:in" for what goes in.'
        )
    elif path not in patient.below:
        yield Finding("layers", "error", f"{what}= names '{path}', and there is no such module.", _near(path, patient))
    elif not any(each.call.path == path for each in seen.calls):
        yield Finding(
            "layers",
            "error",
            f"{what}= names '{path}', which is never called in a pass.",
            "Name a module that forward calls.",
        )
    else:
        runner = replace(patient.ready(), embedding=f"{path}:{side}" if side else path)
        mask = patient.modalities.mask(patient.modalities.full, patient.count)
        with torch.no_grad():
            answer = runner.direct(patient.inputs, mask)
        if len(answer.mean) != patient.count:
            yield Finding("layers", "error", f"{what}= at '{path}' has not one row per sample.", "Name another module.")


def _near(path: str, patient: ExaminedModel) -> str:
    close = difflib.get_close_matches(path, patient.below, n=1)
    last = ", ".join(list(patient.below)[-4:])
    return f"Did you mean '{close[0]}'?" if close else f"The last ones are: {last}."


def _look(patient: ExaminedModel, seen: Trace, name: str, given: Input) -> Iterator[Finding]:
    try:
        call = Call.parse(given.look)
    except MmlabError as error:
        yield Finding("layers", "error", error.message, error.hint)
        return
    calls = [each for each in seen.calls if each.call.path == call.path]
    if call.path not in patient.below:
        yield Finding(
            "layers",
            "error",
            f"look= of '{name}' names '{call.path}', and there is no such module.",
            _near(call.path, patient),
        )
        return
    if not calls or call.index >= len(calls):
        what = "which is never called in a pass" if not calls else f"which is called {len(calls)} times in one pass"
        yield Finding(
            "layers", "error", f"look= of '{name}' names '{given.look}', {what}.", "Name a call that happens."
        )
        return
    if len(calls) > 1 and "#" not in given.look:
        last = f'"{call.path}#{len(calls) - 1}"'
        yield Finding(
            "layers",
            "error",
            f"'{call.path}' is called {len(calls)} times in one pass.",
            f'Say which: look="{call.path}#0" to {last}.',
            why="The map of one input would be shown for another.",
        )
        return
    chosen = next(each for each in calls if each.call == call)
    yield from _owner(chosen, name)
    yield from _shape(patient, chosen, name, given)


def _owner(chosen: Seen, name: str) -> Iterator[Finding]:
    if name not in chosen.sees:
        other = " and ".join(f"'{each}'" for each in sorted(chosen.sees)) or "no input"
        yield Finding(
            "layers",
            "error",
            f"'{chosen.call}' sees {other}, not '{name}'.",
            "Name a layer of this input.",
            why="The map would be another input's.",
        )
    elif len(chosen.sees) > 1:
        yield Finding(
            "layers",
            "warning",
            f"'{chosen.call}' sees {len(chosen.sees)} inputs, '{name}' among them.",
            'Name a layer that sees this input alone, or "input".',
            why="The map shows where all of them act together.",
        )


def _shape(patient: ExaminedModel, chosen: Seen, name: str, given: Input) -> Iterator[Finding]:
    shape = patient.modalities[name].shape
    look = (
        CamLayer(chosen.call, "own", (), given.reshape)
        if given.reshape
        else cam_layer_of(chosen.call, chosen.layer, shape[1:] or shape)
    )
    if look is None:
        yield _no_map(chosen.layer, chosen.call, name)
        return
    mask = patient.modalities.mask(patient.modalities.full, patient.count)
    inputs = {each: value.clone().requires_grad_() for each, value in patient.inputs.items()}
    assert patient.module is not None
    with torch.enable_grad(), caught(patient.module, [chosen.call], differentiate=True) as found:
        total = patient.registration.output.score_of_answer(patient.ready().direct(inputs, mask).logits).sum()
    if chosen.call not in found or not total.requires_grad:
        return
    gradient = torch.autograd.grad(total, found[chosen.call], allow_unused=True)[0]
    if gradient is None:
        yield Finding(
            "layers",
            "error",
            f"At '{chosen.call}' no gradient arrives, so the map of '{name}' is empty.",
            "Name a layer on the way to the answer.",
        )
        return
    try:
        maps = look.maps(gradient)
    except Exception as error:
        yield Finding(
            "layers",
            "error",
            f"reshape= of '{name}' fails on {tuple(gradient.shape)}: {in_one_line(error)}",
            "Mend it.",
        )
        return
    if maps.dim() != 2 + len(shape[1:] or shape) or len(maps) != patient.count:
        yield Finding(
            "layers",
            "error",
            f"reshape= of '{name}' gives the shape {tuple(maps.shape)}.",
            "Give (batch, channels, *places).",
        )
        return
    tokens = gradient.abs().sum(-1) if gradient.dim() == 3 and look.form != "maps" else None
    if tokens is not None and bool((tokens[:, 1:] == 0).all()):
        yield Finding(
            "layers",
            "error",
            f"At '{chosen.call}' gradient reaches the first token only, so the map of '{name}' is empty.",
            "Look at the last block's norm1.",
        )
    elif not bool((maps != 0).any()):
        yield Finding(
            "layers",
            "error",
            f"At '{chosen.call}' no gradient arrives, so the map of '{name}' is empty.",
            "Name a layer on the way to the answer.",
        )


def _no_map(layer: Layer, call: Call, name: str) -> Finding:
    shape = layer.shape
    what = (
        f"{shape[1]} tokens, which lie in no rectangle of its proportions" if len(shape) == 3 else f"the shape {shape}"
    )
    return Finding(
        "layers",
        "error",
        f"At '{call}' the result for '{name}' has {what}.",
        "Give reshape=, from that result to (batch, channels, *places).",
    )
