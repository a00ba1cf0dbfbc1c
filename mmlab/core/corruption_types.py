"""What all corruptions share: a label, five severities, and the function that applies it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Steps = tuple[float, float, float, float, float]
Act = Callable[[Any, float, np.random.Generator], Any]
SEVERITIES = (1, 2, 3, 4, 5)


@dataclass(frozen=True)
class Corruption:
    """One kind of corruption: a label for people, what the numbers in `steps` mean, one number per severity.

    whole: whether `act` takes the recording itself and gives one, rather than the numbers in it.
    """

    label: str
    unit: str
    steps: Steps
    act: Act
    whole: bool = False


def __getattr__(name: str) -> Any:
    """The earlier name, which kinds of modalities outside this package may still import."""
    if name == "Damage":
        warnings.warn("Damage is now called Corruption.", DeprecationWarning, stacklevel=2)
        return Corruption
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
