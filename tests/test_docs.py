"""What the documentation points at is there: files, anchors, sections of formulas, functions."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from mmlab import losses

ROOT = Path(__file__).resolve().parent.parent
METHODS = ROOT / "docs" / "methods.md"
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "tests").rglob("*.md")]
SOURCES = [
    path
    for folder in ("mmlab", "tests", "tools", "bench", "pages")
    for pattern in ("*.py", "*.toml", "*.js")
    for path in (ROOT / folder).rglob(pattern)
    if path != Path(__file__).resolve()
]
# "docs/methods.md 1.7a, 4.7d and 5.3", also over the end of a line or from one comment line to the next
SECTIONS = re.compile(r"docs/methods\.md((?:(?:,| and)?[\s#]+\d(?:\.\d+)?[a-z]?(?![\w.]*\d))+)")
LINKS = re.compile(r"\]\(([^)\s]+)\)|(?:href|src)=\"([^\"]+)\"")
ROOMS = {path.name for path in (ROOT / "mmlab").iterdir() if path.is_dir()}
PATHS = re.compile(rf"`((?:{'|'.join(sorted(ROOMS))}|mmlab|tests|tools|bench|docs|pages)/[\w./-]*)`")
STAND_IN = "x"  # the name of what a reader would write, in CONTRIBUTING.md


def _without_code(text: str) -> str:
    return re.sub(r"^ *(`{3,}|~{3,}).*?^ *\1`*", "", text, flags=re.MULTILINE | re.DOTALL)


@cache
def anchors(page: Path) -> frozenset[str]:
    """The places of a page that a link can name: ids, and headings as GitHub spells them."""
    text = _without_code(page.read_text("utf-8"))
    ids = re.findall(r"<a (?:id|name)=\"([^\"]+)\"", text)
    headings = [re.sub(r"<[^>]+>|[`*]", "", line) for line in re.findall(r"^#+ +(.+?) *$", text, re.MULTILINE)]
    return frozenset(ids) | {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _references() -> Iterator[tuple[str, str]]:
    for path in [*SOURCES, *PAGES]:
        for found in SECTIONS.finditer(path.read_text("utf-8")):
            for section in re.findall(r"\d[\w.]*", found.group(1)):
                yield str(path.relative_to(ROOT)), section.rstrip(".")


def test_a_section_of_formulas_that_is_named_exists() -> None:
    references = list(_references())
    assert references, "nothing refers to docs/methods.md: the search is broken"
    assert [place for place in references if place[1] not in anchors(METHODS)] == []


def test_formulas_are_referred_to_by_the_page_that_has_them() -> None:
    """Not by the old name of that page, which is not part of the repository."""
    assert [str(path) for path in [*SOURCES, *PAGES] if "METHODS.md" in path.read_text("utf-8")] == []


@pytest.mark.parametrize(
    ("text", "sections"),
    [
        ("(docs/methods.md 1.2)", ["1.2"]),
        ("docs/methods.md 1.7a, 4.7d and 5.3. Then", ["1.7a", "4.7d", "5.3"]),
        ("as docs/methods.md\n    # 4 says", ["4"]),
        ("docs/methods.md says it", []),
    ],
)
def test_references_to_sections_are_recognised(text: str, sections: list[str]) -> None:
    found = SECTIONS.search(text)
    assert (re.findall(r"\d[\w.]*", found.group(1)) if found else []) == sections


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    dead = []
    for match in LINKS.finditer(_without_code(page.read_text("utf-8"))):
        link = match.group(1) or match.group(2)
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            dead.append(link)
    assert dead == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_paths_that_are_named_exist(page: Path) -> None:
    named = PATHS.findall(_without_code(page.read_text("utf-8")))
    real = [path for path in named if STAND_IN not in Path(path).with_suffix("").parts]
    assert [path for path in real if not any((folder / path).exists() for folder in (ROOT, ROOT / "mmlab"))] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_tables_have_a_row_per_line(page: Path) -> None:
    together = [
        line[:60] for line in page.read_text("utf-8").splitlines() if re.search(r"\S.*\| *-{3,} *\| .*[^\s|:-]", line)
    ]
    assert not together, "the rows of a table were run together"


def test_every_public_formula_is_listed_with_its_parameters() -> None:
    section = METHODS.read_text("utf-8").split('<a id="9"></a>')[1]
    listed = {
        name: arguments.split(", ") for name, arguments in re.findall(r"^\| `(\w+)\((.*?)\)`", section, re.MULTILINE)
    }
    public = {
        name: list(inspect.signature(function).parameters)
        for name, function in inspect.getmembers(losses, inspect.isfunction)
        if not name.startswith("_") and function.__module__.startswith("mmlab.losses")
    }
    assert listed == public


def test_all_data_that_ships_says_where_it_is_from_and_under_which_licence() -> None:
    for folder in sorted(path for path in (ROOT / "mmlab" / "samples").iterdir() if path.is_dir()):
        text = (folder / "README.md").read_text("utf-8")
        assert "Apache-2.0" in text or (folder / "LICENSE").is_file(), folder.name
        assert ("`LICENSE`" in text) == (folder / "LICENSE").is_file(), folder.name
        for file in (path for path in folder.iterdir() if path.is_file() and path.name not in ("README.md", "LICENSE")):
            named = re.sub(r"-(train|valid|test)\.", "-{train,valid,test}.", file.name)
            assert f"`{named}`" in text, f"{folder.name}: {file.name} is not described"
