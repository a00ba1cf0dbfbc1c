"""An official data set's folder as a task: writes `task.json` and `manifest.csv` beside its files."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import Any

from mmlab.core.csv_file import verbatim
from mmlab.core.errors import DataError, MissingExtra
from mmlab.core.storage_errors import storage_errors
from mmlab.modalities.files import numbered
from mmlab.tasks.custom import locations
from mmlab.tasks.custom.locations import MANIFEST, TASK_FILE
from mmlab.tasks.custom.text_tokens import stored_choice
from mmlab.tasks.official.benchmark import BENCHMARKS, Benchmark, Protocol, Sample
from mmlab.tasks.official.fingerprint import Fingerprint, fingerprint
from mmlab.tasks.official.scan_size import sized


def stated_protocol(name: str, folder: Path) -> str:
    """The protocol that the folder was opened with before; empty for none. Raises DataError for another's task.json."""
    if not (folder / TASK_FILE).is_file():
        return ""
    found = locations.load(folder)
    if "protocol" not in found or found.get("name") != name:
        hint = "Move it away: mmlab writes its own there."
        raise DataError(f"'{folder / TASK_FILE}' is not that of {name}.", hint)
    return str(found["protocol"])


def open_folder(name: str, folder: Path, protocol: str = "", incomplete: bool = False, size: int = 0) -> Fingerprint:
    """Make the folder a task under the protocol, by default the one that it has, and let every command find it.

    Raises DataError where files are missing or are Git LFS pointers. incomplete: these count as missing inputs instead,
    as they do in a folder that was opened so before and has not changed. size: of whole scans, see `sized`.
    """
    benchmark, chosen, found = looked_at(name, folder, protocol, size)
    lost = {path for path, _ in found.lacking}
    manifest = _manifest(found.samples, chosen, lost)
    if lost and not incomplete and not _holds(folder / MANIFEST, manifest):
        command = f"python -m mmlab data {name} {quote(str(folder))} --incomplete"
        raise DataError(found.sentence, f"To count such files as missing inputs: {command}")
    with storage_errors():
        _write(folder / TASK_FILE, json.dumps(_task(name, benchmark, chosen), indent=2, ensure_ascii=False) + "\n")
        _write(folder / MANIFEST, manifest)
    locations.add(folder)
    return found


def looked_at(name: str, folder: Path, protocol: str = "", size: int = 0) -> tuple[Benchmark, Protocol, Fingerprint]:
    """What lies in the folder; nothing is written. Raises DataError, UnknownName and MissingExtra.

    The protocol has what was chosen for its inputs: now, or when the folder was opened before.
    """
    benchmark = BENCHMARKS[name]()
    if not folder.is_dir():
        raise DataError(f"There is no folder '{folder}'.", f"Download it: {benchmark.origin}")
    asked = benchmark.protocol(protocol or stated_protocol(name, folder))
    chosen = sized(asked, size) if size else replace(asked, inputs=tuple(stored_choice(folder, asked.inputs)))
    if not chosen.is_installed:
        message = f"Protocol {chosen.name} takes the package {chosen.package}, which is not here."
        raise MissingExtra(message, f"Install it: pip install 'mmlab[{chosen.extra}]'")
    samples = benchmark.find(folder, chosen)
    if not samples:
        raise DataError(f"The lists in '{folder}' name no sample of {benchmark.title}.", "Name another folder.")
    return benchmark, chosen, fingerprint(benchmark, chosen, folder, samples)


def _task(name: str, benchmark: Benchmark, protocol: Protocol) -> dict[str, Any]:
    return {
        "name": name,
        "title": benchmark.title,
        "about": f"{benchmark.about} Protocol {protocol.name}: {protocol.about}",
        "output": benchmark.asks(protocol),
        "modalities": list(protocol.inputs),
        "protocol": protocol.name,
        **({"grouped_by": benchmark.grouped_by} if benchmark.grouped_by else {}),
    }


def _manifest(samples: Sequence[Sample], protocol: Protocol, lost: set[str]) -> str:
    """A line per sample, paths of lost files left empty; samples that have nothing else are left out."""
    names = [str(item["name"]) for item in protocol.inputs]
    rows = []
    for sample in samples:
        given = {name: cell for name, cell in sample.cells.items() if cell}
        there = {name: cell for name, cell in given.items() if lost.isdisjoint(protocol.files(sample, name))}
        cells = [there.get(name, "") for name in names]
        if there and numbered(sample.target)[0] not in lost:
            rows.append((sample.id, sample.split, sample.target, sample.group, *cells))
    return verbatim(("id", "split", "target", "group", *names), rows)


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_bytes() == text.encode()


def _write(path: Path, text: str) -> None:
    """Write a file only where it differs: what is kept of an unchanged folder stays valid."""
    if _holds(path, text):
        return
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(text, "utf-8", newline="")
    partial.replace(path)
