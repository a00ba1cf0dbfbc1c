"""Every page in Chromium: one state on all of them, from each to each, and one step back from each."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from mmlab.core.task import TASKS
from mmlab.storage import sweep_file
from mmlab.storage.library import Library
from mmlab.storage.report_file import read
from mmlab.ui.session.page_registry import Page, group_of, navigation
from tests.browser_app import IS_MISSING, WAIT

pytestmark = [pytest.mark.browser, IS_MISSING]

LOOKED = {
    "task": "faces",
    "sample": "test-0004",
    "methods": "joint.dmrnet",
    "runs": "dmrnet:seed6",
    "on": "color-infrared",
    "lattice": "dmrnet",
}
VIEW = "&".join(f"{name}={value}" for name, value in LOOKED.items())
PUSHED = """() => {
    window.pushed = 0;
    const push = history.pushState.bind(history);
    history.pushState = (...all) => { window.pushed += 1; return push(...all); };
}"""
SEEN = """() => {
    if (document.querySelector('[data-test-script-state]')?.dataset.testScriptState !== 'notRunning') return null;
    const main = document.querySelector('.stMainBlockContainer');
    const value = (name) => main.querySelector(`.st-key-${name} input`)?.value ?? '';
    const text = (name) => main.querySelector(name)?.innerText.trim().split('\\n')[0] ?? '';
    const turned = [...main.querySelectorAll('.stCheckbox')].filter((one) => /^[CDI] · /.test(one.innerText.trim()));
    const on = turned.filter((one) => one.querySelector('input').checked).map((one) => one.innerText.trim()[0]);
    return {
        title: text('h1'), task: value('task'), models: text('.st-key-mm-models button'),
        shown: value('shown-method') || value('card'),
        sample: text('.st-key-mm-bar [data-testid="stCaptionContainer"]'),
        on: on.join(''),
        pressed: main.querySelector('[data-pick][aria-pressed="true"]')?.dataset.pick ?? '',
        text: main.innerText, values: [...main.querySelectorAll('input')].map((one) => one.value),
    };
}"""
FITS = (
    """(wanted) => {
    const seen = ("""
    + SEEN
    + """)();
    if (seen === null) return false;
    const {texts, values, ...alike} = wanted;
    return Object.entries(alike).every(([name, value]) => seen[name] === value)
        && texts.every((text) => seen.text.includes(text)) && values.every((value) => seen.values.includes(value));
}"""
)


@dataclass(frozen=True)
class Shows:
    """What a page shows of the state: its controls, and in its results."""

    has_bar: bool = True
    shown: str = ""
    sample: str = ""
    on: str = ""
    pressed: str = ""
    texts: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    has_scores: bool = False

    def wanted(self, title: str, numbers: tuple[str, ...]) -> dict[str, Any]:
        """As the script compares it. numbers: of the run that is looked at, for a page that shows them."""
        return {
            "title": title,
            "task": "Faces" if self.has_bar else "",
            "models": "Models: Joint training, DMRNet · seed6" if self.has_bar else "",
            "shown": self.shown and f"Shown: {self.shown}",
            "sample": self.sample,
            "on": self.on,
            "pressed": self.pressed,
            "texts": [*self.texts, *(numbers if self.has_scores else ())],
            "values": list(self.values),
        }


ONE = {"shown": "DMRNet"}
SAMPLE = {"sample": "test-0004 · right answer: attack", "on": "CI"}
OF_TEST_SET = Shows(**ONE, pressed="color-infrared", texts=("ACER of every combination, DMRNet",), has_scores=True)
PAGES = {
    "predict": Shows(
        **SAMPLE,
        pressed="color-infrared",
        texts=("Joint training is right and fairly sure; DMRNet is wrong",),
        values=("All combinations: DMRNet",),
    ),
    "explain": Shows(**ONE, **SAMPLE, pressed="color-infrared", values=("Predicted now: live",)),
    "embed": Shows(**ONE, **SAMPLE, texts=("map --task faces --method dmrnet --tag seed6",)),
    "lessons": Shows(has_bar=False),
    "sandbox": Shows(has_bar=False),
    "compare": Shows(
        pressed="dmrnet:color-infrared", texts=("2 seeds · on the Bench", "seed6 alone"), values=("DMRNet",)
    ),
    "robustness": OF_TEST_SET,
    "imputation": OF_TEST_SET,
    "trust": OF_TEST_SET,
    "report": OF_TEST_SET,
    "overview": Shows(has_bar=False, texts=("Faces",)),
    "dominance": Shows(**ONE, texts=("by seed, DMRNet, Faces",)),
    "models": Shows(texts=("A colour, a depth and an infrared camera",), values=("seed6",)),
    "methods": Shows(**ONE, texts=("From faces/dmrnet/seed6",)),
    "train": Shows(texts=("New training",), values=("DMRNet",)),
    "library": Shows(texts=("2 models here",), values=("seed6",)),
}


def ways() -> dict[Page, list[Page]]:
    """From each page those that one click leads to: the others of its group, and the first of the other groups."""
    groups = navigation()
    return {
        page: [each for each in group.pages if each != page]
        + [other.pages[0] for other in groups if other.title != group.title]
        for group in groups
        for page in group.pages
    }


def walk(ways: dict[Page, list[Page]], start: Page) -> Iterator[tuple[Page, Page]]:
    """Each way at least once, without a jump: an unused one where there is one, else the shortest path to one."""
    left = {page: list(targets) for page, targets in ways.items()}
    here = start
    while any(left.values()):
        if left[here]:
            path = [here, left[here][0]]
        else:
            path = _path(ways, here, {page for page, targets in left.items() if targets})
        for one, other in pairwise(path):
            if other in left[one]:
                left[one].remove(other)
            yield one, other
        here = path[-1]


def _path(ways: dict[Page, list[Page]], start: Page, ends: set[Page]) -> list[Page]:
    paths = deque([[start]])
    while True:
        path = paths.popleft()
        if path[-1] in ends:
            return path
        paths.extend([*path, other] for other in ways[path[-1]] if other not in path)


def click(page: Any, one: Page, other: Page) -> None:
    """To the other page, by the line of the group or by the side bar."""
    if group_of(one) == group_of(other):
        line = ".st-key-mm-tabs" if page.locator(".st-key-mm-tabs").count() else ".st-key-mm-views"
    else:
        line = '[data-testid="stSidebar"]'
    page.locator(f'{line} a[href^="{other.name}?"]').click()


def fits(page: Any, name: str, title: str, numbers: tuple[str, ...]) -> None:
    wanted = PAGES[name].wanted(title, numbers)
    try:
        page.wait_for_function(FITS, arg=wanted, polling=50, timeout=WAIT)
    except Exception:
        seen = page.evaluate(SEEN) or {}
        raise AssertionError(f"{name} shows {seen} instead of {wanted}") from None


def answers_of(models: Path, seed: int) -> tuple[list[str], str]:
    """The scores of DMRNet's run for every combination, as the page writes them, and its answer to the sample."""
    reference = Library(models).find("faces", "dmrnet", f"seed{seed}")
    report = read(Path(reference.path))
    scores = [f"{100 * table['acer']:.1f} %" for table in report["sources"]["built-in"]["metrics"].values()]
    found, info = sweep_file.read(Path(reference.path), report["digest"]), TASKS["faces"].info
    row = found.ids.index(LOOKED["sample"])
    return scores, info.output.class_names[int(found.logits[found.index(LOOKED["on"]), row].argmax())]


