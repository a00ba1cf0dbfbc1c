"""The lattice of all combinations as a browser draws it, for two to six inputs: its text is large enough, stays inside
its box, and no two texts meet; in a frame as wide as beside the answers, on a phone, and on a projector."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest

from mmlab.viz.base import theme
from mmlab.viz.predict import combination_lattice
from mmlab.viz.predict.combination_lattice import State
from mmlab.viz.robustness import score_lattice
from mmlab.viz.robustness.score_lattice import Frame, Scored
from tests.browser_app import IS_MISSING, ROOT, WAIT, served
from tests.folders import SENSORS, opened, sensors
from tests.library import untrained

pytestmark = [pytest.mark.browser, IS_MISSING]

STYLES = [(ROOT / "mmlab" / "ui" / "components" / name).read_text() for name in ("style.css", "present.css")]
BESIDE, PHONE = 346, 350  # px that a lattice has at 1280 px beside the answers, and at 390 px
SMALLEST, PRESENTED = 10.5, 14  # px of letters, usually and in Present
ANSWERS = {
    "digits": ("5", "7"),
    "words": ("live", "attack"),
    "long": ("Forward elevation", "External rotation"),
    "German": ("Bewegungsunschärfe", "Umweltverschmutzung"),
    "Chinese": ("肩关节外旋运动练习", "左"),
    "numbers": ("-0.11", "+2.04"),
    "regions": ("Dice 0.27", "Dice 1.00"),
    "labels": ("Documentary, Drama, Film-Noir, History, Musical", "Sci-Fi, War"),
}
LETTERS = dict(zip("abcdef", SENSORS.values(), strict=True))
COLOURS = dict(zip("abcdef", theme.MODALITIES, strict=True))

MEASURE = """() => {
  const svg = document.querySelector('svg.mm-lattice'), scale = svg.getScreenCTM().a;
  const box = (part) => { const b = part.getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom]; };
  return [...svg.querySelectorAll('g[data-pick]')].map((node) => ({
    key: node.dataset.pick,
    box: box(node.querySelector('rect:not(.mm-ring)')),
    texts: [...node.querySelectorAll('text')].map((text) => ({
      said: text.textContent, size: parseFloat(text.getAttribute('font-size')) * scale, box: box(text),
    })),
  }));
}"""


def check(nodes: list[dict[str, Any]], smallest: float) -> None:
    """Every text is large enough, inside its box, and meets no other of its box; no two boxes meet."""
    for node in nodes:
        left, _, right, bottom = node["box"]
        for text in node["texts"]:
            assert text["size"] >= smallest, (node["key"], text)
            assert left - 0.5 <= text["box"][0], (node["key"], text)
            assert text["box"][2] <= right + 0.5, (node["key"], text)
            assert text["box"][3] <= bottom + 3, "its descenders may"
        for one, other in combinations(node["texts"], 2):
            assert not meet(one["box"], other["box"]), (node["key"], one, other)
    for one, other in combinations(nodes, 2):
        assert not meet(one["box"], other["box"]), (one["key"], other["key"])


def meet(one: list[float], other: list[float]) -> bool:
    """Whether two boxes overlap by more than what a line of text has above and below its letters."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    return wide > 0.5 and high > 0.35 * min(one[3] - one[1], other[3] - other[1])


@pytest.fixture(scope="module")
def blank(browser: Any) -> Iterator[Any]:
    page = browser.new_page()
    yield page
    page.close()


def frame(drawing: str, width: int, is_presented: bool = False) -> str:
    styles = "".join(f"<style>{style}</style>" for style in STYLES[: 1 + is_presented])
    return f'{styles}<div class="st-key-mm-bench" style="width:{width}px"><div class="mm-board">{drawing}</div></div>'


def drawn(count: int, answers: tuple[str, str], share: float | None, is_known: bool) -> str:
    names = tuple(LETTERS)[:count]
    subsets = [each for size in range(1, count + 1) for each in combinations(names, size)]
    several = [tuple(each.split(", ")) if ", " in each else () for each in answers]
    states = [
        State(s, answers["a" in s], share, "a" in s if is_known else None, "a" in s, several["a" in s]) for s in subsets
    ]
    letters = {name: LETTERS[name] for name in names}
    return combination_lattice.svg(
        combination_lattice.lattice(states, letters, selected="-".join(names)), COLOURS, letters
    )


@pytest.mark.parametrize("count", [2, 3, 4, 5, 6])
def test_every_answer_can_be_read_in_the_lattice_of_a_sample(blank: Any, count: int) -> None:
    for kind, answers in ANSWERS.items():
        for is_known in (True, False):
            drawing = drawn(count, answers, None if kind in ("numbers", "regions") else 0.999, is_known)
            for width, is_presented in ((BESIDE, False), (PHONE, False), (BESIDE, True)):
                blank.set_content(frame(drawing, width, is_presented))
                nodes = blank.evaluate(MEASURE)
                assert len(nodes) == 2**count - 1
                check(nodes, PRESENTED if is_presented else SMALLEST)


@pytest.mark.parametrize("count", [2, 3, 4, 5, 6])
def test_every_score_can_be_read_in_the_lattice_of_a_test_set(blank: Any, count: int) -> None:
    names = tuple(LETTERS)[:count]
    subsets = [each for size in range(1, count + 1) for each in combinations(names, size)]
    scored = [Scored(s, len(s) / 7, len(s) / 7 - 0.1, len(s) / 7 + 0.1, f"{100 * len(s) / 7:.1f}", "") for s in subsets]
    letters = {name: LETTERS[name] for name in names}
    drawing = score_lattice.svg(scored, Frame(letters, COLOURS, "-".join(names), True, True), "Scores")
    for width in (PHONE, 680):
        blank.set_content(frame(drawing, width))
        check(blank.evaluate(MEASURE), SMALLEST)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The Bench of a folder with six inputs."""
    root = tmp_path_factory.mktemp("six")
    folder = sensors(root / "sensors")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MMLAB_FOLDERS", "")  # which names the folder until here
        task = opened(folder)
        untrained(root / "models", task.name, "joint", "dropout")
    with served(MMLAB_FOLDERS=str(folder), MMLAB_CHECKPOINTS=str(root / "models")) as found:
        yield f"{found}/predict?task={task.name}"


@pytest.mark.parametrize(("width", "present"), [(1280, ""), (390, ""), (1280, "&present=1"), (390, "&present=1")])
def test_six_inputs_can_be_read_on_the_bench(browser: Any, bench: str, width: int, present: str) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900})
    context.set_default_timeout(WAIT)
    page = context.new_page()
    page.goto(bench + present)
    page.wait_for_selector("svg.mm-lattice")
    page.get_by_text("combinations change the prediction").wait_for()
    nodes = page.evaluate(MEASURE)
    assert len(nodes) == 63
    check(nodes, PRESENTED if present else SMALLEST)
    names = page.locator(".st-key-mm-inputs-two .stCheckbox label p")
    names.nth(len(SENSORS) - 1).wait_for()
    assert names.all_inner_texts() == [f"{letter} · {label}" for label, letter in SENSORS.items()]
    cut = names.evaluate_all("all => all.filter(each => each.scrollWidth > each.clientWidth + 1).length")
    assert not cut
    context.close()
