"""Partial information decomposition: redundant, unique and synergistic information of two modalities about the label,
in bits.

The decomposition is Bertschinger et al.'s (BROJA), as used for multimodal data by Liang et al., Quantifying &
Modeling Multimodal Interactions, NeurIPS 2023.
"""

from __future__ import annotations

from dataclasses import asdict, astuple, dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import rel_entr

from mmlab.analysis.base.array_checks import Labels, Numbers, finite, labels_of, same_length
from mmlab.analysis.dominance.derivation import Arithmetic
from mmlab.analysis.dominance.measure import (
    ALONE,
    BITS,
    BLIND_TIES,
    MEASURES,
    Column,
    Evidence,
    Number,
    PairMeasure,
    PairNumbers,
    Truth,
    Undefined,
)
from mmlab.core.errors import DataError, Unsupported
from mmlab.core.phrases import say

MOST_GROUPS = 4
BLIND_ANSWERS = (
    "It reads the answers of each input alone, not the input. A model that knows nothing alone answers with a coin "
    "that tells only a part of what it saw, so a part of the synergy is missed."
)

BIASED = "unique bits are overestimated on few samples"
PER_CELL = 5  # samples for each cell of the table: below, what looks like synergy is mostly chance
ROUNDS = 5000
CLOSE, FEASIBLE = 1e-9, 1e-6


@dataclass(frozen=True)
class Decomposition:
    """Information about the label in bits, never negative.

    redundancy: in either modality; first, second: in one of them only; synergy: in neither alone, but in both.
    """

    redundancy: float
    first: float
    second: float
    synergy: float

    @property
    def total(self) -> float:
        """All that both modalities together know about the label."""
        return sum(astuple(self))


@dataclass(frozen=True)
class Estimate:
    """A decomposition from samples: `found` less `chance`, none below 0.

    raw: as counted; chance: the mean of the same with shuffled labels, which is what so few samples seem to know
    by chance; bins: groups that the classes were put into.
    """

    found: Decomposition
    raw: Decomposition
    chance: Decomposition
    bins: int


def pid(table: ArrayLike) -> Decomposition:
    """The decomposition of a joint distribution p[x1, x2, y] (it is scaled to sum to 1).

    Exact to about 1e-5 bits. Raises ValueError for negative or no mass.
    """
    joint = finite(table, "table", 3)
    if joint.min() < 0 or joint.sum() <= 0:
        raise ValueError("table must hold probabilities or counts: none negative, and not all 0.")
    return _decomposed(joint[None])[0]


def pid_of_answers(
    first: ArrayLike, second: ArrayLike, labels: ArrayLike, bins: int = 4, shuffles: int = 20, seed: int = 0
) -> Estimate:
    """The decomposition of what two modalities' answers `[N]` know about the right classes `[N]`.

    Answers are classes, as the labels are. Classes are put into at most `bins` groups of like frequency, the same for
    all three; what differs within a group is not seen. Raises DataError for fewer than 5 samples per cell of the
    table: independent answers would then seem to know something together.
    """
    columns = [np.asarray(each) for each in (first, second, labels)]
    same_length(first=columns[0], second=columns[1], labels=columns[2])
    if bins < 2 or shuffles < 1:
        raise ValueError(f"At least 2 bins and 1 shuffle are needed, not {bins} and {shuffles}.")
    classes = 1 + max(int(each.max(initial=0)) for each in columns)
    a, b, y = (labels_of(each, len(columns[2]), classes) for each in columns)
    group = _groups(y, classes, bins)
    size = int(group.max()) + 1
    if len(y) < PER_CELL * size**3:
        hint = f"{PER_CELL * size**3} are needed for {size} groups of classes: ask for fewer groups."
        raise DataError(f"{len(y)} samples are too few to tell what two modalities know together.", hint)
    pairs = group[a] * size + group[b]
    generator = np.random.default_rng(seed)
    shuffled = (generator.permutation(group[y]) for _ in range(shuffles))
    tables = np.stack([_counts(pairs, each, size) for each in (group[y], *shuffled)])
    raw, *null = _decomposed(tables)
    chance = Decomposition(*np.mean([astuple(each) for each in null], 0).tolist())
    found = Decomposition(*(max(0.0, r - c) for r, c in zip(astuple(raw), astuple(chance), strict=True)))
    return Estimate(found, raw, chance, size)