def test_the_two_runs_of_the_walk_can_be_told_apart(browser_models: Path) -> None:
    first, second = (answers_of(browser_models, seed) for seed in (0, 6))
    assert first[1] == "attack"
    assert second[1] == "live"
    assert set(second[0]) - set(first[0])


def test_every_page_shows_one_state_wherever_one_comes_from(visit: Any, browser_models: Path) -> None:
    """A widget of another page may start empty although the results use what the address says."""
    names = {page.name for group in navigation() for page in group.pages}
    assert names == set(PAGES), "each page says here what it shows"
    numbers = tuple(set(answers_of(browser_models, 6)[0]))
    every = ways()
    start = next(page for page in every if page.name == "predict")
    page = visit(f"/predict?{VIEW}", "h1")
    page.evaluate(PUSHED)
    fits(page, "predict", start.title, numbers)
    gone = [start]
    for one, other in walk(every, start):
        before = page.evaluate("window.pushed")
        click(page, one, other)
        fits(page, other.name, other.title, numbers)
        gone.append(other)
        assert page.evaluate("window.pushed") == before + 1, f"{one.name} to {other.name} is one step of the history"
        there = dict(parse_qsl(urlsplit(page.url).query))
        assert LOOKED.items() <= there.items(), f"{other.name} lost a part of the state"
    for other in gone[-2:-8:-1]:
        page.go_back()
        fits(page, other.name, other.title, numbers)
