"""Attribution of errors to code: the user's own file and line, not torch's or mmlab's."""

from __future__ import annotations

import site
import sysconfig
import traceback
from pathlib import Path

PACKAGE = str(Path(__file__).resolve().parent.parent)


def _strange() -> tuple[str, ...]:
    paths = {sysconfig.get_paths()[name] for name in ("stdlib", "purelib", "platlib")}
    return (PACKAGE, "<frozen", *paths, *site.getsitepackages())


def own_line(error: BaseException) -> str:
    """`(broken.py, line 86)`: the deepest line of the person's own; empty where there is none."""
    strange = _strange()
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not frame.filename.startswith(strange)]
    return f"({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else ""


def in_one_line(error: BaseException) -> str:
    """An exception in one line: its kind, its first line, and the person's own line."""
    first = (str(error).strip().splitlines() or [""])[0][:300]
    return " ".join(part for part in (f"{type(error).__name__}: {first}", own_line(error)) if part)
