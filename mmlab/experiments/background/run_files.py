"""The files of a run requested on a page. Needs no torch, so that waiting is cheap."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmlab.core.errors import MmlabError
from mmlab.storage import strict_json
from mmlab.storage.atomic_files import write_atomically

ORDER, STATUS, LOG, STOP, BEGUN_BY = "order.json", "status.json", "log.txt", "stop", "begun_by"
LARGEST = 2**16
Value = str | int | float | bool


@dataclass(frozen=True)
class TrainRequest:
    """What to train, in names and numbers; `config` and `plan` hold what differs from the defaults."""

    task: str
    method: str
    config: Mapping[str, Value]
    plan: Mapping[str, Value]
    seed: int
    tag: str

    @property
    def name(self) -> str:
        """`digits/dmrnet/seed0`."""
        return f"{self.task}/{self.method}/{self.tag}"

    @property
    def command(self) -> str:
        """The same training as a command line."""
        words = ["python", "-m", "mmlab", "train", "--task", self.task, "--method", self.method]
        for option, values in (("--set", self.config), ("--plan", self.plan)):
            for name, value in values.items():
                words += [option, f"{name}={value}"]
        return shlex.join([*words, "--seed", str(self.seed), "--tag", self.tag])


def order_in(home: Path) -> TrainRequest | None:
    """The order of a run, None where it cannot be read or is of another shape."""
    from mmlab.storage.file_schemas import Request

    found = _read(home / ORDER, Request)
    if found is None:
        return None
    return TrainRequest(**{name: found[name] for name in ("task", "method", "config", "plan", "seed", "tag")})


def status_in(home: Path) -> dict[str, Any]:
    """What the process wrote last: `state`, `message`, `hint`, when it was `asked` for, and what it is `reading`."""
    from mmlab.storage.file_schemas import Status

    found = _read(home / STATUS, Status) or {}
    return {"state": "", "message": "", "hint": "", "asked": 0.0, "reading": "", "share": 0.0} | found


def _read(file: Path, schema: Any) -> dict[str, Any] | None:
    """The content of a file of a run; None where it is missing, damaged or of another shape."""
    try:
        with file.open("rb") as opened:
            found: dict[str, Any] = strict_json.checked(opened.read(LARGEST + 1), schema, file.name, most=LARGEST)
    except (OSError, MmlabError):
        return None
    return found


def write(file: Path, content: Mapping[str, Any]) -> None:
    """Write JSON under a temporary name, then put it in place."""
    write_atomically(file, json.dumps(content, indent=1).encode())
