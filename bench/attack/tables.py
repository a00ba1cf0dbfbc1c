"""What an attack found as JSON, as a table in Markdown, and in docs/reliability.md."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmlab.experiments.comparison_tables import fill

Figures = Mapping[str, Any]
Rows = list[tuple[str, str, str]]  # what, how much, what was promised


def write(found: Figures, folder: Path) -> None:
    """`reliability.json` and `reliability.md` in a folder, and the tables of a page, where there is one."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "reliability.json").write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")
    text = as_markdown(found)
    (folder / "reliability.md").write_text(text + "\n", "utf-8")
    page = folder.parent / "reliability.md"
    if page.is_file():
        fill(page, {"reliability": text})


def as_markdown(found: Figures) -> str:
    """A table per part that ran: when, beside what load, how much of the whole; first, on what machine."""
    parts = [found["about"]]
    for title, part, make in PARTS:
        if part in found:
            began = ("began", found.get("began", {}).get(part, "not recorded"), "")
            lines = [f"| {' | '.join(cells)} |" for cells in [began, *make(found[part])]]
            parts.append("\n".join([f"| {title} | found | promised |", "| --- | --- | --- |", *lines]))
    return "\n\n".join(parts)


def _files(found: Figures) -> Rows:
    return [
        ("files, of kinds of reader", f"{found['inputs']:,}, {found['readers']}", ""),
        ("ended in a value", f"{found['values']:,}", ""),
        ("ended in a sentence", f"{found['sentences']:,}", ""),
        ("ended in anything else, or took more", _faults(found["faults"]), "0"),
        ("slowest call", f"{found['slowest'][0]:.2f} s ({found['slowest'][1]})", "2 s of processor time"),
        ("largest call", f"{found['largest'][0]:.0f} MB ({found['largest'][1]})", "512 MB"),
        ("took", f"{found['seconds'] / 60:.0f} min", ""),
    ]


def _large(found: list[Figures]) -> Rows:
    return [
        (
            f"{each['name']} ({each['megabytes']:.1f} MB)",
            f"{each['seconds']:.2f} s, {each['memory']:.0f} MB"
            + ("" if each["ended"] == "value" else f": {each['ended']}"),
            "2 s, 512 MB",
        )
        for each in found
    ]


def _kills(found: Figures) -> Rows:
    return [
        ("killed", ", ".join(f"{count} {name}" for name, count in found["kills"].items()), ""),
        ("were over before the kill came", str(sum(found["finished"].values())), ""),
        ("libraries that were not read whole, leftovers, processes that lived on", _faults(found["faults"]), "0"),
        ("a training killed again and again comes to the same weights", _yes(found["resumed_the_same"]), "yes"),
        ("took", f"{found['seconds'] / 60:.0f} min", ""),
    ]


def _visitors(found: Figures) -> Rows:
    waits, memory = sorted(found["waits"]), [megabytes for _, megabytes, _ in found["held"]]
    descriptors = [count for _, _, count in found["held"]]

    def percentile(share: float) -> str:
        return f"{waits[min(len(waits) - 1, int(share * len(waits)))]:.0f} ms" if waits else "–"

    return [
        ("visitors at once, sessions, clicks", f"{found['visitors']}, {found['came']:,}, {found['clicks']:,}", ""),
        ("clicks without an answer, or with that of something else", str(len(found["lost"])), "0"),
        ("a click waits, median, p95, p99", ", ".join(map(percentile, (0.5, 0.95, 0.99))), ""),
        ("a page opens, median", f"{statistics.median(found['opened'] or [0]):.0f} ms", ""),
        ("memory of the server at first, at most, at last", _course(memory, " MB"), ""),
        ("descriptors at first, at most, at last", _course(descriptors, ""), ""),
        ("took", f"{found['seconds'] / 60:.0f} min", ""),
    ]


def _neighbours(found: Mapping[str, bool]) -> Rows:
    return [(promise, _yes(held), "yes") for promise, held in found.items()]


def _course(values: list[Any], unit: str) -> str:
    return ", ".join(f"{value:.0f}{unit}" for value in (values[0], max(values), values[-1])) if values else "–"


def _faults(found: Mapping[str, int]) -> str:
    return "0" if not found else "; ".join(f"{count} × {fault}" for fault, count in found.items())


def _yes(held: bool) -> str:
    return "yes" if held else "**no**"


PARTS = (
    ("Changed files", "files", _files),
    ("The largest files that are taken", "large", _large),
    ("Kills", "kills", _kills),
    ("A crowd", "visitors", _visitors),
    ("Two visitors on an address that others can reach", "neighbours", _neighbours),
)
