"""Finds the commands, runs one, and turns errors into a sentence and an exit code."""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
from collections.abc import Sequence
from functools import cache
from typing import Any

import typer
from typer.exceptions import TyperException

from mmlab.cli import commands
from mmlab.cli.console import MENDABLE, STOPPED
from mmlab.core.errors import MmlabError
from mmlab.core.storage_errors import storage_errors

PROGRAM = "python -m mmlab"


def application() -> typer.Typer:
    """The command line with every command that lies in `commands/`."""
    app = typer.Typer(
        help="Inference and analysis of multimodal models whose inputs go missing.",
        add_completion=False,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )
    for found in pkgutil.iter_modules(commands.__path__):
        module = importlib.import_module(f"{commands.__name__}.{found.name}")
        app.command(found.name)(module.command)
    return app


@cache
def _parser() -> Any:
    """What reads the words of a command; made once, for those who run several in one process."""
    return typer.main.get_command(application())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code: 0, 2 for what the user can fix, 130 when interrupted.

    Any other error is a bug: it goes on as a traceback, with exit code 1.
    """
    try:
        with storage_errors():
            code = _parser()(arguments, prog_name=PROGRAM, standalone_mode=False)
            sys.stdout.flush()
        return int(code or 0)
    except MmlabError as error:
        return complain(str(error))
    except TyperException as error:  # an option or a command that the command line does not know
        return complain(" ".join((_sentence(error.format_message()), f"See {PROGRAM} --help.")))
    except BrokenPipeError:  # the reader went away, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return STOPPED


def complain(sentence: str) -> int:
    """Say on stderr what is wrong, without control characters that a file's name may hold."""
    shown = "".join(letter if letter.isprintable() else "?" for letter in sentence)
    print(shown, file=sys.stderr)
    return MENDABLE


def _sentence(message: str) -> str:
    return message if message.endswith((".", "!", "?", ")")) else f"{message}."
