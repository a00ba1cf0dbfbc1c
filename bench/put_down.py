"""Where a bench leaves what it found: a table and its numbers in a folder, the table in a document, on the screen."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from mmlab.analysis.methods.seed_comparison import Comparison
from mmlab.experiments.comparison_tables import fill, write_tables


def add_options(parser: ArgumentParser) -> None:
    """`--write` and `--fill`, where `put_down` puts it."""
    parser.add_argument("--write", type=Path, help="folder for the table, as .md, and its numbers, as .json")
    parser.add_argument("--fill", type=Path, help="document with the mark of the table")


def put_down(name: str, found: Any, text: str, folder: Path | None, page: Path | None) -> None:
    """`<name>.json` of what was found and `<name>.md` of its table, where a folder is named; the mark in a document."""
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
        (folder / f"{name}.md").write_text(text + "\n", "utf-8")
    _show(name, text, page)


def put_down_comparison(name: str, found: Comparison, text: str, folder: Path | None, page: Path | None) -> None:
    """The same of methods over seeds or folds, as `compare` writes them; text: what stands in the document."""
    if folder:
        write_tables(found, folder, name)
    _show(name, text, page)


def _show(name: str, text: str, page: Path | None) -> None:
    if page:
        fill(page, {name: text})
    print(text)
