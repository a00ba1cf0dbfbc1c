"""Controls hidden by a link, so that others see only what they need: `?hide=sidebar,models,samples`."""

from __future__ import annotations

from mmlab.core.phrases import say
from mmlab.ui.session import url_state

FIELD = "hide"
NAMES = ("sidebar", "task", "models", "runs", "samples", "switches", "damage", "lattice", "views")


def names() -> tuple[str, ...]:
    """The names of the controls that the address hides; unknown names are left out."""
    wanted = url_state.get(FIELD).split(",")
    return tuple(name for name in NAMES if name in wanted)


def is_hidden(name: str) -> bool:
    """Whether the control of this name is hidden."""
    return name in names()


def title(name: str) -> str:
    """A hidden control in words."""
    return {
        "sidebar": say("Side bar"),
        "task": say("Choice of the task"),
        "models": say("Choice of models"),
        "runs": say("Choice of runs"),
        "samples": say("Choice of samples"),
        "switches": say("Switches of inputs"),
        "damage": say("Corruption of inputs"),
        "lattice": say("All combinations"),
        "views": say("Views below"),
    }[name]
