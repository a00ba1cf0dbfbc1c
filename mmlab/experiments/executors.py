"""Where jobs run: here one after another, in processes, or on many machines. Results arrive as they finish."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

from mmlab.core.parent_watch import end_with_parent
from mmlab.core.process_end import end_quickly
from mmlab.experiments.ray_engine import Share, cluster

J = TypeVar("J")
R = TypeVar("R")


class Engine(Protocol):
    """Does a piece of work for each job; a job that fails yields its error and the rest go on."""

    def map(self, work: Callable[[J], R], jobs: Iterable[J]) -> Iterator[tuple[J, R | Exception]]:
        """Pairs of a job and its result, in the order in which they finish."""


class SerialExecutor:
    """One job after the other in this process."""

    def map(self, work: Callable[[J], R], jobs: Iterable[J]) -> Iterator[tuple[J, R | Exception]]:
        for job in jobs:
            try:
                yield job, work(job)
            except Exception as error:
                yield job, error


class Processes:
    """Several jobs at a time, each in a process with one torch thread, which ends with this one, however that ends.

    `work` must be a module's function. deaf: Ctrl-C reaches only the process that started them, which then ends them.
    """

    def __init__(self, count: int = 0, deaf: bool = False) -> None:
        self.count = count or os.cpu_count() or 1
        self.deaf = deaf

    def map(self, work: Callable[[J], R], jobs: Iterable[J]) -> Iterator[tuple[J, R | Exception]]:
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(self.count, mp_context=context, initializer=_begin, initargs=(self.deaf,)) as pool:
            futures = {pool.submit(work, job): job for job in jobs}
            try:
                for future in as_completed(futures):
                    error = future.exception()
                    if error is not None and not isinstance(error, Exception):
                        raise error
                    yield futures[future], error if error is not None else future.result()
            finally:  # whoever stops asking wants no more
                pool.shutdown(wait=True, cancel_futures=True)


def _begin(deaf: bool) -> None:
    end_with_parent()
    end_quickly()
    if deaf:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def opened(name: str, shared: Path | None, count: int = 0, share: Share | None = None) -> Iterator[Engine]:
    """The engine `processes` or `ray`, for `count` jobs at a time (0: one per core, or what fits).

    shared: the folder that all jobs read and write, if they do; share: what each job gets of a machine, which only
    Ray deals out.
    """
    if name == "ray":
        with cluster(shared, share or Share(), count) as jobs:
            yield jobs
    else:
        yield SerialExecutor() if count == 1 else Processes(count)
