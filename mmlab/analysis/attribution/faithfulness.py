"""Whether an attribution map can be trusted: how covering positions changes the prediction, whether the map depends on
learned parameters at all, and whether the modality that is said to dominate is the one whose absence costs most.

Sources: Petsiuk et al., RISE, BMVC 2018 (deletion and insertion); Adebayo et al., Sanity Checks for Saliency Maps,
NeurIPS 2018 (random parameters); the check across modalities is ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmlab.analysis.attribution.captum_wrapper import single_input
from mmlab.analysis.attribution.input_model import baseline_input
from mmlab.analysis.attribution.registry import Explainer
from mmlab.analysis.attribution.sanity_checks import RandomLabelModel, map_similarity, reinitialise
from mmlab.analysis.base.array_checks import Numbers
from mmlab.analysis.base.input_swapping import ProgressCallback, no_progress
from mmlab.analysis.base.ranking import tied_order
from mmlab.core.errors import NothingPresent
from mmlab.core.method import Method
from mmlab.core.modality import Combination, Modality
from mmlab.core.number_text import fixed
from mmlab.core.phrases import phrase, say
from mmlab.core.results import Attribution
from mmlab.inference.windows import answered, at_once

STEPS = 10
ORDERS = 6  # random orders that a map is held against
NETWORKS = 3  # networks with random parameters
SIDES = {1: 16, 2: 7, 3: 4}  # patches side by side, by the number of axes
CHUNK = 512, 32  # covered inputs at a time: answers that are vectors, and those that are pictures
MOVES = 0.05  # what all places of an input must cost for their order to be tested
BETTER = 0.02  # by how much the area must beat random orders
LEARNED = 0.3  # the part of its loss that a network must save on answers that it learned by heart
ALIKE = 0.5  # rank correlation from which on the map of a random network is too much like this one
TOP = 0.25  # the part of the places that is covered in the check across modalities


@dataclass(frozen=True)
class Curve:
    """The answer's support while places of one modality are covered (deletion) or uncovered (insertion): `[STEPS + 1]`.

    ordered: most important places first, by the map; random: the mean of random orders. tested: whether the places
    matter enough for their order to mean anything.
    """

    ordered: Numbers
    random: Numbers
    tested: bool

    @property
    def gap(self) -> float:
        """The area between the two, positive where the curve by the map lies above."""
        return float(np.trapezoid(self.ordered - self.random, dx=1 / (len(self.ordered) - 1)))


@dataclass(frozen=True)
class Check:
    """One test: passed, failed or (None) not possible here.

    found, wanted: what was measured and what the test asks, each a sentence that `say` knows, with fields for `values`;
    a tuple among these holds names of inputs.
    """

    title: str
    passed: bool | None
    found: str
    wanted: str
    values: Mapping[str, object] = field(default_factory=dict)

    @property
    def value(self) -> str:
        """What was measured, in the words of whoever is asking."""
        return say(self.found, **self._spoken())

    @property
    def about(self) -> str:
        """What the test asks, in the words of whoever is asking."""
        return say(self.wanted, **self._spoken())

    def _spoken(self) -> dict[str, object]:
        return {
            name: ", ".join(say(label) for label in value) if isinstance(value, tuple) else value
            for name, value in self.values.items()
        }


@dataclass(frozen=True)
class Faithfulness:
    """Curves and random-network correlations by modality, what covering the top places costs, and the checks.

    effect: the part of each modality in the net effects, or in what is attributed where an explainer has no net one.
    """

    deletion: Mapping[str, Curve]
    insertion: Mapping[str, Curve]
    map_similarity: Mapping[str, float]
    cost: Mapping[str, float]
    effect: Mapping[str, float]
    checks: tuple[Check, ...]

    @property
    def light(self) -> str:
        """green: all that could be tested holds, and at least two could; red: two or more fail; amber: in between."""
        results = [check.passed for check in self.checks]
        failed, held = results.count(False), results.count(True)
        return "red" if failed >= 2 else "green" if failed == 0 and held >= 2 else "amber"


def faithfulness(
    method: Method,
    inputs: Mapping[str, Tensor],
    combination: Combination,
    found: Attribution,
    explain: Explainer,
    seed: int = 0,
    tell: ProgressCallback = no_progress,
    rote: RandomLabelModel | None = None,
) -> Faithfulness:
    """Test the maps that `explain` made for one sample, under one combination and for `found.target`.

    rote: a network that learned shuffled answers, for one more check.

    inputs: `[*shape]` by modality. A covered place holds the mean of its channel (no word, in a text). Raises
    NothingPresent where the explanation lacks the combination.
    """
    if combination.key not in found.maps:
        raise NothingPresent("This combination was not explained.", "Switch on inputs that were given.")
    tester = _Tester(method, inputs, combination, found.target)
    generator = np.random.default_rng(seed)
    deletion, insertion, cost = {}, {}, {}
    for place, name in enumerate(combination.names):
        heat = found.maps[combination.key][name]
        deletion[name], insertion[name] = tester.curves(name, heat, generator)
        cost[name] = tester.cost(name, heat)
        tell(0.6 * (place + 1) / len(combination))
    fresh = [reinitialise(method, seed + number) for number in range(NETWORKS)]
    alike = map_similarity(fresh, inputs, combination, found, explain, lambda share: tell(0.6 + 0.4 * share))
    parts = (found.net or found.shares)[combination.key]
    effect = {name: parts[name] for name in combination.names}
    checks = [
        _area(
            phrase("Deletion"),
            [-curve.gap for curve in deletion.values() if curve.tested],
            phrase("Covering bright places first must lower the score faster than covering random places."),
        ),
        _area(
            phrase("Insertion"),
            [curve.gap for curve in insertion.values() if curve.tested],
            phrase("Uncovering bright places first must raise the score faster than uncovering random places."),
        ),
        _unlike(
            phrase("Parameter randomisation"),
            phrase("correlation {mean} with maps of untrained networks"),
            alike,
            phrase("The map of a network with random parameters must look different (rank correlation below 0.5)."),
        ),
        *(
            []
            if rote is None
            else [_shuffled(rote, map_similarity([rote.method], inputs, combination, found, explain))]
        ),
        _across(method, cost, effect),
    ]
    return Faithfulness(deletion, insertion, alike, cost, effect, tuple(checks))


class _Tester:
    """Answers to one sample with some of its places covered."""

    def __init__(self, method: Method, inputs: Mapping[str, Tensor], combination: Combination, target: int) -> None:
        self.method, self.combination, self.target = method, combination, target
        self.place = method.device
        self.singles = {m.name: single_input(m, inputs) for m in method.modalities}
        self.whole = self._logits([{}])

    def curves(self, name: str, heat: NDArray[np.float32], generator: np.random.Generator) -> tuple[Curve, Curve]:
        """Deletion and insertion by the map, and by random orders."""
        modality = self.method.modalities[name]
        labels = patches(modality)
        order = _order(heat, labels, generator)
        orders = [order, *(generator.permutation(len(order)) for _ in range(ORDERS))]
        covers = [_covered(labels, each, share) for each in orders for share in np.linspace(0, 1, STEPS + 1)]
        covers += [~_covered(labels, each, share) for each in orders for share in np.linspace(0, 1, STEPS + 1)]
        support = self.support([{name: cover} for cover in covers]).reshape(2, len(orders), STEPS + 1)
        tested = bool(abs(support[0, 0, 0] - support[0, 0, -1]) >= MOVES) and bool(heat.any())
        deletion, insertion = (Curve(each[0], each[1:].mean(0), tested) for each in support)
        return deletion, insertion

    def cost(self, name: str, heat: NDArray[np.float32]) -> float:
        """The support that is lost with the top places of one modality."""
        labels = patches(self.method.modalities[name])
        order = _order(heat, labels, np.random.default_rng(0))
        before, after = self.support([{}, {name: _covered(labels, order, TOP)}])
        return float(before - after)

    def support(self, covers: Sequence[Mapping[str, NDArray[np.bool_]]]) -> Numbers:
        """How much the first answer is still the answer, `[R]`, about 0 to 1, with these places covered."""
        return self.method.output.support(self._logits(covers), self.whole[0], self.target)

    @torch.inference_mode()
    def _logits(self, covers: Sequence[Mapping[str, NDArray[np.bool_]]]) -> Tensor:
        step, found = at_once(self.method.info, *CHUNK), []
        for start in range(0, len(covers), step):
            part = covers[start : start + step]
            rows = {m.name: self._rows(m, part).to(self.place) for m in self.method.modalities}
            mask = self.method.modalities.mask(self.combination, len(part), self.place)
            found.append(answered(self.method, rows, mask).logits.float().cpu())
        return torch.cat(found)

    def _rows(self, modality: Modality, covers: Sequence[Mapping[str, NDArray[np.bool_]]]) -> Tensor:
        single = self.singles[modality.name]
        if not any(modality.name in cover for cover in covers):
            return single.expand(len(covers), *modality.shape)
        empty = np.zeros(_places(modality), bool)
        masks = torch.from_numpy(np.stack([cover.get(modality.name, empty) for cover in covers]))
        masks = masks[:, None] if len(modality.shape) > 1 else masks
        return torch.where(masks, baseline_input(modality, single), single)


def patches(modality: Modality) -> NDArray[np.int64]:
    """The index of the patch that each position belongs to, in the shape of the modality's positions."""
    places = _places(modality)
    sides = SIDES[min(len(places), 3)]
    axes = [np.arange(size) * min(sides, size) // size for size in places]
    labels = np.zeros(places, np.int64)
    for axis in np.meshgrid(*axes, indexing="ij"):
        labels = labels * sides + axis
    return np.unique(labels, return_inverse=True)[1].reshape(places)


def _places(modality: Modality) -> tuple[int, ...]:
    return modality.shape[1:] or modality.shape


def _order(heat: NDArray[np.float32], labels: NDArray[np.int64], generator: np.random.Generator) -> NDArray[np.int64]:
    """Patches from the brightest to the darkest; equally bright ones in random order."""
    flat = labels.ravel()
    mean = np.bincount(flat, heat.ravel()) / np.bincount(flat)
    return np.lexsort((generator.random(len(mean)), -mean))


def _covered(labels: NDArray[np.int64], order: NDArray[np.int64], share: float) -> NDArray[np.bool_]:
    return np.isin(labels, order[: round(float(share) * len(order))])


def _unlike(title: str, sentence: str, similarity: Mapping[str, float], about: str) -> Check:
    known = [value for value in similarity.values() if np.isfinite(value)]
    if not known:
        return Check(title, None, phrase("the maps are flat"), about)
    mean = float(np.mean(known))
    return Check(title, mean < ALIKE, sentence, about, {"mean": fixed(mean, 2)})


def _shuffled(rote: RandomLabelModel, similarity: Mapping[str, float]) -> Check:
    title = phrase("Label randomisation")
    about = phrase(
        "The map of a network that memorised shuffled labels must look different (rank correlation below 0.5)."
    )
    if rote.learned < LEARNED:
        sentence = phrase("that network learned too little of them ({learned} %)")
        return Check(title, None, sentence, about, {"learned": f"{100 * rote.learned:.0f}"})
    sentence = phrase("correlation {mean} with the map of a network trained on shuffled labels")
    return _unlike(title, sentence, similarity, about)


def _area(title: str, gaps: Sequence[float], about: str) -> Check:
    if not gaps:
        sentence = phrase("the score hardly moves, whatever is covered: the other inputs suffice")
        return Check(title, None, sentence, about)
    mean = float(np.mean(gaps))
    sentence = phrase("{gap} against random places")
    return Check(title, mean > BETTER, sentence, about, {"gap": fixed(mean, 2, signed=True)})


def _across(method: Method, cost: Mapping[str, float], effect: Mapping[str, float]) -> Check:
    """The modality with the largest effect must cost the most when its top places go."""
    title = phrase("Dominant input")
    about = phrase(
        "Covering the brightest {top} % of each input in turn: the one with the largest effect must cost the most."
    )
    top = {"top": f"{100 * TOP:.0f}"}
    if len(cost) < 2:
        return Check(title, None, phrase("only one input is on"), about, top)
    said, costs = ({list(each)[i] for i in tied_order([*each.values()])[0]} for each in (effect, cost))
    if max(cost.values()) < MOVES:
        sentence = phrase("covering them costs nothing: the other inputs suffice")
        return Check(title, None, sentence, about, top)
    labels = {m.name: m.label for m in method.modalities}
    first, second = (tuple(label for name, label in labels.items() if name in each) for each in (said, costs))
    sentence = phrase("largest effect: {first}; covering costs most: {second}")
    return Check(title, bool(said & costs), sentence, about, {**top, "first": first, "second": second})
