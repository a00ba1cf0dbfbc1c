"""Warnings about a model's scores: below a simple reference model, or lower with one input more."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from mmlab.core.metric import higher_is_better, is_share
from mmlab.core.number_text import on_scale
from mmlab.core.phrases import ENGLISH, language, say

TOLERANCE = 0.01  # of a share, or of the number itself: less is said of no difference
NAMED = 4
Scores = Mapping[str, float]  # by combination key


def warnings(
    models: Mapping[str, Scores], reference_models: Mapping[str, Scores], metric: str, label: Callable[[str], str]
) -> list[str]:
    """What a person should know before they read numbers as findings about their data.

    models: by title, the score of each combination in a metric; reference_models: the same of plain models. label: a
    combination in words.
    """
    found = [_below(models, title, scores, metric, label) for title, scores in reference_models.items()]
    return [*filter(None, found), *filter(None, [_hurt(models, reference_models, metric, label)])]


def _below(
    models: Mapping[str, Scores],
    title: str,
    plain: Scores,
    metric: str,
    label: Callable[[str], str],
) -> str:
    """Models that are below a reference model where they are furthest from it."""
    worst: dict[str, tuple[float, str]] = {}
    higher = higher_is_better(metric)
    for name, scores in models.items():
        gaps = [(_lead(plain[key], value, higher), key) for key, value in scores.items() if key in plain]
        gaps = [(gap, key) for gap, key in gaps if math.isfinite(gap)]
        if gaps and max(gaps)[0] > 0:
            worst[name] = max(gaps)
    if not worst:
        return ""
    names = sorted(worst, key=lambda name: -worst[name][0])
    key = worst[names[0]][1]
    told = {
        "models": _listed(names),
        "reference": say(title).lower() if language() == ENGLISH else say(title),
        "model": names[0],
        "amount": _amount(models[names[0]][key], plain[key], metric),
        "inputs": label(key),
    }
    if len(names) == 1:
        below = say("{models} is below a plain {reference} on the same inputs, by {amount} with {inputs}.", **told)
    else:
        below = say(
            "{models} are below a plain {reference} on the same inputs, {model} by {amount} with {inputs}.", **told
        )
    rest = say("This is the model, not the data: what such a score says about inputs is not to be relied on.")
    return f"{below} {rest}"


def _hurt(
    models: Mapping[str, Scores], reference_models: Mapping[str, Scores], metric: str, label: Callable[[str], str]
) -> str:
    """Models that score less with all inputs than with some of them, where no reference model does."""
    found: dict[str, tuple[float, str, str]] = {}
    higher = higher_is_better(metric)
    for name, scores in models.items():
        fall = _fall(scores, higher)
        if fall is not None and not any(_fall(each, higher) for each in reference_models.values()):
            found[name] = fall
    if not found:
        return ""
    names = sorted(found, key=lambda name: -found[name][0])
    _, fewer, whole = found[names[0]]
    scores = models[names[0]]
    apart = _amount(scores[whole], scores[fewer], metric)
    return say(
        "Adding inputs makes {models} worse: {model} loses {amount} from {inputs} to all inputs. More "
        "inputs never hold less, so this is the model, not the data.",
        models=_listed(names),
        model=names[0],
        amount=apart,
        inputs=label(fewer),
    )


def _fall(scores: Scores, higher: bool) -> tuple[float, str, str] | None:
    """By how much all inputs are worse than the best of fewer, and both keys; None where they are not."""
    there = {key: value for key, value in scores.items() if math.isfinite(value)}
    if len(there) < 2:
        return None
    whole = max(there, key=lambda key: key.count("-"))
    fewer = (max if higher else min)((key for key in there if key != whole), key=there.__getitem__)
    lead = _lead(there[fewer], there[whole], higher)
    return (lead, fewer, whole) if lead > 0 else None


def _lead(one: float, other: float, higher: bool) -> float:
    """How much better `one` is than `other`, beyond what is not worth a word."""
    better = one - other if higher else other - one
    return better - TOLERANCE * max(1.0, abs(one))


def _amount(one: float, other: float, metric: str) -> str:
    """A difference in words: points of a share, otherwise as it is."""
    apart = abs(one - other)
    return say("{number} points", number=f"{100 * apart:.1f}") if is_share(metric) else on_scale(apart, 3)


def _listed(names: Sequence[str]) -> str:
    shown = list(names[:NAMED])
    if len(names) > NAMED:
        return f"{', '.join(shown)} {say('and {count} more', count=len(names) - NAMED)}"
    if len(shown) < 2:
        return "".join(shown)
    return say("{first} and {last}", first=", ".join(shown[:-1]), last=shown[-1])
