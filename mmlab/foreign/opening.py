"""From a registration to a working model: build it, run it, and trace its structure, or use the cached trace."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import nn

from mmlab.core.errors import MmlabError
from mmlab.core.task import TaskInfo
from mmlab.foreign.adapter import RegisteredModel
from mmlab.foreign.building import build
from mmlab.foreign.calling import DONORS, Caller, device_of, dtype_of, fill_of, signature_of
from mmlab.foreign.calls import Call
from mmlab.foreign.cam_layers import CamLayer
from mmlab.foreign.proving import cam_layers_of, embedding_of, replay_is_exact
from mmlab.foreign.registration import Registration
from mmlab.foreign.running import Runner
from mmlab.foreign.task import complete_inputs, layout_of, mean_of, seen_of
from mmlab.foreign.tracing import SAMPLES, Trace, trace


def runner_of(registration: Registration, module: nn.Module) -> Runner:
    """How the module is called, before anything is known of it. Raises DataError."""
    layout = layout_of(registration)
    fills = {
        packing.name: fill_of(
            registration.inputs[packing.name],
            registration.absent,
            packing,
            seen_of(registration, packing.name, place, DONORS),
            partial(mean_of, registration, packing.name, place),
        )
        for place, packing in enumerate(layout.packings)
    }
    caller = Caller(layout.packings, fills, signature_of(module, registration))
    return Runner(module, caller, registration)


def adapted(
    registration: Registration,
    info: TaskInfo,
    kind: type[RegisteredModel] = RegisteredModel,
    place: torch.device | str = "cpu",
    known: Callable[[RegisteredModel], bool] | None = None,
) -> RegisteredModel:
    """Build the module, run it, and find encoders, embedding and layers.

    known: takes over an earlier trace of the same weights, and says whether there was one.
    Raises DataError, PluginError.
    """
    module = build(registration).to(place)
    method = kind(info, registration, module)
    method.runner = runner_of(registration, module)
    method.eval()
    if known is None or not known(method):
        trace_module(method)
    return method


def trace_module(method: RegisteredModel) -> None:
    """Run the module to see what it is made of, and prove what is relied upon."""
    registration, modalities = method.registration, method.modalities
    place = device_of(method.module)
    inputs = {n: v.to(place) for n, v in complete_inputs(registration, SAMPLES).items()}
    with method.lock:
        runner = method.runner
        seen = method.trace = trace(method.module, runner.caller, inputs)
        runner = replace(runner, row_bytes=seen.bytes)
        if registration.embedding:
            runner = replace(runner, embedding=registration.embedding)
        else:
            wanted = f"{seen.embedding}:in" if seen.embedding else ""
            embedding, note = embedding_of(runner, modalities, inputs, wanted)
            runner = replace(runner, embedding=embedding)
            method.notes += [note] if note else []
        cam_layers, notes = cam_layers_of(runner, modalities, inputs, seen, registration.inputs)
        tried = replace(runner, encoders=seen.encoders)
        seen.replay = replay_is_exact(tried, modalities, inputs, dtype_of(method.module))
        method.runner = tried if seen.replay else runner
        method.cam_layer = cam_layers
        method.notes += notes
        if not seen.replay:
            method.notes.append("No encoder can be run apart: each combination runs all of the module.")


def of_card(method: RegisteredModel, kept: Mapping[str, Any]) -> bool:
    """Take over what an earlier trace found, from a card. Whether that could be."""
    try:
        encoders = {Call.parse(path): name for path, name in kept["encoders"].items()}
        cam_layers = {
            name: CamLayer(
                Call.parse(each["call"]) if each["call"] else None,
                each["form"],
                tuple(each["sizes"]),
                method.registration.inputs[name].reshape,
            )
            for name, each in kept["looks"].items()
        }
        below = dict(method.module.named_modules())
        paths = [call.path for call in encoders] + [
            cam_layer.call.path for cam_layer in cam_layers.values() if cam_layer.call
        ]
        if set(cam_layers) != set(method.modalities.names) or any(path not in below for path in paths):
            return False
        method.trace = Trace([], encoders, bool(kept["replay"]), kept["embedding"], int(kept["bytes"]))
        method.cam_layer, method.notes = cam_layers, list(kept["notes"])
        replayed = encoders if kept["replay"] else {}
        method.runner = replace(
            method.runner, embedding=kept["embedding"], encoders=replayed, row_bytes=int(kept["bytes"])
        )
    except (KeyError, TypeError, ValueError, AttributeError, MmlabError):
        return False
    return True


def trace_card(method: RegisteredModel) -> dict[str, Any]:
    """What was found out, for a card."""
    return {
        "encoders": {str(call): name for call, name in method.trace.encoders.items()},
        "replay": method.trace.replay,
        "embedding": method.runner.embedding,
        "bytes": method.runner.row_bytes,
        "looks": {name: cam_layer.card() for name, cam_layer in method.cam_layer.items()},
        "notes": method.notes,
    }
