"""Instructive samples: a prediction that flips when inputs are removed, a confident mistake, inputs that disagree,
models that disagree. Everything is read from sweeps; no model is run again.

>>> joint, dropout = (behaviour(sweep, output) for sweep in sweeps)
>>> notable_samples(joint, dropout)[0]       # NotableSample(sample, "image"): joint is wrong and sure, dropout not
>>> [name for name, is_one in zip(joint.ids, inputs_disagree(joint)) if is_one]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import softmax

from mmlab.analysis.base.array_checks import Flags, Labels, Numbers
from mmlab.analysis.base.coalitions import membership, sweep_to_coalitions
from mmlab.core.outputs import Output
from mmlab.core.results import Sweep

SURE = 0.8  # the probability from which an answer counts as sure, as in the words of the screen


@dataclass(frozen=True)
class Behaviour:
    """How one model answers each of N samples under each combination, by bit mask.

    ids: one per sample; keys: of the combinations, by mask.
    said:   int `[2**M, N]`: equal numbers mean that a sample gets the same answer: the class; of a number its side, and
            of regions whether they are good enough.
    right:  bool `[2**M, N]`.
    weight: `[2**M, N]`, how much an answer commits itself where it is wrong: the probability of its class, how far off
            a number is, or 1 - Dice times the size of what there is to be found.
    is_probability: whether `weight` is one.
    """

    ids: tuple[str, ...]
    keys: tuple[str, ...]
    said: Labels
    right: Flags
    weight: Numbers
    is_probability: bool

    def among(self, ids: Sequence[str]) -> Behaviour:
        """Over those of its samples that are named, in the order of `ids`."""
        places = {name: row for row, name in enumerate(self.ids)}
        rows = [places[name] for name in ids if name in places]
        kept = tuple(self.ids[row] for row in rows)
        return replace(self, ids=kept, said=self.said[:, rows], right=self.right[:, rows], weight=self.weight[:, rows])


@dataclass(frozen=True)
class NotableSample:
    """A sample and the combination (`image-sound`) under which something happens to it."""

    sample: str
    combination: str


def behaviour(found: Sweep, output: Output) -> Behaviour:
    """What a sweep says of each sample that has every input. Raises DataError where `sweep_to_coalitions` does.

    A region that is missed weighs more the larger it is: where there is none, an answer has nothing to lose.
    """
    complete = found.present.all(1)
    empty = output.empty_answer(found.logits[:, complete], found.target[complete])
    lattice = sweep_to_coalitions(found, empty if empty.size else None)
    right = output.correct(lattice.logits, lattice.target)
    if output.class_names:
        answers = lattice.logits.astype(np.float64)
        said, weight = answers.argmax(-1), softmax(answers, -1).max(-1)
    else:
        said, weight = right.astype(np.int64), output.error(lattice.logits, lattice.target)
    if lattice.logits.ndim > 3:  # the truth is the size of each region
        size = lattice.target.max(-1)
        weight = weight * size / max(size.max(), 1)
    return Behaviour(lattice.ids, lattice.keys, said, right, weight, bool(output.class_names))


def notable_samples(first: Behaviour, other: Behaviour | None = None) -> list[NotableSample]:
    """Where the first model goes from right to wrong and stays sure, and the other one does not: clearest first.

    A sample and combination count when the first is right with all inputs, wrong with these, and more committed to its
    mistake than the other is to one. Ordered by the difference of both; a right answer of the other counts as none.
    Both must hold the same samples.
    """
    lost = first.right[-1] & ~first.right
    gap = first.weight.copy()
    if other is not None:
        gap -= np.where(other.right, 0.0, other.weight)
    lost[0] = False
    masks, rows = np.nonzero(lost & (gap > 0))
    order = np.argsort(-gap[masks, rows], kind="stable")
    return [NotableSample(first.ids[rows[place]], first.keys[masks[place]]) for place in order]


def flips(model: Behaviour) -> Flags:
    """Which samples get another answer from some of their inputs than from all, bool `[N]`."""
    return np.asarray((model.said[1:] != model.said[-1]).any(0))


def sure_but_wrong(model: Behaviour) -> Flags:
    """Which samples get a wrong answer with a probability of SURE or more from some combination, bool `[N]`."""
    if not model.is_probability:
        return np.zeros(len(model.ids), bool)
    return np.asarray((~model.right[1:] & (model.weight[1:] >= SURE)).any(0))


def inputs_disagree(model: Behaviour) -> Flags:
    """Which samples get different answers from their inputs, each taken alone, bool `[N]`."""
    count = int(model.said.shape[0]).bit_length() - 1
    alone = model.said[membership(count).sum(1) == 1]
    return np.asarray((alone != alone[0]).any(0))


def models_disagree(models: Sequence[Behaviour]) -> Flags:
    """For which samples some combination is answered right by one of the models and wrong by another, bool `[N]`."""
    right = np.stack([model.right[1:] for model in models])
    return np.asarray((right.any(0) & ~right.all(0)).any(0))
