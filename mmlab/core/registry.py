"""Registries that fill themselves: a thing registers by being in the folder."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Generic, TypeVar

from mmlab.core.errors import PluginError, UnknownName

T = TypeVar("T")


class Registry(Generic[T]):
    """Names to things of one kind. `package` is imported on first use; files that fail go to `problems`.

    also: modules beside it that register or supply things of this kind.
    """

    def __init__(self, kind: str, package: str, also: Sequence[str] = ()) -> None:
        self.kind = kind
        self.package = package
        self.also = tuple(also)
        self._broken: dict[str, Exception] = {}
        self._items: dict[str, T] = {}
        self._suppliers: list[Callable[[], Mapping[str, T | Exception]]] = []
        self._discovered = False

    def register(self, name: str) -> Callable[[T], T]:
        """Decorator that files a thing under `name`. Raises PluginError for a second use of a name."""

        def decorate(item: T) -> T:
            if name in self._items:
                raise PluginError(f"Two {self.kind}s are named '{name}'.", "Rename one of them.")
            self._items[name] = item
            return item

        return decorate

    def supply(self, function: Callable[[], Mapping[str, T | Exception]]) -> Callable[[], Mapping[str, T | Exception]]:
        """Decorator: what `function` returns is in the registry as well, or among its problems; asked at each look-up.

        A name that something registered keeps is not given away.
        """
        self._suppliers.append(function)
        return function

    def is_registered(self, name: str) -> bool:
        """Whether something of the package itself has this name, which nothing that is supplied can take."""
        self.discover()
        return name in self._items

    @property
    def problems(self) -> dict[str, Exception]:
        """What cannot be used, by name, and why."""
        self.discover()
        supplied = {name: item for name, item in self._supplied().items() if isinstance(item, Exception)}
        return {**supplied, **self._broken}

    def discover(self) -> None:
        """Import every module of the package once. One broken file never hides the others."""
        if self._discovered:
            return
        self._discovered = True
        for found in pkgutil.iter_modules(importlib.import_module(self.package).__path__):
            try:
                importlib.import_module(f"{self.package}.{found.name}")
            except Exception as error:  # shown by `mmlab list` and the Library page
                self._broken[found.name] = error
        for module in self.also:
            importlib.import_module(module)

    def __getitem__(self, name: str) -> T:
        items, problems = self._all(), self.problems
        if name in self._broken or (name in problems and name not in items):
            problem = problems[name]
            raise PluginError(f"The {self.kind} '{name}' cannot be used: {problem}", "Mend its file.") from problem
        if name not in items:
            near = difflib.get_close_matches(name, items, n=1)
            hint = f"Did you mean '{near[0]}'?" if near else f"There are: {', '.join(self)}."
            raise UnknownName(f"There is no {self.kind} named '{name}'.", hint)
        return items[name]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._all()))

    def __contains__(self, name: object) -> bool:
        return name in self._all()

    def __len__(self) -> int:
        return len(self._all())

    def _all(self) -> dict[str, T]:
        self.discover()
        supplied = {name: item for name, item in self._supplied().items() if not isinstance(item, Exception)}
        return {**supplied, **self._items}

    def _supplied(self) -> dict[str, T | Exception]:
        return {name: item for supplier in self._suppliers for name, item in supplier().items()}