def _groups(labels: Labels, classes: int, bins: int) -> Labels:
    """The group of each class, `[classes]`: the most frequent first, each to the group with the fewest samples."""
    counts = np.bincount(labels, minlength=classes)
    group, filled = np.zeros(classes, np.int64), np.zeros(min(bins, classes), np.int64)
    for label in np.argsort(-counts, kind="stable"):
        group[label] = filled.argmin()
        filled[group[label]] += counts[label]
    return group


def _counts(pairs: Labels, labels: Labels, size: int) -> Numbers:
    return np.bincount(pairs * size + labels, minlength=size**3).reshape(size, size, size).astype(np.float64)


def _decomposed(tables: Numbers) -> list[Decomposition]:
    """One decomposition for each of `[B, X1, X2, Y]`, which have the same labels."""
    joint = tables[..., tables.sum((0, 1, 2)) > 0]
    joint = joint / joint.sum((1, 2, 3), keepdims=True)
    first, second = _information(joint.sum(2)), _information(joint.sum(1))
    both = _information(joint.reshape(len(joint), -1, joint.shape[3]))
    least = np.clip(_least(joint), np.maximum(first, second), both)
    shared = np.maximum(0.0, first + second - least)
    parts = np.stack([shared, least - second, least - first, both - least], 1)
    return [Decomposition(*row) for row in parts.tolist()]


def _information(joint: Numbers) -> Numbers:
    """I(x; y) in bits of p[x, y]: `[B, X, Y]` to `[B]`."""
    independent = joint.sum(2, keepdims=True) * joint.sum(1, keepdims=True)
    return rel_entr(joint, independent).sum((1, 2)) / np.log(2)


def _least(joint: Numbers) -> Numbers:
    """The least that x1 and x2 together can know about y with the same p(x1, y) and p(x2, y), in bits: `[B]`.

    Over all such q, sum_y p(y) KL(q_y || m) is least in turn for m = sum_y p(y) q_y, and for q_y = m scaled to the
    two marginals of y (Sinkhorn). The scaling goes on from where it was, so one round of it for each m is enough.
    """
    weight = joint.sum((1, 2))
    rows = (joint.sum(2) / weight[:, None]).transpose(0, 2, 1)
    columns = (joint.sum(1) / weight[:, None]).transpose(0, 2, 1)
    mixed = np.einsum("by,byi,byj->bij", weight, rows, columns)
    across, before = np.ones_like(columns), np.full(len(joint), np.inf)
    for _ in range(ROUNDS):
        along = _over(rows, across @ mixed.transpose(0, 2, 1))
        across = _over(columns, along @ mixed)
        given = along[..., None] * mixed[:, None] * across[:, :, None]
        mixed = np.einsum("by,byij->bij", weight, given)
        least = np.einsum("by,byij->b", weight, rel_entr(given, mixed[:, None])) / np.log(2)
        if np.abs(before - least).max() < CLOSE and np.abs(given.sum(3) - rows).max() < FEASIBLE:
            break
        before = least
    return least


def _over(above: Numbers, below: Numbers) -> Numbers:
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)


