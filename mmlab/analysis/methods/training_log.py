"""What a training logged for the papers' own figures: variance, conflicts, gradient norms, drift, by epoch.

`rows` are the lines of `progress.jsonl`. Raises CheckpointError where a log lacks what was asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.analysis.base.ranking import spearman
from mmlab.core.errors import CheckpointError
from mmlab.core.modality import Modalities
from mmlab.core.phrases import phrase
from mmlab.core.results import Floats

Rows = Sequence[Mapping[str, Any]]


# DMRNet: variance and the mined set


@dataclass(frozen=True)
class SpreadLog:
    """Mean predicted variance on validation, `[E, K]`, and the combinations that were mined as hard.

    Source: docs/methods.md 1.7b.
    """

    epochs: NDArray[np.int64]
    combinations: tuple[str, ...]
    variance: Floats
    mined: tuple[str, ...]
    since: int | None


def spread_log(rows: Rows) -> SpreadLog:
    """Variance by combination over the epochs; `since`: the first epoch that knew the mined set."""
    keys = tuple(rows[-1]["variance"]) if rows else ()
    if not keys:
        raise CheckpointError("No variance was logged in this training.", "Only a method with a spread has one.")
    mined = tuple(rows[-1]["logs"].get("mined", ()))
    since = next((int(row["epoch"]) for row in rows if row["logs"].get("mined")), None)
    values = np.array([[row["variance"].get(key, np.nan) for key in keys] for row in rows])
    return SpreadLog(_epochs(rows), keys, values, mined, since)


@dataclass(frozen=True)
class MinerLog:
    """How the variance by which combinations were called hard goes with their score and with how many inputs they have.

    Spearman's correlations over the combinations, NaN where there are too few; a larger score is a better one.
    """

    mined: tuple[str, ...]
    score: float
    size: float


def miner_log(rows: Rows, metric: str, higher_is_better: bool) -> MinerLog:
    """At the epoch that first knew the mined set, from the variance over the warm-up and the scores on validation."""
    row = next((row for row in rows if row["logs"].get("mined") and row["logs"].get("warmup_variance")), None)
    if row is None:
        raise CheckpointError("No mined combinations were logged in this training.", "Only DMRNet's miner logs them.")
    return _miner(row["logs"]["mined"], row["logs"]["warmup_variance"], row, metric, higher_is_better)


def miner_at_the_end(rows: Rows, metric: str, higher_is_better: bool) -> MinerLog:
    """The same at the last epoch, from the variance on validation then: what the miner would rank by."""
    return _miner(rows[-1]["logs"].get("mined", ()), rows[-1]["variance"], rows[-1], metric, higher_is_better)


def _miner(
    mined: Sequence[str], variance: Mapping[str, float], row: Mapping[str, Any], metric: str, higher_is_better: bool
) -> MinerLog:
    keys = [key for key in variance if metric in row["metrics"].get(key, {})]
    values, sign = [variance[key] for key in keys], 1 if higher_is_better else -1
    scores = [sign * row["metrics"][key][metric] for key in keys]
    sizes = [len(key.split("-")) for key in keys]
    return MinerLog(tuple(mined), spearman(values, scores), spearman(values, sizes))


# GMD, and gradients of any method

SHARED = phrase("in the parameters that all inputs share")
EVERYWHERE = phrase(
    "in all parameters, most of which belong to one input: combinations without a common input are nearly "
    "perpendicular there by construction"
)


@dataclass(frozen=True)
class ConflictLog:
    """Angles between the gradients of combinations, counted in even bins from 0 to 180 degrees.

    before, after: `[E, A]`; cosines: `[E, K, K]`, means of an epoch before decoupling;
    share, share_after: `[E]`, the part of the pairs beyond 90 degrees. where: the parameters whose gradients these are.
    Source: docs/methods.md 4.7a, 4.7d.
    """

    epochs: NDArray[np.int64]
    combinations: tuple[str, ...]
    before: Floats
    after: Floats
    cosines: Floats
    share: Floats
    share_after: Floats
    where: str = EVERYWHERE

    def during(self, epoch: int | None) -> ConflictLog:
        """One epoch of it, or all epochs as one: counts added up, cosines and shares of all pairs."""
        rows = np.ones(len(self.epochs), bool) if epoch is None else self.epochs == epoch
        before, after = (counts[rows].sum(0, keepdims=True) for counts in (self.before, self.after))
        cosines = self.cosines[rows].mean(0, keepdims=True)
        return ConflictLog(
            self.epochs[rows][:1],
            self.combinations,
            before,
            after,
            cosines,
            _obtuse(before),
            _obtuse(after),
            self.where,
        )

    @property
    def edges(self) -> Floats:
        """Where each bin begins, in degrees, `[A]`."""
        return np.linspace(0, 180, self.before.shape[1] + 1)[:-1]


def conflict_log(rows: Rows, modalities: Modalities) -> ConflictLog:
    """Conflicts between combinations over the epochs, before and after their removal."""
    kept = [row for row in rows if "angles_before" in row["logs"]]
    if not kept:
        raise CheckpointError("No angles between gradients were logged in this training.", "Train the model again.")
    before, after, cosines = (
        np.array([row["logs"][name] for row in kept], np.float64)
        for name in ("angles_before", "angles_after", "cosines")
    )
    keys = tuple(combination.key for combination in modalities.subsets())
    where = SHARED if all(row["logs"].get("parameters") == "shared" for row in kept) else EVERYWHERE
    return ConflictLog(_epochs(kept), keys, before, after, cosines, _obtuse(before), _obtuse(after), where)


def _obtuse(counts: Floats) -> Floats:
    """The part of the pairs beyond 90 degrees, `[E]` of `[E, A]`."""
    return counts[:, counts.shape[1] // 2 :].sum(1) / counts.sum(1).clip(1)


@dataclass(frozen=True)
class NormLog:
    """Length of the gradient in each modality's own parameters, `[E, M]`, and the stage of each epoch.

    Source: docs/methods.md 4.7b.
    """

    epochs: NDArray[np.int64]
    names: tuple[str, ...]
    norms: Floats
    stages: tuple[str, ...]

    @property
    def trained(self) -> NDArray[np.bool_]:
        """The epochs in which any encoder had a gradient, `[E]`."""
        return self.norms.sum(1) > 0

    @property
    def means(self) -> Floats:
        """The mean of each modality over these epochs, `[M]`. Raises CheckpointError where there is none."""
        if not self.trained.any():
            raise CheckpointError("All gradients in the log are zero.", "Train the model again.")
        return self.norms[self.trained].mean(0)

    @property
    def ratio(self) -> float:
        """How many times the largest mean is the smallest."""
        return float(self.means.max() / max(float(self.means.min()), 1e-9))


def norm_log(rows: Rows) -> NormLog:
    """Gradient norms over the epochs, of any method."""
    names = tuple(rows[0]["gradient_norm"]) if rows else ()
    if not names:
        raise CheckpointError("No gradient norms were logged in this training.", "Train the model again.")
    values = np.array([[row["gradient_norm"][name] for name in names] for row in rows])
    return NormLog(_epochs(rows), names, values, tuple(row["stage"] for row in rows))


# MMANet: drift and the mined set


@dataclass(frozen=True)
class DriftLog:
    """How far the answers of each candidate have drifted from those on complete input, added up: `[E, K]`.

    Source: docs/methods.md 5.3.
    """

    epochs: NDArray[np.int64]
    combinations: tuple[str, ...]
    drift: Floats
    mined: tuple[str, ...]
    since: int | None


def drift_log(rows: Rows) -> DriftLog:
    """Accumulated divergence by candidate, and the mined combinations."""
    keys = tuple(rows[-1]["logs"].get("divergence", {})) if rows else ()
    if not keys:
        raise CheckpointError("No drift of combinations was logged in this training.", "Train the model for longer.")
    values = np.array([[row["logs"].get("divergence", {}).get(key, 0.0) for key in keys] for row in rows])
    since = next((int(row["epoch"]) for row in rows if row["logs"].get("mined")), None)
    return DriftLog(_epochs(rows), keys, values, tuple(rows[-1]["logs"].get("mined", ())), since)


def _epochs(rows: Rows) -> NDArray[np.int64]:
    return np.array([row["epoch"] for row in rows], np.int64)
