"""Everything that must hold before a version goes out, in a fresh environment: `make release-check`.

    python tools/release_check.py                          # all parts, some minutes
    python tools/release_check.py spelling licences        # some of them

The parts come in the order in which they are cheap. Each says `ok` or what is wrong; the exit code is 1 where
one fails. The suite itself is `make test`. What is built stays in build/release.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import venv
from collections.abc import Callable
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILT = ROOT / "build" / "release"
# Permissive licences, and such as ask nothing of a program that only imports the package
ALLOWED = re.compile(
    r"(?i)\b(apache|bsd|mit|isc|hpnd|zlib|unlicen[cs]e|psf|python software foundation|public domain|cc0|mpl[- ]?2|"
    r"mozilla public license 2|mit-cmu|cnri|0bsd|boost|lgpl|lesser general public)"
)
TEXTS = ["README.md", "CHANGES.md", "CONTRIBUTING.md", "docs", "mmlab", "pages", "app.py", "bench", "tools"]
WORDS = "hsi,nce,tung,abd,carin,refridgerator"  # columns, names, people, and a class as NYU Depth v2 spells it


class Wrong(Exception):
    """A part that does not hold."""


def run(*words: str | Path, cwd: Path = ROOT, **more: str) -> str:
    """What a command prints; Wrong with its last lines where it fails."""
    done = subprocess.run(list(map(str, words)), cwd=cwd, env={**os.environ, **more}, capture_output=True, text=True)
    if done.returncode:
        raise Wrong("\n".join((done.stdout + done.stderr).strip().splitlines()[-15:]))
    return done.stdout


def version() -> str:
    """CHANGES.md begins with this version, and nothing calls it unreleased."""
    number = re.search(r'"(.+)"', (ROOT / "mmlab" / "core" / "version.py").read_text("utf-8").splitlines()[-1])
    assert number is not None
    changes = (ROOT / "CHANGES.md").read_text("utf-8")
    first = re.search(r"^## (.+)$", changes, re.MULTILINE)
    if first is None or not first[1].startswith(number[1]) or "unreleased" in changes:
        raise Wrong(f"CHANGES.md does not begin with {number[1]} and its date.")
    return number[1]


def spelling() -> str:
    """Words that codespell knows to be misspelt, in texts and in code."""
    skipped = "*.js,*.svg,*.lock,vocabulary.txt,docs/screenshots,docs/tables,mmlab/samples,de,zh"
    run(sys.executable, "-m", "codespell_lib", "--skip", skipped, "--ignore-words-list", WORDS, *TEXTS)
    return f"{len(TEXTS)} places"


def links() -> str:
    """Files, anchors and code that documents point at; then addresses elsewhere, which are listed where they fail."""
    run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_docs.py")
    texts = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    found = {link for each in texts for link in re.findall(r"\((https?://[^)\s]+)\)", each.read_text("utf-8"))}
    dead = [link for link in sorted(found) if not _answers(link)]
    return f"{len(found)} addresses, {len(dead)} without an answer from here" + "".join(
        f"\n    {each}" for each in dead
    )


def _answers(link: str) -> bool:
    asked = urllib.request.Request(link, headers={"User-Agent": "mmlab-release-check"})
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return int(answer.status) < 400
    except urllib.error.HTTPError as error:
        return error.code in (401, 403, 405, 429)  # there, but not for programs
    except OSError:
        return False


def lint() -> str:
    """Style, types, and the picture of the imports."""
    run("make", "lint")
    return "clean"


def docs() -> str:
    """The site, without a warning."""
    run("make", "docs")
    return "build/docs"


def packages() -> str:
    """A wheel and a source archive, and a wheel that the source archive builds by itself."""
    shutil.rmtree(BUILT, ignore_errors=True)
    run(sys.executable, "-m", "hatchling", "build", "--directory", BUILT)
    with tempfile.TemporaryDirectory() as place:
        shutil.unpack_archive(next(BUILT.glob("*.tar.gz")), place, filter="data")
        source = next(Path(place).iterdir())
        run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", place, cwd=source)
        again = next(Path(place).glob("*.whl")).stat().st_size
    wheel = next(BUILT.glob("*.whl")).stat().st_size
    if abs(again - wheel) > wheel // 100:
        raise Wrong(f"The wheel has {wheel} bytes, the one that the source archive builds {again}.")
    return ", ".join(f"{each.name} {each.stat().st_size / 1e6:.0f} MB" for each in sorted(BUILT.iterdir()))


@cache
def _fresh() -> Path:
    """A new environment with the wheel and what it asks for, from the index; its folder of programs."""
    if not list(BUILT.glob("*.whl")):
        packages()
    place = Path(tempfile.mkdtemp(prefix="mmlab-release-"))
    venv.create(place, with_pip=True)
    run(place / "bin" / "python", "-m", "pip", "install", "--quiet", next(BUILT.glob("*.whl")), cwd=place)
    return place / "bin"


def installed() -> str:
    """From the wheel alone: list, a prediction by a shipped model, a doctor of the example, the pages of the app."""
    programs = _fresh()
    home = {"HOME": str(programs.parent / "home"), "MMLAB_DEVICE": "cpu"}
    tasks = json.loads(run(programs / "mmlab", "list", "--json", cwd=programs.parent, **home))["tasks"]
    say = "import mmlab; m = mmlab.load('watch', 'dropout'); s = m.task.example(m.task.gallery()[0]); "
    say += "print(len(m.predict(s.raw)))"
    answers = run(programs / "python", "-c", say, cwd=programs.parent, **home).strip()
    if answers != "3":
        raise Wrong(f"Two inputs have 3 combinations, not {answers}.")
    page = "from streamlit.testing.v1 import AppTest; from mmlab.storage import shipped_files as s; "
    page += "a = AppTest.from_file(str(s.APP), default_timeout=400).run(); assert not a.exception, a.exception"
    run(programs / "python", "-c", page, cwd=programs.parent, **home)
    return f"{len(tasks)} tasks, a prediction, the first page"


def licences() -> str:
    """Of every package that the plain install brings."""
    words = ["--from=mixed", "--format=json", f"--python={_fresh() / 'python'}"]
    found = json.loads(run(sys.executable, "-m", "piplicenses", *words))
    names = {each["Name"]: each["License"] for each in found if each["Name"] not in ("mmlab", "pip", "setuptools")}
    own = ("nvidia-", "cuda-")  # NVIDIA's own terms: torch brings them where there is CUDA, we ship nothing of them
    odd = {name: each for name, each in names.items() if not name.startswith(own) and not ALLOWED.search(each)}
    if odd:
        raise Wrong("Not known to be allowed: " + "; ".join(f"{name} ({licence})" for name, licence in odd.items()))
    return f"{len(names)} packages"


PARTS: dict[str, Callable[[], str]] = {
    each.__name__: each for each in (version, spelling, links, lint, docs, packages, installed, licences)
}


def main(asked: list[str]) -> int:
    """Run the parts; each is told when it is over."""
    failed = 0
    for name in asked or PARTS:
        try:
            print(f"{name}: ok, {PARTS[name]()}", flush=True)
        except Wrong as wrong:
            failed += 1
            print(f"{name}: NOT ok\n{wrong}", flush=True)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
