"""What only the model itself can tell about its modalities: its predictions when inputs are swapped between samples,
and the queries of each measure that needs the model. Slow enough to be cached (`stored`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.analysis.base.coalitions import membership
from mmlab.analysis.base.input_swapping import ProgressCallback, no_progress
from mmlab.analysis.base.sampling import complete_samples
from mmlab.analysis.dominance.measure import MODEL, Measure, measures
from mmlab.analysis.dominance.payoffs import counts_of
from mmlab.analysis.dominance.probing import DONOR_RULE, OWN_RULE, ProbeBudget, Probes, Probing
from mmlab.core.batch import Samples
from mmlab.core.errors import MmlabError
from mmlab.core.method import Method
from mmlab.storage import disk_cache

FORMAT = 2
PROBLEM, FAILED = "problem", "failed"  # in the place of arrays: why there are none, and whether the measure is at fault


def probe(
    method: Method, samples: Samples, effort: ProbeBudget, seed: int = 0, tell: ProgressCallback = no_progress
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
        parts.append([counts_of(each, probing.target) if each.ndim >= 4 else each for each in answers])
    return np.stack([np.concatenate(each) for each in zip(*parts, strict=True)])


def stored(digest: str, effort: ProbeBudget, seed: int = 0) -> Probes | None:
    """What was found for the checkpoint of this digest, from the user's cache folder; nothing where it was not kept."""
    arrays = disk_cache.load(name_of(digest, effort, seed))
    if arrays is None:
        return None
    found: dict[str, dict[str, NDArray[Any]]] = {}
    for key, value in arrays.items():
        measure, slash, name = key.partition("/")
        if slash:
            found.setdefault(measure, {})[name] = value
    return Probes(found, arrays["swapped"], arrays["target"], tuple(arrays["ids"].tolist()))


def keep(found: Probes, digest: str, effort: ProbeBudget, seed: int = 0) -> None:
    """Store the probes, unless a measure failed. A full or read-only disk is no error."""
    if failed(found):
        return
    flat = {f"{measure}/{name}": value for measure, arrays in found.found.items() for name, value in arrays.items()}
    plain = {"swapped": found.swapped.astype(np.float32), "target": found.target, "ids": np.array(found.ids)}
    disk_cache.save(name_of(digest, effort, seed), {**flat, **plain})


def failed(found: Probes) -> bool:
    """Whether a measure failed because of a bug of its own."""
    return any(FAILED in arrays for arrays in found.found.values())


def name_of(digest: str, effort: ProbeBudget, seed: int = 0) -> str:
    """The name of its file in the cache."""
    asking = [(measure.name, measure.version) for measure in _asking()]
    return f"dominance-{disk_cache.cache_key(FORMAT, asking, digest, vars(effort), seed)}"


__all__ = ["DONOR_RULE", "OWN_RULE", "ProbeBudget", "Probes", "Probing", "failed", "keep", "name_of", "probe", "stored"]
