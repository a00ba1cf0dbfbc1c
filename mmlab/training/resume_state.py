"""The state from which a killed training resumes: one safetensors file of tensors and numbers, no pickle."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import safetensors.torch
import torch
from pydantic import Field
from safetensors import SafetensorError
from torch import Tensor
from typing_extensions import TypedDict

from mmlab.core.errors import CheckpointError, MmlabError
from mmlab.storage import checkpoints, safetensors_header, strict_json
from mmlab.storage.atomic_files import write_atomically
from mmlab.storage.file_schemas import Count, Seconds

STATE = "resume.safetensors"
MOST_VALUES = 5 * checkpoints.MOST_VALUES  # the weights, the best ones, and what the optimiser keeps of each
KEPT_BY_ADAM, KEPT_BY_SGD = ("step", "exp_avg", "exp_avg_sq"), ("momentum_buffer",)
AGAIN = "Give this run a name of its own with --tag, or begin anew with --restart."


class Numbers(TypedDict):
    """`State` without its weights."""

    epoch: Count
    best_epoch: Annotated[int, Field(ge=-1, le=10**6)]
    best: float
    seconds: Seconds


class Notes(TypedDict):
    """The notes beside the tensors."""

    state: Numbers
    groups: Annotated[list[dict[str, Any]], Field(max_length=64)]
    settings: dict[str, Any]


@dataclass
class State:
    """The state of a training: the next epoch, the best one so far with its weights, and the time taken."""

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


def read(
    file: Path,
    place: torch.device,
    settings: Mapping[str, Any],
    as_now: Callable[[dict[str, Any]], dict[str, Any]] = dict,
    parameters: int = 0,
) -> Saved:
    """Read what `write` wrote, with the best weights on the training's device.

    as_now: the settings that an earlier version wrote, as they are called now. parameters: how many the method has.
    Raises CheckpointError for a damaged file and for one of a run with other settings.
    """
    try:
        header = safetensors_header.read(file)
        if header.values > max(MOST_VALUES, 6 * parameters):
            raise ValueError("larger than any run of ours")
        meta = strict_json.fit(json.loads(header.metadata["mmlab"]), Notes, "its notes", refuse=CheckpointError)
        tensors = safetensors.torch.load_file(str(file))
        entries = _optimiser_state(tensors)
    except (MmlabError, SafetensorError, OSError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise CheckpointError(f"The unfinished run in {file.parent.name} is damaged.", AGAIN) from error
    wanted = json.loads(json.dumps(dict(settings)))
    if meta["settings"].get("data") != wanted.get("data"):
        raise CheckpointError(f"The data has changed since the unfinished run in {file.parent.name} began.", AGAIN)
    if _translated(meta["settings"], as_now) != wanted:
        raise CheckpointError(f"The unfinished run in {file.parent.name} had other options.", AGAIN)

    best = {name: value.to(place) for name, value in _under("best/", tensors).items()}
    state = State(**{name: meta["state"][name] for name in Numbers.__annotations__}, best_weights=best or None)
    return Saved(state, _under("weights/", tensors), {"state": entries, "param_groups": meta["groups"]})


def _translated(settings: dict[str, Any], as_now: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    """The settings as they are called now; as they were written where that makes no sense."""
    try:
        return as_now(settings)
    except (AttributeError, LookupError, TypeError, ValueError):
        return settings


@contextmanager
def fitting(folder: Path) -> Iterator[None]:
    """For loading what was saved into the networks and the optimiser of the run in `folder`.

    Raises CheckpointError where torch finds that it does not fit them.
    """
    try:
        yield
    except (RuntimeError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise CheckpointError(
            f"The unfinished run in {folder.name} is damaged: it fits no such model.", AGAIN
        ) from error


def check_shapes(optimiser: torch.optim.Optimizer) -> None:
    """Raises ValueError where what is kept of a parameter is not as large as it is; torch itself does not look."""
    kept = KEPT_BY_SGD if isinstance(optimiser, torch.optim.SGD) else KEPT_BY_ADAM
    for parameter, entry in optimiser.state.items():
        shapes = {name: value.shape for name, value in entry.items()}
        if shapes != {name: torch.Size() if name == "step" else parameter.shape for name in kept}:
            raise ValueError("of another shape than its parameter")


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _optimiser_state(tensors: Mapping[str, Tensor]) -> dict[int, dict[str, Tensor]]:
    """The tensors of each parameter by its number. Raises ValueError for names of another shape."""
    entries: dict[int, dict[str, Tensor]] = defaultdict(dict)
    for name, value in _under("optimiser/", tensors).items():
        index, field = name.split("/")
        entries[int(index)][field] = value
    return dict(entries)
