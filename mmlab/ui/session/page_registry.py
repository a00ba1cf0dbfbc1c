"""What a page is, and the registry of pages: those in `mmlab/ui/pages/` and those of plug-ins.

A page is declared by its function, which imports what it needs when it is called: at a start all are declared.

>>> @app_page("notes", title="Notes", group="Models", about="What was noted.", order=95, fields=("note",))
... def show() -> None:
...     from mmlab.ui.pages.notes import page
...     page.show()
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mmlab.core.errors import PluginError
from mmlab.core.registry import Registry
from mmlab.ui.text import glossary
from mmlab.ui.text.glossary import Term

HOME = "home"
NAME = re.compile(r"[a-z][a-z0-9_-]*")
TAKEN = ("embed", "embed_options")  # fields of an address that mean something to Streamlit


@dataclass(frozen=True)
class Page:
    """One page: its name in the address, its title, the group it stands in, and the sentence under its title.

    order: its place among all pages, lowest first. fields: what it keeps in the address (`url_state`), beside `SHARED`;
    several pages may name the same field. show: draws it, under its title. compact: under a small title, over the whole
    width of the window; it places the links to the other pages of its group by itself. tab: its name in the line of
    those links, where that is not the title. listed: whether it stands there and in the navigation. hides: whether it
    hides by itself what a lesson asks for (`lessons.veil`); others are drawn afterwards.
    """

    name: str
    title: str
    group: str
    about: str
    order: int
    show: Callable[[], None]
    fields: tuple[str, ...] = ()
    compact: bool = False
    tab: str = ""
    listed: bool = True
    hides: bool = False


@dataclass(frozen=True)
class Group:
    """One entry of the navigation: its title, and the pages behind it in order; the first one is where it leads."""

    title: str
    pages: tuple[Page, ...]


def _check(name: str, page: Page) -> None:
    """Raises PluginError for what no address can hold, and for a page without a title."""
    if wrong := next((each for each in (name, *page.fields) if not NAME.fullmatch(each)), ""):
        raise PluginError(f"'{wrong}' cannot stand in an address.", "Use small letters, digits, - and _.")
    if taken := next((each for each in page.fields if each in TAKEN), ""):
        raise PluginError(f"The field '{taken}' of the page '{name}' belongs to Streamlit.", "Choose another name.")
    if not page.title.strip():
        raise PluginError(f"The page '{name}' has no title.", "Give it one.")


PAGES: Registry[Page] = Registry("page", "mmlab.ui.pages", check=_check)


def app_page(
    name: str,
    title: str,
    group: str,
    about: str,
    order: int,
    fields: tuple[str, ...] = (),
    terms: Mapping[str, Term] | None = None,
    compact: bool = False,
    tab: str = "",
    listed: bool = True,
    hides: bool = False,
) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Decorator that files the function which draws a page under the name that the page has in the address.

    group: the entry of the navigation behind which it stands; a page without one is an entry by itself.
    terms: what a page from outside adds to the glossary, for `wording.help`; ours have a file under `ui/text/`.
    """

    def decorate(show: Callable[[], None]) -> Callable[[], None]:
        PAGES.register(name)(Page(name, title, group, about, order, show, fields, compact, tab, listed, hides))
        try:
            glossary.add_terms(name, terms or {})
        except ValueError as error:
            raise PluginError(f"The page '{name}': {error}", "Give the term another key.") from error
        return show

    return decorate


def pages() -> tuple[Page, ...]:
    """All pages by their groups, groups and pages in order."""
    there = [PAGES[name] for name in PAGES]
    first: dict[str, int] = {}
    for page in there:
        first[page.group] = min(page.order, first.get(page.group, page.order))
    return tuple(sorted(there, key=lambda page: (first[page.group], page.group, page.order, page.name)))


def navigation() -> tuple[Group, ...]:
    """The entries of the navigation in order. A group of one page has the page's title."""
    found: dict[str, list[Page]] = {}
    for page in pages():
        if page.listed:
            found.setdefault(page.group or page.title, []).append(page)
    return tuple(Group(title if len(inside) > 1 else inside[0].title, tuple(inside)) for title, inside in found.items())


def group_of(page: Page) -> Group:
    """The navigation entry of a page; a page without one gets an entry of its own."""
    return next(
        (group for group in navigation() if page in group.pages or group.pages[0].group == page.group != ""),
        Group(page.title, (page,)),
    )
