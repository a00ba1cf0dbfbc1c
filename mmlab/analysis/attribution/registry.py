"""What an explainer is, and where explainers are filed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from mmlab.core.method import Method
from mmlab.core.modality import Combination
from mmlab.core.outputs import Classification, Output, Regression, Segmentation
from mmlab.core.registry import Registry
from mmlab.core.results import Attribution

ProgressCallback = Callable[[float], None]


class Explain(Protocol):
    """What an explainer is; `tell` hears of the progress of a slow one, and may raise to stop it."""

    def __call__(
        self,
        method: Method,
        inputs: Mapping[str, Tensor],
        combinations: Sequence[Combination],
        target: int,
        tell: ProgressCallback | None = None,
    ) -> Attribution:
        """Explain the score of `target` under each combination."""


@dataclass(frozen=True)
class Explainer:
    """One way to explain: a name for people, one sentence, its source, the function, and whether it takes seconds."""

    title: str
    about: str
    paper: str
    run: Explain
    slow: bool = False


EXPLAINERS: Registry[Explainer] = Registry("explainer", "mmlab.analysis.attribution")


def explainer(name: str, title: str, about: str, paper: str, slow: bool = False) -> Callable[[Explain], Explain]:
    """Decorator that files `(method, inputs, combinations, target, tell) -> Attribution` under `name`.

    `inputs` holds `[*shape]` per modality of one sample; a modality that was not brought may be left out, and
    is then in none of the combinations. `target` is the class or region whose score is explained; 0 for a number.
    """

    def decorate(function: Explain) -> Explain:
        EXPLAINERS.register(name)(Explainer(title, about, paper, function, slow))
        return function

    return decorate


def find(name: str) -> Explainer:
    """The explainer of that name. Raises UnknownName."""
    return EXPLAINERS[name]


def targets(output: Output) -> tuple[str, ...]:
    """What can be explained, by index: the classes, the regions, or what raises and what lowers the one number."""
    if isinstance(output, Classification):
        return output.classes
    if isinstance(output, Segmentation):
        return output.region_names
    return ("what raises the number", "what lowers the number")


def target_of(output: Output, value: object) -> int:
    """The index of what explains an answer of this value: its class, or the side where its number lies."""
    if isinstance(output, Regression):
        return int(isinstance(value, int | float) and not output.above(value))
    return int(value) if isinstance(output, Classification) and isinstance(value, int | np.integer) else 0


def by_combination(
    keys: Sequence[str], maps: Mapping[str, NDArray[np.float32]]
) -> dict[str, dict[str, NDArray[np.float32]]]:
    """Stacks `[K, *places]` by modality as maps by combination and modality."""
    return {key: {name: stack[row] for name, stack in maps.items()} for row, key in enumerate(keys)}
