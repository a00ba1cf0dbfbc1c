"""`example`: a small data folder to start from."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from mmlab.cli.common_options import Json
from mmlab.cli.console import bar, emit, say


def command(
    folder: Annotated[Path, typer.Argument(help="A new folder to write the example into.")],
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="SOURCE",
            help="Convert your data instead: an .npz (an array per input and the labels), a .csv (a line per sample), "
            "a folder with a folder per input, each with a folder per class, .tar files of WebDataset (one, or a "
            "folder of them), or a data set that Hugging Face's save_to_disk wrote.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Write a small example data folder with missing inputs, or convert your own data into one (--from)."""
    with bar("Writing", None):
        count = _written(folder, source)
    if json:
        emit({"folder": str(folder), "samples": count})
        return
    say(f"{count} samples are in {folder}: task.json, manifest.csv and their files. Next:")
    for line in ("check {}", "train --task {} --method dropout", "evaluate --task {} --method dropout"):
        say(f"  python -m mmlab {line.format(quote(str(folder)))}")
    say(f"  MMLAB_FOLDERS={quote(str(folder))} python -m mmlab app")


def _written(folder: Path, source: Path | None) -> int:
    """Write the folder, by what the source is; the number of samples."""
    from mmlab.core.errors import DataError
    from mmlab.tasks.custom.example_folder import write_example
    from mmlab.tasks.custom.from_arrays import write_from_arrays
    from mmlab.tasks.custom.from_datasets import is_saved_data_set, samples_of_data_set
    from mmlab.tasks.custom.from_folders import write_from_folders
    from mmlab.tasks.custom.from_samples import write_from_samples
    from mmlab.tasks.custom.from_table import write_from_table
    from mmlab.tasks.custom.from_web_dataset import samples_of_shards, shards_of

    if source is None:
        return write_example(folder)
    if not source.exists():
        raise DataError(f"There is no '{source}'.", "Give an .npz, a .csv, a .tar or a folder.")
    if shards := shards_of(source):
        return write_from_samples(samples_of_shards(shards), folder)
    if is_saved_data_set(source):
        return write_from_samples(samples_of_data_set(source), folder)
    if source.is_dir():
        return write_from_folders(source, folder)
    return (write_from_table if source.suffix.lower() in (".csv", ".tsv") else write_from_arrays)(source, folder)
