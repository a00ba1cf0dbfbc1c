"""Ablation ladders: a method taken apart, one step at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mmlab.core.errors import UnknownName


@dataclass(frozen=True)
class AblationStep:
    """One step of an ablation ladder: what it is called, and the method and options that it is."""

    name: str
    label: str
    method: str
    config: Mapping[str, Any]


ABLATIONS: dict[str, tuple[AblationStep, ...]] = {
    "dmrnet": (
        AblationStep("dropout", "modality dropout", "dmrnet", {"probabilistic": False, "hard": 0.0}),
        AblationStep("probabilistic", "+ probabilistic embedding", "dmrnet", {"kl": 0.0, "hard": 0.0}),
        AblationStep("kl", "+ divergence", "dmrnet", {"hard": 0.0}),
        AblationStep("hcr", "+ hard combinations (DMRNet)", "dmrnet", {}),
    ),
    "mmanet": (
        AblationStep("dropout", "modality dropout", "mmanet", {"distil": 0.0, "weak": 0.0}),
        AblationStep("sp", "+ similarity of relations", "mmanet", {"relation": "similarity", "weak": 0.0}),
        AblationStep("mad", "+ weighted by doubt (MAD)", "mmanet", {"weak": 0.0}),
        AblationStep("mar", "+ weak combinations (MMANet)", "mmanet", {}),
    ),
    "dimml": (
        AblationStep("no-shared", "no shared classifier", "dimml", {"shared": 0.0}),
        AblationStep("no-duc", "no contrast", "dimml", {"duc": 0.0}),
        AblationStep("all-dimensions", "contrast over all dimensions", "dimml", {"dimensions": "all"}),
        AblationStep("no-weighting", "votes not weighted", "dimml", {"weighting": False}),
        AblationStep("complete", "DI-MML", "dimml", {}),
    ),
    "gmd": (
        AblationStep("neither", "neither", "gmd", {"decouple": False, "sharing": False}),
        AblationStep("ds", "dynamic sharing only", "gmd", {"decouple": False}),
        AblationStep("gmd", "decoupling only", "gmd", {"sharing": False}),
        AblationStep("three", "both, 3 combinations per step", "gmd", {"per_step": 3}),
        AblationStep("five", "both, 5 combinations per step", "gmd", {"per_step": 5}),
        AblationStep("both", "both, all combinations (GMD + DS)", "gmd", {}),
    ),
    "m3ixup": (
        AblationStep("contrast", "aligned codes only", "m3ixup", {"unimodal": 0.0, "adapt": 0.0, "explore": 0.0}),
        AblationStep("input", "+ mixed inputs", "m3ixup", {"input_share": 1.0, "adapt": 0.0, "explore": 0.0}),
        AblationStep("manifold", "+ mixed features", "m3ixup", {"adapt": 0.0, "explore": 0.0}),
        AblationStep("adapt", "+ adapting", "m3ixup", {"explore": 0.0}),
        AblationStep("explore", "+ exploring (M3ixup)", "m3ixup", {}),
    ),
}


def ladder(method: str) -> tuple[AblationStep, ...]:
    """The rungs of a method's ladder. Raises UnknownName."""
    if method not in ABLATIONS:
        raise UnknownName(f"'{method}' has no ablation ladder.", f"There are: {', '.join(ABLATIONS)}.")
    return ABLATIONS[method]


def rung_tag(rung: AblationStep, seed: int) -> str:
    """The folder of a rung's run: the complete method's is its ordinary run."""
    return f"ablation-{rung.name}-seed{seed}" if rung.config else f"seed{seed}"
