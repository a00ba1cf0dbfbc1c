"""How long a step through a volume of the task `brain` takes, and a contrast that is switched off or on.

    python bench/brain_latency.py                  # measures, prints, writes bench/brain_latency.{json,md}
    MMLAB_CHECKPOINTS=... python bench/brain_latency.py --rounds 40

Chromium measures itself: the clock starts with the key or the click and stops in the frame after all pictures changed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.app_latency import CHROMIUM, FLAGS, PORT, server, summary, wait_for_health  # noqa: E402
from bench.circumstances import circumstances, load  # noqa: E402

NAME = "brain_latency"
STEP, SWITCH = "step through the volume to the last changed picture", "contrast switched to the last changed picture"
GOALS = {STEP: 150, SWITCH: 150}
PAGE = "predict?task=brain&sample=test-000-06"
WARM_UP = 3

# Runs in the page before a key or a click: from then on `window.taken` waits for the frame after the pictures changed.
WATCH = """
(watched) => {
  const pictures = () => [...document.querySelectorAll(watched)];
  const before = pictures().map((each) => each.src).join();
  window.taken = new Promise((done) => {
    const begin = () => {
      const start = performance.now();
      const look = () => {
        const now = pictures(), taken = performance.now() - start;
        const changed = now.map((each) => each.src).join() !== before && now.every((each) => each.complete);
        if (changed || taken > 5000) done(taken);
        else requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    };
    for (const kind of ["keydown", "click"]) document.addEventListener(kind, begin, { once: true, capture: true });
  });
}
"""


def opened(browser: Any) -> Any:
    """Predict on a slice in the middle of a volume."""
    page = browser.new_context(viewport={"width": 1280, "height": 1000}).new_page()
    page.goto(f"http://127.0.0.1:{PORT}/{PAGE}")
    page.wait_for_selector(".mm-slices img", timeout=60_000)
    page.wait_for_timeout(1500)
    return page


def steps(page: Any, rounds: int) -> list[float]:
    """Five slices up, five down, and so on."""
    page.locator("[data-testid=stSlider] input").focus()
    keys = ["ArrowRight"] * 5 + ["ArrowLeft"] * 5
    acts = [partial(page.keyboard.press, keys[turn % len(keys)]) for turn in range(rounds + WARM_UP)]
    return _timed(page, acts, ".mm-slices img")


def switches(page: Any, rounds: int) -> list[float]:
    """Each contrast off and on again."""
    places = [turn // 2 % 4 for turn in range(rounds + WARM_UP)]
    acts = [page.locator(f".st-key-mm-input-{place} .stCheckbox label").click for place in places]
    return _timed(page, acts, ".mm-areas img, .mm-slices img")


def _timed(page: Any, acts: Sequence[Callable[[], object]], watched: str) -> list[float]:
    taken = []
    for act in acts:
        page.evaluate(WATCH, watched)
        act()
        taken.append(page.evaluate("window.taken"))
        page.wait_for_timeout(200)
    return taken[WARM_UP:]


def measure(rounds: int) -> dict[str, Any]:
    from playwright.sync_api import sync_playwright

    before = load()
    with sync_playwright() as playwright, server():
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        wait_for_health()
        opened(browser).context.close()  # somebody was there before, as on every server after its first minute
        page = opened(browser)
        found = {STEP: summary(steps(page, rounds)), SWITCH: summary(switches(page, rounds))}
        browser.close()
    return {
        **circumstances(before),
        "milliseconds": found,
    }


def table(found: dict[str, Any]) -> str:
    """As Markdown."""
    load = found["load"]
    lines = [
        "# How long a volume of the task brain takes to follow",
        "",
        f"Made by `python bench/{NAME}.py` on {found['made']}: {found['machine']}, headless Chromium on the same "
        f"machine, load {load['before']} before and {load['after']} after.",
        "",
        "| what | median (ms) | p95 (ms) | n | goal (ms) |",
        "|---|---|---|---|---|",
    ]
    for name, row in found["milliseconds"].items():
        lines.append(f"| {name} | {row['median']:g} | {row['p95']:g} | {row['n']} | {GOALS[name]} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30, help="steps and switches that are measured")
    parser.add_argument("--out", type=Path, default=ROOT / "bench", help=f"folder for {NAME}.json and .md")
    options = parser.parse_args()
    found = measure(options.rounds)
    (options.out / f"{NAME}.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    (options.out / f"{NAME}.md").write_text(table(found), "utf-8")
    print(table(found))


if __name__ == "__main__":
    main()
