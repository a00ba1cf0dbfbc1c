"""How long Embed takes at ten thousand dots: to paint, to recolour, to light a selection, to place an upload.

    python bench/embedding_speed.py                                     # measures, prints, writes docs/tables
    python bench/embedding_speed.py --rounds 20 --fill docs/results.md

A checkpoint with a made-up sweep of 1,428 samples under 7 combinations (9,996 dots) is put beside a real model's
weights in a folder of its own. Chromium draws with its software renderer. Paints and recolourings are measured by the
page: the clock starts in the click and stops in the frame after the drawing said that it was done. Selections and
uploads are measured from outside, with the time that it takes to hand over a file and to ask.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.app_latency import CHROMIUM, FLAGS, summary, wait_for_health  # noqa: E402
from bench.circumstances import circumstances, load  # noqa: E402
from mmlab.analysis.embedding import map_file, maps  # noqa: E402
from mmlab.core.results import Projection, Sweep  # noqa: E402
from mmlab.storage import sweep_file  # noqa: E402
from mmlab.storage.checkpoints import read_card  # noqa: E402
from mmlab.storage.library import SHIPPED  # noqa: E402
from tests.unpacked import pack  # noqa: E402

PORT = 8721
SAMPLES = 1428
KEYS = ("image", "sound", "pen", "image-sound", "image-pen", "sound-pen", "image-sound-pen")
GOALS = {
    "dots painted, opened by the address": "1500",
    "dots painted, opened from another page": "1500",
    "recolouring": "600",
    "selection lit": "",
    "upload placed": "1000",
}
COLOURS = ("Combination", "Right or wrong", "Certainty", "Class")
ADDRESS = f"http://127.0.0.1:{PORT}"
VIEW = "task=digits&methods=dmrnet&lattice=dmrnet"
PAGE = f"{ADDRESS}/embed?{VIEW}"

# Runs in the page: milliseconds from the click on a pill to the frame in which the figure says that it is done.
RECOLOUR = """
(label) => new Promise((done) => {
  const figure = document.querySelector(".st-key-embed-map .mm-figure"), before = figure.dataset.drawn;
  const pill = [...document.querySelectorAll('[data-testid^="stButtonGroup"] button, .stButtonGroup button')]
    .find((button) => button.innerText.trim() === label);
  const start = performance.now();
  const look = () => {
    if (figure.dataset.drawn !== before || performance.now() - start > 20000) done(performance.now() - start);
    else requestAnimationFrame(look);
  };
  pill.click();
  requestAnimationFrame(look);
})
"""


# Runs before the page: when each of these was there for the first time since `window.since`, by the page's own clock.
WATCH = """
window.since = 0;
window.seen = {};
const wanted = {
  line: ".mm-lattice",
  sketched: ".st-key-embed-map .mm-figure[data-sketched]",
  painted: ".st-key-embed-map .mm-figure[data-drawn]",
};
new MutationObserver(() => {
  for (const [name, selector] of Object.entries(wanted)) {
    if (name in window.seen || !document.querySelector(selector)) continue;
    window.seen[name] = performance.now() - window.since;
  }
}).observe(document, { subtree: true, childList: true, attributes: true });
"""


def made_up(digest: str, size: int) -> tuple[Sweep, maps.Map]:
    """Ten clouds in `size` dimensions under seven combinations, and a map of them."""
    rng = np.random.default_rng(0)
    target = np.arange(SAMPLES) % 10
    centres = rng.normal(0, 3, (10, size))
    mean = (centres[target][None] + rng.normal(0, 1, (len(KEYS), SAMPLES, size))).astype(np.float32)
    logits = -np.stack([np.linalg.norm(mean - centre, axis=2) for centre in centres], 2).astype(np.float32)
    ids = tuple(f"test-{i:04d}" for i in range(SAMPLES))
    groups = tuple(f"speaker {i % 12}" for i in range(SAMPLES))
    present = np.ones((SAMPLES, 3), bool)
    found = Sweep(KEYS, logits, mean, np.full_like(mean, 0.2), target, present, ids, groups, digest)
    flat = maps.of_pca(found)
    picture = flat.projection
    projection = Projection(picture.points, picture.spread, "umap", {}, digest)
    return found, maps.Map(projection, flat.distances, flat.error)


def library(folder: Path) -> None:
    """A real model's weights with the made-up sweep and map, in as many dimensions as the model has."""
    home = folder / "digits" / "dmrnet" / "seed0"
    shutil.copytree(SHIPPED / "digits" / "dmrnet" / "seed0", home)
    digest = hashlib.sha256((home / "model.safetensors").read_bytes()).hexdigest()
    found, made = made_up(digest, int(read_card(home)["config"]["embedding"]))
    sweep_file.write(home, found)
    map_file.write_map(home, made)


