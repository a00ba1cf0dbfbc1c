"""The output of an encoder for a batch, and the output of a method's fusion."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic

from torch import Tensor
from typing_extensions import TypeVar

Feature = tuple[Tensor, ...]  # levels, shallow to deep; one level `[B, D]` unless the output is dense
Encoded = TypeVar("Encoded", default=Feature)


@dataclass(frozen=True)
class Features(Generic[Encoded]):
    """The output of `encode` for a batch. Its content is up to the method; which inputs it depends on is not.

    alone:  per modality, the feature of its own input.
    beside: per modality, further results of that input alone, such as a vote.
    shared: by name, features of several inputs together.
    """

    alone: Mapping[str, Encoded] = field(default_factory=dict)
    beside: Mapping[str, Encoded] = field(default_factory=dict)
    shared: Mapping[str, Encoded] = field(default_factory=dict)

    def replaced(self, others: Features[Encoded], kept: Collection[str]) -> Features[Encoded]:
        """These features for the modalities in `kept`, `others` for the rest. Raises ValueError for fused features."""
        if self.shared or others.shared:
            raise ValueError("Features of several inputs together cannot be taken apart.")

        def chosen(one: Mapping[str, Encoded], other: Mapping[str, Encoded]) -> dict[str, Encoded]:
            return {name: (one if name in kept else other)[name] for name in one}

        return Features(chosen(self.alone, others.alone), chosen(self.beside, others.beside))


@dataclass(frozen=True)
class Fused:
    """A prediction from some of the modalities.

    logits:   `[B, C]`, or `[B, R, H, W]`.
    mean:     `[B, D]`, the embedding behind it; its mean for a probabilistic method.
    variance: `[B, D]`, None for a method without variance.
    extras:   what the method's own losses need again.
    """

    logits: Tensor
    mean: Tensor
    variance: Tensor | None = None
    extras: Mapping[str, Any] = field(default_factory=dict)
