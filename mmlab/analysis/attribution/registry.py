"""What an explainer is, and the registry of explainers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from mmlab.core.earlier_names import earlier_names
from mmlab.core.method import Method
from mmlab.core.modality import Combination
from mmlab.core.registry import Registry
from mmlab.core.results import Attribution
from mmlab.inference.windows import Window

ProgressCallback = Callable[[float], None]
EVERYTHING = "everything that it attributes, for and against"
AT_LAYERS = "|gradient × activation| at the layers"


def _unheard(part: float) -> None:
    """Progress that nobody listens to."""


@dataclass(frozen=True)
class AttributionRequest:
    """What to explain: the score of `target` for one sample under each of the combinations.

    inputs: `[*shape]` per modality of the sample; a modality that was not given may be omitted, and is then in none
    of the combinations. target: the index of the class or region (`targets`); 0 for a number. tell: receives the
    progress of a slow explainer, in [0, 1], and may raise to stop it. window: if the inputs are the part of a scan seen
    by a model that works in windows, that part; the score is then its contribution to that of the whole prediction.
    """

    method: Method
    inputs: Mapping[str, Tensor]
    combinations: tuple[Combination, ...]
    target: int
    tell: ProgressCallback = _unheard
    window: Window | None = None

    def score(self, logits: Tensor) -> Tensor:
        """The explained score `[K]` from the logits under each combination."""
        return self.method.output.score(logits, self.target) if self.window is None else self.window.score(logits)


Explain = Callable[[AttributionRequest], Attribution]


@dataclass(frozen=True)
class Explainer:
    """An explainer: its display name, one sentence, its source, the function, and whether it takes seconds.

    shares: what its shares are fractions of, in words.
    """

    title: str
    about: str
    paper: str
    explain: Explain
    slow: bool = False
    shares: str = EVERYTHING

    def run(
        self,
        method: Method,
        inputs: Mapping[str, Tensor],
        combinations: Sequence[Combination],
        target: int,
        tell: ProgressCallback | None = None,
    ) -> Attribution:
        """Explain the score of `target` under each combination, see `AttributionRequest`."""
        return self.explain(AttributionRequest(method, inputs, tuple(combinations), target, tell or _unheard))


EXPLAINERS: Registry[Explainer] = Registry("explainer", "mmlab.analysis.attribution.explainers")


def explainer(
    name: str, title: str, about: str, paper: str, slow: bool = False, shares: str = EVERYTHING
) -> Callable[[Explain], Explain]:
    """Decorator that registers a function from an `AttributionRequest` to an `Attribution` under `name`."""

    def decorate(function: Explain) -> Explain:
        EXPLAINERS.register(name)(Explainer(title, about, paper, function, slow, shares))
        return function

    return decorate


def find(name: str) -> Explainer:
    """The explainer of that name. Raises UnknownName."""
    return EXPLAINERS[name]


def by_combination(
    keys: Sequence[str], maps: Mapping[str, NDArray[np.float32]]
) -> dict[str, dict[str, NDArray[np.float32]]]:
    """Stacks `[K, *places]` by modality as maps by combination and modality."""
    return {key: {name: stack[row] for name, stack in maps.items()} for row, key in enumerate(keys)}


__getattr__ = earlier_names(__name__, {"Question": "AttributionRequest"})
