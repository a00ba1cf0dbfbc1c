"""Computed results about models: frozen, NumPy only, safe to cache, send and store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Sweep:
    """The predictions of one model for every combination of every sample of a split.

    combinations: keys (`image-sound`), in the order of `Modalities.subsets`; K of them.
    logits:   `[K, N, ...]`, or what the output keeps of them where they are too many (`Output.condense`).
    mean:     `[K, N, D]`, the embedding (its mean, for probabilistic methods).
    variance: `[K, N, D]`, None for a method without variance.
    target:   `[N, ...]` (`Output.condense_target`); `present` bool `[N, M]`: what each sample really has.
    ids, groups: one per sample; a group is what the split keeps apart (a speaker, a person).
    digest:   of the checkpoint that made it; empty for a model that was never saved.
    drawn_from: how many samples there were, where these are drawn from them; 0 where these are all.
    """

    combinations: tuple[str, ...]
    logits: Floats
    mean: Floats
    variance: Floats | None
    target: NDArray[np.generic]
    present: NDArray[np.bool_]
    ids: tuple[str, ...]
    groups: tuple[str, ...]
    digest: str = ""
    drawn_from: int = 0

    def index(self, combination: str) -> int:
        """The row of a combination. Raises ValueError where there is none."""
        return self.combinations.index(combination)

    def of_rows(self, rows: Sequence[int] | NDArray[np.integer]) -> Sweep:
        """The sweep of some samples, by their rows."""
        return replace(
            self,
            logits=self.logits[:, rows],
            mean=self.mean[:, rows],
            variance=None if self.variance is None else self.variance[:, rows],
            target=self.target[rows],
            present=self.present[rows],
            ids=tuple(self.ids[row] for row in rows),
            groups=tuple(self.groups[row] for row in rows),
        )


@dataclass(frozen=True)
class Attribution:
    """Where a model looks, for one sample.

    maps:   by combination key and modality: `[H, W]` over a picture or spectrogram, `[T]` along a path or
            series, in [0, 1]; all zeros where the modality is absent.
    shares: by combination key and modality: its part of all that is attributed, each number without its sign; they sum
            to 1, and grow with the number of places that a modality has.
    net:    the same of the net effect: what speaks for the answer less what speaks against it, without the sign of
            the whole; empty where an explainer does not say. It does not grow with the number of places.
    cells:  by modality, over how many numbers was added up; empty where an explainer does not say.
    score:  by combination key: the logit that was explained.
    target: the class, region or output that was explained.
    """

    maps: Mapping[str, Mapping[str, NDArray[np.float32]]]
    shares: Mapping[str, Mapping[str, float]]
    score: Mapping[str, float]
    target: int
    net: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    cells: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Projection:
    """Points in two dimensions for every combination of every sample.

    points: float32 `[K, N, 2]`; spread: `[K, N, 2, 2]`, the covariance of a probabilistic embedding carried
    into the picture, or None; kind: "umap" or "pca"; settings: what it was made with; digest: of the checkpoint.
    """

    points: NDArray[np.float32]
    spread: NDArray[np.float32] | None
    kind: str
    settings: Mapping[str, float | int | str]
    digest: str
