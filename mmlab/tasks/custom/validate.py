"""All problems of a data folder at once: errors, and likely mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmlab.core.errors import MmlabError
from mmlab.core.outputs import Output
from mmlab.core.untrained import sentence
from mmlab.tasks.custom.dropping import dropped
from mmlab.tasks.custom.manifest import SPLITS, Row, check_splits, read_manifest
from mmlab.tasks.custom.problems import Problems
from mmlab.tasks.custom.reading import OnProgress, Reading
from mmlab.tasks.custom.row_reading import ReadRow, Spread
from mmlab.tasks.custom.samples import SPLIT_NAMES, case_of, usable
from mmlab.tasks.custom.scales import Moments
from mmlab.tasks.custom.stored_split import check_room
from mmlab.tasks.custom.task_json import Description, read_description

MANY = 0.2  # share of an input that could not be used, from which on it is said by itself
FEW = 5  # samples of a class or with a region: with fewer there is hardly anything to learn, or to choose an epoch by
RARE = {
    "train": "A model can hardly learn it.",
    "valid": "The epoch is chosen on validation, so by chance as far as this goes: put more of it there.",
    "test": "Nobody can tell from so few how well it is found.",
}
NAMED = 6


@dataclass
class Numbers:
    """The rows of a standardised modality by name, and what the training samples hold in each."""

    names: tuple[str, ...]
    moments: Moments


@dataclass
class Checked:
    """What was found. counts: samples by split; missing: share of samples without an input, by modality;
    complete: test samples that have all inputs of a combination, by its key; numbers: what the training samples hold,
    by standardised modality; read: how many samples were, where somebody stopped it before the last; dropped: what
    could not be used and counts as missing, samples and inputs by modality; empty where such things are errors;
    unlabelled: how many pixels of the label maps nobody labelled, and how many there are, by split, where task.json
    says how such pixels are marked."""

    folder: Path
    name: str = ""
    problems: Problems = field(default_factory=Problems)
    counts: dict[str, int] = field(default_factory=dict)
    missing: dict[str, float] = field(default_factory=dict)
    complete: dict[str, int] = field(default_factory=dict)
    numbers: dict[str, Numbers] = field(default_factory=dict)
    read: int | None = None
    dropped: dict[str, Any] = field(default_factory=dict)
    unlabelled: dict[str, tuple[int, int]] = field(default_factory=dict)


def check(folder: Path, on_progress: OnProgress | None = None, spread: Spread | None = None) -> Checked:
    """Read the folder as training would, every file of it, and collect what is wrong. Ctrl-C ends the reading.

    on_progress: gets the share that was read and how much was found so far. spread: reads parts of a large folder at a
    time (`Processes.map`); what is found is the same, in the same order. What an earlier check of the same files found
    sound is not read again (`Remembered`).
    """
    found = Checked(folder)
    description = read_description(folder, found.problems)
    if description is None:
        return found
    found.name = description.info.name
    rows = read_manifest(description, found.problems)
    if not _count(found, description, rows):
        return found
    reading = Reading(description, rows, found.problems, on_progress or (lambda share, sofar: None))
    whole = reading.run(spread)
    _check_contents(reading.in_order(), found.problems, description.drops)
    _check_filled(reading.in_order(), found.problems)
    if description.ignored:
        _count_unlabelled(found, reading.in_order(), description.ignored)
    if not whole:
        found.read = reading.done
        return found
    found.numbers = {
        item.modality.name: Numbers(item.kind.row_names, reading.moments[item.modality.name])
        for item in description.inputs
        if item.kind.standardised
    }
    if description.drops:
        rows = _drop(found, description, reading.in_order())
    for name, levels in reading.levels.items():
        if levels.is_faint:
            found.problems.warn(*levels.in_words(), 0, name)
    _check_numbers(found)
    _check_groups(description, rows, found.problems)
    _check_classes(description, rows, found.problems)
    _check_regions(description, reading.in_order(), found.problems)
    _check_combinations(found, description)
    _check_taught(description, rows, found.problems)
    return found


def _count(found: Checked, description: Description, rows: Sequence[Row]) -> bool:
    """Count the samples; whether each split fits on the disk, without which nothing needs to be read."""
    modalities = description.info.modalities
    found.counts = {split: sum(row.split == split for row in rows) for split in SPLITS}
    total = max(len(rows), 1)
    found.missing = {name: round(sum(name not in row.cells for row in rows) / total, 4) for name in modalities.names}
    tests = [row.cells for row in rows if row.split == "test"]
    found.complete = {c.key: sum(all(n in cells for n in c.names) for cells in tests) for c in modalities.subsets()}
    fits = True
    for split, count in found.counts.items():
        try:
            check_room(description, split, count)
        except MmlabError as error:
            found.problems.caught(error, column=split)
            fits = False
    return fits


def _drop(found: Checked, description: Description, read: Sequence[ReadRow]) -> list[Row]:
    """The rows as their files allow, counted again; what was lost is told by modality."""
    kept = [row for each in read if (row := usable(description, each.row, each.problems)) is not None]
    found.dropped = dropped([each.row for each in read], kept)
    _count(found, description, kept)
    check_splits(kept, found.problems)
    for name, count in found.dropped["inputs"].items():
        given = sum(name in each.row.cells for each in read)
        if count > MANY * given:
            found.problems.warn(f"{count:,} of {given:,} could not be used.", "Look at the first of them.", 0, name)
    return kept


def _check_contents(read: Sequence[ReadRow], problems: Problems, drops: bool) -> None:
    """What reading found, row by row; and content in two splits, which a model could have learned by heart."""
    first: dict[bytes, Row] = {}
    for each in read:
        problems.extend(each.problems.as_warnings("It counts as missing.") if drops else each.problems)
        for name, content in each.contents.items():
            other = first.setdefault(content, each.row)
            if other.split != each.row.split:
                message = f"The file is also that of line {other.line}, in {other.split}."
                problems.warn(message, "Test samples must not be training samples.", each.row.line, name)


def _check_filled(read: Sequence[ReadRow], problems: Problems) -> None:
    """Numbers that are not finite, counted by modality, where its kind puts others in their place."""
    for name in dict.fromkeys(name for each in read for name in each.filled):
        counts = [each.filled[name] for each in read if name in each.filled]
        message = f"{sum(counts):,} numbers are not finite, in {len(counts):,} of {len(read):,} samples."
        problems.warn(message, "The mean of their column in the sample takes the place.", 0, name)


def _count_unlabelled(found: Checked, read: Sequence[ReadRow], ignored: Sequence[int]) -> None:
    """The pixels that nobody labelled, by split; label maps that hold no others, and labels that no pixel has."""
    for split in SPLITS:
        counts = [each.unlabelled for each in read if each.row.split == split]
        found.unlabelled[split] = sum(count for count, _ in counts), sum(pixels for _, pixels in counts)
    for each in read:
        count, pixels = each.unlabelled
        if pixels and count == pixels:
            hint = "Nothing is learned from it, and nothing of an answer to it counts."
            found.problems.warn("No pixel of the label map is labelled.", hint, each.row.line, "target")
    if read and not any(count for count, _ in found.unlabelled.values()):
        message = f"No pixel has a label that is to be ignored ({', '.join(map(str, ignored))})."
        found.problems.warn(message, "See which value marks pixels that nobody labelled.", 0, "target")


def _check_numbers(found: Checked) -> None:
    """Numbers that teach nothing, and those that lie so far from 0 that they differ in their last digits only."""
    for modality, numbers in found.numbers.items():
        moments = numbers.moments
        for is_so, message, hint in (
            (moments.is_constant, "the same number in every training sample", "Nothing can be learned from it."),
            (
                moments.is_coarse,
                "so far from 0 that its numbers differ in their last digits only",
                "Subtract an offset.",
            ),
        ):
            names = [name for name, each in zip(numbers.names, is_so, strict=True) if each and moments.count]
            if names:
                listed = _listed([f"'{name}'" for name in names])
                found.problems.warn(f"{listed}: {message}.", hint, 0, modality)


def _check_groups(description: Description, rows: Sequence[Row], problems: Problems) -> None:
    """A group, such as a person, belongs to one split."""
    first: dict[str, Row] = {}
    for row in rows:
        group = case_of(description, row)
        other = first.setdefault(group, row)
        if other.split != row.split:
            message = f"The group '{group[:40]}' is also in {other.split}, at line {other.line}."
            problems.warn(message, "Keep each group in one split, or the scores are too optimistic.", row.line, "group")


def _check_classes(description: Description, rows: Sequence[Row], problems: Problems) -> None:
    """Classes or labels that validation or the test lacks, and those with few training samples."""
    if not rows:
        return
    output = description.info.output
    for split in ("valid", "test"):
        absent = [f"'{name}'" for name, count in _label_counts(output, rows, split).items() if not count]
        if absent and any(row.split == split for row in rows):
            problems.warn(f"No {SPLIT_NAMES[split]} sample is of {_listed(absent)}.", RARE[split], 0, "target")
    for name, count in _label_counts(output, rows, "train").items():
        if count < FEW:
            kind = "class" if output.class_names else "label"
            message = f"The {kind} '{name}' has {count or 'no'} training sample{'' if count == 1 else 's'}."
            problems.warn(message, RARE["train"], 0, "target")


def _label_counts(output: Output, rows: Sequence[Row], split: str) -> dict[str, int]:
    """How many samples of a split have each class or label; {} for answers without them."""
    if not output.label_names:
        return {}
    truth = output.stacked([row.target for row in rows if row.split == split])
    return {name: int(output.belonging(truth, [name]).sum()) for name in output.label_names}


def _check_regions(description: Description, read: Sequence[ReadRow], problems: Problems) -> None:
    """Regions that hardly any label map of a split has."""
    names = description.info.output.targets if description.has_label_maps else ()
    for split, hint in RARE.items():
        counts = [each.regions for each in read if each.row.split == split and each.regions]
        rare = []
        for name, pixels in zip(names, zip(*counts, strict=True), strict=False):
            there = sum(count > 0 for count in pixels)
            if there < min(FEW, len(pixels)):
                rare.append(f"'{name}' ({there} of {len(pixels)}, {sum(pixels):,} pixels in all)")
        if rare:
            problems.warn(f"Few {SPLIT_NAMES[split]} samples have {_listed(rare)}.", hint, 0, "target")


def _check_taught(description: Description, rows: Sequence[Row], problems: Problems) -> None:
    """Inputs that no training sample has."""
    training = [row for row in rows if row.split == "train"]
    for name in description.info.modalities.names if training else ():
        if not any(name in row.cells for row in training):
            message = sentence([name], description.info.modalities)
            problems.warn(message, "Give some training samples this input, or leave it out.", 0, name)


def _check_combinations(found: Checked, description: Description) -> None:
    """Combinations that no test sample has: there will be no number for them."""
    if not found.counts.get("test"):
        return
    modalities = description.info.modalities
    without = [modalities.parse(key).label for key, count in found.complete.items() if not count]
    if without:
        message = f"No test sample has {_listed(without, '; ')}."
        found.problems.warn(message, "There will be predictions for these combinations, but no scores.")


def _listed(names: Sequence[str], between: str = ", ") -> str:
    """The first few of them, and how many more there are."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{between.join(names[:NAMED])}{more}"
