"""What everybody can use: the rules of axe on every page, light and dark; focus, motion, and what stays put."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mmlab.ui.session.page_registry import navigation
from mmlab.viz.base import theme
from tests.browser_app import IS_MISSING, at_rest

pytestmark = [pytest.mark.browser, IS_MISSING]

STREAMLITS_OWN = {  # rule: the elements that Streamlit draws, and why the rule is broken there
    ("presentation-role-conflict", "stFileUploaderDropzone"): "its drop zone has a label and the role presentation",
    ("scrollable-region-focusable", "katex-display"): "a formula that is wider than its place scrolls without a focus",
}
INSIDE = (  # what no page shows at first
    "dominance?task=digits&aspect=truth",
    "dominance?task=digits&aspect=arrows",
    "dominance?task=digits&aspect=logs",
    "robustness?task=digits&section=failures",
    "predict?task=digits&sample=test-0001&lesson=mine&step=1",
    "join",
)
STILL = """() => [...document.querySelectorAll('.stApp *')].map((one) => getComputedStyle(one))
    .flatMap((style) => [...style.transitionDuration.split(','), ...style.animationDuration.split(',')])
    .map(parseFloat).reduce((most, seconds) => Math.max(most, seconds), 0)"""
LOOK = """(one) => {
    const near = [one, one.parentElement, one.parentElement?.parentElement, ...one.parentElement.children,
        ...one.querySelectorAll('*')];
    return JSON.stringify(near.filter(Boolean).map((each) => {
        const {outline, boxShadow, borderColor, backgroundColor, stroke, strokeWidth} = getComputedStyle(each);
        return [outline, boxShadow, borderColor, backgroundColor, stroke, strokeWidth];
    }));
}"""
OF_COLOURS = ("color-contrast", "link-in-text-block")
IS_SHOWN = """(colour) => {
    const wanted = [1, 3, 5].map((start) => parseInt(colour.slice(start, start + 2), 16));
    return getComputedStyle(document.querySelector('.stApp')).backgroundColor === `rgb(${wanted.join(', ')})`;
}"""
SPOILT = """() => document.querySelector('.stMainBlockContainer').insertAdjacentHTML(
    'beforeend', '<div style="color:#aaa;background:#fff">Words that are too pale</div><img src="data:,">')"""
SHIFTS = """
window.shifts = 0;
new PerformanceObserver((list) => list.getEntries().forEach((entry) => {
    if (!entry.hadRecentInput) window.shifts += entry.value;
}))
    .observe({type: 'layout-shift', buffered: true});
