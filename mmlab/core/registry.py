"""Self-filling registries: an item registers by being in the folder, or in a plug-in."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Generic, TypeVar

from mmlab.core import plugins
from mmlab.core.errors import PluginError, UnknownName

T = TypeVar("T")


class Registry(Generic[T]):
    """Items of one kind by name. `package` is imported on first use; files that fail go to `problems`.

    also: modules beside it that register or supply things of this kind. check: raises PluginError for a thing that
    lacks what everybody expects of it, so that it is named and kept out before a page stumbles over it.
    """

    def __init__(
        self, kind: str, package: str, also: Sequence[str] = (), check: Callable[[str, T], None] | None = None
    ) -> None:
        self.kind = kind
        self.package = package
        self.also = tuple(also)
        self._check = check
        self._broken: dict[str, Exception] = {}
        self._items: dict[str, T] = {}
        self._origins: dict[str, str] = {}
        self._suppliers: list[Callable[[], Mapping[str, T | Exception]]] = []
        self._discovered = self._discovering = False
        self._changes = 0

    @property
    def stamp(self) -> int:
        """Another number after each change of what is registered: for what is computed from all of it, and kept."""
        self.discover()
        return self._changes

    def register(self, name: str) -> Callable[[T], T]:
        """Decorator that registers an item under `name`. Raises PluginError for a second use of a name.

        What others register comes after all that is ours, so that it never takes the name of something.
        """

        def decorate(item: T) -> T:
            with plugins.DISCOVERY:
                ours = plugins.registers_ours()
                if not ours:
                    self._import_own()
                if name in self._items:
                    raise PluginError(f"Two {self.kind}s are named '{name}'.", "Rename one of them.")
                if self._check is not None:
                    self._check(name, item)
                self._items[name] = item
                self._changes += 1
                if origin := "" if ours else plugins.current():
                    self._origins[name] = origin
                    plugins.note(self.kind, name, partial(self._take_back, name))
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

    def from_plugins(self) -> dict[str, str]:
        """The names that plug-ins gave, each with the plug-in."""
        self.discover()
        return dict(self._origins)

    @property
    def problems(self) -> dict[str, Exception]:
        """The items that cannot be used, by name, each with the reason."""
        self.discover()
        supplied = {name: item for name, item in self._supplied().items() if isinstance(item, Exception)}
        return {**supplied, **self._broken}

    def discover(self) -> None:
        """Import every module of the package, and every plug-in, once. One broken file never hides the others.

        A thread that comes while another one discovers waits for it. Nothing is looked up here while the package itself
        is imported: it would see a part.
        """
        self._import_own()
        plugins.load()

    def _import_own(self) -> None:
        if self._discovered:
            return
        with plugins.DISCOVERY:
            if self._discovered or self._discovering:
                return
            self._discovering = True
            try:
                self._import_package()
                self._discovered = True
            finally:
                self._discovering = False

    def _import_package(self) -> None:
        for found in pkgutil.iter_modules(importlib.import_module(self.package).__path__):
            try:
                importlib.import_module(f"{self.package}.{found.name}")
            except Exception as error:  # shown by `mmlab list` and the Library page
                self._broken[found.name] = error
        for module in self.also:
            importlib.import_module(module)

    def __getitem__(self, name: str) -> T:
        self.discover()
        if name in self._items and name not in self._broken:  # nothing that is supplied takes its name
            return self._items[name]
        items = self._all()
        if name in items and name not in self._broken:
            return items[name]
        if (problem := self.problems.get(name)) is not None:
            raise PluginError(f"The {self.kind} '{name}' cannot be used: {problem}", "Mend its file.") from problem
        near = difflib.get_close_matches(name, items, n=1)
        hint = f"Did you mean '{near[0]}'?" if near else f"There are: {', '.join(self)}."
        hint += "".join(f" The plug-in {origin} is left out. {why}" for origin, why in plugins.problems().items())
        raise UnknownName(f"There is no {self.kind} named '{name}'.", hint)

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

    def _take_back(self, name: str) -> None:
        self._changes += 1
        self._items.pop(name, None)
        self._origins.pop(name, None)

    def _supplied(self) -> dict[str, T | Exception]:
        with_models = self._suppliers if not plugins.is_loading() else ()
        return {name: item for supplier in with_models for name, item in supplier().items()}
