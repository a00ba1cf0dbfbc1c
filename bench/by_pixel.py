"""Regions by a logistic regression of single pixels, as a yardstick for networks that learn from few pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.preprocessing import StandardScaler

from mmlab.core.batch import Samples
from mmlab.core.modality import Combination
from mmlab.core.task import TASKS

SMOOTHED = 1.5  # pixels: the neighbourhood that a pixel knows beside its own values
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
    scaler, model = StandardScaler(), LogisticRegression(max_iter=500)
    model.fit(scaler.fit_transform(_features(training, combination)), _labels(training).reshape(-1))

    def chances(samples: Samples) -> NDArray[Any]:
        found = model.predict_proba(scaler.transform(_features(samples, combination)))[:, 1]
        return np.asarray(found.reshape(_labels(samples).shape))

    valid = chances(validation)
    threshold = max(THRESHOLDS, key=lambda at: _dice(valid > at, _labels(validation)))
    found, truth, groups = chances(test) > threshold, _labels(test), np.array(test.groups)
    cases = [(found[groups == case], truth[groups == case]) for case in np.unique(groups)]
    return float(np.mean([_dice(*case) for case in cases if case[1].any()]))


def _features(samples: Samples, combination: Combination) -> NDArray[Any]:
    """Each pixel's value and smoothed neighbourhood in each input, `[N x H x W, 2 x inputs]`."""
    planes = [samples.inputs[name].float().numpy()[:, 0] for name in combination.names]
    smooth = [ndimage.gaussian_filter(plane, (0, SMOOTHED, SMOOTHED)) for plane in planes]
    return np.stack([each.reshape(-1) for each in (*planes, *smooth)], 1)


def _labels(samples: Samples) -> NDArray[np.bool_]:
    return np.asarray(samples.target[:, 0].numpy() > 0)


def _dice(found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    return float(f1_score(truth.reshape(-1), found.reshape(-1), zero_division=0.0))  # Dice is F1 of pixels
