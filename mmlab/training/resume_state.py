"""The state that a killed training goes on from: one safetensors file of tensors and numbers, no pickle."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from mmlab.core.errors import CheckpointError
from mmlab.storage.atomic_files import write_atomically

STATE = "resume.safetensors"


@dataclass
class State:
    """How far a training is: the next epoch, the best one so far with its weights, and the time it took."""

    epoch: int = 0
    best_epoch: int = -1
    best: float = -math.inf
    best_weights: dict[str, Tensor] | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class Saved:
    """What `read` finds: the state, the weights of the last epoch and the optimiser's state dict."""

    state: State
    weights: dict[str, Tensor]
    optimiser: dict[str, Any]


def write(
    file: Path,
    state: State,
    weights: Mapping[str, Tensor],
    optimiser: Mapping[str, Any],
    settings: Mapping[str, Any],
) -> None:
    """Write all in one file, put in place in one step. `settings` is what a run must share to go on from here."""
    tensors = {f"weights/{name}": value for name, value in weights.items()}
    tensors |= {f"best/{name}": value for name, value in (state.best_weights or {}).items()}
    for index, entry in optimiser["state"].items():
        tensors |= {f"optimiser/{index}/{name}": value for name, value in entry.items()}
    numbers = {name: value for name, value in vars(state).items() if name != "best_weights"}
    meta = json.dumps({"state": numbers, "groups": optimiser["param_groups"], "settings": dict(settings)})
    plain = {name: value.detach().cpu().clone().contiguous() for name, value in tensors.items()}
    write_atomically(file, safetensors.torch.save(plain, {"mmlab": meta}))


def read(file: Path, place: torch.device, settings: Mapping[str, Any]) -> Saved:
    """Read what `write` wrote, with the best weights on the training's device.

    Raises CheckpointError for a damaged file and for one of a run with other settings.
    """
    again = "Give this run a name of its own with --tag, or begin anew with --restart."
    try:
        with safe_open(str(file), framework="pt") as opened:
            meta = json.loads(opened.metadata()["mmlab"])
        tensors = safetensors.torch.load_file(str(file))
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"The unfinished run in {file.parent.name} is damaged.", again) from error
    wanted = json.loads(json.dumps(dict(settings)))
    if meta["settings"].get("data") != wanted.get("data"):
        raise CheckpointError(f"The data has changed since the unfinished run in {file.parent.name} began.", again)
    if meta["settings"] != wanted:
        raise CheckpointError(f"The unfinished run in {file.parent.name} had other options.", again)

    def under(prefix: str) -> dict[str, Tensor]:
        return {n.removeprefix(prefix): v for n, v in tensors.items() if n.startswith(prefix)}

    entries: dict[int, dict[str, Tensor]] = defaultdict(dict)
    for name, value in under("optimiser/").items():
        index, field = name.split("/")
        entries[int(index)][field] = value
    best = {name: value.to(place) for name, value in under("best/").items()}
    state = State(**meta["state"], best_weights=best)
    return Saved(state, under("weights/"), {"state": dict(entries), "param_groups": meta["groups"]})
