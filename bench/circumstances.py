"""When, where and beside what a bench was run: the facts that stand with every number."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from typing import Any


def load() -> float:
    """How many processes want a core, over the last minute."""
    return round(os.getloadavg()[0], 2)


def circumstances(before: float, *more: str) -> dict[str, Any]:
    """At the end of a run. before: the `load` at its start; more: versions that matter, besides Python's."""
    return {
        "made": datetime.now(UTC).isoformat(timespec="minutes"),
        "machine": ", ".join(
            (f"{os.cpu_count()} cores", platform.machine(), f"Python {platform.python_version()}", *more)
        ),
        "load": {"before": before, "after": load()},
    }
