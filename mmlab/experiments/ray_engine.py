"""Jobs on the machines of a Ray cluster: the one that `RAY_ADDRESS` names, or one started on this machine.

Everything that a job reads and writes lies in folders that all machines see under the same path. A job whose process or
machine dies is given to another one and resumes from its last complete epoch, since that is what a training does.
"""

from __future__ import annotations

import math
import os
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from mmlab.core.errors import DataError, MissingExtra, MmlabError, StorageError, first_line
from mmlab.storage.atomic_files import hidden

J = TypeVar("J")
R = TypeVar("R")

ADDRESS = "RAY_ADDRESS"
ATTEMPTS = 5  # of a job whose process or machine dies, after the first
OBJECTS = 80 * 2**20  # bytes of the store in which arguments and results travel: names and numbers
PATIENCE = 5.0  # seconds for a cluster to answer
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "1", "RAY_DEDUP_LOGS": "1"}
START = f"Start one (ray start --head) and name it, {ADDRESS}=host:6379; without {ADDRESS} one of this machine starts."


@dataclass(frozen=True)
class Share:
    """What a job is given of a machine: processor cores, and a GPU or a fraction of one."""

    cpus: float = 1.0
    gpus: float = 0.0


class RayJobs:
    """Jobs of an open cluster (`cluster`), each with its `share` of a machine, `count` at a time (0: what fits).

    shared: a folder that every machine must see; None where they need none in common. Results come as jobs finish.
    What `work` and the jobs are must be importable on every machine.
    """

    def __init__(self, ray: ModuleType, shared: Path | None, share: Share, count: int = 0) -> None:
        self.ray, self.shared, self.share, self.count = ray, shared, share, count

    def map(self, work: Callable[[J], R], jobs: Iterable[J]) -> Iterator[tuple[J, R | Exception]]:
        waiting = list(jobs)[::-1]
        most = self.count or len(waiting)
        remote = self.ray.remote(
            num_cpus=self.share.cpus, num_gpus=self.share.gpus, max_retries=ATTEMPTS, retry_exceptions=False
        )(_do)
        underway: dict[Any, J] = {}
        with _mark(self.shared) as mark:
            place = (settings(), str(Path.cwd()), str(mark or ""))
            piece = [self.ray.put(work)]  # in a list: looked up only when the place is settled
            try:
                while waiting or underway:
                    while waiting and len(underway) < most:
                        job = waiting.pop()
                        underway[remote.remote(place, piece, job)] = job
                    (done, *_), _ = self.ray.wait(list(underway))
                    yield underway.pop(done), self._result(done)
            finally:  # whoever stops asking wants no more
                for reference in underway:
                    with suppress(self.ray.exceptions.RayError):
                        self.ray.cancel(reference, force=True)

    def _result(self, reference: Any) -> Any:
        try:
            return self.ray.get(reference)
        except self.ray.exceptions.OutOfDiskError as error:
            return StorageError(f"Ray has no room left on a disk: {first_line(error)}", "Make room on that machine.")
        except (self.ray.exceptions.RayError, self.ray.exceptions.RayTaskError) as error:
            message = f"Its process or its machine ended {ATTEMPTS + 1} times: {first_line(error)}"
            return MmlabError(message, "Give each job more (--cpus), so that fewer share a machine's memory.")


@contextmanager
def cluster(shared: Path | None, share: Share, count: int = 0) -> Iterator[RayJobs]:
    """Join the cluster that RAY_ADDRESS names, or start one here, and leave it at the end.

    Raises MissingExtra without Ray, DataError where nobody answers or no machine has what a job asks for.
    """
    with joined(share, count) as ray:
        yield RayJobs(ray, shared, share, count)


@contextmanager
def joined(share: Share, count: int) -> Iterator[ModuleType]:
    """Ray, in the cluster of `cluster`; one that starts here has cores for at least `count` shares."""
    ray = _imported()
    address = os.environ.get(ADDRESS, "")
    _join(ray, address, max(os.cpu_count() or 1, math.ceil(count * share.cpus)))
    try:
        _check_share(ray, share)
        yield ray
    finally:
        ray.shutdown()


def _imported() -> ModuleType:
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    try:
        import ray
    except ImportError as error:
        raise MissingExtra("The engine ray needs the package ray.", 'Run: pip install "mmlab[ray]"') from error
    return ray


def _join(ray: ModuleType, address: str, cores: int) -> None:
    if ray.is_initialized():
        raise DataError("This process has joined a Ray cluster already.", "Leave it first: ray.shutdown().")
    _check_address(address)
    here: dict[str, Any] = {"num_cpus": cores, "object_store_memory": OBJECTS, "include_dashboard": False}
    try:
        ray.init(address=address or "local", log_to_driver=False, logging_level="ERROR", **({} if address else here))
    except Exception as error:  # a start that takes too long is a plain Exception of Ray's
        raise DataError(f"Ray cannot be joined{address and f' at {address}'}: {first_line(error)}", START) from error


def _check_address(address: str) -> None:
    """Raise DataError where nobody listens, at once; Ray itself would try again for a minute."""
    place = address.removeprefix("ray://")
    if place in ("", "auto", "local"):
        return
    host, _, port = place.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), PATIENCE).close()
    except (OSError, ValueError, OverflowError) as error:
        raise DataError(f"No Ray cluster answers at {ADDRESS}={address}.", START) from error


def _check_share(ray: ModuleType, share: Share) -> None:
    """Raise DataError where no machine has what a job asks for: it would wait for ever."""
    machines = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    if not any(each.get("CPU", 0) >= share.cpus and each.get("GPU", 0) >= share.gpus for each in machines):
        has = "; ".join(f"{each.get('CPU', 0):g} CPUs and {each.get('GPU', 0):g} GPUs" for each in machines)
        wanted = f"{share.cpus:g} CPUs and {share.gpus:g} GPUs"
        raise DataError(f"No machine of the cluster has {wanted} for a job; there are: {has}.", "Ask for less.")


@contextmanager
def _mark(folder: Path | None) -> Iterator[Path | None]:
    """A file by which a machine can tell that it sees the same folder."""
    if folder is None:
        yield None
        return
    mark = hidden(folder.absolute() / "ray")
    folder.mkdir(parents=True, exist_ok=True)
    mark.touch()
    try:
        yield mark
    finally:
        mark.unlink(missing_ok=True)


def settings() -> dict[str, str]:
    """The settings of this process that a job shares, wherever it runs."""
    return {name: value for name, value in os.environ.items() if name.startswith("MMLAB_")}


def _do(place: tuple[Mapping[str, str], str, str], piece: list[Any], job: Any) -> Any:
    """One job, in the process that Ray chose. Errors are results: what Ray raises is about processes and machines."""
    import ray

    environment, folder, mark = place
    os.environ.update(environment)
    with suppress(OSError):  # relative paths mean what they mean to whoever started the jobs
        os.chdir(folder)
    if mark and not Path(mark).is_file():
        return DataError(
            f"The machine {socket.gethostname()} does not see the folder '{Path(mark).parent}'.",
            "Put the library into a folder that all machines share under the same path (--checkpoints).",
        )
    try:
        work = ray.get(piece[0])
        return work(job)
    except Exception as error:
        return error
