"""Regions by a logistic regression of single pixels, as a yardstick for networks that learn from few pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.special import logit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

from mmlab.core.batch import Samples
from mmlab.core.modality import Combination
from mmlab.core.task import TASKS

SMOOTHED = 1.5  # pixels: the neighbourhood that a pixel knows beside its own values
LEAST = 1e-15  # of a probability
THRESHOLDS = np.linspace(0.05, 0.95, 19)


def case_dice(tasks: Sequence[str]) -> dict[str, float]:
    """Dice per case of the first region for each combination, mean over the tasks' test splits.

    The threshold is the best on the validation split, by Dice over all its pixels.
    """
    combinations = TASKS[tasks[0]].info.modalities.subsets()
    return {each.key: float(np.mean([_of_task(task, each) for task in tasks])) for each in combinations}


def _of_task(name: str, combination: Combination) -> float:
    task = TASKS[name]()
    training, validation, test = (task.samples(split) for split in ("train", "valid", "test"))
    log_odds = fitted(training, combination)
    valid = log_odds(validation)
    threshold = max(logit(THRESHOLDS), key=lambda at: dice(valid > at, labels(validation)))
    found, truth, groups = log_odds(test) > threshold, labels(test), np.array(test.groups)
    cases = [(found[groups == case], truth[groups == case]) for case in np.unique(groups)]
    return float(np.mean([dice(*case) for case in cases if case[1].any()]))


def fitted(training: Samples, combination: Combination, hidden: int = 0) -> Callable[[Samples], NDArray[Any]]:
    """A regression on every pixel of these samples: it gives the log odds of the first region, `[N, H, W]`.

    hidden: numbers of a hidden layer, which makes it a network that sees what the regression sees.
    """
    network = MLPClassifier((hidden,), learning_rate_init=0.003, batch_size=4096, max_iter=40, random_state=0)
    scaler, model = StandardScaler(), network if hidden else LogisticRegression(max_iter=500)
    model.fit(scaler.fit_transform(_features(training, combination)), labels(training).reshape(-1))

    def log_odds(samples: Samples) -> NDArray[Any]:
        found = model.predict_proba(scaler.transform(_features(samples, combination)))[:, 1]
        return np.asarray(logit(found.clip(LEAST, 1 - LEAST)).reshape(labels(samples).shape))

    return log_odds


def _features(samples: Samples, combination: Combination) -> NDArray[Any]:
    """Each pixel's value and smoothed neighbourhood in each input, `[N x H x W, 2 x inputs]`."""
    planes = [samples.inputs[name].float().numpy()[:, 0] for name in combination.names]
    smooth = [ndimage.gaussian_filter(plane, (0, SMOOTHED, SMOOTHED)) for plane in planes]
    return np.stack([each.reshape(-1) for each in (*planes, *smooth)], 1)


def labels(samples: Samples) -> NDArray[np.bool_]:
    """Where the first region is, `[N, H, W]`."""
    return np.asarray(samples.target[:, 0].numpy() > 0)


def dice(found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """Over all pixels."""
    return float(f1_score(truth.reshape(-1), found.reshape(-1), zero_division=0.0))  # Dice is F1 of pixels
