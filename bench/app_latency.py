"""How long a person waits: start to first answer, first paint, a toggle, thirty people at once, memory per visitor.

    python bench/app_latency.py                    # measures, prints, writes bench/app_latency.{json,md}
    MMLAB_CHECKPOINTS=... python bench/app_latency.py --rounds 40

Chromium measures itself: the clock starts in the click and stops in the frame after the change. The thirty people are
thirty connections that speak Streamlit's protocol, so that thirty browsers on one machine are not what is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.circumstances import circumstances, load  # noqa: E402
from bench.visitors import Visitor  # noqa: E402

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
PORT = 8719
PEOPLE = 30
START = "server start to the Bench with its answer"
PAINT, ANSWER = "first paint, warm server", "first answer, warm server"
TOGGLE, CHART = "toggle to changed answer", "toggle to last changed chart"
CROWD, MEMORY = f"{PEOPLE} people at the same instant", "memory per further visitor (MB)"
FLOOR_PAINT, FLOOR_TOGGLE = "floor: first paint", "floor: toggle"
ABOVE_FLOOR = 500  # milliseconds that the first paint may take beyond that of an empty page, where it misses its goal
GOALS = {START: 4000, PAINT: 1500, TOGGLE: 50, CROWD: 200, MEMORY: 2}  # medians

# Runs in the page. Resolves with the milliseconds from the click to the frame after each of the two changes.
WATCH = """
(label) => new Promise((done) => {
  const click = document.querySelector(`.stCheckbox input[aria-label*="${label}"]`);
  const text = () => document.querySelector(".mm-cards")?.textContent;
  const chart = () => document.querySelector(".mm-lattice [aria-pressed=true]")?.dataset.pick;
  const before = [text(), chart()], found = [null, null];
  const start = performance.now();
  const look = () => {
    [text(), chart()].forEach((now, i) => {
      if (found[i] === null && now !== before[i] && now) found[i] = performance.now() - start;
    });
    if (found.every((value) => value !== null) || performance.now() - start > 5000) done(found);
    else requestAnimationFrame(look);
  };
  click.click();
  requestAnimationFrame(look);
})
"""


@contextmanager
def server(port: int = PORT, script: str = "app.py") -> Iterator[subprocess.Popen[bytes]]:
    """The app, or the page that is its floor, on a port of its own."""
    command = [sys.executable, "-m", "streamlit", "run", script, "--server.port", str(port)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def wait_for_health(port: int = PORT, host: str = "127.0.0.1", seconds: float = 12) -> None:
    """Until the server answers; `seconds` is how long it sleeps between tries, all told."""
    for _ in range(round(seconds / 0.02)):
        try:
            with urllib.request.urlopen(f"http://{host}:{port}/_stcore/health", timeout=1) as reply:
                if reply.status == 200:
                    return
        except OSError:
            time.sleep(0.02)
    raise SystemExit("The server does not come up.")


def cold(browser: Any) -> float:
    """Milliseconds from starting the server to an answer on the Bench. The browser is there already."""
    with server():
        start = time.perf_counter()
        wait_for_health()
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{PORT}/predict")
        page.wait_for_selector("[data-answer]", timeout=60_000)
        taken = 1000 * (time.perf_counter() - start)
        page.close()
    return taken


def first_paint(browser: Any, path: str = "predict") -> tuple[float, float]:
    """A new visitor on a warm server: milliseconds to the title, and to the answer."""
    context = browser.new_context()
    page = context.new_page()
    start = time.perf_counter()
    page.goto(f"http://127.0.0.1:{PORT}/{path}")
    page.wait_for_selector(".mm-head h1")
    title = 1000 * (time.perf_counter() - start)
    page.wait_for_selector("[data-answer]")
    answer = 1000 * (time.perf_counter() - start)
    context.close()
    return title, answer


def toggles(
    browser: Any, rounds: int, path: str = "predict?sample=test-0003", switches: Sequence[str] = ("Sound", "Image")
) -> tuple[list[float], list[float]]:
    """Click to changed answer, click to changed lattice."""
    page = browser.new_page(viewport={"width": 1280, "height": 1600})
    page.goto(f"http://127.0.0.1:{PORT}/{path}")
    page.wait_for_selector(".mm-lattice")
    page.wait_for_timeout(1500)
    answers, charts = [], []
    for i in range(rounds + 4):
        answer, chart = page.evaluate(WATCH, switches[i // 2 % len(switches)])
        if i >= 4 and answer is not None and chart is not None:
            answers.append(answer)
            charts.append(chart)
        page.wait_for_timeout(120)
    page.close()
    return answers, charts


async def crowd(people: int, rounds: int) -> tuple[list[float], float]:
    """Milliseconds per person when all toggle at the same instant; megabytes of the server per further visitor."""
    first = await Visitor.enter(PORT)
    before = memory()
    others = [await Visitor.enter(PORT) for _ in range(people - 1)]
    each = (memory() - before) / (people - 1)
    visitors = [first, *others]
    times: list[float] = []
    for i in range(rounds):
        times += await asyncio.gather(*(visitor.toggle(on=i % 2 == 1) for visitor in visitors))
        await asyncio.sleep(0.3)
    for visitor in visitors:
        await visitor.leave()
    return times, each


def memory() -> float:
    """Megabytes of the server that listens on PORT."""
    return _resident(_pid)


_pid = 0


def _resident(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def summary(values: Sequence[float]) -> dict[str, float]:
    """Median and 95th percentile."""
    ordered = sorted(values)
    last = ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))]
    return {"median": round(statistics.median(ordered), 1), "p95": round(last, 1), "n": len(ordered)}


def measure(rounds: int) -> dict[str, Any]:
    from playwright.sync_api import sync_playwright

    global _pid
    found: dict[str, Any] = {}
    before = load()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        browser.new_page().close()
        found[START] = summary([cold(browser) for _ in range(3)])
        with server() as process:
            _pid = process.pid
            wait_for_health()
            first_paint(browser)
            paints = [first_paint(browser) for _ in range(8)]
            found[PAINT] = summary([title for title, _ in paints])
            found[ANSWER] = summary([answer for _, answer in paints])
            answers, charts = toggles(browser, rounds)
            found[TOGGLE] = summary(answers)
            found[CHART] = summary(charts)
            times, each = _in_own_loop(crowd(PEOPLE, 12))
            found[CROWD] = summary(times)
            found[MEMORY] = {"median": round(each, 2), "p95": round(each, 2), "n": PEOPLE - 1}
        with server(script="bench/floor.py"):
            wait_for_health()
            first_paint(browser, "")
            found[FLOOR_PAINT] = summary([first_paint(browser, "")[0] for _ in range(8)])
            found[FLOOR_TOGGLE] = summary(toggles(browser, rounds, "", ("Sound",))[0])
        browser.close()
    return {
        **circumstances(before),
        "milliseconds": found,
    }


def _in_own_loop(work: Any) -> Any:
    """Playwright's synchronous interface keeps a loop of its own in this thread."""
    import threading

    result: list[Any] = []
    thread = threading.Thread(target=lambda: result.append(asyncio.run(work)))
    thread.start()
    thread.join()
    return result[0]


