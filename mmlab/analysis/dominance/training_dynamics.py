"""Dominance during training, from the lines of its log: gradient norms, attribution shares and gradient conflicts.

Lines are those of `progress.jsonl`, or what `log_files.read_log` makes of a log that a user uploaded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.analysis.base.array_checks import Numbers
from mmlab.analysis.dominance.measures.shapley import shapley
from mmlab.core.errors import CheckpointError
from mmlab.core.phrases import phrase

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class TrainingDynamics:
    """A training by epoch (E of them), for M modalities.

    norms: `[E, M]`, gradient norms in the encoders; work: `[E, M]`, fair shares (Shapley) of the score on
    validation, None where not every combination was scored; scores: `[E, K]` by combination in `keys`; shares: `[E, M]`
    of |gradient x activation|, None where they were not logged; stages: the name of the stage of each epoch.
    """

    names: tuple[str, ...]
    epochs: NDArray[np.int64]
    stages: tuple[str, ...]
    norms: Numbers
    keys: tuple[str, ...]
    scores: Numbers
    work: Numbers | None
    shares: Numbers | None


@dataclass(frozen=True)
class Conflicts:
    """Angles between the gradients of combinations in C epochs: counted in even bins from 0 to 180 degrees.

    cosines: `[C, K, K]`; before, after: `[C, A]`; rate, rate_after: `[C]`, the part of the pairs beyond 90 degrees;
    lengths: `[C, K]`, None where they were not logged.
    """

    epochs: NDArray[np.int64]
    keys: tuple[str, ...]
    cosines: Numbers
    before: Numbers
    after: Numbers
    rate: Numbers
    rate_after: Numbers
    lengths: Numbers | None


def training_dynamics(rows: Rows, metric: str = "", nothing: float = 0.0) -> TrainingDynamics:
    """The training as a whole. metric: which score (the first one by default); nothing: its value for no input at all.

    Raises CheckpointError for a log without gradients.
    """
    names = tuple(rows[0]["gradient_norm"]) if rows else ()
    if not names:
        raise CheckpointError(
            phrase("No gradient norms were logged in this training."), phrase("Train the model again.")
        )
    norms = np.array([[row["gradient_norm"][name] for name in names] for row in rows], np.float64)
    keys = tuple(rows[0]["metrics"])
    scores = np.array([[_score(row["metrics"].get(key, {}), metric) for key in keys] for row in rows], np.float64)
    shares = [[row["logs"].get("shares", {}).get(name, np.nan) for name in names] for row in rows]
    found = np.array(shares, np.float64)
    return TrainingDynamics(
        names,
        np.array([row["epoch"] for row in rows], np.int64),
        tuple(str(row["stage"]) for row in rows),
        norms,
        keys,
        scores.reshape(len(rows), len(keys)),
        _work(names, keys, scores, nothing),
        None if np.isnan(found).all() else found,
    )


def gradient_conflicts(rows: Rows) -> Conflicts:
    """The angles between gradients during training. Raises CheckpointError if the method logs none."""
    kept = [row for row in rows if "angles_before" in row["logs"]]
    if not kept:
        raise CheckpointError(
            phrase("No angles between gradients were logged in this training."),
            phrase("GMD logs them; in a loop of your own, DominanceLog.conflicts does."),
        )
    before, after, cosines = (
        np.array([row["logs"][name] for row in kept], np.float64)
        for name in ("angles_before", "angles_after", "cosines")
    )
    rates = [counts[:, counts.shape[1] // 2 :].sum(1) / counts.sum(1).clip(1) for counts in (before, after)]
    keys = tuple(kept[0]["logs"].get("combinations", ())) or tuple(kept[0]["metrics"])
    lengths = [row["logs"].get("lengths") for row in kept]
    if len(keys) != cosines.shape[1]:
        raise CheckpointError("The angles of this log do not fit its combinations.", "Train the model again.")
    known = np.array(lengths, np.float64) if all(lengths) else None
    epochs = np.array([row["epoch"] for row in kept], np.int64)
    return Conflicts(epochs, keys, cosines, before, after, rates[0], rates[1], known)


def _score(metrics: Mapping[str, float], metric: str) -> float:
    value = metrics.get(metric) if metric else next(iter(metrics.values()), None)
    return np.nan if value is None else float(value)


def _work(names: tuple[str, ...], keys: tuple[str, ...], scores: Numbers, nothing: float) -> Numbers | None:
    """Fair shares of the score, epoch by epoch."""
    bits = {name: 1 << place for place, name in enumerate(names)}
    masks = [sum(bits[name] for name in key.split("-")) for key in keys]
    if sorted(masks) != list(range(1, 2 ** len(names))) or not np.isfinite(scores).all():
        return None
    table = np.full((2 ** len(names), len(scores)), nothing)
    table[masks] = scores.T
    return shapley(table).T
