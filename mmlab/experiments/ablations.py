"""Ablation studies: a method reduced one step at a time, as its class declares it."""

from __future__ import annotations

from mmlab.core.declarations import AblationStep
from mmlab.core.errors import UnknownName
from mmlab.core.method import METHODS


def with_ladder() -> tuple[str, ...]:
    """The methods that have a ladder, in the order of tables."""
    return tuple(name for name in ordered() if METHODS[name].ablations)


def ordered() -> tuple[str, ...]:
    """All methods in the order of tables: what they declare, then their names."""
    return tuple(sorted(METHODS, key=lambda name: (METHODS[name].order, name)))


def ladder(method: str) -> tuple[AblationStep, ...]:
    """The steps of a method's ladder. Raises UnknownName."""
    if method not in METHODS or not METHODS[method].ablations:
        raise UnknownName(f"'{method}' has no ablation ladder.", f"There are: {', '.join(with_ladder())}.")
    return METHODS[method].ablations


def rung_of(method: str, tag: str) -> AblationStep | None:
    """The step of a method's ladder whose run has this tag; None for any other run, that of the complete method too."""
    steps = METHODS[method].ablations if method in METHODS else ()
    return next((each for each in steps if each.config and tag.startswith(f"ablation-{each.name}-seed")), None)


def rung_tag(rung: AblationStep, seed: int) -> str:
    """The folder of a rung's run: the complete method's is its ordinary run."""
    return f"ablation-{rung.name}-seed{seed}" if rung.config else f"seed{seed}"
