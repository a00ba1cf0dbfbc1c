"""Which frames of a clip are used, and the order of its files."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"(\d{1,18})")


def evenly(count: int, wanted: int) -> list[int]:
    """The middles of `wanted` equal stretches of `count` frames; some come more than once where there are fewer.

    >>> evenly(10, 5), evenly(2, 4), evenly(3, 3)
    ([1, 3, 5, 7, 9], [0, 0, 1, 1], [0, 1, 2])
    """
    return [(2 * place + 1) * count // (2 * wanted) for place in range(wanted)]


def natural_order(name: str) -> tuple[tuple[int, int, str], ...]:
    """A key by which numbers in names count as numbers.

    >>> sorted(["b10.png", "b9.png", "a.png"], key=natural_order)
    ['a.png', 'b9.png', 'b10.png']
    """
    parts = _NUMBER.split(name.lower())
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts)
