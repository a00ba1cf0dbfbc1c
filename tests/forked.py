"""`python -m mmlab ...` many times over without importing PyTorch as often: each command in a fork of this process.

What others wrote is imported before, nothing of ours: a command finds its modules, settings and folder as in a process
of its own. The orders are lines of JSON, and so are the answers (`Forks` in `tests/installed.py`).
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import runpy
import sys
import threading
import traceback
from typing import Any, NoReturn

IMPORTED = (
    *(
        "annotated_types",
        "captum.attr",
        "PIL.ImageDraw",
        "PIL.ImageFont",
        "pydantic.json_schema",
        "pydantic.type_adapter",
        "regex",
    ),
    *("rich.console", "rich.table", "safetensors.torch", "soundfile", "torch", "torch._dynamo", "typer"),
    *("scipy.ndimage", "scipy.special", "scipy.stats", "pandas", "sklearn.ensemble", "sklearn.linear_model"),
)


def main() -> None:
    gc.disable()
    for name in IMPORTED:
        importlib.import_module(name)
    gc.freeze()  # what a child does not look through or take down need not be copied for it
    gc.enable()
    for line in sys.stdin:
        child = os.fork()
        if not child:
            leave(ended(json.loads(line)))
        _, status = os.waitpid(child, 0)
        print(json.dumps(os.waitstatus_to_exitcode(status)), flush=True)


def become(words: list[str], folder: str, variables: dict[str, str], out: str, err: str) -> None:
    """The module that the words name, as `python -m` runs it."""
    for number, path in enumerate((os.devnull, out, err)):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT), number)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    sys.path.insert(0, folder)
    sys.argv = words
    runpy.run_module(words[0], run_name="__main__", alter_sys=True)


def ended(order: dict[str, Any]) -> int:
    """The code that a process of its own would end with, having said what that would say."""
    try:
        become(**order)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def leave(code: int) -> NoReturn:
    """What a process does at its end, but for taking its objects down one by one."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    sys.path.pop(0)  # the folder of this file, where tests lie
    main()
