"""What pages hand to the server's loop arrives, all of it and in order, with fewer wake-ups."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from asyncio.selector_events import BaseSelectorEventLoop

from mmlab.ui.session import wake_ups


def test_nothing_is_lost_that_threads_hand_over_while_the_loop_sleeps_and_works() -> None:
    got: list[tuple[int, int]] = []
    written: list[int] = []

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, BaseSelectorEventLoop)
        write = loop._write_to_self  # type: ignore[attr-defined]
        loop._write_to_self = lambda: (written.append(1), write())  # type: ignore[attr-defined]
        wake_ups.merge_wake_ups(loop)
        done = asyncio.Event()

        def page(who: int) -> None:
            for number in range(500):
                loop.call_soon_threadsafe(got.append, (who, number))
                if number % 50 == 0:
                    time.sleep(0.001)
            loop.call_soon_threadsafe(lambda: len(got) >= 2000 and done.set())

        for who in range(4):
            threading.Thread(target=page, args=(who,)).start()
        await asyncio.wait_for(done.wait(), 600)

    asyncio.run(serve())
    assert [[number for owner, number in got if owner == who] for who in range(4)] == [[*range(500)]] * 4
    assert len(written) < 2000


def test_a_single_message_wakes_a_loop_that_sleeps() -> None:
    async def serve() -> bool:
        loop, woken = asyncio.get_running_loop(), asyncio.Event()
        wake_ups.merge_wake_ups(loop)
        for _ in range(3):
            woken.clear()
            threading.Timer(0.02, lambda: loop.call_soon_threadsafe(woken.set)).start()
            await asyncio.wait_for(woken.wait(), 600)
        return woken.is_set()

    assert asyncio.run(serve())


def test_signals_still_reach_the_loop() -> None:
    async def serve() -> bool:
        loop, told = asyncio.get_running_loop(), asyncio.Event()
        wake_ups.merge_wake_ups(loop)
        loop.add_signal_handler(signal.SIGUSR1, told.set)
        signal.raise_signal(signal.SIGUSR1)
        await asyncio.wait_for(told.wait(), 600)
        return told.is_set()

    assert asyncio.run(serve())


def test_a_loop_of_another_kind_stays_as_it_is() -> None:
    class Other(asyncio.AbstractEventLoop):
        pass

    wake_ups.merge_wake_ups(Other())
