"""A controller: a small network from a model's representation to an action, and its file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import safetensors.torch
import torch
from pydantic import Field
from safetensors import SafetensorError
from torch import Tensor, nn
from typing_extensions import TypedDict

from mmlab.core.errors import CheckpointError
from mmlab.storage import safetensors_header, strict_json
from mmlab.storage.atomic_files import write_atomically

POLICY = "policy-seed{seed}.safetensors"
VERSION = 1
LARGEST = 4 * 2**20
WIDEST, DEEPEST = 1024, 4  # what a file may ask for
ENTRY = "mmlab-policy"


class Card(TypedDict):
    """What stands in the header of a file, as it is checked."""

    version: int
    sizes: list[Annotated[int, Field(ge=1)]]
    strongest: Annotated[float, Field(gt=0, le=1e6)]
    digest: Annotated[str, Field(max_length=64)]
    seed: int
    steps: int
    algorithm: Annotated[str, Field(max_length=80)]


@dataclass(frozen=True)
class About:
    """What is written beside the weights. digest: of the model whose codes it was trained on; "" for the state."""

    digest: str
    seed: int
    steps: int
    algorithm: str


class Policy(nn.Module):
    """Codes `[B, D]` to actions `[B]` within `strongest`: tanh of the last of some ReLU layers."""

    def __init__(self, sizes: tuple[int, ...], strongest: float) -> None:
        super().__init__()
        self.sizes, self.strongest = sizes, strongest
        layers: list[nn.Module] = []
        for before, after in pairwise(sizes):
            layers += [nn.Linear(before, after), nn.ReLU()]
        self.body = nn.Sequential(*layers, nn.Linear(sizes[-1], 1))

    def forward(self, codes: Tensor) -> Tensor:
        actions: Tensor = torch.tanh(self.body(codes))[:, 0] * self.strongest
        return actions


def save(folder: Path, policy: Policy, about: About) -> Path:
    """Write a policy into a folder, in single precision."""
    file = folder / POLICY.format(seed=about.seed)
    card = {"version": VERSION, "sizes": policy.sizes, "strongest": policy.strongest, **vars(about)}
    state = {name: value.detach().float().contiguous() for name, value in policy.state_dict().items()}
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(file, safetensors.torch.save(state, {ENTRY: json.dumps(card)}))
    return file


def load(file: Path) -> tuple[Policy, About]:
    """The policy of a file and what is said of it. Raises CheckpointError."""
    again = "Train it again: python -m mmlab control"
    try:
        header = safetensors_header.read(file)
        if header.size > LARGEST:
            raise CheckpointError("it is larger than a policy can be.")
        text = header.metadata.get(ENTRY, "").encode()
        card = strict_json.checked(text, Card, "its card", refuse=CheckpointError)
        if card["version"] != VERSION or not 1 <= len(card["sizes"]) <= DEEPEST or max(card["sizes"]) > WIDEST:
            raise CheckpointError("it is no policy of this version.")
        policy = Policy(tuple(card["sizes"]), card["strongest"])
        policy.load_state_dict(safetensors.torch.load(file.read_bytes()))
        if not all(bool(torch.isfinite(value).all()) for value in policy.state_dict().values()):
            raise CheckpointError("a weight in it is not a finite number.")
    except CheckpointError as error:
        raise CheckpointError(f"{file.name} cannot be used: {error.message}", again) from error
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise CheckpointError(f"{file.name} is missing or damaged.", again) from error
    return policy.eval(), About(card["digest"], card["seed"], card["steps"], card["algorithm"])