@contextmanager
def server(checkpoints: Path | None, script: str = "app.py") -> Iterator[None]:
    """The app with these checkpoints, or another script."""
    command = [sys.executable, "-m", "streamlit", "run", script, "--server.port", str(PORT)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    if checkpoints is not None:
        environment["MMLAB_CHECKPOINTS"] = str(checkpoints)
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def visitor(browser: Any) -> Any:
    """A new browser window that notes when things appear."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    context.add_init_script(WATCH)
    return context


def seen(page: Any, name: str) -> float:
    """Milliseconds until something appeared, once it has."""
    page.wait_for_function("(name) => name in window.seen", arg=name, timeout=60_000)
    return float(page.evaluate("(name) => window.seen[name]", name))


def painted(context: Any) -> tuple[float, float]:
    """A new page on a warm server: milliseconds until the dots are there, and until they can be caught and zoomed."""
    page = context.new_page()
    page.goto(PAGE)
    done = seen(page, "painted")
    sketched = seen(page, "sketched")
    page.close()
    return sketched, done


def from_another_page(context: Any) -> tuple[float, float]:
    """The same from the click on the link of the Bench."""
    page = context.new_page()
    page.goto(f"{ADDRESS}/predict?{VIEW}")
    page.wait_for_selector(".mm-lattice", timeout=60_000)
    page.wait_for_timeout(1500)
    page.locator(".st-key-mm-views").get_by_role("link", name="Embed →").evaluate(
        "(link) => { window.since = performance.now(); link.click(); }"
    )
    done = seen(page, "painted")
    sketched = seen(page, "sketched")
    page.close()
    return sketched, done


def floor(browser: Any, visits: int) -> list[float]:
    """A page of Streamlit with one switch and one line, as often visited: milliseconds until its line is there."""
    context, taken = visitor(browser), []
    with server(None, "bench/floor.py"):
        wait_for_health(PORT)
        for _ in range(visits + 1):
            page = context.new_page()
            page.goto(ADDRESS)
            taken.append(seen(page, "line"))
            page.close()
    context.close()
    return taken[1:]


def first_visits(browser: Any, visits: int) -> list[tuple[float, float]]:
    """The same for browsers that have kept nothing of the app."""
    taken = []
    for _ in range(visits):
        context = visitor(browser)
        taken.append(painted(context))
        context.close()
    return taken


def changes(browser: Any, rounds: int) -> tuple[list[float], list[float], list[float]]:
    """Recolouring, lighting a selection, placing an upload."""
    page = browser.new_page(viewport={"width": 1280, "height": 1600})
    page.goto(PAGE)
    page.wait_for_selector(".st-key-embed-map .mm-figure[data-drawn]", timeout=60_000)
    page.wait_for_timeout(2000)
    recolour = []
    for i in range(rounds + len(COLOURS)):
        taken = page.evaluate(RECOLOUR, COLOURS[i % len(COLOURS)])
        recolour += [taken] if i >= len(COLOURS) else []
        page.wait_for_timeout(300)
    light = []
    for digit in "5", "3", "8", "1", "0":
        page.get_by_role("textbox", name="Find samples").fill(digit)
        light.append(_until_drawn(page, lambda: page.keyboard.press("Enter")))
        page.wait_for_timeout(300)
    page.locator(".st-key-mm-samples button").first.click()
    page.get_by_role("tab", name="Upload").click()
    upload = []
    for number in range(3):
        file = pack("digits") / f"test-000{number}.png"
        chooser = page.locator("input[type=file]").first
        chooser.wait_for(state="attached")
        upload.append(_until_drawn(page, partial(chooser.set_input_files, str(file))))
        page.wait_for_timeout(1000)
    page.close()
    return recolour, light, upload


def _until_drawn(page: Any, act: Any) -> float:
    figure = ".st-key-embed-map .mm-figure"
    before = page.locator(figure).get_attribute("data-drawn")
    start = time.perf_counter()
    act()
    page.wait_for_function(
        "([figure, before]) => ![before, undefined].includes(document.querySelector(figure)?.dataset.drawn)",
        arg=[figure, before],
        timeout=60_000,
    )
    return 1000 * (time.perf_counter() - start)


def measure(rounds: int, visits: int = 6) -> dict[str, Any]:
    from playwright.sync_api import sync_playwright

    before = load()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        library(Path(folder))
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        with server(Path(folder)):
            wait_for_health(PORT)
            first = first_visits(browser, 1 + max(1, visits // 2))[1:]
            context = visitor(browser)
            paints = [painted(context) for _ in range(visits + 1)][1:]
            inside = [from_another_page(context) for _ in range(visits + 1)][1:]
            recolour, light, upload = changes(browser, rounds)
        empty = floor(browser, visits)
        browser.close()
    return {
        **circumstances(before),
        "dots": len(KEYS) * SAMPLES,
        "milliseconds": {
            "dots painted, opened by the address": summary([sketched for sketched, _ in paints]),
            "the same, until they can be caught": summary([done for _, done in paints]),
            "dots painted, opened from another page": summary([sketched for sketched, _ in inside]),
            "the same from there, until they can be caught": summary([done for _, done in inside]),
            "dots painted, a browser that was never here": summary([sketched for sketched, _ in first]),
            "floor: a page of Streamlit with one line": summary(empty),
            "recolouring": summary(recolour),
            "selection lit": summary(light),
            "upload placed": summary(upload),
        },
    }


def table(found: dict[str, Any]) -> str:
    """The measurements as Markdown."""
    load: dict[str, Any] = found["load"]
    lines = ["| what | median (ms) | p95 (ms) | n | goal (ms) |", "|---|---|---|---|---|"]
    for name, row in found["milliseconds"].items():
        lines.append(f"| {name} | {row['median']:g} | {row['p95']:g} | {row['n']} | {GOALS.get(name, '')} |")
    lines += [
        "",
        f"{found['dots']:,} dots in Chromium's software renderer, {found['machine']}, load {load['before']} before and "
        f"{load['after']} after, {found['made']}.",
    ]
    return "\n".join(lines)


def main(given: Sequence[str] | None = None) -> None:
    from mmlab.experiments.comparison_tables import fill

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=12, help="recolourings that are measured")
    parser.add_argument("--visits", type=int, default=6, help="visits that are measured")
    parser.add_argument("--write", type=Path, default=ROOT / "docs" / "tables", help="folder for the numbers")
    parser.add_argument("--fill", type=Path, help="document with the mark table:embedding_speed")
    options = parser.parse_args(given)
    found = measure(options.rounds, options.visits)
    options.write.mkdir(parents=True, exist_ok=True)
    (options.write / "embedding_speed.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    if options.fill:
        fill(options.fill, {"embedding_speed": table(found)})
    print(table(found))


if __name__ == "__main__":
    main()
