"""Take the pictures of every page as WebP: wide and light for docs/screenshots/, or in every way to be looked at.

python tools/screenshots.py                      # starts the app by itself
python tools/screenshots.py --only predict       # one page
python tools/screenshots.py --out build/pictures # light and dark, wide and narrow
MMLAB_CHECKPOINTS=... python tools/screenshots.py
"""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

FOLDER = ROOT / "docs" / "screenshots"
CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
PORT = 8723
PATIENCE = 120_000  # milliseconds, for a machine that does other things as well
TALLEST = 2600
QUALITY = 60
PAUSE, STILL = 500, 4  # milliseconds between two looks at a page; how many alike say that it is drawn
DRAWN = """[document.querySelector('.stMainBlockContainer').scrollHeight, document.querySelectorAll('*').length,
  document.querySelectorAll('[data-testid="stSkeleton"]').length]"""
READY = '.stApp[data-test-script-state="notRunning"] h1'


@contextmanager
def server() -> Iterator[str]:
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(PORT)]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"}, stdout=subprocess.DEVNULL)
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{PORT}/_stcore/health", timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{PORT}"
    finally:
        process.terminate()
        process.wait()


def settled(page: Any) -> float:
    """Wait until nothing more is drawn; how high the page is then."""
    last, same = None, 0
    for _ in range(PATIENCE // PAUSE):
        now = page.evaluate(DRAWN)
        same = same + 1 if now == last else 0
        if same == STILL:
            break
        last = now
        page.wait_for_timeout(PAUSE)
    return float(now[0])


def take(browser: Any, url: str, width: int, scheme: str) -> Image.Image:
    """The whole page, however tall, up to TALLEST."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(url, timeout=PATIENCE)
    page.wait_for_selector(READY, timeout=PATIENCE)
    page.wait_for_timeout(1500)
    for _ in range(2):  # what was out of sight is drawn only when there is room for it
        page.set_viewport_size({"width": width, "height": min(int(settled(page)) + 30, TALLEST)})
        page.wait_for_timeout(600)
    settled(page)
    content = page.screenshot(timeout=PATIENCE)
    context.close()
    return Image.open(io.BytesIO(content)).convert("RGB")


def main() -> None:
    from playwright.sync_api import sync_playwright

    from mmlab.ui.session.page_registry import pages

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="name of one page: home, predict, ...")
    parser.add_argument("--out", type=Path, default=FOLDER, help="another folder gets the dark and narrow ones, too")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    names = [page.name for page in pages()]
    widths, schemes = ((1280,), ("light",)) if options.out == FOLDER else ((1280, 390), ("light", "dark"))
    with server() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for name in names:
            if options.only not in ("", name):
                continue
            url = f"{address}/{'' if name == 'home' else name}"
            for width in widths:
                for scheme in schemes:
                    file = options.out / f"{name}-{width}-{scheme}.webp"
                    take(browser, url, width, scheme).save(file, "WEBP", quality=QUALITY, method=6)
                    print(f"{file}: {file.stat().st_size / 1000:.0f} kB")
        browser.close()


if __name__ == "__main__":
    main()