@MEASURES.register("pid")
class InformationDecomposition(PairMeasure):
    """What the answers of the two, each alone, know about the right answer."""

    order = 30
    title = "Partial information decomposition (PID)"
    symbol = "R, U₁, U₂, S"
    question = "What do the two unimodal predictions carry about the right class?"
    about = (
        "Redundant bits, bits unique to each, and synergistic bits. Few samples look as if "
        "they knew something together: what shuffled answers seem to know is taken away, and where there are fewer "
        "than 5 samples per cell of the table, nothing is said. On few samples what is unique comes out too large and "
        "what is redundant too small: two inputs that know the same seem to have 0.1 bits each to themselves at 320 "
        "samples. Taking chance away does not mend that."
    )
    source = (
        "Bertschinger et al., Quantifying Unique Information, Entropy 2014; Liang et al., Quantifying & "
        "Modeling Multimodal Interactions, NeurIPS 2023"
    )
    family = ALONE
    unit = BITS
    columns = (
        Column("redundancy", "both know", BITS),
        Column("first", "only the first", BITS),
        Column("second", "only the second", BITS),
        Column("synergy", "synergistic", BITS),
    )
    truths = (
        Truth("redundant", (1, 0, 0, 0), 0.1, "One bit, redundant."),
        Truth("redundant", (1, 0, 0, 0), 0.05, "Counted from the data themselves.", of_data=True),
        Truth("unique", (0, 1, 0, 0), 0.1, "One bit, unique to left."),
        Truth("unique", (0, 1, 0, 0), 0.05, "Counted from the data themselves.", of_data=True),
        Truth("synergy", (0, 0, 0, 1), 0.1, "One bit, synergistic.", BLIND_ANSWERS),
        Truth("synergy", (0, 0, 0, 1), 0.05, "Counted from the data themselves.", of_data=True),
        Truth("collapsed", (0, 1, 0, 0), 0.1, "One bit, unique to left's predictions.", BLIND_TIES),
        Truth(
            "collapsed",
            (1, 0, 0, 0),
            0.05,
            "The data still hold the bit in both: it is the model that does not use it.",
            of_data=True,
        ),
    )

    def numbers(self, evidence: Evidence, first: int, second: int) -> PairNumbers:
        """Four numbers, with what was counted and what chance alone would give."""
        found = _estimate(evidence, first, second)
        only = (say("unique to {input}", input=evidence.labels[place]) for place in (first, second))
        titles = (say("both know"), *only, say("synergistic"))
        parts = zip(astuple(found.raw), astuple(found.chance), astuple(found.found), strict=True)
        lines = tuple((title, *each) for title, each in zip(titles, parts, strict=True))
        rule, head = (
            say("Classes were put into {count} groups", count=found.bins),
            (say("bits"), say("as counted"), say("by chance"), say("left (not below 0)")),
        )
        numbers = (
            Number(float(value), Arithmetic(rule, head, lines, "sum", line))
            for line, value in enumerate(astuple(found.found))
        )
        note = say(
            "classes in {count} groups; {bits} bits that chance alone seems to know were taken away; {biased}",
            count=found.bins,
            bits=f"{found.chance.total:.3f}",
            biased=say(BIASED),
        )
        return PairNumbers(tuple(numbers), note, asdict(found))

    def of_data(self, codes: NDArray[np.int64], target: NDArray[np.int64]) -> tuple[float, ...]:
        """The decomposition of the counts."""
        table = np.zeros((*(1 + int(each.max()) for each in codes), 1 + int(target.max())))
        np.add.at(table, (*codes, target), 1)
        return astuple(pid(table))


def _estimate(evidence: Evidence, first: int, second: int) -> Estimate:
    """On the answers of each modality alone, in as many groups as the samples allow. Raises Undefined."""
    logits, target = evidence.lattice.logits, evidence.lattice.target
    try:
        one, labels = evidence.output.categories(logits[2**first], target)
        other, _ = evidence.output.categories(logits[2**second], target)
    except Unsupported as error:
        raise Undefined(str(error)) from error
    for bins in range(MOST_GROUPS, 1, -1):
        try:
            return pid_of_answers(one, other, labels, bins=bins)
        except DataError as error:
            problem = str(error)
    raise Undefined(problem)
