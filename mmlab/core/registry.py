"""Registries that fill themselves: a thing registers by being in the folder."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from mmlab.core.errors import PluginError, UnknownName

T = TypeVar("T")


class Registry(Generic[T]):
    """Names to things of one kind. `package` is imported on first use; files that fail go to `problems`."""

    def __init__(self, kind: str, package: str) -> None:
        self.kind = kind
        self.package = package
        self.problems: dict[str, Exception] = {}
        self._items: dict[str, T] = {}
        self._discovered = False

    def register(self, name: str) -> Callable[[T], T]:
        """Decorator that files a thing under `name`. Raises PluginError for a second use of a name."""

        def decorate(item: T) -> T:
            if name in self._items:
                raise PluginError(f"Two {self.kind}s are named '{name}'.", "Rename one of them.")
            self._items[name] = item
            return item

        return decorate

    def discover(self) -> None:
        """Import every module of the package once. One broken file never hides the others."""
        if self._discovered:
            return
        self._discovered = True
        for found in pkgutil.iter_modules(importlib.import_module(self.package).__path__):
            try:
                importlib.import_module(f"{self.package}.{found.name}")
            except Exception as error:  # shown by `mmlab list` and the Library page
                self.problems[found.name] = error

    def __getitem__(self, name: str) -> T:
        self.discover()
        if name in self.problems:
            problem = self.problems[name]
            raise PluginError(f"The {self.kind} '{name}' cannot be used: {problem}", "Mend its file.") from problem
        if name not in self._items:
            near = difflib.get_close_matches(name, self._items, n=1)
            hint = f"Did you mean '{near[0]}'?" if near else f"There are: {', '.join(self)}."
            raise UnknownName(f"There is no {self.kind} named '{name}'.", hint)
        return self._items[name]

    def __iter__(self) -> Iterator[str]:
        self.discover()
        return iter(sorted(self._items))

    def __contains__(self, name: object) -> bool:
        self.discover()
        return name in self._items

    def __len__(self) -> int:
        self.discover()
        return len(self._items)
