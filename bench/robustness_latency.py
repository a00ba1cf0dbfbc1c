"""How long the Robustness page takes to open with shipped sweeps, and to follow its sliders, lattice and sections.

    python bench/robustness_latency.py             # measures, prints, writes bench/robustness_latency.{json,md}
    MMLAB_CHECKPOINTS=... python bench/robustness_latency.py --tasks digits,brain

Chromium measures itself: the clock starts with the event and stops in the frame after the change. The server is warm:
somebody has opened the page before, as on every server after its first minute. Processor time of the server does not
depend on what else the machine does. The floor is `bench/floor.py`, a page with one switch and one line, in the same
run.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from subprocess import Popen
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.app_latency import CHROMIUM, FLAGS, PORT, first_paint, server, summary, wait_for_health  # noqa: E402
from bench.circumstances import circumstances, load  # noqa: E402

NAME = "robustness_latency"
OPENING = "opening, new visitor, to the last chart"
TURN = "opening, from another page of the app, to the lattice"
WORK = "opening, processor time of the server"
FLOOR = "floor: opening, new visitor"
SLIDER = "slider to changed scores"
NODE = "click on the lattice to its change"
GOALS = {OPENING: 1000, TURN: 1000, SLIDER: 150}
WARM_UP = 3
OPENINGS = 8
PATIENCE = 120_000  # milliseconds

# Runs in the page. From the next event of this kind on it counts the milliseconds to the frame after the change.
WATCH = """
([event, watched]) => {
  const text = () => [...document.querySelectorAll(watched)].map((each) => each.outerHTML).join();
  const before = text();
  window.taken = new Promise((done) => document.addEventListener(event, () => {
    const start = performance.now();
    const look = () => {
      const now = text(), taken = performance.now() - start;
      if ((now !== before && now) || taken > 5000) done(taken);
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  }, { capture: true, once: true }));
}
"""


def opened(browser: Any, address: str) -> tuple[Any, float]:
    """A new visitor's page, and milliseconds until lattice and chart are there."""
    page = browser.new_context(viewport={"width": 1280, "height": 1000}).new_page()
    start = time.perf_counter()
    page.set_default_timeout(PATIENCE)
    page.goto(f"http://127.0.0.1:{PORT}/robustness?{address}")
    page.wait_for_selector(".mm-lattice")
    page.wait_for_selector(".mm-plot")
    return page, 1000 * (time.perf_counter() - start)


def measure_task(browser: Any, process: Popen[bytes], task: str, rounds: int) -> dict[str, dict[str, float]]:
    """Medians and 95th percentiles of one task."""
    opened(browser, f"task={task}")[0].context.close()
    opening, work = [], []
    for _ in range(OPENINGS):
        before = processor_time(process)
        page, taken = opened(browser, f"task={task}")
        page.wait_for_timeout(300)
        opening.append(taken)
        work.append(processor_time(process) - before)
        page.context.close()
    page, _ = opened(browser, f"task={task}&section=failures")
    page.wait_for_timeout(1500)
    found = {
        OPENING: summary(opening),
        TURN: summary(_turns(browser, task)),
        WORK: summary(work),
        SLIDER: summary(_slides(page, rounds)),
    }
    found[NODE] = summary(_nodes(page, rounds))
    page.context.close()
    return found


def _turns(browser: Any, task: str) -> list[float]:
    """From the page of all tasks to Robustness by the line of Compare's pages, and back."""
    page, _ = opened(browser, f"task={task}")
    taken = []
    for _ in range(OPENINGS + 1):
        page.get_by_role("link", name="All tasks").click()
        page.wait_for_selector(".mm-lattice", state="detached")
        page.wait_for_timeout(1500)
        page.evaluate(WATCH, ["click", ".mm-lattice"])
        page.get_by_role("link", name="If sensors fail").click()
        taken.append(page.evaluate("window.taken"))
    page.context.close()
    return taken[1:]


def processor_time(process: Popen[bytes]) -> float:
    """Milliseconds that a process has worked so far."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return 1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _slides(page: Any, rounds: int) -> list[float]:
    """One step of the slider at a time, to the right and back."""
    page.locator(".stSlider input").first.focus()
    taken = []
    for turn in range(rounds + WARM_UP):
        page.evaluate(WATCH, ["keydown", "[data-expected]"])
        page.keyboard.press("ArrowRight" if turn % 10 < 5 else "ArrowLeft")
        taken.append(page.evaluate("window.taken"))
        page.wait_for_timeout(200)
    return taken[WARM_UP:]


def _nodes(page: Any, rounds: int) -> list[float]:
    """Between two combinations of the lattice."""
    keys = page.evaluate("[...document.querySelectorAll('.mm-lattice [data-pick]')].map((each) => each.dataset.pick)")
    taken = []
    for turn in range(rounds + WARM_UP):
        page.evaluate(WATCH, ["click", ".mm-lattice"])
        page.locator(f'.mm-lattice [data-pick="{keys[turn % 2]}"]').click()
        taken.append(page.evaluate("window.taken"))
        page.wait_for_timeout(200)
    return taken[WARM_UP:]


def measure(tasks: Sequence[str], rounds: int) -> dict[str, Any]:
    from playwright.sync_api import sync_playwright

    before = load()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        with server() as process:
            wait_for_health()
            found = {task: measure_task(browser, process, task, rounds) for task in tasks}
        with server(script="bench/floor.py"):
            wait_for_health()
            first_paint(browser, "")
            found["(none)"] = {FLOOR: summary([first_paint(browser, "")[0] for _ in range(OPENINGS)])}
        browser.close()
    return {
        **circumstances(before),
        "milliseconds": found,
    }


def table(found: dict[str, Any]) -> str:
    """As Markdown."""
    load = found["load"]
    lines = [
        "# How long the Robustness page takes",
        "",
        f"Made by `python bench/{NAME}.py` on {found['made']}: {found['machine']}, headless Chromium on the same "
        f"machine, load {load['before']} before and {load['after']} after.",
        "",
        "| task | what | median (ms) | p95 (ms) | n | goal (ms) |",
        "|---|---|---|---|---|---|",
    ]
    for task, rows in found["milliseconds"].items():
        for name, row in rows.items():
            goal = GOALS.get(name, "")
            lines.append(f"| {task} | {name} | {row['median']:g} | {row['p95']:g} | {row['n']} | {goal} |")
    first = next(iter(found["milliseconds"].values()))[OPENING]["median"]
    floor = found["milliseconds"]["(none)"][FLOOR]["median"]
    lines += [
        "",
        "The floor is `bench/floor.py`, a page with one switch and one line, in the same run: what Streamlit and the",
    ]
    lines.append(
        f"browser take by themselves here. Opening takes {first / floor:.1f} of it, {first - floor:.0f} ms more."
    )
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", default="digits", help="names, separated by commas")
    parser.add_argument("--rounds", type=int, default=30, help="slider steps and clicks that are measured")
    parser.add_argument("--out", type=Path, default=ROOT / "bench", help=f"folder for {NAME}.json and .md")
    options = parser.parse_args()
    found = measure(options.tasks.split(","), options.rounds)
    (options.out / f"{NAME}.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    (options.out / f"{NAME}.md").write_text(table(found), "utf-8")
    print(table(found))


if __name__ == "__main__":
    main()
