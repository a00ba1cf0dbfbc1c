"""How long Embed takes at ten thousand dots: to paint, to recolour, to light a selection, to place an upload.

    python bench/embedding_speed.py                                     # measures, prints, writes docs/tables
    python bench/embedding_speed.py --rounds 20 --fill docs/results.md

A checkpoint with a made-up sweep of 1,428 samples under 7 combinations (9,996 dots) is put beside a real model's
weights in a folder of its own. Chromium draws with its software renderer and measures itself: the clock starts in the
click and stops in the frame after Plotly said that it was done.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.app_latency import CHROMIUM, FLAGS, summary  # noqa: E402
from mmlab import sweeps  # noqa: E402
from mmlab.analysis import map_files, maps  # noqa: E402
from mmlab.core.results import Projection, Sweep  # noqa: E402
from mmlab.library import SHIPPED  # noqa: E402

PORT = 8721
SAMPLES, SIZE = 1428, 64
KEYS = ("image", "sound", "pen", "image-sound", "image-pen", "sound-pen", "image-sound-pen")
GOALS = {
    "map painted, warm server": "1500",
    "of these: before the map is asked for": "",
    "recolouring": "600",
    "selection lit": "",
    "upload placed": "1000",
}
COLOURS = ("Combination", "Right or wrong", "Certainty", "Class")
PAGE = f"http://127.0.0.1:{PORT}/embed?task=digits&methods=dmrnet&lattice=dmrnet"

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


def made_up(digest: str) -> tuple[Sweep, maps.Map]:
    """Ten clouds in 64 dimensions under seven combinations, and a map of them."""
    rng = np.random.default_rng(0)
    target = np.arange(SAMPLES) % 10
    centres = rng.normal(0, 3, (10, SIZE))
    mean = (centres[target][None] + rng.normal(0, 1, (len(KEYS), SAMPLES, SIZE))).astype(np.float32)
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
    """A real model's weights with the made-up sweep and map."""
    home = folder / "digits" / "dmrnet" / "seed0"
    shutil.copytree(SHIPPED / "digits" / "dmrnet" / "seed0", home)
    digest = hashlib.sha256((home / "model.safetensors").read_bytes()).hexdigest()
    found, made = made_up(digest)
    sweeps.write(home, found)
    map_files.write_map(home, made)


@contextmanager
def server(checkpoints: Path) -> Iterator[None]:
    """The app with these checkpoints."""
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(PORT)]
    environment = {**os.environ, "MMLAB_CHECKPOINTS": str(checkpoints), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def painted(browser: Any, warm: Any = None) -> tuple[float, float]:
    """A new page on a warm server: milliseconds until the figure is mounted, and until it is painted.

    warm: a browser context in which the drawing library is kept already, as for anybody's second visit.
    """
    context = warm or browser.new_context(viewport={"width": 1280, "height": 1000})
    page = context.new_page()
    start = time.perf_counter()
    page.goto(PAGE)
    page.wait_for_selector(".st-key-embed-map .mm-figure", timeout=60_000)
    mounted = 1000 * (time.perf_counter() - start)
    page.wait_for_selector(".st-key-embed-map .mm-figure[data-drawn]", timeout=60_000)
    done = 1000 * (time.perf_counter() - start)
    page.close()
    if warm is None:
        context.close()
    return mounted, done


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
    page.get_by_role("tab", name="Bring your own").click()
    upload = []
    for number in range(3):
        file = ROOT / "mmlab" / "samples" / "digits" / "pack" / f"test-000{number}.png"
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
        "([figure, before]) => document.querySelector(figure).dataset.drawn !== before",
        arg=[figure, before],
        timeout=60_000,
    )
    return 1000 * (time.perf_counter() - start)


def measure(rounds: int, visits: int = 6) -> dict[str, Any]:
    from playwright.sync_api import sync_playwright

    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        library(Path(folder))
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        with server(Path(folder)):
            from bench.app_latency import wait_for_health

            wait_for_health(PORT)
            painted(browser)
            first = [painted(browser) for _ in range(max(1, visits // 2))]
            context = browser.new_context(viewport={"width": 1280, "height": 1000})
            painted(browser, context)
            paints = [painted(browser, context) for _ in range(visits)]
            recolour, light, upload = changes(browser, rounds)
        browser.close()
    return {
        "made": datetime.now(UTC).isoformat(timespec="minutes"),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}",
        "load": {"before": round(load, 2), "after": round(os.getloadavg()[0], 2)},
        "dots": len(KEYS) * SAMPLES,
        "milliseconds": {
            "map painted, warm server": summary([done for _, done in paints]),
            "of these: before the map is asked for": summary([mounted for mounted, _ in paints]),
            "map painted, a browser that was never here": summary([done for _, done in first]),
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
    from mmlab.reports import fill

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
