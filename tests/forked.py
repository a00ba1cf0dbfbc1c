"""`python -m mmlab ...` many times over without importing PyTorch as often: each command in a fork of this process.

What others wrote is imported before, nothing of ours: a command finds its modules, settings and folder as in a process
of its own. The orders are lines of JSON, and so are the answers (`Forks` in `tests/installed.py`).
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import sys

IMPORTED = (
    *("annotated_types", "PIL.ImageDraw", "PIL.ImageFont", "pydantic.json_schema", "pydantic.type_adapter", "regex"),
    *("rich.console", "rich.table", "safetensors.torch", "soundfile", "torch", "torch._dynamo", "typer"),
    *("scipy.ndimage", "scipy.special", "scipy.stats", "pandas", "sklearn.ensemble", "sklearn.linear_model"),
)


def main() -> None:
    for name in IMPORTED:
        importlib.import_module(name)
    for line in sys.stdin:
        child = os.fork()
        if not child:
            become(**json.loads(line))
            return
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


if __name__ == "__main__":
    sys.path.pop(0)  # the folder of this file, where tests lie
    main()
