"""What only the model itself can tell about its modalities: what it takes when inputs are swapped between samples, and
what each measure that needs the model asks it. Slow enough to be kept (`stored`)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.analysis.base.array_checks import Numbers
from mmlab.analysis.base.coalitions import Lattice, membership
from mmlab.analysis.base.input_swapping import InputSwapper, ProgressCallback, quiet
from mmlab.analysis.base.sampling import complete_samples, derangement
from mmlab.analysis.dominance.layer_evidence import evidence_shares
from mmlab.analysis.dominance.measure import MODEL, Measure, measures
from mmlab.analysis.dominance.payoffs import counts_of, sample_values
from mmlab.core.batch import Samples
from mmlab.core.errors import MmlabError
from mmlab.core.method import Method
from mmlab.core.modality import Modalities
from mmlab.core.outputs import Output
from mmlab.storage import disk_cache

OWN_RULE, DONOR_RULE = "the method’s own way to do without", "the same input of another sample"
FORMAT = 2
PROBLEM, FAILED = "problem", "failed"  # in the place of arrays: why there are none, and whether the measure is at fault


@dataclass(frozen=True)
class ProbeBudget:
    """How many samples and draws are spent. pairs: samples whose inputs are all paired with each other."""

    samples: int = 256
    pairs: int = 128
    permutations: int = 5
    donors: int = 2

    @classmethod
    def usual(cls, output: Output) -> ProbeBudget:
        """Fewer where every answer is a picture."""
        return cls(48, 20, 3, 1) if output.dense else cls()


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
    tell: ProgressCallback = field(default=quiet, compare=False)

    @classmethod
    def of(cls, method: Method, samples: Samples, budget: ProbeBudget, seed: int, tell: ProgressCallback) -> Probing:
        """Of complete samples."""
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
    def layer_shares(self) -> tuple[Numbers, Numbers]:
        """Shares in |gradient × activation| and in the Grad-CAM map, `[n, M]` each."""
        return evidence_shares(self.method, self.samples, self.tell)

    def generator(self, name: str) -> np.random.Generator:
        """Randomness of one's own, the same at every call."""
        return np.random.default_rng([self.seed, *name.encode()])

    def worth(self, logits: NDArray[Any], target: NDArray[Any]) -> Numbers:
        """What each answer is worth as a right one, `[N]`."""
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

    def lattice(self, modalities: Modalities) -> Lattice:
        """The swapped answers by bit mask: another rule for what stands in for an absent modality."""
        rows = len(self.target)
        by_code = {modalities.code(c): c.key for c in modalities.subsets()}
        keys = ("", *(by_code[code] for code in range(1, len(self.swapped))))
        names = tuple(self.ids[row % len(self.ids)] for row in range(rows))
        return Lattice(modalities.names, keys, self.swapped, self.target, names, names, DONOR_RULE)


def probe(
    method: Method, samples: Samples, effort: ProbeBudget, seed: int = 0, tell: ProgressCallback = quiet
) -> Probes:
    """Everything at once, each encoder running once per sample. `tell` hears of the progress and may raise to stop it.

    A measure that fails is noted and hides no other. Raises DataError for fewer than 8 samples with every modality.
    """
    chosen = complete_samples(samples, effort.samples)
    wanted = _asking()
    heard = _Heard(tell)
    probing = Probing.of(method, chosen, effort, seed, heard)
    heard.span(0.0, 0.1)(1.0)
    found = {}
    for place, measure in enumerate(wanted):
        heard.span(0.1 + 0.7 * place / len(wanted), 0.1 + 0.7 * (place + 1) / len(wanted))
        found[measure.name] = _asked(measure, probing, heard)
        heard(1.0)
    swapped = _swapped(probing)
    kept = method.output.condense_target(chosen.target).numpy()
    shown = np.tile(kept, (effort.donors, *([1] * (kept.ndim - 1))))
    heard.span(0.8, 1.0)(1.0)
    return Probes(found, swapped, shown, chosen.ids)


def _asking() -> list[Measure]:
    return [measure for measure in measures() if measure.needs == MODEL]


class _Heard:
    """Progress within a span of the whole; remembers that whoever listens stopped it."""

    def __init__(self, tell: ProgressCallback) -> None:
        self._tell = tell
        self._low, self._high = 0.0, 1.0
        self.stopped = False

    def span(self, low: float, high: float) -> Callable[[float], None]:
        self._low, self._high = low, high
        return self

    def __call__(self, share: float) -> None:
        try:
            self._tell(self._low + (self._high - self._low) * share)
        except BaseException:
            self.stopped = True
            raise


def _asked(measure: Measure, probing: Probing, heard: _Heard) -> Mapping[str, NDArray[Any]]:
    try:
        return {name: np.asarray(value) for name, value in measure.probe(probing).items()}
    except MmlabError as error:
        if heard.stopped:
            raise
        return {PROBLEM: np.array(error.message)}
    except Exception as error:  # of a plug-in, say: its row shows it
        if heard.stopped:
            raise
        logging.getLogger(__name__).exception("The measure '%s' failed", measure.name)
        return {PROBLEM: np.array(f"It failed: {type(error).__name__}: {error}"), FAILED: np.array(True)}


def _swapped(probing: Probing) -> NDArray[np.floating]:
    """Answers `[2**M, n * D, ...]` with one other sample in the place of all that is absent."""
    on = membership(probing.straight.shape[1])
    parts = []
    for donor in probing.donors:
        answers = (probing.swapper.answers(np.where(present, probing.straight, donor[:, None])) for present in on)
        parts.append([counts_of(each, probing.target) if each.ndim == 4 else each for each in answers])
    return np.stack([np.concatenate(each) for each in zip(*parts, strict=True)])


def stored(digest: str, effort: ProbeBudget, seed: int = 0) -> Probes | None:
    """What was found for the checkpoint of this digest, from the user's cache folder; nothing where it was not kept."""
    arrays = disk_cache.load(_name(digest, effort, seed))
    if arrays is None:
        return None
    found: dict[str, dict[str, NDArray[Any]]] = {}
    for key, value in arrays.items():
        measure, slash, name = key.partition("/")
        if slash:
            found.setdefault(measure, {})[name] = value
    return Probes(found, arrays["swapped"], arrays["target"], tuple(arrays["ids"].tolist()))


def keep(found: Probes, digest: str, effort: ProbeBudget, seed: int = 0) -> None:
    """Keep it for `stored`, unless a measure failed. A full or read-only disk is no error."""
    if any(FAILED in arrays for arrays in found.found.values()):
        return
    flat = {f"{measure}/{name}": value for measure, arrays in found.found.items() for name, value in arrays.items()}
    plain = {"swapped": found.swapped.astype(np.float32), "target": found.target, "ids": np.array(found.ids)}
    disk_cache.save(_name(digest, effort, seed), {**flat, **plain})


def _name(digest: str, effort: ProbeBudget, seed: int) -> str:
    asking = [(measure.name, measure.version) for measure in _asking()]
    return f"dominance-{disk_cache.cache_key(FORMAT, asking, digest, vars(effort), seed)}"
