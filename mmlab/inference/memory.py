"""The free memory of a device or of the machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from mmlab.core.errors import MmlabError

UNKNOWN = 2 * 2**30


def free_bytes(place: torch.device) -> int:
    """The free bytes of a device; for the CPU, those of the machine or within its container's limit."""
    if place.type == "cuda":
        kept = torch.cuda.memory_reserved(place) - torch.cuda.memory_allocated(place)  # by torch, for its next tensors
        return int(torch.cuda.mem_get_info(place)[0]) + kept
    return machine_bytes()


def give_back(place: torch.device) -> None:
    """Return the memory that torch caches to the device, so that larger blocks can be allocated."""
    if place.type == "cuda":
        torch.cuda.empty_cache()


def is_out_of_memory(error: Exception) -> bool:
    """Whether a device, or the machine, had no memory left for a tensor."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "can't allocate memory" in str(error)


@contextmanager
def fitting(what: str, hint: str) -> Iterator[None]:
    """Where memory runs out, say that `what` does not fit, as MmlabError."""
    try:
        yield
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        raise MmlabError(f"Out of memory: {what} does not fit.", hint) from error


def machine_bytes() -> int:
    """The available bytes of memory of this machine."""
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return min(int(line.split()[1]) * 1024, _container())
    except OSError:
        pass
    try:
        return int(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2)
    except (ValueError, OSError, AttributeError):
        return UNKNOWN


def _container() -> int:
    try:
        most = Path("/sys/fs/cgroup/memory.max").read_text().strip()
        used = int(Path("/sys/fs/cgroup/memory.current").read_text())
        return int(most) - used if most.isdigit() else 2**62
    except (OSError, ValueError):
        return 2**62
