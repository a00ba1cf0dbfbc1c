"""Names that a module had before, for code outside this package that still imports them.

>>> __getattr__ = earlier_names(__name__, {"Question": "AttributionRequest"})
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Mapping
from typing import Any


def earlier_names(module: str, renamed: Mapping[str, str]) -> Callable[[str], Any]:
    """The `__getattr__` of a module: what is now called otherwise, with a DeprecationWarning. renamed: new by old."""

    def found(name: str) -> Any:
        if name not in renamed:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        warnings.warn(f"{name} is now called {renamed[name]}.", DeprecationWarning, stacklevel=2)
        return getattr(sys.modules[module], renamed[name])

    return found
