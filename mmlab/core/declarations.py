"""What a method declares about itself as plain data: its card, its ablation ladder, and its search space."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SHARES_NOT_EPOCHS = (  # a departure of every method with phases, for its card
    "The papers count in epochs when a phase begins; here it is a fraction of the training, so that short runs go "
    "through every phase."
)


@dataclass(frozen=True)
class Card:
    """The description of one method. `idea` is three sentences; `departs`: where this code departs from the paper's."""

    idea: str
    trained: str
    missing: str
    look: str
    paper: str
    link: str = ""
    departs: tuple[str, ...] = ()
    warning: str = ""


@dataclass(frozen=True)
class AblationStep:
    """One step of a method's ablation ladder: its name, a label for people, and the options it changes.

    The step that changes none is the complete method.
    """

    name: str
    label: str
    config: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Setting:
    """A point of a search, or a preset: its name, and what of the plan and of the method's options it changes.

    about: the source of a preset, and which parts of it do not apply here.
    """

    name: str
    plan: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    about: str = ""


# What papers read their inputs by, for the plans of presets
RESNET18 = {"encoders": "*.encoder=timm:resnet18", "embedding": 512}
RESNET18_SE = {"encoders": "*.encoder=timm:seresnet18", "embedding": 512}

WITHOUT_WEIGHT = (
    Setting("weight_decay-0.001", {"weight_decay": 0.001}),
    Setting("weight_decay-0.1", {"weight_decay": 0.1}),
)
