"""Inputs that a model was never trained on: no training sample had them, so predictions from them are at chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mmlab.core.phrases import say

if TYPE_CHECKING:
    from mmlab.core.modality import Modalities


def untrained(card: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the inputs that no training sample had, by the card of a model; none where it does not say."""
    missing = card.get("missing")
    return tuple(name for name, share in missing.items() if share == 1) if isinstance(missing, Mapping) else ()


def sentence(names: Sequence[str], modalities: Modalities) -> str:
    """The warning about such inputs; empty if there are none."""
    labels = [say(modalities[name].label) for name in names if name in modalities.names]
    if not labels:
        return ""
    if len(labels) == 1:
        return say("No training sample has {inputs}: answers with it are untrained.", inputs=labels[0])
    listed = say("{first} or {last}", first=", ".join(labels[:-1]), last=labels[-1])
    return say("No training sample has {inputs}: answers with them are untrained.", inputs=listed)
