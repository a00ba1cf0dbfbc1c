"""The glossary: one TOML file per page beside this one, `common.toml` for terms that several pages use.

A table of a file is one term:

```toml
[kept]
title = "Retained score"            # the field's term
plain = "How much of the score …"   # what it is, in one or two sentences without jargon
how = "The area under the curve …"  # how it is computed, and what to beware of
source = "MultiBench (…)"           # the paper that defines it, where there is one
```

Keys are unique over all files, since pages quote each other's terms. A page from outside brings its own (`add_terms`).
"""

from __future__ import annotations

import tomllib
from collections import ChainMap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Term:
    """A term of the screen: the field's name for it, a plain sentence, how it is computed, who defined it."""

    title: str
    plain: str
    how: str
    source: str = ""


def load(files: Iterable[Path]) -> dict[str, dict[str, Term]]:
    """The terms of each file, by its stem.

    Raises:
        ValueError: a file is no TOML, a key is defined twice, or an entry does not have the fields of `Term`.
    """
    pages: dict[str, dict[str, Term]] = {}
    home: dict[str, str] = {}
    for file in sorted(files):
        try:
            entries = tomllib.loads(file.read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as error:  # a key that is defined twice within the file is one
            raise ValueError(f"{file.name}: {error}") from error
        pages[file.stem] = {}
        for key, entry in entries.items():
            if key in home:
                raise ValueError(f"{file.name}: {key!r} is already defined in {home[key]}")
            home[key] = file.name
            pages[file.stem][key] = _term(f"{file.name}: {key!r}", entry)
    return pages


def _term(where: str, entry: Any) -> Term:
    names = {field.name for field in fields(Term)}
    if not isinstance(entry, Mapping):
        raise ValueError(f"{where} is not a table")
    if unknown := sorted(set(entry) - names):
        raise ValueError(f"{where} has unknown fields: {', '.join(unknown)}")
    for name in sorted(names):
        value = entry.get(name, "")
        if not isinstance(value, str) or not (value.strip() or name == "source"):
            raise ValueError(f"{where} needs a text for {name!r}")
    return Term(**entry)


PAGES = load(FOLDER.glob("*.toml"))
TERMS: dict[str, Term] = {key: term for page in PAGES.values() for key, term in page.items()}
_BROUGHT: dict[str, Mapping[str, Term]] = {}


def add_terms(page: str, terms: Mapping[str, Term]) -> None:
    """Add the terms of a plug-in page, replacing its earlier ones. Raises ValueError for a key in use."""
    others = [TERMS, *(brought for name, brought in _BROUGHT.items() if name != page)]
    if taken := next((key for key in terms if any(key in other for other in others)), ""):
        raise ValueError(f"The term {taken!r} is already defined.")
    _BROUGHT[page] = dict(terms)


def term(key: str) -> Term:
    """The term of this key. Raises KeyError."""
    return TERMS[key] if key in TERMS else ChainMap(*map(dict, _BROUGHT.values()))[key]
