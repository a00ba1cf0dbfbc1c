"""A data folder from nested folders: one per input, with one per class, whose files share a name.

image/cat/7.png   sound/cat/7.wav           or with splits: image/train/cat/7.png   sound/train/cat/7.wav
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from mmlab.core.errors import DataError
from mmlab.tasks.custom.fixing import usual_split
from mmlab.tasks.custom.manifest import MOST_ROWS, SPLITS
from mmlab.tasks.custom.starting import KINDS, check_new, splits_of, task_name, write_task, writing
from mmlab.tasks.custom.task_json import COLUMNS, LEAST, MOST

LAYOUT = "Put a folder per input beside each other, in each a folder per class: image/cat/7.png, sound/cat/7.wav."
Place = tuple[str, str, str]  # split, empty where there are none; class; name without its ending


def write_from_folders(source: Path, folder: Path) -> int:
    """Write a task into a folder that is new or empty; the number of samples. Files are copied. Raises DataError.

    A file that only one input has is a sample that lacks the others.
    """
    check_new(folder)
    inputs = {each.name: _files(each) for each in sorted(source.iterdir()) if each.is_dir() and each.name[0] != "."}
    inputs = {name: files for name, files in inputs.items() if files}
    if not LEAST <= len(inputs) <= MOST:
        message = f"There are {len(inputs)} folders with files in '{source}'; a task has {LEAST} to {MOST} inputs."
        raise DataError(message, LAYOUT)
    bad = next((name for name in inputs if not name.isidentifier() or name.lower() != name or name in COLUMNS), None)
    if bad is not None:
        raise DataError(f"The folder '{bad[:40]}' cannot name an input.", "Use a-z, 0-9 and _.")
    places = sorted({place for files in inputs.values() for place in files})
    if len(places) > MOST_ROWS:
        raise DataError(f"There are {len(places):,} samples; the limit is {MOST_ROWS:,}.", "Use fewer.")
    stated = [split for split, _, _ in places]
    if any(stated) and not all(stated):
        raise DataError("Some files lie in a split and others do not.", f"Use {', '.join(SPLITS)} in all or in none.")
    splits = splits_of(stated if all(stated) else [], [str(row) for row in range(len(places))])
    classes = sorted({name for _, name, _ in places})
    modalities = [{"name": name, **_kind(files)} for name, files in inputs.items()]
    task = {"name": task_name(folder), "output": {"kind": "classification", "classes": classes}}
    with writing(folder):
        rows = []
        for row, (place, split) in enumerate(zip(places, splits, strict=True)):
            cells = [_copied(folder, name, row, files.get(place)) for name, files in inputs.items()]
            rows.append((f"{row}-{place[2]}"[:80], split, place[1], *cells))
        write_task(folder, {**task, "modalities": modalities}, ("id", "split", "target", *inputs), rows)
    return len(places)


def _files(folder: Path) -> dict[Place, Path]:
    """The files of an input by where they belong. Raises DataError for two of one name."""
    found: dict[Place, Path] = {}
    for file in sorted(each for each in folder.rglob("*") if each.is_file() and each.suffix.lower() in KINDS):
        above = file.relative_to(folder).parts[:-1]
        if not above:
            raise DataError(f"'{folder.name}/{file.name}' lies in no class.", LAYOUT)
        split = usual_split(above[0]) if len(above) > 1 else ""
        place = (split if split in SPLITS else "", above[-1], file.name.partition(".")[0])
        if place in found:
            raise DataError(f"'{file.name}' is in '{folder.name}/{above[-1]}' twice.", "Give each a name of its own.")
        found[place] = file
    return found


def _kind(files: Mapping[Place, Path]) -> dict[str, object]:
    """What the first file is; check says which others are not."""
    return dict(KINDS[next(iter(files.values())).suffix.lower()])


def _copied(folder: Path, name: str, row: int, file: Path | None) -> str:
    """The cell for a file, which is copied; empty where there is none."""
    if file is None:
        return ""
    path = f"{name}/{row}{''.join(file.suffixes[-2:]) if file.suffix == '.gz' else file.suffix}"
    (folder / name).mkdir(exist_ok=True)
    shutil.copyfile(file, folder / path)
    return path
