"""JSON, lines of JSON, tables and texts: values of the same type, of another, spelled in ways that are none."""

from __future__ import annotations

import csv
import json
import re
from contextlib import suppress
from random import Random
from typing import Any
from urllib.parse import parse_qsl, urlencode

from tests.attack import raw_mutations
from tests.attack.raw_mutations import raw

NUMBERS = [
    0,
    -1,
    1,
    2,
    3,
    255,
    2**31,
    2**63,
    2**64,
    10**30,
    -(10**30),
    0.5,
    -0.0,
    1e15,
    1e19,
    1e38,
    1e39,
    1e300,
    5e-324,
]
TEXTS = [
    "",
    " ",
    "a" * 90,
    "x" * 3000,
    "=1+1",
    "<b>",
    "../../x",
    "\u202e",
    "\ud800",
    "\0",
    "NaN",
    "image-sound",
    "é",
    "e\u0301",
]
OTHERS: list[Any] = [None, True, False, [], {}, [[]], {"a": 1}, [None], [1, "a"], float("nan")]
SPELLED = ["1e999", "-1e999", "1" + "0" * 400, "[" * 3000, '{"a":' * 2000, "Infinity", '"\\udc00"', "01", "1.", "tru"]
CELLS = [
    "",
    "-",
    "nan",
    "inf",
    "1e39",
    "1e400",
    "1e-400",
    "0x10",
    "1_0",
    "١٢",
    "1;2",
    '"',
    '"a',
    "=1",
    "a" * 5000,
    "\0",
    "#",
    "2026-11-27",
    "12:00",
]


def text_of_some_kind(content: bytes, rng: Random) -> bytes:
    """JSON, lines of JSON, or a table."""
    start = content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if start not in (b"{", b"["):
        return table(content, rng)
    try:
        json.loads(content)
    except (ValueError, RecursionError):
        return lines(content, rng)
    return document(content, rng)


def lines(content: bytes, rng: Random) -> bytes:
    """Lines of JSON: one changed, repeated, left out, emptied, or in another place."""
    rows = content.split(b"\n")
    place, act = rng.randrange(len(rows)), rng.random()
    if act < 0.7:
        rows[place] = document(rows[place], rng)
    elif act < 0.78:
        rows.insert(place, rows[rng.randrange(len(rows))])
    elif act < 0.86:
        del rows[place]
    elif act < 0.92:
        rng.shuffle(rows)
    else:
        rows[place] = rng.choice((b"", b"null", b"[]", b"{}", rows[place][:-9]))
    return b"\n".join(rows)


def document(content: bytes, rng: Random) -> bytes:
    """A JSON document with a value or a key exchanged, left out, repeated or spelled in a way that is none."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return raw(content, rng)
    places = list(_places(found))
    if not places or rng.random() < 0.04:
        return rng.choice([*SPELLED, "null", '"x"', "[]", "{}", "3"]).encode("utf-8", "replace")
    inside, key = rng.choice(places)
    act, spelled = rng.random(), ""
    if act < 0.5:
        inside[key] = _like(inside[key], rng)
    elif act < 0.6:
        inside[key] = spelled = "\u2603 here"
    elif act < 0.75:
        del inside[key]
    elif act < 0.85:
        into, there = rng.choice(places)
        with suppress(LookupError):
            inside[key], into[there] = into[there], inside[key]
    elif isinstance(inside, dict):
        inside[str(rng.choice(TEXTS))] = inside[key]
    else:
        inside += [inside[key]] * rng.choice((1, 2, 2000))
    try:
        written = json.dumps(found, ensure_ascii=rng.random() < 0.8)
    except (ValueError, RecursionError):  # the exchange put a part into itself
        return raw(content, rng)
    written = written.replace('"\\u2603 here"', "☃").replace('"☃ here"', "☃") if spelled else written
    return written.replace("☃", rng.choice(SPELLED)).encode("utf-8", "surrogatepass")


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a document: what holds it, and its key or number there."""
    found: list[tuple[Any, Any]] = []
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        found += [(value, key), *_places(value[key])]
    return found


def _like(value: Any, rng: Random) -> Any:
    """Mostly another value of the same type, which a schema lets pass."""
    if rng.random() < 0.35:
        return rng.choice([*NUMBERS, *TEXTS, *OTHERS])
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return rng.choice([*NUMBERS, value + 1, -value, float(max(-1e300, min(value, 1e300))), value * 1000])
    if isinstance(value, str):
        return rng.choice([*TEXTS, value[::-1], value + "-x", value.upper(), value[:-1]])
    if isinstance(value, list):
        return rng.choice([value[:-1], value[::-1], value * 2, [], value[:1]])
    return rng.choice([dict(list(value.items())[:-1]), {}, {**value, "x": 1}]) if isinstance(value, dict) else value


def address(content: bytes, rng: Random) -> bytes:
    """The part of an address after the question mark: fields and values exchanged, invented, repeated, cut."""
    pairs = parse_qsl(content.decode("utf-8", "replace")[1:], keep_blank_values=True) or [("task", "")]
    place, act = rng.randrange(len(pairs)), rng.random()
    name, value = pairs[place]
    if act < 0.4:
        others = [*TEXTS, *map(str, NUMBERS), "none", *(other for _, other in pairs)]
        pairs[place] = (name, rng.choice(others))
    elif act < 0.6:
        pieces = re.split(r"([.,:-])", value)
        pieces[rng.randrange(len(pieces))] = rng.choice(["", "x", "-", ":", "99", *pieces])
        pairs[place] = (name, "".join(pieces))
    elif act < 0.75:
        pairs[place] = (rng.choice([other for other, _ in pairs]), value)
    elif act < 0.85:
        del pairs[place]
    elif act < 0.95:
        pairs.append((rng.choice(["", "task", "lesson", "x" * 300, name]), rng.choice(TEXTS)))
    else:
        pairs[place] = (name, ",".join([value] * 400))
    return b"?" + urlencode(pairs, errors="surrogatepass").encode()


def table(content: bytes, rng: Random) -> bytes:
    """A table, or a text: cells, lines, separators and the encoding."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return raw(content, rng)
    act = rng.random()
    if act < 0.12:
        return raw_mutations.encoded(text, rng)
    rows = text.splitlines() or [""]
    place = rng.randrange(len(rows))
    if act < 0.62:
        with suppress(csv.Error):
            cells = next(csv.reader([rows[place]]), [""]) or [""]
            at = rng.randrange(len(cells))
            cells[at : at + rng.choice((0, 1, 1, 1))] = [rng.choice([*CELLS, *cells])][: rng.choice((0, 1, 1, 1, 1))]
            rows[place] = ",".join(cells)
    elif act < 0.72:
        rows.insert(place, rng.choice([*rows, "", "#", ",,,", "# mmlab: rate=0 start=-1 unit=g", "a" * 9000]))
    elif act < 0.8:
        del rows[place]
    elif act < 0.86:
        rows = [row.replace(",", rng.choice(";\t |")) for row in rows]
    elif act < 0.92:
        rng.shuffle(rows)
    else:
        rows = rows[:2] + rows[2:] * rng.choice((0, 2, 60))
    return rng.choice(("\n", "\n", "\r\n", "\r")).join(rows).encode("utf-8", "replace")
