"""Numbers for display: a true minus, never before zero, a dash for undefined values, readable small units.

Files for machines (CSV, JSON) hold numbers as they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import floor, isfinite, log10

MINUS, NONE = "−", "–"
MOST_DIGITS = 9  # behind the point: smaller numbers are written with a power of ten
TINY = 1e-6  # a measured value below this has a small unit; in one of usual size it would be rounding


def fixed(value: float, digits: int, signed: bool = False, minus: str = MINUS) -> str:
    """`0.25`, `−3.10`, `0.00`, and `+0.40` where it is `signed`: nothing has no sign."""
    if not isfinite(value):
        return NONE
    shown = f"{value:{'+' if signed else ''}.{digits}f}"
    return (shown.lstrip("+-") if float(shown) == 0 else shown).replace("-", minus)


def on_scale(value: float, digits: int, signed: bool = False, minus: str = MINUS) -> str:
    """The same for a scale whose steps are told apart by so many digits: `5.20e−13` where they are many."""
    if digits <= MOST_DIGITS or not isfinite(value):
        return fixed(value, digits, signed, minus)
    rounded = round(value, digits)
    return f"{rounded:{'+' if signed else ''}.2e}".replace("-", minus) if rounded else "0"


def measured(value: float, digits: int, minus: str = MINUS) -> str:
    """A measured value: with so many digits, but `4.20e−13` rather than 0 for one of a small unit."""
    if 0 < abs(value) < TINY:
        return f"{value:.2e}".replace("-", minus)
    return fixed(value, digits, minus=minus)


def percent(share: float) -> str:
    """`93 %`; never a false 0 or 100."""
    if not isfinite(share):
        return NONE
    if 0 < share < 0.005:
        return "< 1 %"
    if 0.995 < share < 1:
        return "> 99 %"
    return f"{100 * share:.0f} %"


def p_value(p: float) -> str:
    """`0.012`; never a false 0."""
    return "< 0.001" if p < 0.001 else fixed(p, 3)


def digits_of(values: Iterable[float], usual: int) -> int:
    """How many digits tell numbers of one unit apart: the `usual`, and more where the largest of them is TINY."""
    largest = max((abs(value) for value in values if isfinite(value)), default=0.0)
    return usual if largest == 0 or largest >= TINY else usual - floor(log10(largest))
