"""One wake-up of the server for many messages of a page, whereas asyncio writes a byte for each.

A page hands every element to the server's loop from a thread of its own. For each, asyncio writes to a socket, which
lets go of Python's lock: the loop takes it, finds one message, and the page waits to go on. While a byte is on its way,
another one says nothing new. It reaches into asyncio's selector loop; `tests/test_wake_ups.py` holds that the loop is
what it is taken for, and that no message is lost.
"""

from __future__ import annotations

import asyncio
from asyncio.selector_events import BaseSelectorEventLoop


def merge_wake_ups(loop: asyncio.AbstractEventLoop) -> None:
    """From now on wake this loop once for all that comes until it is awake. Other kinds of loops stay as they are."""
    if not isinstance(loop, BaseSelectorEventLoop):
        return
    write, read = loop._write_to_self, loop._process_self_data  # type: ignore[attr-defined]
    on_its_way = False

    def write_once() -> None:
        nonlocal on_its_way
        if not on_its_way:
            on_its_way = True
            write()

    def awake(data: bytes) -> None:
        nonlocal on_its_way
        on_its_way = False  # first: what comes from here on is not seen by this turn of the loop for certain
        read(data)

    loop._write_to_self, loop._process_self_data = write_once, awake  # type: ignore[attr-defined]
