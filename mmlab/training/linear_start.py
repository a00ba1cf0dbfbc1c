"""Linear encoders start from the solution of linear models: linear probing, then fine-tuning (2202.10054).

Columns of a table are often alike, and what tells the classes apart is a small difference between them: gradient
descent needs many passes to find it, a logistic or ridge regression finds it at once. So one is fitted to each input
and to all of them together, its strength chosen on validation, and the encoder of an input begins with the directions
in which these regressions read it. Methods then learn from there as they always do.

Source: Kumar et al., Fine-Tuning can Distort Pretrained Features and Underperform Out-of-Distribution, ICLR 2022; they
fit the head of a pretrained network.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mmlab.core.batch import Samples
from mmlab.core.method import Method
from mmlab.core.modality import Combination
from mmlab.core.stored_rows import StoredRows
from mmlab.networks.encoders import LinearEncoder

STRENGTHS = (
    1e-4,
    1e-3,
    1e-2,
    0.1,
    1.0,
    10.0,
)  # C of a logistic, 1 / alpha of a ridge, in this order until one is worse
USUAL, ROUNDS = 0.1, 100
LARGEST = 40_000_000  # rows times columns times classes: of more, the first rows are taken
NOISE = 0.1  # share by which copies of a direction differ at first
LIKELIEST = 1e-9
Numbers = NDArray[np.float64]
Table = tuple[Numbers, NDArray[Any]]  # numbers [N, n] and truth [N], or [N, L] of several labels


def initialise(method: Method, training: Samples, validation: Samples, seed: int) -> None:
    """Set the weights of a method's linear encoders; others are left as they are."""
    encoders = [module for module in method.modules() if isinstance(module, LinearEncoder)]
    if not encoders:
        return
    found = directions(method, training, validation)
    rng = np.random.default_rng(seed)
    for encoder in encoders:
        begun, weight = found[encoder.modality], encoder.body.weight
        if len(begun):
            with torch.no_grad():
                weight.copy_(torch.from_numpy(tiled(begun, len(weight), rng)).to(weight))


def tiled(begun: Numbers, size: int, rng: np.random.Generator) -> Numbers:
    """`[size, n]` of directions `[k, n]`: the main ones of too many, else copies that differ a little."""
    if len(begun) > size:
        begun = np.linalg.svd(begun, full_matrices=False)[2][:size]
    rows = begun[np.arange(size) % len(begun)]
    return np.asarray(rows + NOISE * rng.standard_normal(rows.shape) / np.sqrt(rows.shape[1]))


def directions(method: Method, training: Samples, validation: Samples) -> dict[str, Numbers]:
    """By input, the directions `[k, n]` in which regressions on it, and on all inputs, read it; each of spread 1."""
    modalities = method.modalities
    found: dict[str, list[Numbers]] = {name: [] for name in modalities.names}
    linear = [name for name in modalities.names if modalities[name].encoder == "linear"]
    for combination in [*map(modalities.combination, ([name] for name in linear)), modalities.full]:
        names = [name for name in combination.names if name in linear]
        numbers, _ = table = _table(training, combination, names)
        weights = weights_of(table, _table(validation, combination, names), method.output.channels)
        ends = np.cumsum([training.inputs[name].shape[1] for name in names])[:-1]
        for name, block, part in zip(names, np.split(weights, ends, 1), np.split(numbers, ends, 1), strict=True):
            spread = (part @ block.T).std(0) if len(part) else np.zeros(0)
            found[name].append(block[spread > LIKELIEST] / spread[spread > LIKELIEST][:, None])
    return {name: np.concatenate(each) for name, each in found.items() if each}


def _table(samples: Samples, combination: Combination, names: list[str]) -> Table:
    """Numbers `[N, n]` side by side, and the truth `[N, ...]`, of the samples that have the whole combination.

    Of inputs that lie on disk, the first rows: as many as make `LARGEST` numbers.
    """
    wanted = [list(samples.inputs).index(name) for name in combination.names]
    rows = samples.present[:, wanted].all(1).nonzero()[:, 0]
    if any(isinstance(samples.inputs[name], StoredRows) for name in names):
        rows = rows[: LARGEST // sum(samples.inputs[name].shape[1] for name in names)]
    joined = [samples.inputs[name][rows].double().numpy() for name in names]
    return np.concatenate(joined, 1), samples.target[rows].numpy()


def weights_of(training: Table, validation: Table, channels: int) -> Numbers:
    """Weights `[k, n]` of a logistic regression (one class of two, else each), or of a ridge regression of a number;
    of several labels, a logistic regression of each.

    No row where nothing can be learned.
    """
    inputs, truth = training
    if truth.ndim > 1:
        tables = [[(each[0], column) for column in each[1].T] for each in (training, validation)]
        return np.concatenate([weights_of(one, two, 2) for one, two in zip(*tables, strict=True)])
    most = max(2, LARGEST // (inputs.shape[1] * channels))
    inputs, truth = inputs[:most], truth[:most]
    if len(np.unique(truth)) < 2:
        return np.zeros((0, inputs.shape[1]))
    known = np.isin(validation[1], truth) if channels > 1 else np.ones(len(validation[1]), bool)
    held_out = (validation[0][known], validation[1][known])
    best, least = None, np.inf
    for strength in STRENGTHS if len(held_out[1]) else (USUAL,):
        model = _fitted(inputs, truth, strength, channels == 1)
        error = _error(model, held_out, channels == 1) if len(held_out[1]) else 0.0
        if error >= least:
            break
        best, least = model, error
    assert best is not None  # the first error is finite
    return np.atleast_2d(np.asarray(best.coef_, np.float64))


def _fitted(inputs: Numbers, truth: NDArray[Any], strength: float, is_number: bool) -> Any:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression, Ridge

    model = Ridge(1 / strength) if is_number else LogisticRegression(C=strength, max_iter=ROUNDS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # nearly there is a good place to begin, too
        return model.fit(inputs, truth)


def _error(model: Any, held_out: Table, is_number: bool) -> float:
    """The mean squared error, or the mean of -log p of the right class."""
    inputs, truth = held_out
    if is_number:
        return float(np.square(model.predict(inputs) - truth).mean())
    right = model.predict_proba(inputs)[np.arange(len(truth)), np.searchsorted(model.classes_, truth)]
    return float(-np.log(np.maximum(right, LIKELIEST)).mean())