"""


def pages() -> Iterator[tuple[str, str, str]]:
    """Every page by one click from the one before: where, on which link, and the title that comes."""
    for group in navigation():
        first, *others = group.pages
        yield '[data-testid="stSidebar"]', f'a[href^="{first.name}?"]', first.title
        for other in others:
            yield ":is(.st-key-mm-tabs, .st-key-mm-views)", f'a[href^="{other.name}?"]', other.title


@pytest.fixture(scope="module")
def axe() -> Any:
    return pytest.importorskip("axe_playwright_python.sync_playwright").Axe()


def broken(axe: Any, page: Any, *rules: str) -> list[str]:
    """The rules, of all or of these, that the page breaks by itself, each with its element."""
    found, options = [], {"resultTypes": ["violations"], **({"runOnly": rules} if rules else {})}
    for violation in axe.run(page, options=options).response["violations"]:
        for node in violation["nodes"]:
            if not any(violation["id"] == rule and mark in node["html"] for rule, mark in STREAMLITS_OWN):
                found.append(f"{violation['id']}: {node['html'][:160]}")
    return found


def test_no_page_breaks_a_rule_of_axe(visit: Any, axe: Any, address: str) -> None:
    """Among the rules: text of a contrast of 4.5 to 1, as it is drawn, on whatever lies behind it. Every other page is
    opened in the dark; in the other scheme only what depends on colours is looked at again."""
    view = "/lessons?task=digits&sample=test-0001&methods=joint.dmrnet"
    page = visit(view, "h1", color_scheme="light", reduced_motion="reduce")
    at_rest(page)
    found, schemes = {}, ["light", "dark"]

    def look(name: str) -> None:
        scheme, other = schemes
        found[name, scheme] = broken(axe, page)
        page.emulate_media(color_scheme=other)
        page.wait_for_function(IS_SHOWN, arg=theme.LIGHT if other == "light" else theme.DARK)
        at_rest(page)
        found[name, other] = broken(axe, page, *OF_COLOURS)
        schemes.reverse()

    for place, link, title in pages():
        page.locator(f"{place} {link}").first.click()
        at_rest(page, title)
        look(title)
    for path in INSIDE:
        page.goto(f"{address}/{path}")
        at_rest(page)
        look(path)
    assert not {place: rules for place, rules in found.items() if rules}


def test_axe_finds_what_is_broken(visit: Any, axe: Any) -> None:
    page = visit("/join", "h1")
    at_rest(page)
    page.evaluate(SPOILT)
    assert any("too pale" in each for each in broken(axe, page, *OF_COLOURS))
    rules = " ".join(broken(axe, page))
    assert "color-contrast" in rules
    assert "image-alt" in rules


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_whatever_has_the_focus_is_seen_and_unlike_the_page_that_is_open(visit: Any, scheme: str) -> None:
    page = visit("/predict?task=digits&sample=test-0001", color_scheme=scheme)
    page.wait_for_selector(".mm-lattice")
    at_rest(page)
    page.locator("body").press("Tab")
    unseen = []
    for _ in range(24):
        page.keyboard.press("Tab")
        focused = page.evaluate_handle("document.activeElement")
        with_focus, name = focused.evaluate(LOOK), focused.evaluate("(one) => one.outerHTML.slice(0, 120)")
        focused.evaluate("(one) => one.blur()")
        if focused.evaluate(LOOK) == with_focus:
            unseen.append(name)
        focused.evaluate("(one) => one.focus({preventScroll: true})")
    assert not unseen

    here, other = (page.locator(f'[data-testid="stSidebar"] a[href^="{name}?"]') for name in ("predict", "lessons"))
    outline = "(one) => getComputedStyle(one).outlineStyle + getComputedStyle(one).outlineWidth"
    before = here.evaluate(outline)
    other.focus()
    assert other.evaluate(outline) != before, "the page that is open is marked otherwise"
    ring = other.evaluate("(one) => getComputedStyle(one).outlineColor")
    shown = "#" + "".join(f"{int(part):02x}" for part in ring.removeprefix("rgb(").removesuffix(")").split(","))
    assert theme.contrast(shown, theme.LIGHT if scheme == "light" else theme.DARK) >= 3


def test_nothing_moves_for_those_who_asked_for_no_motion(visit: Any) -> None:
    path = "/predict?task=digits&sample=test-0001"
    moving, still = (visit(path, reduced_motion=wish) for wish in ("no-preference", "reduce"))
    assert moving.evaluate(STILL) > 0.05
    assert still.evaluate(STILL) <= 0.011


def test_what_is_on_a_page_stays_where_it_is_while_the_page_is_opened(visit: Any) -> None:
    """From page to page, once the app is there: Streamlit draws its first page before its side bar and our style, and
    loads its widgets one by one. The best of three rounds, since a busy machine draws a page in pieces."""
    page = visit("/lessons?task=faces", "h1", viewport={"width": 1280, "height": 720})
    at_rest(page)
    page.evaluate(SHIFTS)
    least: dict[str, float] = {}
    for title in ("Bench", "Compare", "Dominance") * 3:
        page.evaluate("window.shifts = 0")
        page.locator('[data-testid="stSidebar"] a', has_text=title).first.click()
        at_rest(page, title)
        page.wait_for_timeout(700)
        least[title] = min(page.evaluate("window.shifts"), least.get(title, 9.0))
    assert max(least.values()) < 0.1, least
