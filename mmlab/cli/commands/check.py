"""`check`: list every problem of your own data folder at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmlab.cli.common_options import Json
from mmlab.cli.console import MENDABLE, STOPPED, Bar, bar, emit, say, table, whisper

if TYPE_CHECKING:
    from mmlab.tasks.custom.problems import Problem, Problems
    from mmlab.tasks.custom.validate import Checked

COLUMNS = ("mean", "spread", "lowest", "highest")
MOST_ROWS = 20
STEP = 0.1  # share of the rows between two lines of progress


def command(
    folder: Annotated[Path, typer.Argument(help="The folder with task.json and manifest.csv.")],
    fix: Annotated[
        bool, typer.Option("--fix", help="Write a corrected copy of the manifest; fixes only what needs no guess.")
    ] = False,
    json: Json = False,
) -> int:
    """Read your own data folder as training would, and list every problem, line by line."""
    if fix:
        return _fix(folder, json)
    with bar("Reading", None) as shown:
        from mmlab.experiments.executors import Processes
        from mmlab.tasks.custom.validate import check

        shown.start("Reading", 1.0)
        found = check(folder, _Progress(shown).move, Processes(deaf=True).map)
    if json:
        emit(_plain(found))
    else:
        _show(found)
    if found.read is not None:
        return STOPPED
    return MENDABLE if found.problems.errors else 0


def _fix(folder: Path, json: bool) -> int:
    """Report each change that was made, and what to do with the new file."""
    from mmlab.tasks.custom.fixing import FIXED
    from mmlab.tasks.custom.fixing import fix as mended
    from mmlab.tasks.custom.locations import MANIFEST

    changes = mended(folder)
    if json:
        emit({"folder": str(folder), "file": FIXED if changes else "", "changes": [vars(each) for each in changes]})
        return 0
    for change in changes:
        say(_printable(str(change)))
    if not changes:
        say(f"Nothing in {MANIFEST} can be mended without guessing.")
        say(f"What is wrong: python -m mmlab check {quote(str(folder))}")
        return 0
    say(f"{len(changes):,} changes are in {FIXED}; {MANIFEST} is as it was. To take them over and see what is left:")
    old, new, shown = (quote(str(path)) for path in (folder / MANIFEST, folder / FIXED, folder))
    say(f"  mv {new} {old}")
    say(f"  python -m mmlab check {shown}")
    return 0


class _Progress:
    """How much was read and what was found so far: in the bar, and where there is none, a line at every tenth."""

    def __init__(self, shown: Bar) -> None:
        self._shown, self._next = shown, STEP

    def move(self, share: float, sofar: Problems) -> None:
        said = f"{sofar.errors:,} errors, {sofar.warnings:,} warnings so far"
        self._shown.move(share, said)
        if share >= self._next:
            self._shown.note(f"{share:.0%} read: {said}.")
            self._next = share + STEP


def _show(found: Checked) -> None:
    errors = [problem for problem in found.problems.found if problem.is_error]
    warnings = [problem for problem in found.problems.found if not problem.is_error]
    _list("Errors", errors, found.problems.errors)
    _list("Warnings", warnings, found.problems.warnings)
    if found.counts:
        say(f"{found.name}: " + ", ".join(f"{count:,} {split}" for split, count in found.counts.items()))
        rows = [(name, f"{share:.0%}") for name, share in found.missing.items()]
        table("", ("modality", "missing"), rows)
        _show_dropped(found)
        _show_unlabelled(found)
        _show_numbers(found)
    if found.read is not None:
        whisper(f"Stopped after {found.read:,} of {sum(found.counts.values()):,} samples; the others were not read.")
    elif found.problems.errors:
        count = found.problems.errors
        whisper("1 error has to be corrected." if count == 1 else f"{count:,} errors have to be corrected.")
    else:
        say(f"Ready for training: python -m mmlab train --task {quote(str(found.folder))} --method dropout")


def _show_dropped(found: Checked) -> None:
    """What counts as missing because it cannot be used."""
    if found.dropped:
        parts = [f"{count:,} of {name}" for name, count in found.dropped["inputs"].items()]
        inputs = f"{', '.join(parts) or 'no input'} could not be used and counts as missing"
        say(f"Dropped: {inputs}; {found.dropped['samples']:,} samples are left out.")


def _show_unlabelled(found: Checked) -> None:
    """How much of the label maps is neither learned from nor counted."""
    for split, (count, pixels) in found.unlabelled.items():
        if pixels:
            say(f"Unlabelled pixels, {split}: {count / pixels:.1%} ({count:,} of {pixels:,}), ignored.")


def _show_numbers(found: Checked) -> None:
    """What the training samples hold in each column, so that a wrong unit or a wrong offset is seen."""
    rows = [(f"{name} {each['name']}", *(f"{each[key]:.6g}" for key in COLUMNS)) for name, each in _numbers(found)]
    if rows:
        table("\nTraining samples", ("column", *COLUMNS), [tuple(map(_printable, row)) for row in rows[:MOST_ROWS]])
    if len(rows) > MOST_ROWS:
        say(f"and {len(rows) - MOST_ROWS:,} more columns")


def _numbers(found: Checked) -> Iterator[tuple[str, dict[str, Any]]]:
    """Modality and figures of each column of numbers."""
    for modality, numbers in found.numbers.items():
        moments = numbers.moments
        if moments.count:
            for values in zip(numbers.names, moments.mean, moments.spread, moments.low, moments.high, strict=True):
                yield modality, {"name": values[0], **dict(zip(COLUMNS, map(float, values[1:]), strict=True))}


def _list(title: str, problems: Sequence[Problem], count: int) -> None:
    if not problems:
        return
    say(f"{title} ({count:,}):")
    for problem in problems:
        say(f"  {_printable(str(problem))}")
    if count > len(problems):
        say(f"  and {count - len(problems):,} more")
    say()


def _printable(text: str) -> str:
    """Without control characters, which a manifest from somebody else may hold."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _of_pixels(counts: Mapping[str, tuple[int, int]]) -> dict[str, dict[str, int]]:
    return {split: {"pixels": count, "of": whole} for split, (count, whole) in counts.items()}


def _plain(found: Checked) -> dict[str, Any]:
    problems = [{**vars(problem), "place": problem.place} for problem in found.problems.found]
    return {
        "folder": str(found.folder),
        "name": found.name,
        "errors": found.problems.errors,
        "warnings": found.problems.warnings,
        "problems": problems,
        "counts": found.counts,
        "missing": found.missing,
        "complete": found.complete,
        "read": found.read,
        "dropped": found.dropped,
        **({"unlabelled": _of_pixels(found.unlabelled)} if found.unlabelled else {}),
        "numbers": [{"modality": name, **figures} for name, figures in _numbers(found)],
    }
