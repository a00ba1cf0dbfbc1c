"""What all corruptions share: a label, five severities, and the function that applies it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.core.earlier_names import earlier_names

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


__getattr__ = earlier_names(__name__, {"Damage": "Corruption"})