def table(found: dict[str, Any]) -> str:
    load = found["load"]
    lines = [
        "# How long a person waits",
        "",
        f"Made by `python bench/app_latency.py` on {found['made']}: {found['machine']}, headless Chromium on the same "
        f"machine, load {load['before']} before and {load['after']} after.",
        "",
        "| what | median (ms) | p95 (ms) | n | goal for the median | reached |",
        "|---|---|---|---|---|---|",
    ]
    times = {name: row["median"] for name, row in found["milliseconds"].items()}
    for name, row in found["milliseconds"].items():
        goal, is_reached = _goal(name, times)
        lines.append(f"| {name} | {row['median']:g} | {row['p95']:g} | {row['n']} | {goal} | {is_reached} |")
    lines += [
        "",
        "The floor is `bench/floor.py`, a page with one switch and one line, in the same run: what Streamlit and the "
        "browser take by themselves on this machine at this load. The Bench takes "
        f"{times[PAINT] - times[FLOOR_PAINT]:.0f} ms more for its first paint and "
        f"{times[TOGGLE] - times[FLOOR_TOGGLE]:.0f} ms more for a toggle.",
    ]
    return "\n".join(lines) + "\n"


def _goal(name: str, times: Mapping[str, float]) -> tuple[str, str]:
    """The goal of a row in words, and whether its median reaches it."""
    if name not in GOALS:
        return "", ""
    limit = GOALS[name]
    if name == PAINT:
        limit = max(limit, times[FLOOR_PAINT] + ABOVE_FLOOR)
        words = f"{GOALS[name]} ms, or {ABOVE_FLOOR} ms above the floor"
    else:
        words = f"{limit} {'MB' if name == MEMORY else 'ms'}"
    return words, "yes" if times[name] < limit else "no"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=40, help="toggles that are measured")
    parser.add_argument("--out", type=Path, default=ROOT / "bench", help="folder for app_latency.json and .md")
    options = parser.parse_args()
    found = measure(options.rounds)
    (options.out / "app_latency.json").write_text(json.dumps(found, indent=1) + "\n")
    (options.out / "app_latency.md").write_text(table(found))
    print(table(found))


if __name__ == "__main__":
    main()
