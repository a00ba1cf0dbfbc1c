"""Attack everything, and write down what held: an hour by default, less with smaller numbers; 0 leaves a part out.

    python -m bench.attack                                           # make attack
    python -m bench.attack --files 5000 --kills 20 --visitors 0 --write docs/tables

Exit code 1 where something did not hold. What a part found before is kept in the table until that part runs again.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.app_latency import CHROMIUM, ROOT
from bench.attack import changed_files, kills, neighbours, tables, visitors
from mmlab.core.version import __version__
from tests.attack.readers import READERS

WHOLE = {"files": 100_000, "kills": 200, "visitors": 100, "minutes": 10.0}


def main() -> int:
    """Run the parts that are asked for, one after another, each written down when it is over."""
    asked = _arguments()
    file = asked.write / "reliability.json"
    found: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    found["about"] = f"mmlab {__version__}, Python {platform.python_version()}, {os.cpu_count()} cores."
    for part, run in (
        ("files", _files),
        ("large", _large),
        ("kills", _kills),
        ("visitors", _visitors),
        ("neighbours", _neighbours),
    ):
        began = _beginning(asked, part)
        result = run(asked)
        if result is not None:
            found[part], found.setdefault("began", {})[part] = result, began
            tables.write(found, asked.write)
    print(tables.as_markdown(found))
    return int(any(_is_broken(part) for name, part in found.items() if name != "began"))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.attack", description=__doc__)
    parser.add_argument("--files", type=int, default=WHOLE["files"], help="changed files, of all readers together")
    parser.add_argument("--kills", type=int, default=WHOLE["kills"], help="processes that are killed")
    parser.add_argument("--visitors", type=int, default=WHOLE["visitors"], help="visitors at once")
    parser.add_argument("--minutes", type=float, default=WHOLE["minutes"], help="how long they stay")
    parser.add_argument("--no-large", action="store_true", help="leave the largest files out")
    parser.add_argument("--no-neighbours", action="store_true", help="leave the two browsers out")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", type=Path, default=ROOT / "docs" / "tables", metavar="FOLDER")
    return parser.parse_args()


def _files(asked: argparse.Namespace) -> dict[str, Any] | None:
    if not asked.files:
        return None
    return {**vars(changed_files.attack(asked.files, asked.seed)), "readers": len(READERS)}


def _large(asked: argparse.Namespace) -> list[dict[str, Any]] | None:
    return None if asked.no_large else [dict(vars(each)) for each in changed_files.largest_files()]


def _kills(asked: argparse.Namespace) -> dict[str, Any] | None:
    if not asked.kills:
        return None
    with tempfile.TemporaryDirectory() as place:
        return dict(vars(kills.attack(asked.kills, asked.seed, Path(place))))


def _visitors(asked: argparse.Namespace) -> dict[str, Any] | None:
    return dict(vars(visitors.attack(asked.visitors, asked.minutes, asked.seed))) if asked.visitors else None


def _neighbours(asked: argparse.Namespace) -> dict[str, bool] | None:
    if asked.no_neighbours:
        return None
    if not neighbours.address() or not Path(CHROMIUM).exists():
        print("No address that others can reach, or no Chromium: the two browsers are left out.", file=sys.stderr)
        return None
    return neighbours.attack()


def _beginning(asked: argparse.Namespace, part: str) -> str:
    """When a part began, beside what, and how much of the whole was asked for."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    sizes = {"files": ["files"], "kills": ["kills"], "visitors": ["visitors", "minutes"]}.get(part, [])
    whole = "; ".join(f"asked for {getattr(asked, name):g} of {WHOLE[name]:g} {name}" for name in sizes)
    return f"{datetime.now(UTC):%d %B %Y}, load {load:.1f}" + (f"; {whole}" if whole else "")


def _is_broken(part: Any) -> bool:
    if isinstance(part, dict):
        held = [value for value in part.values() if isinstance(value, bool)]
        return bool(part.get("faults") or part.get("lost")) or not all(held)
    return isinstance(part, list) and any(each["seconds"] > changed_files.MOST_SECONDS for each in part)


if __name__ == "__main__":
    sys.exit(main())
