"""A checkpoint: weights with the card from which the model is rebuilt, and beside them its results.

`model.safetensors` holds the state dict and one metadata entry, `mmlab`, a JSON card. `report.json` and
`sweep.npz` can be made again. No pickle; everything is written to a temporary name, then put in place.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError

from mmlab.core.errors import CheckpointError, MmlabError, TaskMismatch
from mmlab.core.method import METHODS, Method
from mmlab.core.task import TASKS, TaskInfo
from mmlab.storage import safetensors_header, strict_json
from mmlab.storage.atomic_files import write_atomically
from mmlab.storage.file_schemas import Card
from mmlab.storage.progress_file import PROGRESS as PROGRESS
from mmlab.storage.report_file import REPORT as REPORT

FORMAT = 1
MODEL, SWEEP = "model.safetensors", "sweep.npz"
COMPACT = (",", ":")  # between the parts of JSON
LARGEST = 64 * 2**20
WITH_BACKBONES = 64  # times as large may a model with large networks be
MOST_VALUES = 2**25  # numbers in all tensors of a model: 128 MB once they are in single precision
LARGEST_INPUT = 2**22  # numbers in one input of a task that is not here
HINT = "Train the model again (measure it again, if it is your own), or remove the folder."


@dataclass(frozen=True)
class Loaded:
    """A method rebuilt from a checkpoint, with its card and the digest of its file."""

    method: Method
    card: Mapping[str, Any]
    digest: str


def round_to_half(method: Method) -> None:
    """Round the parameters to half precision, in place, so that what is measured is what is stored."""
    stored = method.state_dict().keys()
    with torch.no_grad():
        for name, parameter in method.named_parameters():
            if name in stored:  # frozen weights are found again as they are
                parameter.copy_(parameter.half().float())


def save(path: Path, method: Method, card: Mapping[str, Any]) -> str:
    """Write `method` (parameters in half precision, buffers in full) and return the digest of the file."""
    names = {name for name, _ in method.named_parameters()}
    state = {
        name: (value.half() if name in names else value).cpu().contiguous()
        for name, value in method.state_dict().items()
    }
    content = safetensors.torch.save(state, encode_card(card))
    write_atomically(path / MODEL, content)
    return hashlib.sha256(content).hexdigest()


def digest_of(path: Path) -> str:
    """The digest of the checkpoint in folder `path`, by its file alone. Raises CheckpointError where there is none."""
    try:
        with (path / MODEL).open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except FileNotFoundError as error:
        raise CheckpointError(f"There is no checkpoint in {path.name}.", "Train the model first.") from error


def encode_card(card: Mapping[str, Any]) -> dict[str, str]:
    """A card as the header of a checkpoint holds it."""
    return {"mmlab": json.dumps({"format": FORMAT, **card})}


def read_card(path: Path) -> dict[str, Any]:
    """The card of the checkpoint folder `path`, from the header alone. Raises CheckpointError."""
    file = path / MODEL
    if not file.is_file():
        raise CheckpointError(f"{_name(path)} has no {MODEL}.", HINT)
    try:
        content = str(safetensors_header.read(file).metadata.get("mmlab", "null")).encode()
    except CheckpointError as error:
        raise CheckpointError(f"{_name(path)} is damaged or is not a checkpoint: {error.message}", HINT) from error
    card = strict_json.decode(content, f"The card of {_name(path)}", HINT, refuse=CheckpointError)
    if not isinstance(card, dict) or card.get("format") != FORMAT:
        raise CheckpointError(f"{_name(path)} was not made by this version of mmlab.", HINT)
    found: dict[str, Any] = strict_json.fit(card, Card, f"The card of {_name(path)}", HINT, CheckpointError)
    return found


def config_of(card: Mapping[str, Any]) -> Mapping[str, Any]:
    """The options that a card's model has, as they are called now, whichever version wrote it.

    Raises CheckpointError for a card that does not hold what it must.
    """
    try:
        return METHODS[card["method"]].stored_config(TaskInfo.from_card(card["task"]), card["config"])
    except (MmlabError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise CheckpointError("A checkpoint's card does not hold together.", HINT) from error


def load(path: Path, place: torch.device | str = "cpu") -> Loaded:
    """Rebuild the model of the checkpoint folder `path`, in eval mode. Raises CheckpointError."""
    card = read_card(path)
    header = safetensors_header.read(path / MODEL)
    info = _info(path, card)
    times = WITH_BACKBONES if info.backbones else 1
    if header.size > times * LARGEST or header.values > times * MOST_VALUES:
        raise CheckpointError(f"{_name(path)} is larger than {times * 64} MB.", "mmlab's models are far smaller.")
    content = (path / MODEL).read_bytes()
    try:
        state = {name: _full(value) for name, value in safetensors.torch.load(content).items()}
        method = METHODS[card["method"]].rebuild(info, card, state, place)
    except MmlabError as error:
        raise CheckpointError(f"{_name(path)} cannot be used: {error.message}", error.hint) from error
    except (SafetensorError, RuntimeError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise CheckpointError(f"{_name(path)} does not fit its card.", HINT) from error
    return Loaded(method.eval(), card, hashlib.sha256(content).hexdigest())


def _info(path: Path, card: Mapping[str, Any]) -> TaskInfo:
    """The task of a card, before a network is built for it: as it is here, or within bounds where it is not.

    Raises CheckpointError, and TaskMismatch where the task has other inputs or answers here.
    """
    try:
        info = TaskInfo.from_card(card["task"])
        too_large = any(prod(item.shape) > LARGEST_INPUT for item in info.modalities) or info.output.channels > 1000
    except MmlabError as error:
        raise CheckpointError(f"{_name(path)} cannot be used: {error.message}", error.hint) from error
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise CheckpointError(f"{_name(path)} does not fit its card.", HINT) from error
    here = TASKS[info.name].info if info.name in TASKS else None
    if here is not None and (info.modalities, info.output) != (here.modalities, here.output):
        is_foreign = card["method"] in METHODS and not METHODS[card["method"]].trained_here
        hint = METHODS[card["method"]].missing_hint if is_foreign else "Train it again."
        raise TaskMismatch(f"{_name(path)} was made for other inputs or answers than '{info.name}' has now.", hint)
    if too_large and here is None:
        raise CheckpointError(f"{_name(path)} is for inputs or answers that are too large.", HINT)
    return info


def read_json(file: Path) -> Any:
    """The content of a JSON file. Raises CheckpointError where it is missing or damaged."""
    try:
        return strict_json.decode(file.read_bytes(), file.name)
    except (OSError, MmlabError) as error:
        raise CheckpointError(
            f"{file.parent.name}/{file.name} is missing or damaged.",
            "Run `python -m mmlab evaluate` to make it again.",
        ) from error


def write_json(file: Path, content: Any) -> None:
    """Write JSON in one piece and on one line, for a library holds hundreds of reports.

    What is not a number, such as the rate of a class without samples, becomes null.
    """
    text = json.dumps(_without_nan(content), separators=COMPACT, allow_nan=False)
    write_atomically(file, f"{text}\n".encode())


def _without_nan(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_nan(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def _full(value: torch.Tensor) -> torch.Tensor:
    return value.float() if value.dtype == torch.float16 else value


def _name(path: Path) -> str:
    return f"The checkpoint {'/'.join(path.parts[-3:])}"
