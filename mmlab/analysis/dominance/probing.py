"""A model queried about its modalities, for measures that need it, and the results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.analysis.base.array_checks import Numbers
from mmlab.analysis.base.coalitions import Lattice
from mmlab.analysis.base.input_swapping import InputSwapper, ProgressCallback, no_progress
from mmlab.analysis.base.sampling import derangement
from mmlab.analysis.dominance.layer_evidence import LayerEvidence, evidence_shares
from mmlab.analysis.dominance.payoffs import sample_values
from mmlab.core.batch import Samples
from mmlab.core.method import Method
from mmlab.core.modality import Modalities
from mmlab.core.outputs import Output
from mmlab.core.phrases import phrase

OWN_RULE, DONOR_RULE = phrase("handled in the method’s own way"), phrase("the same input of another sample")


@dataclass(frozen=True)
class ProbeBudget:
    """How many samples and draws are spent. pairs: samples whose inputs are all paired with each other."""

    samples: int = 256
    pairs: int = 128
    permutations: int = 5
    donors: int = 2

    @classmethod
    def usual(cls, output: Output) -> ProbeBudget:
        """The default budget; smaller for dense outputs."""
        return cls(*(output.affordable(usual, few) for usual, few in zip(astuple(cls()), (48, 20, 3, 1), strict=True)))


@dataclass(frozen=True)
class Probing:
    """A model with n complete samples, each encoded once, for `Measure.probe` to ask.

    straight: `[n, M]`, the rows of the samples as they are; permutations: `[M, P, n]`, donors: `[D, n]`: for each
    sample another one, the same draws for every measure. `generator(name)` is for draws of one's own; `tell` hears of
    progress between 0 and 1.
    """

    method: Method
    samples: Samples
    swapper: InputSwapper
    budget: ProbeBudget
    straight: NDArray[np.int64]
    permutations: NDArray[np.int64]
    donors: NDArray[np.int64]
    seed: int
    tell: ProgressCallback = field(default=no_progress, compare=False)

    @classmethod
    def of(cls, method: Method, samples: Samples, budget: ProbeBudget, seed: int, tell: ProgressCallback) -> Probing:
        """Probe a method on complete samples."""
        count, names = len(samples), method.modalities.names
        generator = np.random.default_rng(seed)
        permutations = [[derangement(count, generator) for _ in range(budget.permutations)] for _ in names]
        donors = [derangement(count, generator) for _ in range(budget.donors)]
        straight = np.tile(np.arange(count)[:, None], (1, len(names)))
        swapper = InputSwapper(method, samples.inputs)
        return cls(method, samples, swapper, budget, straight, np.array(permutations), np.array(donors), seed, tell)

    @property
    def target(self) -> NDArray[Any]:
        """The truth, `[n, ...]`."""
        return self.samples.target.numpy()

    @cached_property
    def layer_shares(self) -> LayerEvidence:
        """Shares in what reaches the layers Grad-CAM looks at, `[n, M]` each."""
        return evidence_shares(self.method, self.samples, self.tell)

    def generator(self, name: str) -> np.random.Generator:
        """A generator of its own, the same at every call."""
        return np.random.default_rng([self.seed, *name.encode()])

    def worth(self, logits: NDArray[Any], target: NDArray[Any]) -> Numbers:
        """The payoff "right" of each prediction, `[N]`."""
        return sample_values(self.method.output, logits, target, "right")


@dataclass(frozen=True)
class Probes:
    """What was found on n complete samples, with D donors each.

    found: by measure, what its `probe` gave; swapped: `[2**M, n * D, ...]`, the logits (counts of pixels, for regions)
    with donors in the place of what is absent; target: theirs, `[n * D, ...]`; ids: `[n]`.
    """

    found: Mapping[str, Mapping[str, NDArray[Any]]]
    swapped: NDArray[np.floating]
    target: NDArray[np.generic]
    ids: tuple[str, ...]

    def lattice(self, modalities: Modalities, groups: Mapping[str, str]) -> Lattice:
        """The swapped answers by bit mask: another rule for what stands in for an absent modality.

        groups: of the samples, by id; what is answered to a sample with several donors is of its group.
        """
        rows = len(self.target)
        by_code = {modalities.code(c): c.key for c in modalities.subsets()}
        keys = ("", *(by_code[code] for code in range(1, len(self.swapped))))
        names = tuple(self.ids[row % len(self.ids)] for row in range(rows))
        of = tuple(groups.get(name, name) for name in names)
        return Lattice(modalities.names, keys, self.swapped, self.target, names, of, DONOR_RULE)
