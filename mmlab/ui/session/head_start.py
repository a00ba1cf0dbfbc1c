"""A head start at server startup: what the first visitor would wait for is begun while their browser still loads the
page.

A thread imports what the first page needs, and then fills caches. Pages wait for the imports (`wait`), so that no two
threads import at once; for what is computed, the caches make whoever comes second wait.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from mmlab.ui.session import wake_ups

Work = Callable[[], None]
OFTEN = 0.0005  # seconds for which a thread keeps Python's lock while others wait, in place of 0.005
LOG = logging.getLogger("mmlab.app")
_imported = threading.Event()
_imported.set()  # nothing to wait for where nothing was begun


def begin(imports: Callable[[], Work]) -> threading.Thread:
    """Import in a thread, and do there what `imports` returns. What fails is logged: the page says it to a person."""
    _imported.clear()
    thread = threading.Thread(target=_run, args=(imports,), name="head start", daemon=True)
    thread.start()
    return thread


def wait() -> None:
    """Until the imports are over, whatever became of them; at once where nothing was begun."""
    _imported.wait()


def lifespan(imports: Callable[[], Work]) -> Callable[[object], AbstractAsyncContextManager[None]]:
    """The lifespan of a server with a head start."""

    @asynccontextmanager
    async def alive(_app: object) -> AsyncIterator[None]:
        wake_ups.merge_wake_ups(asyncio.get_running_loop())
        begin(imports)
        yield

    return alive


def _run(imports: Callable[[], Work]) -> None:
    """Without the collector, which looks again and again through all that imports leave behind and finds nothing: a
    fourth of their time. What is there then stays for good: it is frozen, and no collection looks at it later. And with
    Python's lock handed on more often, so that the server, which answers in many small steps, waits less for each."""
    gc.disable()
    usual = sys.getswitchinterval()
    sys.setswitchinterval(OFTEN)
    try:
        try:
            work = imports()
        finally:
            _imported.set()
        work()
    except Exception:
        LOG.exception("The head start failed.")
    finally:
        sys.setswitchinterval(usual)
        gc.freeze()
        gc.enable()
