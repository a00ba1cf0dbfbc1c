"""Ablation ladders: a method taken apart, one step at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mmlab.core.errors import UnknownName


@dataclass(frozen=True)
class Rung:
    """One step of an ablation ladder: what it is called, and the method and options that it is."""

    name: str
    label: str
    method: str
    config: Mapping[str, Any]


LADDERS: dict[str, tuple[Rung, ...]] = {
    "dmrnet": (
        Rung("dropout", "modality dropout", "dmrnet", {"probabilistic": False, "hard": 0.0}),
        Rung("probabilistic", "+ probabilistic embedding", "dmrnet", {"kl": 0.0, "hard": 0.0}),
        Rung("kl", "+ divergence", "dmrnet", {"hard": 0.0}),
        Rung("hcr", "+ hard combinations (DMRNet)", "dmrnet", {}),
    ),
    "mmanet": (
        Rung("dropout", "modality dropout", "mmanet", {"distil": 0.0, "weak": 0.0}),
        Rung("sp", "+ similarity of relations", "mmanet", {"relation": "similarity", "weak": 0.0}),
        Rung("mad", "+ weighted by doubt (MAD)", "mmanet", {"weak": 0.0}),
        Rung("mar", "+ weak combinations (MMANet)", "mmanet", {}),
    ),
    "dimml": (
        Rung("no-shared", "no shared classifier", "dimml", {"shared": 0.0}),
        Rung("no-duc", "no contrast", "dimml", {"duc": 0.0}),
        Rung("all-dimensions", "contrast over all dimensions", "dimml", {"dimensions": "all"}),
        Rung("no-weighting", "votes not weighted", "dimml", {"weighting": False}),
        Rung("complete", "DI-MML", "dimml", {}),
    ),
    "gmd": (
        Rung("neither", "neither", "gmd", {"decouple": False, "sharing": False}),
        Rung("ds", "dynamic sharing only", "gmd", {"decouple": False}),
        Rung("gmd", "decoupling only", "gmd", {"sharing": False}),
        Rung("three", "both, 3 combinations per step", "gmd", {"per_step": 3}),
        Rung("five", "both, 5 combinations per step", "gmd", {"per_step": 5}),
        Rung("both", "both, all combinations (GMD + DS)", "gmd", {}),
    ),
    "m3ixup": (
        Rung("contrast", "aligned codes only", "m3ixup", {"unimodal": 0.0, "adapt": 0.0, "explore": 0.0}),
        Rung("input", "+ mixed inputs", "m3ixup", {"input_share": 1.0, "adapt": 0.0, "explore": 0.0}),
        Rung("manifold", "+ mixed features", "m3ixup", {"adapt": 0.0, "explore": 0.0}),
        Rung("adapt", "+ adapting", "m3ixup", {"explore": 0.0}),
        Rung("explore", "+ exploring (M3ixup)", "m3ixup", {}),
    ),
}


def ladder(method: str) -> tuple[Rung, ...]:
    """The rungs of a method's ladder. Raises UnknownName."""
    if method not in LADDERS:
        raise UnknownName(f"'{method}' has no ablation ladder.", f"There are: {', '.join(LADDERS)}.")
    return LADDERS[method]


def rung_tag(rung: Rung, seed: int) -> str:
    """The folder of a rung's run: the complete method's is its ordinary run."""
    return f"ablation-{rung.name}-seed{seed}" if rung.config else f"seed{seed}"
