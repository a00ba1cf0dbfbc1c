"""`tokens`: choose the tokenizer of a folder's texts, and see how much of them it covers."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from mmlab.cli.common_options import Json
from mmlab.cli.console import bar, emit, say, table
from mmlab.core.errors import DataError


def command(
    folder: Annotated[Path, typer.Argument(help="The folder with task.json and manifest.csv.")],
    by: Annotated[
        str,
        typer.Option(
            help="words, bpe (pieces of words, learned on the training texts) or hf:FOLDER (the tokenizer of a model). "
            "Without it, nothing is changed."
        ),
    ] = "",
    name: Annotated[str, typer.Option("--input", help="One input; by default all texts.")] = "",
    length: Annotated[
        int, typer.Option(help="Words or tokens that a model takes; 0 keeps the current setting.", min=0, max=512)
    ] = 0,
    size: Annotated[int, typer.Option(help="With bpe: maximum vocabulary size.", min=50, max=2047)] = 1000,
    json: Json = False,
) -> None:
    """Choose the tokenizer of a folder's texts, and count unknown and truncated tokens in each split."""
    with bar("Reading texts", None):
        from mmlab.tasks.custom import text_tokens

        if by or length:
            text_tokens.choose(folder, by, name, length, size)
        found = text_tokens.coverage(folder)
    if not found:
        raise DataError(*text_tokens.NO_TEXT)
    if json:
        emit({name: {split: asdict(each) for split, each in splits.items()} for name, splits in found.items()})
        return
    for name, splits in found.items():
        rows = [
            (split, f"{each.texts:,}", f"{each.tokens:.1f}", f"{100 * each.unknown:.1f} %", f"{100 * each.cut:.1f} %")
            for split, each in splits.items()
        ]
        table(name, ("split", "texts", "tokens in each", "not known", "texts cut"), rows)
    if by:
        say("Models that were trained before take other tokens: train them again.")
