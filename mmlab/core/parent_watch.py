"""Ends a process when its parent ends, however that happened.

Portable, and right where the parent's thread that started it is long over, at which Linux's PR_SET_PDEATHSIG would
end it.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
import time

PAUSE = 0.5  # seconds between two looks


def end_with_parent(parent: int = 0) -> None:
    """End this process once its parent is gone. parent: its number, where `multiprocessing` did not start this one."""
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    started_by = multiprocessing.parent_process()
    if started_by is not None:
        started_by.join()
    else:
        while os.getppid() == parent:
            time.sleep(PAUSE)
    os._exit(1)  # nobody is left to be told; what was being written has a temporary name
