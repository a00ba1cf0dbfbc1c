"""Facts about models on the test set: task, model or models, inputs or among, and metric are read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mmlab.analysis.robustness import notable_samples
from mmlab.core.errors import UnknownName, Unsupported
from mmlab.core.number_text import percent
from mmlab.lessons.fact import FactSource, Finding, as_text, best_finding, best_of, combination, fact, metric_of, scores
from mmlab.lessons.lesson import Ask


@fact("score", "The score of the model from these inputs, by `metric` or the task's headline: the mean over its seeds.")
def score(ask: Ask, source: FactSource) -> Finding:
    """A number for a sentence."""
    text = as_text(_at(scores(ask, source), combination(ask, source).key), metric_of(ask, source))
    return Finding(text, text)


@fact("seeds", "Over how many trainings, which differ in their seed, `score` of the model is averaged.")
def seeds(ask: Ask, source: FactSource) -> Finding:
    """A number for a sentence."""
    runs = [run for run in source.comparison(ask.task, metric_of(ask, source)).runs if run.name == ask.model]
    if not runs:
        raise UnknownName(f"Nothing was measured of {ask.model}.", "Train the model.")
    text = str(len(runs[0].seeds))
    return Finding(text, text)


@fact("best_inputs", "With which of the combinations in `among` (each input alone, without it) the model scores best.")
def best_inputs(ask: Ask, source: FactSource) -> Finding:
    """The key of the combination is the option."""
    return _ranked(ask, source, worst=False)


@fact("worst_inputs", "The same, with which it scores worst.")
def worst_inputs(ask: Ask, source: FactSource) -> Finding:
    """The key of the combination is the option."""
    return _ranked(ask, source, worst=True)


@fact("best_model", "Which of `models` scores best from these inputs.")
def best_model(ask: Ask, source: FactSource) -> Finding:
    """The name of the model is the option, its score the text."""
    key, metric = combination(ask, source).key, metric_of(ask, source)
    found = {name: _at(scores(ask, source, name), key) for name in ask.models}
    if not found:
        raise UnknownName("No models are named to choose from.", "Name some in `models`.")
    return best_finding(found, metric)


@fact("flips", "The share of test samples that these inputs answer otherwise than all of them do.")
def flips(ask: Ask, source: FactSource) -> Finding:
    """A number for a sentence, in percent."""
    found, row = _behaviour(ask, source)
    text = percent(float((found.said[row] != found.said[-1]).mean()))
    return Finding(text, text)


@fact("sure_mistakes", "Of the wrong answers from these inputs, the share that has a probability of 80 % or more.")
def sure_mistakes(ask: Ask, source: FactSource) -> Finding:
    """A number for a sentence, in percent."""
    text = percent(_sure_mistakes(ask, source))
    return Finding(text, text)


@fact("surest_mistakes", "Of which of `models` the largest share of the wrong answers from these inputs is that sure.")
def surest_mistakes(ask: Ask, source: FactSource) -> Finding:
    """The name of the model is the option, the share the text."""
    shares = {name: _sure_mistakes(replace(ask, model=name), source) for name in ask.models}
    if not shares:
        raise UnknownName("No models are named to choose from.", "Name some in `models`.")
    surest = max(shares, key=shares.__getitem__)
    return Finding(surest, percent(shares[surest]))


def _sure_mistakes(ask: Ask, source: FactSource) -> float:
    found, row = _behaviour(ask, source)
    wrong = ~found.right[row]
    if not found.is_probability or not wrong.any():
        raise Unsupported("There is no mistake with a probability here.", "Ask for `score`.")
    return float((found.weight[row][wrong] >= notable_samples.SURE).mean())


def _ranked(ask: Ask, source: FactSource, worst: bool) -> Finding:
    modalities, metric = source.task(ask.task).info.modalities, metric_of(ask, source)
    table = scores(ask, source)
    keys = [combination(ask, source, key).key for key in ask.among or modalities.names]
    found = best_of({key: _at(table, key) for key in keys}, metric, worst)
    return Finding(found, modalities.parse(found).label)


def _behaviour(ask: Ask, source: FactSource) -> tuple[notable_samples.Behaviour, int]:
    """How the model answers the test set, and the row of the inputs that are meant."""
    found = notable_samples.behaviour(source.sweep(source.reference(ask)), source.task(ask.task).info.output)
    return found, found.keys.index(combination(ask, source).key)


def _at(table: dict[str, float], key: str) -> float:
    if key not in table or not np.isfinite(table[key]):
        raise UnknownName(f"Nothing was measured from the inputs {key}.", f"There are: {', '.join(table)}.")
    return table[key]
