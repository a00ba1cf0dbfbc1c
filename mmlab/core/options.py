"""Options as self-describing frozen dataclasses, for command lines, forms and cards."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, TypeVar

from mmlab.core.errors import DataError, UnknownName


class Options(Protocol):
    """Any frozen dataclass whose fields were made with `option`."""

    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]


NO_OPTIONS: Mapping[str, Any] = types.MappingProxyType({})


@dataclasses.dataclass(frozen=True)
class NoOptions:
    """For what has none: `build(NoOptions, given)` refuses whatever is given."""


O = TypeVar("O", bound=Options)


def option(
    default: Any,
    help: str,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] | None = None,
    symbol: str = "",
) -> Any:
    """A field with a sentence of help, bounds for numbers, or the choices there are. symbol: its letter in formulas."""
    described = {"help": help, "low": low, "high": high, "choices": choices, "symbol": symbol}
    return dataclasses.field(default=default, metadata=described)


@dataclasses.dataclass(frozen=True)
class Described:
    """One option, for a form or a help text."""

    name: str
    kind: type
    default: Any
    help: str
    low: float | None
    high: float | None
    choices: tuple[str, ...] | None
    symbol: str = ""


def describe(options: type[Options]) -> tuple[Described, ...]:
    """The options of a class, in order."""
    kinds = typing.get_type_hints(options)
    return tuple(
        Described(field.name, _plain(kinds[field.name]), field.default, **field.metadata)
        for field in dataclasses.fields(options)
    )


def in_words(item: Described) -> str:
    """An option by its name, with its letter in formulas where it has one: `hard (β)`."""
    return f"{item.name} ({item.symbol})" if item.symbol else item.name


def build(options: type[O], values: Mapping[str, Any]) -> O:
    """An instance from `values`, which may be strings (from a command line).

    Raises UnknownName for an option that does not exist, DataError for a value that does not fit.
    """
    known = {item.name: item for item in describe(options)}
    for name in values:
        if name not in known:
            raise UnknownName(f"There is no option '{name[:40]}'.", f"There are: {', '.join(known) or 'none'}.")
    return options(**{name: _fit(known[name], value) for name, value in values.items()})


def as_dict(options: Options) -> dict[str, Any]:
    """The values of all options, for JSON."""
    return dataclasses.asdict(typing.cast(Any, options))


def _plain(kind: Any) -> type:
    """`int | None` counts as int: a form asks for the number."""
    if isinstance(kind, types.UnionType):
        kind = next(part for part in typing.get_args(kind) if part is not type(None))
    found: type = typing.get_origin(kind) or kind
    return found


def _fit(item: Described, value: Any) -> Any:
    try:
        fitted = _convert(item.kind, value)
    except (KeyError, OverflowError, TypeError, ValueError) as error:
        raise DataError(f"'{str(value)[:40]}' does not fit option '{item.name}'.", f"{item.help}.") from error
    if item.choices is not None and fitted not in item.choices:
        raise DataError(f"'{str(value)[:40]}' does not fit option '{item.name}'.", f"Use: {', '.join(item.choices)}.")
    below = item.low is not None and not fitted >= item.low  # what is no number at all is not above either
    if below or (item.high is not None and fitted > item.high):
        raise DataError(f"{item.name} = {value} is out of bounds.", f"Use {_bounds(item)}.")
    return fitted


def _bounds(item: Described) -> str:
    if item.high is None:
        return f"{item.low} or more"
    return f"{item.high} or less" if item.low is None else f"{item.low} to {item.high}"


def _convert(kind: type, value: Any) -> Any:
    if kind is bool:
        if isinstance(value, bool):
            return value
        return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}[str(value).lower()]
    if kind is tuple:
        return tuple(value.split(",")) if isinstance(value, str) else tuple(value)
    if kind is str and isinstance(value, bool):  # a choice between words of which two are truth values
        return str(value).lower()
    return kind(value)
