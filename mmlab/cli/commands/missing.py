"""`missing`: which samples lack which inputs, as a table that can be saved, shared and reused."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmlab.cli.common_options import Data, Json, TaskName, opened, settle
from mmlab.cli.console import bar, emit, say, table
from mmlab.core.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mmlab.core.batch import Samples
    from mmlab.core.task import Task

SPLITS = ("train", "valid", "test")


def command(
    task: TaskName,
    file: Annotated[Path, typer.Argument(help="The .csv to write.", show_default=False)],
    rule: Annotated[
        str,
        typer.Option(
            help="0.3 for all, image=0.5,sound=0.1, shared or imbalanced. Drawn from each sample's id: id:0.3; in some "
            "classes: class:0.5@cat+dog; by the values of another input: value:sound=0.4@image; by its own: itself:0.4."
        ),
    ] = "",
    seed: Annotated[int, typer.Option(help="Random seed.")] = 0,
    from_: Annotated[
        list[str] | None,
        typer.Option(
            "--from",
            metavar="SPLIT=FILE",
            help="Convert a .pt of 0 (complete), 1 and 2 instead, as in missing-aware prompts.",
        ),
    ] = None,
    codes: Annotated[str, typer.Option(help="With --from: the inputs that codes 1 and 2 stand for.")] = "text,picture",
    json: Json = False,
    data: Data = None,
) -> None:
    """Write a missing table: a line per sample with 1 or 0 for each input (--plan missing=FILE, --missing FILE)."""
    settle(opened(task, data))
    if file.suffix.lower() != ".csv" or file.exists():
        raise DataError(f"'{file}' is {'there already' if file.exists() else 'no .csv'}.", "Name a new .csv file.")
    if bool(rule) == bool(from_):
        raise DataError("There is no rule and no file." if not rule else "There are a rule and a file.", "Give one.")
    with bar("Reading the samples", None):
        from mmlab.core.task import TASKS
        from mmlab.training.missing_tables import written

        built = TASKS[task]()
        samples = [built.samples(split) for split in SPLITS]  # type: ignore[arg-type]
        kept = _imported(built, samples, from_ or [], codes) if from_ else _drawn(built, samples, rule, seed)
        text = written(samples, kept, built.info.modalities)
    try:
        file.write_text(text, "utf-8", newline="")
    except OSError as error:
        raise DataError(f"'{file}' cannot be written: {error.strerror}.", "Name another file.") from error
    names = built.info.modalities.names
    shares = {
        split: dict(zip(names, (1 - each.mean(0)).round(4).tolist(), strict=True))
        for split, each in zip(SPLITS, kept, strict=True)
    }
    if json:
        emit({"file": str(file), "missing": shares})
        return
    rows = [(split, *(f"{share:.1%}" for share in each.values())) for split, each in shares.items()]
    table(f"Missing in {file}", ("split", *names), rows)
    say(f"Train with it: --plan missing={file}; measure with it: evaluate --missing {file}")


def _drawn(task: Task, samples: list[Samples], rule: str, seed: int) -> list[NDArray[np.bool_]]:
    from mmlab.training.missing_data import kept_of

    return [kept_of(each, task.info, rule, seed) for each in samples]


def _imported(task: Task, samples: list[Samples], given: list[str], codes: str) -> list[NDArray[np.bool_]]:
    """What .pt files of 0, 1 and 2 leave of splits in the order of their lists; other splits stay as they are."""
    from mmlab.tasks.official.converting import codes_in

    found = [each.present.numpy().copy() for each in samples]
    names = [task.info.modalities[each.strip()].name for each in codes.split(",")]
    places = [task.info.modalities.names.index(name) for name in names]
    for each in given:
        split, _, path = each.partition("=")
        if split not in SPLITS or not path:
            raise DataError(f"'{each[:60]}' is no split and file.", "Write --from train=missing_table.pt")
        of_split = codes_in(Path(path), len(places))
        kept, groups = found[SPLITS.index(split)], samples[SPLITS.index(split)].groups
        of_split = _of_groups(of_split, groups) if len(of_split) < len(kept) else of_split
        if len(of_split) != len(kept):
            message = f"'{Path(path).name}' is of {len(of_split):,} samples and {split} has {len(kept):,}."
            raise DataError(message, "Take the table of this split, and the protocol whose list it was made for.")
        for code, place in enumerate(places, 1):
            kept[of_split == code, place] = False
        if not kept.any(1).all():
            raise DataError(
                f"'{Path(path).name}' leaves a sample nothing.", "Is a sample without an input in the list?"
            )
    return found


def _of_groups(codes: NDArray[np.int64], groups: tuple[str, ...]) -> NDArray[np.int64]:
    """A table with a line per group, such as a film of several plots, for the samples of each; any other as it is."""
    place = {group: row for row, group in enumerate(dict.fromkeys(groups))}
    return codes[[place[group] for group in groups]] if len(codes) == len(place) else codes
