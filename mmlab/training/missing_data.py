"""Data with missing modalities: a rate for each, drawn once from a seed, for training and for tests.

Modalities fail independently of each other, but no sample loses all: the empty set is left out and the rest
renormalised, as in `mmlab.analysis.expected_score`. So the share that is really missing is a little below the rate.
The protocols are those of MissBench (arXiv 2603.09874): one rate for all, or different rates with the same mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmlab.core.batch import Samples
from mmlab.core.errors import DataError
from mmlab.core.modality import Modalities
from mmlab.core.outputs import Output
from mmlab.core.results import Sweep
from mmlab.core.stored_rows import zeroed
from mmlab.core.task import TaskInfo
from mmlab.training.gap_rules import drawn, rule_of
from mmlab.training.missing_tables import is_table, present_in

PROTOCOLS = ("shared", "imbalanced")
MEAN_RATE, SPREAD = 0.4, 0.3
HIGHEST = 0.95
HINT = f"Write one rate for all, such as 0.3, or image=0.5,sound=0.1, each from 0 to {HIGHEST}; a rule; or a table.csv."


def rates_of(text: str, modalities: Modalities) -> dict[str, float]:
    """The rate of each modality from `0.3`, `image=0.5,sound=0.1`, `shared` or `imbalanced`; 0 where none is named.

    Shared is 0.4 for all; imbalanced runs from 0.7 for the first modality down to 0.1 for the last. Raises DataError
    for what cannot be read and UnknownName for a modality that the task lacks.
    """
    names = modalities.names
    if text in PROTOCOLS:
        spread = SPREAD if text == "imbalanced" else 0.0
        steps = np.linspace(MEAN_RATE + spread, MEAN_RATE - spread, len(names))
        return dict(zip(names, np.round(steps, 4).tolist(), strict=True))
    found = dict.fromkeys(names, 0.0)
    for part in (part.strip() for part in text.split(",") if part.strip()):
        name, equals, value = part.rpartition("=")
        rate = _rate(value)
        found |= {modalities[name].name: rate} if equals else dict.fromkeys(names, rate)
    return found


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError as error:
        raise DataError(f"'{text[:40]}' is not a share of missing samples.", HINT) from error
    if not 0 <= rate <= HIGHEST:
        raise DataError(f"A share of {rate:g} cannot be missing.", HINT)
    return rate


def with_gaps(samples: Samples, modalities: Modalities, rates: Mapping[str, float], seed: int) -> Samples:
    """The samples with gaps: what fails is set to zero and not present; what was missing by nature stays missing.

    A sample whose present modalities would all fail keeps what it has.
    """
    if not any(rates.values()):
        return samples
    chances = _chances(modalities, rates)
    drawn = np.random.default_rng([seed, len(samples)]).choice(len(chances), len(samples), p=chances) + 1
    kept = torch.from_numpy((drawn[:, None] >> np.arange(len(modalities))) & 1).bool()
    present = samples.present & kept
    present = torch.where(present.any(1, keepdim=True), present, samples.present)
    return _only(samples, modalities, present)


def kept_of(samples: Samples, info: TaskInfo, text: str, seed: int) -> NDArray[np.bool_]:
    """What the samples have, bool `[N, M]`, by a missing table, a rule or rates (`mmlab.training.gap_rules`)."""
    modalities = info.modalities
    if is_table(text):
        return present_in(text, samples, modalities)
    rule = rule_of(text)
    if rule is not None:
        return drawn(samples, info, rule, rates_of(rule.rates, modalities), seed)
    return np.asarray(with_gaps(samples, modalities, rates_of(text, modalities), seed).present.numpy())


def with_missing(samples: Samples, info: TaskInfo, text: str, seed: int) -> Samples:
    """The samples with what a text says of them missing: rates, a rule, or the file of a missing table."""
    if not is_table(text) and rule_of(text) is None:
        return with_gaps(samples, info.modalities, rates_of(text, info.modalities), seed)
    return _only(samples, info.modalities, torch.from_numpy(kept_of(samples, info, text, seed)))


def _only(samples: Samples, modalities: Modalities, present: Tensor) -> Samples:
    """The samples with these inputs, bool `[N, M]`; the others are set to zero."""
    blank = {name: ~present[:, place] for place, name in enumerate(modalities.names)}
    inputs = {name: zeroed(samples.inputs[name], rows) for name, rows in blank.items()}
    return replace(samples, inputs=inputs, present=present)


def _chances(modalities: Modalities, rates: Mapping[str, float]) -> NDArray[np.float64]:
    """The chance of each non-empty set of modalities, by bit mask less one."""
    codes = np.arange(1, 2 ** len(modalities))
    on = (codes[:, None] >> np.arange(len(modalities))) & 1
    rate = np.array([rates[name] for name in modalities.names])
    weight = np.where(on == 1, 1 - rate, rate).prod(1)
    return np.asarray(weight / weight.sum())


def missing_shares(samples: Samples, modalities: Modalities) -> dict[str, float]:
    """The share of samples that really lack each modality; 1 only where all of them do."""
    shares = (~samples.present).double().mean(0).tolist()
    rounded = [1.0 if share == 1 else min(round(share, 4), 0.9999) for share in shares]
    return dict(zip(modalities.names, rounded, strict=True))


def complete_counts(present: NDArray[np.bool_], modalities: Modalities) -> dict[str, int]:
    """How many samples, `present [N, M]`, really have all modalities of a combination, by its key."""
    rows = {combination.key: np.array(modalities.row(combination)) for combination in modalities.subsets()}
    return {key: int(present[:, needed].all(1).sum()) for key, needed in rows.items()}


def metrics_as_given(found: Sweep, output: Output, modalities: Modalities) -> dict[str, float]:
    """The metrics when each sample is answered from exactly what it has."""
    weights = 2 ** np.arange(len(modalities))
    place = {modalities.code(modalities.parse(key)): k for k, key in enumerate(found.combinations)}
    rows = np.array([place[int(code)] for code in found.present @ weights])
    return output.metrics_of(found.logits[rows, np.arange(len(rows))], found.target, found.groups)
