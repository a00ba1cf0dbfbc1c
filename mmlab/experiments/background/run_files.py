"""The files of a run that was ordered on a page. Needs no torch, so that waiting costs little."""

from __future__ import annotations

import json
import os
import shlex
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ORDER, STATUS, LOG, STOP = "order.json", "status.json", "log.txt", "stop"
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
    found = _read(home / ORDER)
    texts = [found.get(name) for name in ("task", "method", "tag")]
    config, plan, seed = found.get("config"), found.get("plan"), found.get("seed")
    if not (all(isinstance(text, str) for text in texts) and isinstance(config, dict) and isinstance(plan, dict)):
        return None
    return (
        TrainRequest(str(texts[0]), str(texts[1]), config, plan, seed, str(texts[2])) if isinstance(seed, int) else None
    )


def status_in(home: Path) -> dict[str, Any]:
    """What the process wrote last: `state`, `message`, `hint` and when it was `asked` for."""
    found = _read(home / STATUS)
    asked = found.get("asked")
    texts = {name: str(found.get(name, "")) for name in ("state", "message", "hint")}
    return {**texts, "asked": float(asked) if isinstance(asked, int | float) else 0.0}


def _read(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def write(file: Path, content: Mapping[str, Any]) -> None:
    """Write JSON under a temporary name, then put it in place."""
    temporary = file.with_name(f".{file.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        temporary.write_text(json.dumps(content, indent=1), "utf-8")
        os.replace(temporary, file)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
