"""JSON from damaged or hostile files: decoded within limits, then validated against a schema.

What is bounded before a value is built: bytes, and the number of values. What is refused: bytes that are no UTF-8, what
is nested deeper than `DEEPEST`, numbers that are infinite or have more digits than a double, single halves of surrogate
pairs. `MmlabError` is the only error; its sentence names the file and the place in it.

>>> report = strict_json.checked(content, Report, "report.json of digits/dmrnet/seed0", hint)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from mmlab.core.errors import DataError, MmlabError

LARGEST = 8 * 2**20
MOST_VALUES = 400_000
DEEPEST = 16
LARGEST_NUMBER = 2**63
LONGEST_TEXT = 2**17
SHOWN = 60

Refuse = Callable[[str, str], MmlabError]


def decode(content: bytes, what: str, hint: str = "", most: int = LARGEST, refuse: Refuse = DataError) -> Any:
    """The value in `content`. what: names the file in sentences. Raises what `refuse` makes of a message and a hint.

    NaN is a value here, since logs hold it where a score does not exist; a schema may refuse it.
    """
    if len(content) > most:
        raise refuse(f"{what} is larger than {_size(most)}.", hint)
    if content.count(b",") + content.count(b"[") + content.count(b"{") > MOST_VALUES:
        raise refuse(f"{what} holds more than {MOST_VALUES:,} values.", hint)
    try:
        from pydantic_core import from_json

        value = from_json(content, allow_inf_nan=True)
    except ValueError as error:
        reason = str(error).split("(")[0].split(" at line")[0].strip()[:SHOWN]
        raise refuse(f"{what} is damaged: it is not JSON in UTF-8 ({reason}).", hint) from error
    if why := _out_of_bounds(value, 0):
        raise refuse(f"{what} cannot be used: {why}.", hint)
    return value


def fit(value: Any, schema: Any, what: str, hint: str = "", refuse: Refuse = DataError) -> Any:
    """`value` itself, in its order, once it fits `schema`, a TypedDict; nothing is converted."""
    from pydantic import ValidationError

    try:
        _adapter(schema).validate_python(value, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"] if part != "[key]")[:SHOWN] or "its outermost value"
        raise refuse(f"{what} cannot be used: {place}: {first['msg'].lower()}.", hint) from error
    return value


def checked(
    content: bytes, schema: Any, what: str, hint: str = "", most: int = LARGEST, refuse: Refuse = DataError
) -> Any:
    """`decode`, then `fit`."""
    return fit(decode(content, what, hint, most, refuse), schema, what, hint, refuse)


@lru_cache(maxsize=32)
def _adapter(schema: Any) -> Any:
    from pydantic import TypeAdapter  # a quarter of a second, which a program that reads no such file need not wait

    return TypeAdapter(schema)


def _out_of_bounds(value: Any, depth: int) -> str:
    """Why a decoded value is refused, empty where it is not."""
    if depth > DEEPEST:
        return f"it is nested deeper than {DEEPEST} levels"
    if isinstance(value, dict):
        return next((why for pair in value.items() for each in pair if (why := _out_of_bounds(each, depth + 1))), "")
    if isinstance(value, list):
        return next((why for each in value if (why := _out_of_bounds(each, depth + 1))), "")
    if isinstance(value, float):
        return "a number in it is infinite" if math.isinf(value) else ""
    if isinstance(value, int):
        return "" if abs(value) <= LARGEST_NUMBER else "a number in it has too many digits"
    if isinstance(value, str):
        return "" if len(value) <= LONGEST_TEXT else "a text in it is too long"
    return ""


def _size(count: int) -> str:
    return f"{count >> 20} MB" if count >= 2**20 else f"{count >> 10} kB"
