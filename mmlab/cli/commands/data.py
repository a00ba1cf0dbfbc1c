"""`data`: check a download of an official data set, and set up its evaluation protocols."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from mmlab.cli.common_options import Json
from mmlab.cli.console import MENDABLE, emit, say, table
from mmlab.core.errors import DataError

if TYPE_CHECKING:
    from mmlab.tasks.custom.text_tokens import Coverage
    from mmlab.tasks.official.array_steps import Steps
    from mmlab.tasks.official.benchmark import Benchmark, Protocol
    from mmlab.tasks.official.fingerprint import Fingerprint


def command(
    name: Annotated[
        str, typer.Argument(help="The data set, such as cremad; omit it to list them all. Or: convert.")
    ] = "",
    folder: Annotated[
        Path | None, typer.Argument(help="The folder of the official download; the pickle to convert.")
    ] = None,
    target: Annotated[
        Path | None, typer.Argument(help="For convert: the .npz to write; by default beside the pickle.")
    ] = None,
    protocol: Annotated[str, typer.Option(help="The published evaluation protocol; by default the first listed.")] = "",
    example: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Write a tiny example of the official layout there instead.")
    ] = None,
    broken: Annotated[
        bool, typer.Option("--broken", help="With --example: include a Git LFS pointer and a truncated file.")
    ] = False,
    incomplete: Annotated[bool, typer.Option("--incomplete", help="Treat absent files as missing inputs.")] = False,
    size: Annotated[
        int, typer.Option(help="For whole scans: voxels along the longer sides; by default those of the protocol.")
    ] = 0,
    json: Json = False,
) -> int:
    """Check a download of an official data set, print its fingerprint, and turn it into a task under a protocol."""
    from mmlab.tasks.official.benchmark import BENCHMARKS

    if not name:
        _list(json)
        return 0
    if name == "convert":
        return _convert(folder, target, json)
    if target is not None:
        raise DataError(f"'{target}' is one argument too many.", "Name the data set and its folder.")
    if example is not None:
        from mmlab.tasks.official.miniature import write_miniature

        write_miniature(name, example, broken)
        say(f"A tiny copy of {BENCHMARKS[name].title} is in {example}. Next:")
        say(f"  python -m mmlab data {name} {quote(str(example))}")
        return 0
    if folder is None:
        raise DataError("No folder is named.", f"Get {BENCHMARKS[name].title} from {BENCHMARKS[name].origin}.")
    return _check(name, folder, protocol, incomplete, size, json)


def _convert(source: Path | None, target: Path | None, json: bool) -> int:
    from mmlab.tasks.official.converting import convert

    if source is None:
        raise DataError("No pickle is named.", "Such as: python -m mmlab data convert mosi_data.pkl")
    written, found = convert(source, target)
    if json:
        emit({"file": str(written), **found})
        return 0
    rows = [
        (name, " × ".join(map(str, shape)), f"{found['filled'].get(name, 0):,}")
        for name, shape in found["arrays"].items()
    ]
    table(f"Arrays in {written}", ("array", "shape", "not finite, 0 now"), rows)
    if found["left_out"]:
        say(f"Left out, since they are neither numbers nor texts: {', '.join(found['left_out'])[:200]}")
    return 0


def _list(json: bool) -> None:
    from mmlab.tasks.official.benchmark import BENCHMARKS

    found = [(name, BENCHMARKS[name].title, BENCHMARKS[name].licence) for name in BENCHMARKS]
    if json:
        emit({"benchmarks": [{"name": name, "title": title, "licence": licence} for name, title, licence in found]})
    else:
        table("Official data sets", ("name", "title", "licence"), found, left=3)


def _check(name: str, folder: Path, protocol: str, incomplete: bool, size: int, json: bool) -> int:
    from mmlab.tasks.custom.text_tokens import coverage
    from mmlab.tasks.official.opening import looked_at, open_folder
    from mmlab.tasks.official.unlabelled_pixels import unlabelled_pixels

    benchmark, chosen, found = looked_at(name, folder, protocol, size)
    ready = incomplete or not found.lacking
    if ready:
        open_folder(name, folder, chosen.name, incomplete, size)
    steps, texts = benchmark.steps(folder, chosen), coverage(folder) if ready else {}
    unlabelled = unlabelled_pixels(folder) if ready else {}
    if json:
        table_of = [{"name": p.name, "about": p.about, "here": p.here, "source": p.source} for p in benchmark.protocols]
        held = {modality: asdict(each) for modality, each in steps.items()}
        told = {each: {split: asdict(share) for split, share in shares.items()} for each, shares in texts.items()}
        said = {**found.as_json(), **({"steps": held} if held else {}), **({"texts": told} if told else {})}
        if unlabelled:
            said["unlabelled"] = {split: {"pixels": count, "of": all_} for split, (count, all_) in unlabelled.items()}
        emit({"name": name, "protocol": chosen.name, "ready": ready, **said, "protocols": table_of})
        return 0 if ready else MENDABLE
    _show(benchmark, chosen, found, steps, texts)
    for split, (count, pixels) in unlabelled.items():
        if pixels:
            say(f"Unlabelled pixels, {split}: {count / pixels:.1%} ({count:,} of {pixels:,}), ignored.")
    if not ready:
        say(f"Not ready: {found.sentence}")
        return MENDABLE
    say(f"Ready: python -m mmlab train --task {name} --data {quote(str(folder))} --method dropout")
    say("What its files hold is read by a training, or by: " + f"python -m mmlab check {quote(str(folder))}")
    return 0


def _show(
    benchmark: Benchmark,
    chosen: Protocol,
    found: Fingerprint,
    steps: Mapping[str, Steps],
    texts: Mapping[str, Mapping[str, Coverage]],
) -> None:
    say(f"{benchmark.title}, protocol {chosen.name}")
    say(f"Files: {found.files:,} named, {len(found.lacking):,} cannot be used.")
    for path, why in found.lacking[:10]:
        say(f"  {_printable(path)}: {why}")
    say(f"Samples: {_counts(found.sizes)}")
    if found.published:
        say(f"Published lists: {_counts(found.published)}")
    who = benchmark.grouped_by or "group"
    for pair, counts in found.shared.items():
        say(f"In both {pair}: {counts['groups']:,} of {found.groups:,} ({who}), {counts['ids']:,} ids")
    for modality, shape in found.shapes.items():
        say(f"{modality}: {' × '.join(map(str, shape))} after preparation")
    for modality, held in steps.items():
        say(f"{modality}: {held.sentence}")
    for modality, of_split in texts.items():
        unknown, cut = (100 * getattr(of_split["test"], share) for share in ("unknown", "cut"))
        say(f"{modality}: {unknown:.1f} % of the tokens of the test were never met, {cut:.1f} % of its texts are cut")
    say(f"Digest of the sorted ids and their splits: {found.digest}")
    rows = [(each, *(f"{count:,}" for count in counts.values())) for each, counts in found.classes.items()]
    if rows:
        table("\nClasses", ("class", "train", "valid", "test"), rows)
    say("\nProtocols")
    for each in benchmark.protocols:
        mark = " (this one)" if each.name == chosen.name else "" if each.inputs else " (cannot be run here)"
        say(f"  {each.name}{mark}: {each.about}")
        say(f"    Here: {each.here or 'the same.'} Read in {each.source}.")
    say()


def _counts(sizes: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {split}" for split, count in sizes.items())


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)
