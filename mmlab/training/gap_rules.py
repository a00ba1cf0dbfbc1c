"""Rules for missing inputs, drawn for each sample from its id: the same on every machine and in any order.

`id:0.3` is missing at random. `class:image=0.5@cat+dog` is missing in some classes only. `value:sound=0.4@image` is
missing the more often, the larger the values of another input are (missing at random in the sense of Rubin, Biometrika
1976), and `itself:sound=0.4` the larger its own are (missing not at random). Behind the colon stands what `rates_of`
reads.

Values are the mean of what a model sees of an input, as ranks r in (0, 1) within a split; the chance r^(1/rate - 1)
has the rate as its mean. No sample loses all: such a draw is drawn again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import torch
from numpy.typing import NDArray

from mmlab.core.batch import Samples
from mmlab.core.errors import DataError
from mmlab.core.modality import Modalities
from mmlab.core.outputs import Output
from mmlab.core.stored_rows import in_parts
from mmlab.core.task import TaskInfo

RULES = ("id", "class", "value", "itself")
ATTEMPTS = 100  # draws of a sample until something is left of it
HINT = "Write id:0.3, class:image=0.5@cat+dog, value:sound=0.4@image or itself:sound=0.4."
SIDES = {"above": "above the middle", "below": "not above the middle"}


@dataclass(frozen=True)
class Rule:
    """One rule, read from its text. about: the classes, or the other input."""

    name: str
    rates: str
    about: str


def rule_of(text: str) -> Rule | None:
    """The rule in a text; None for one of another form. Raises DataError for one that cannot be."""
    name, colon, rest = text.partition(":")
    if not colon or name not in RULES:
        return None
    rates, at, about = rest.partition("@")
    if bool(about) != (name in ("class", "value")) or (at and not about):
        raise DataError(f"'{text[:60]}' is no rule by which inputs go missing.", HINT)
    return Rule(name, rates, about)


def drawn(samples: Samples, info: TaskInfo, rule: Rule, rates: Mapping[str, float], seed: int) -> NDArray[np.bool_]:
    """Which inputs a rule leaves, bool `[N, M]`, at least one of those that a sample has."""
    chances = _chances(samples, info, rule, np.array([rates[name] for name in info.modalities.names]))
    present = samples.present.numpy()
    found = present.copy()
    for row, name in enumerate(samples.ids):
        for attempt in range(ATTEMPTS):
            kept = present[row] & (_uniform(f"{seed} {attempt} {name}", len(info.modalities)) >= chances[row])
            if kept.any():
                found[row] = kept
                break
    return found


def _uniform(name: str, count: int) -> NDArray[np.float64]:
    """Numbers in [0, 1) that depend on a name alone."""
    whole = blake2b(name.encode(), digest_size=8 * count).digest()
    return np.frombuffer(whole, ">u8").astype(np.float64) / 2**64


def _chances(samples: Samples, info: TaskInfo, rule: Rule, rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """The chance that each input of each sample is missing, `[N, M]`."""
    everywhere = np.broadcast_to(rates, (len(samples), len(rates)))
    if rule.name == "id":
        return everywhere
    if rule.name == "class":
        return np.where(_of_classes(samples, info.output, rule.about)[:, None], everywhere, 0.0)
    names = info.modalities.names if rule.name == "itself" else (_other(info.modalities, rule.about),) * len(rates)
    ranks = {name: _ranks(samples, name, info.modalities.names.index(name)) for name in dict.fromkeys(names)}
    found = np.zeros(everywhere.shape)
    for place, (name, rate) in enumerate(zip(names, rates.tolist(), strict=True)):
        found[:, place] = ranks[name] ** (1 / rate - 1) if rate else 0.0
    return found


def _other(modalities: Modalities, name: str) -> str:
    return modalities[name].name


def _of_classes(samples: Samples, output: Output, about: str) -> NDArray[np.bool_]:
    """Which samples belong to the classes that are named, or lie on the side of the middle."""
    truth = output.condense_target(samples.target).numpy()
    told = output.slices(truth).get("answer")
    known = output.label_names or tuple(SIDES)
    if not output.label_names and told is None:
        raise DataError("Regions have no classes by which inputs could go missing.", HINT)
    wanted = about.split("+")
    for name in wanted:
        if name not in known:
            raise DataError(f"'{name[:40]}' is no class here.", f"There are: {', '.join(known)[:200]}.")
    if output.label_names:
        return output.belonging(truth, wanted)
    return np.isin(np.array(told), [SIDES[name] for name in wanted])


def _ranks(samples: Samples, name: str, place: int) -> NDArray[np.float64]:
    """Where the mean of an input stands among those of the split, in (0, 1); 0.5 where a sample lacks it."""
    means = torch.cat([part.double().flatten(1).mean(1) for part in in_parts(samples.inputs[name])]).numpy()
    there = samples.present[:, place].numpy()
    found = np.full(len(means), 0.5)
    order = np.argsort(np.argsort(means[there], kind="stable"), kind="stable")
    found[there] = (order + 0.5) / max(there.sum(), 1)
    return found
