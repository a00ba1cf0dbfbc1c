"""How far a model's confidence can be trusted under one combination, for every kind of output.

Classes: confidence against accuracy, before and after a temperature. Labels: the probability of each against how often
it is there, of all labels or of one (`mmlab.analysis.robustness.label_calibration`). Numbers: intervals against how
often they hold. Regions: the probability of pixels against how often they are right.

What is fitted is fitted on validation and measured on all test samples. Without answers on validation it is fitted on
one half of the test samples and measured on the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import singledispatch

import numpy as np
from scipy.special import expit, softmax

from mmlab.analysis.base.array_checks import Flags, Numbers
from mmlab.analysis.base.coalitions import Lattice
from mmlab.analysis.base.statistics import halves
from mmlab.analysis.robustness import label_calibration
from mmlab.analysis.robustness.calibration import (
    brier_score,
    calibration_error,
    calibration_error_by_chance,
    debiased_calibration_error,
    fit_temperature,
    interval_coverage,
    interval_width,
    reliability,
)
from mmlab.core.errors import DataError
from mmlab.core.group_name import several
from mmlab.core.outputs import Classification, Multilabel, Output, Regression, Segmentation
from mmlab.core.outputs.reliability_counts import BINS as PIXEL_BINS
from mmlab.core.outputs.segmentation import KEPT
from mmlab.core.phrases import say

BINS = 15
LEVELS = np.array([0.5, 0.6, 0.7, 0.8, 0.9, 0.95])
LEVEL = 0.9
AGAIN = "Run `python -m mmlab evaluate --save` to make them again."


@dataclass(frozen=True)
class Curve:
    """What was said against what was seen, `[B]` each, with the number of samples behind each point."""

    said: Numbers
    seen: Numbers
    count: Numbers


@dataclass(frozen=True)
class Trust:
    """One combination. curve: as the model is; mended: after the correction, None where there is none.

    numbers: by name, in the order of the screen. about: what was fitted on what, for people.
    """

    curve: Curve
    mended: Curve | None
    numbers: Mapping[str, float]
    about: str


def trust(output: Output, found: Lattice, mask: int, validation: Lattice | None = None, label: str = "") -> Trust:
    """How certainty and truth agree under the combination `mask`.

    found: answers on the test samples; validation: on the validation split, None where they are not known; label: of
    several at once, the only one that counts. Raises DataError where samples are too few.
    """
    if label:
        place, output = output.label_names.index(label), output.of_label(label)
        found, validation = _of_label(found, place), validation and _of_label(validation, place)
    return _trust(output, found, mask, validation)


@dataclass(frozen=True)
class _Fit:
    """Answers `[F, C]` and truth `[F]` to fit something on; the test samples to measure it on, bool `[N]`; in words."""

    logits: Numbers
    target: Numbers
    rest: Flags
    about: str


@singledispatch
def _trust(output: Output, found: Lattice, mask: int, validation: Lattice | None) -> Trust:
    raise TypeError(f"No calibration is known for answers of the kind {output.kind}.")


@_trust.register
def _classes(output: Classification, found: Lattice, mask: int, validation: Lattice | None) -> Trust:
    logits, labels = found.logits[mask].astype(np.float64), found.target.astype(np.int64)
    said = softmax(logits, 1)
    numbers = {
        "ece": calibration_error(said, labels, BINS),
        "ece_by_chance": calibration_error_by_chance(said, BINS),
        "ece_debiased": debiased_calibration_error(said, labels, BINS),
        "ece_mass": calibration_error(said, labels, BINS, equal_mass=True),
        "brier": brier_score(said, labels),
    }
    fit = _fit(found, mask, validation, "temperature")
    if fit is None:
        about = say("No temperature: all samples are of one group, so no half can be held out.")
        return Trust(_curve(said, labels), None, numbers, about)
    heat = fit_temperature(fit.logits, fit.target.astype(np.int64))
    cooled = softmax(logits[fit.rest] / heat, 1)
    numbers |= {
        "temperature": heat,
        "ece_before": calibration_error(said[fit.rest], labels[fit.rest], BINS),
        "ece_after": calibration_error(cooled, labels[fit.rest], BINS),
    }
    return Trust(_curve(said, labels), _curve(cooled, labels[fit.rest]), numbers, fit.about)


@_trust.register
def _labels(output: Multilabel, found: Lattice, mask: int, validation: Lattice | None) -> Trust:
    logits, there = found.logits[mask].astype(np.float64), found.target.astype(bool)
    said = expit(logits)
    numbers = {
        "ece": label_calibration.error(said, there, BINS),
        **({"ece_label": label_calibration.error_by_label(said, there, BINS)} if output.channels > 1 else {}),
        "brier": float(((said - there) ** 2).mean()),
    }
    fit = _fit(found, mask, validation, "temperature")
    if fit is None:
        about = say("No temperature: all samples are of one group, so no half can be held out.")
        return Trust(_label_curve(said, there), None, numbers, about)
    heat = label_calibration.fit_temperature(fit.logits, fit.target.astype(bool))
    cooled = expit(logits[fit.rest] / heat)
    numbers |= {
        "temperature": heat,
        "ece_before": label_calibration.error(said[fit.rest], there[fit.rest], BINS),
        "ece_after": label_calibration.error(cooled, there[fit.rest], BINS),
    }
    return Trust(_label_curve(said, there), _label_curve(cooled, there[fit.rest]), numbers, fit.about)


@_trust.register
def _number(output: Regression, found: Lattice, mask: int, validation: Lattice | None) -> Trust:
    fit = _fit(found, mask, validation, "intervals")
    if fit is None:
        raise DataError(say("All samples are of one group, so no interval can be fitted and tested."))
    widths = [interval_width(fit.logits[:, 0] - fit.target, level) for level in LEVELS]
    residuals = found.logits[mask, fit.rest, 0].astype(np.float64) - found.target[fit.rest].astype(np.float64)
    seen = np.array([interval_coverage(residuals, width) for width in widths])
    at = int(np.flatnonzero(LEVELS == LEVEL)[0])
    numbers = {"width": widths[at], "coverage": seen[at], "coverage_error": float(np.abs(seen - LEVELS).mean())}
    return Trust(Curve(LEVELS, seen, np.full(len(LEVELS), float(len(residuals)))), None, numbers, fit.about)


@_trust.register
def _regions(output: Segmentation, found: Lattice, mask: int, validation: Lattice | None) -> Trust:
    """From the bins of probability that a sweep keeps."""
    kept = found.logits[mask].astype(np.float64).sum((0, 1))
    if len(kept) < KEPT:
        raise DataError(say("These predictions were stored without the probabilities of pixels."), say(AGAIN))
    count, there, total = kept[-3 * PIXEL_BINS :].reshape(3, PIXEL_BINS)
    full = count > 0
    curve = Curve(total[full] / count[full], there[full] / count[full], count[full])
    gap = float((np.abs(curve.said - curve.seen) * curve.count).sum() / curve.count.sum())
    about = say("All pixels of all regions count alike, in {bins} bins; nothing is fitted.", bins=PIXEL_BINS)
    return Trust(curve, None, {"ece": gap}, about)


def _curve(said: Numbers, labels: np.ndarray) -> Curve:
    bins = reliability(said, labels, BINS)
    full = bins.count > 0
    return Curve(bins.confidence[full], bins.accuracy[full], bins.count[full].astype(float))


def _label_curve(said: Numbers, there: Flags) -> Curve:
    return Curve(*label_calibration.reliability(said, there, BINS))


def _of_label(found: Lattice, place: int) -> Lattice:
    return replace(found, logits=found.logits[..., place : place + 1], target=found.target[:, place : place + 1])


def _fit(found: Lattice, mask: int, validation: Lattice | None, what: str) -> _Fit | None:
    """What to fit on and to measure on; None where there is no validation and all test samples are of one group."""
    if validation is not None:
        samples = several(len(validation.ids), "sample")
        fitted = {
            "temperature": say("Here the temperature is fitted on the validation split ({samples}).", samples=samples),
            "intervals": say("Here the intervals are fitted on the validation split ({samples}).", samples=samples),
        }
        everything = np.ones(len(found.ids), bool)
        return _Fit(*_answers(validation, mask, slice(None)), everything, fitted[what])
    if len(set(found.groups)) < 2:
        return None
    half = halves(found.groups)
    return _Fit(*_answers(found, mask, half), ~half, _half_in_words(found, half, what))


def _answers(found: Lattice, mask: int, rows: Flags | slice) -> tuple[Numbers, Numbers]:
    return found.logits[mask][rows].astype(np.float64), found.target[rows].astype(np.float64)


def _half_in_words(found: Lattice, half: Flags, what: str) -> str:
    groups = len(set(found.groups))
    told = [
        say("The validation split has not been predicted yet."),
        {
            "temperature": say("Here the temperature is fitted on one half of the test samples:"),
            "intervals": say("Here the intervals are fitted on one half of the test samples:"),
        }[what],
        say("{fitted} for the fit, {measured} for the numbers.", fitted=int(half.sum()), measured=int((~half).sum())),
    ]
    if groups < len(found.groups):
        some = len({group for group, on in zip(found.groups, half, strict=True) if on})
        told.append(
            say("The half for the fit holds {some} of the {all} groups; none is in both.", some=some, all=groups)
        )
    return " ".join(told)
