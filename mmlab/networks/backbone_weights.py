"""Weights of large networks: read from a file without running any code, adapted, and identified by their content."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from mmlab.core.errors import DataError

NAMED = 3  # keys that a sentence names
CLASSIFIER = 2  # its weight and its bias
WRAPPERS = ("state_dict", "model", "model_state_dict")  # under which a training keeps its weights


def read(file: str) -> dict[str, Tensor]:
    """The tensors of a safetensors file, or of one that torch wrote and that holds weights only. Raises DataError."""
    path = Path(file).expanduser()
    if not path.is_file():
        raise DataError(f"There is no file of weights '{file}'.", "Give pretrained=no, yes, or the path of a file.")
    try:
        if path.suffix == ".safetensors":
            return safetensors.torch.load_file(str(path))
        found = torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, OSError, RuntimeError, ValueError, EOFError, KeyError, AttributeError) as error:
        raise DataError(f"'{path.name}' holds no weights.", "Give a .safetensors file, or a state dict.") from error
    except Exception as error:  # whatever the unpickler refuses: it is no plain state dict
        raise DataError(f"'{path.name}' holds more than weights, and is not run.", "Save its state_dict.") from error
    for name in WRAPPERS:
        if isinstance(found, dict) and isinstance(found.get(name), dict):
            found = found[name]
    if not isinstance(found, dict) or not all(isinstance(value, Tensor) for value in found.values()):
        raise DataError(f"'{path.name}' is no state dict.", "Save state_dict() of the model.")
    return {str(name).removeprefix("module."): value for name, value in found.items()}


def fit(network: nn.Module, tensors: dict[str, Tensor], what: str, where: str) -> None:
    """Load all weights of a network. What it has no place for, such as a classifier, is left.

    Raises DataError with the first keys that are missing or have another shape.
    """
    state = network.state_dict()
    tensors = _renamed(tensors, state)
    wrong = [
        f"{name} is {'missing' if name not in tensors else _shapes(tensors[name], value)}"
        for name, value in state.items()
        if not name.endswith("num_batches_tracked") and (name not in tensors or tensors[name].shape != value.shape)
    ]
    if wrong:
        shown, more = "; ".join(wrong[:NAMED]), f" and {len(wrong) - NAMED} more" if len(wrong) > NAMED else ""
        raise DataError(f"The weights in {where} do not fit {what}: {shown}{more}.", "Give those of this very model.")
    network.load_state_dict({name: tensors.get(name, value) for name, value in state.items()})


def _renamed(tensors: dict[str, Tensor], state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights of the same network under other names: all shapes agree in order, but for a classifier at the end."""
    is_foreign = not tensors.keys() & state.keys() and len(state) <= len(tensors) <= len(state) + CLASSIFIER
    if is_foreign and all(
        one.shape == other.shape for one, other in zip(tensors.values(), state.values(), strict=False)
    ):
        return dict(zip(state, tensors.values(), strict=False))
    return tensors


def _shapes(has: Tensor, wants: Tensor) -> str:
    return f"{list(has.shape)}, not {list(wants.shape)}"


def digest_of(network: nn.Module) -> str:
    """A digest of all parameters and buffers with their names."""
    whole = hashlib.sha256()
    for name, value in sorted(network.state_dict().items()):
        whole.update(f"{name}{value.dtype}{tuple(value.shape)}".encode())
        whole.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return whole.hexdigest()
