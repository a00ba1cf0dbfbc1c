"""A crowd on the real server over its own protocol: how long it waits, what the server holds, what gets lost."""

from __future__ import annotations

import asyncio
import random
import sys
import time
from dataclasses import dataclass, field

import psutil

from bench.app_latency import server, wait_for_health
from bench.visitors import Visitor

PORT = 8741
THINK = (2.0, 8.0)  # seconds between two clicks of a visitor
STAYS = 12  # clicks until a visitor goes and another one comes
EVERY = 5.0  # seconds between two looks at the server
LOADED = 180.0  # seconds to come up in: other work may run beside an attack


@dataclass
class Crowd:
    """waits: milliseconds of each click; held: megabytes and descriptors of the server at each look, with the time."""

    visitors: int = 0
    clicks: int = 0
    came: int = 0
    lost: list[str] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    opened: list[float] = field(default_factory=list)
    held: list[tuple[float, float, int]] = field(default_factory=list)
    seconds: float = 0.0


def attack(people: int, minutes: float, seed: int) -> Crowd:
    """So many visitors at once for so long, who come one after another within the first tenth of the time."""
    found = Crowd(people)
    begun = time.time()
    with server(PORT) as process:
        wait_for_health(PORT, seconds=LOADED)
        asyncio.run(_crowd(found, process.pid, people, 60 * minutes, seed))
    found.seconds = time.time() - begun
    return found


async def _crowd(found: Crowd, process: int, people: int, seconds: float, seed: int) -> None:
    first = await Visitor.enter(PORT)  # loads what all share
    await first.leave()
    end = time.time() + seconds
    looking = asyncio.create_task(_look(found, psutil.Process(process)))
    await asyncio.gather(*(_person(found, end, seconds, random.Random(f"{seed}/{number}")) for number in range(people)))
    await asyncio.sleep(45)  # the last sessions and what they brought are forgotten after 30 seconds
    looking.cancel()


async def _look(found: Crowd, process: psutil.Process) -> None:
    while True:
        found.held.append((time.time(), process.memory_info().rss / 2**20, process.num_fds()))
        print(f"{found.clicks} clicks, {len(found.lost)} lost", file=sys.stderr, flush=True)
        await asyncio.sleep(EVERY)


async def _person(found: Crowd, end: float, seconds: float, rng: random.Random) -> None:
    await asyncio.sleep(rng.uniform(0, 0.1 * seconds))
    while time.time() < end:
        try:
            start = time.perf_counter()
            visitor = await Visitor.enter(PORT)
            found.opened.append(1000 * (time.perf_counter() - start))
            found.came += 1
            await _clicks(found, visitor, end, rng)
            await visitor.leave()
        except (OSError, TimeoutError, SystemExit) as error:
            found.lost.append(f"{type(error).__name__}: {error}"[:120])


async def _clicks(found: Crowd, visitor: Visitor, end: float, rng: random.Random) -> None:
    """Switch the sound off and on; the answer must be that of what is switched on now, and the same as before."""
    on, before = True, {True: visitor.answer}
    for _ in range(STAYS):
        await asyncio.sleep(rng.uniform(*THINK))
        if time.time() > end:
            return
        on = not on
        found.waits.append(await visitor.toggle(on))
        found.clicks += 1
        if visitor.answer != before.setdefault(on, visitor.answer) or before.get(True) == before.get(False):
            found.lost.append("an answer is that of something else")
