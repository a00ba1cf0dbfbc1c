"""Reference models on the same numbers: logistic or ridge regression, and a random forest. Arrays in and out.

A network that is below them on somebody's table has not found what is there.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.core.errors import Unsupported

Numbers = NDArray[np.floating]
Table = tuple[Numbers, NDArray[Any]]  # numbers [N, n] and truth [N], or [N, L] of several labels
STRENGTHS = (1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0)  # of which validation chooses: C of a logistic, 1 / alpha of a ridge
TREES = 200
TITLES = {"linear": "Linear model", "forest": "Random forest"}
ABOUT = {
    "linear": "logistic regression, or ridge regression of a number; its strength is chosen on validation",
    "forest": f"a random forest of {TREES} trees",
}
IMPOSSIBLE = -50.0  # the log-probability of a class that no training sample has


def answers(name: str, training: Table, validation: Table, inputs: Numbers, channels: int) -> Numbers:
    """What a reference model answers to `inputs [N, n]`: log-probabilities `[N, C]`, or numbers `[N, 1]` for one
    channel.

    Multi-label outputs: the log odds `[N, L]` of each, by a model of its own.

    Sources: scikit-learn's LogisticRegression (L2, lbfgs), Ridge and forests. Raises Unsupported where the training
    samples are all of one class.
    """
    if training[1].ndim > 1:
        return _log_odds(name, training, validation, inputs)
    is_number = channels == 1
    if not is_number and len(np.unique(training[1])) < 2:
        raise Unsupported("All training samples with these inputs are of one class.", "Give samples of two classes.")
    make = _linear if name == "linear" else _forest
    model = make(training, validation, is_number)
    if is_number:
        return np.asarray(model.predict(inputs), np.float64)[:, None]
    found = np.full((len(inputs), channels), IMPOSSIBLE)
    found[:, model.classes_] = np.log(np.maximum(model.predict_proba(inputs), np.exp(IMPOSSIBLE)))
    return found


def _log_odds(name: str, training: Table, validation: Table, inputs: Numbers) -> Numbers:
    """Of each label by itself; one that all training samples have, or none, is as good as sure."""
    found = []
    for place in range(training[1].shape[1]):
        learn, choose = ((numbers, truth[:, place].astype(np.int64)) for numbers, truth in (training, validation))
        if len(np.unique(learn[1])) < 2:
            found.append(np.full(len(inputs), -IMPOSSIBLE if learn[1].any() else IMPOSSIBLE))
            continue
        chances = answers(name, learn, choose, inputs, 2)
        found.append(chances[:, 1] - chances[:, 0])
    if len(np.unique(training[1], axis=0)) < 2:
        raise Unsupported("All training samples with these inputs have the same labels.", "Give samples that differ.")
    return np.stack(found, 1)


def _linear(training: Table, validation: Table, is_number: bool) -> Any:
    from sklearn.linear_model import LogisticRegression, Ridge

    def fitted(strength: float) -> Any:
        model = Ridge(1 / strength) if is_number else LogisticRegression(C=strength, max_iter=300)
        return model.fit(*training)

    if not len(validation[1]):
        return fitted(0.1)
    return min(map(fitted, STRENGTHS), key=lambda model: _error(model, validation, is_number))


def _error(model: Any, validation: Table, is_number: bool) -> float:
    """The mean distance from the truth, or the share of wrong classes."""
    said = model.predict(validation[0])
    return float(np.mean(np.abs(said - validation[1]) if is_number else said != validation[1]))


def _forest(training: Table, validation: Table, is_number: bool) -> Any:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    kind = RandomForestRegressor if is_number else RandomForestClassifier
    return kind(TREES, random_state=0, n_jobs=1).fit(*training)


class Flat:
    """Tensors of one input as vectors: as they are where they are few, else their principal components.

    Words are counted. Fitted on the training samples only.
    """

    FEW, KEPT, WORDS = 4096, 64, 1024

    def __init__(self, training: Numbers, is_row: bool, is_discrete: bool) -> None:
        self.is_discrete = is_discrete
        rows = self._rows(training)
        self.mean, self.spread = rows.mean(0), rows.std(0) + 1e-9
        self.directions: Numbers | None = None
        if not is_discrete and (not is_row or rows.shape[1] > self.FEW) and rows.shape[1] > self.KEPT:
            from sklearn.decomposition import PCA

            kept = min(self.KEPT, len(rows) - 1)
            pca = PCA(kept, svd_solver="randomized", random_state=0).fit(self._scaled(rows))
            self.directions = pca.components_ / np.sqrt(pca.explained_variance_ + 1e-9)[:, None]

    def __call__(self, tensors: Numbers) -> Numbers:
        """`[N, n]` of tensors `[N, ...]`."""
        rows = self._scaled(self._rows(tensors))
        return rows if self.directions is None else rows @ self.directions.T

    def _scaled(self, rows: Numbers) -> Numbers:
        return np.clip((rows - self.mean) / self.spread, -10, 10)

    def _rows(self, tensors: Numbers) -> Numbers:
        flat = tensors.reshape(len(tensors), -1).astype(np.float32)
        if not self.is_discrete:
            return flat
        counts = np.zeros((len(flat), self.WORDS), np.float32)
        words = flat.astype(np.int64)
        places = np.where(words > 0, words % (self.WORDS - 1) + 1, 0)
        np.add.at(counts, (np.arange(len(flat))[:, None], places), 1)
        counts[:, 0] = 0  # no word at all
        return counts
