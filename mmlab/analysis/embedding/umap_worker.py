"""Computes a UMAP in a separate process that ends with the process waiting for it.

>>> python -m mmlab.analysis.embedding.umap_worker FOLDER '{"seed": 0}' INTO PARENT

Importing umap takes seconds and 280 MB, and makes every garbage collection of the importing process longer, so
the app never does. `build_map` starts the process and waits; the map lies beside the checkpoint afterwards.
"""

from __future__ import annotations

import errno
import itertools
import json
import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np

from mmlab.analysis.embedding.map_file import MAP, write_map
from mmlab.analysis.embedding.map_quality import NEIGHBOURS, neighbour_overlap
from mmlab.analysis.embedding.maps import Map, MapSettings
from mmlab.analysis.embedding.projection import axes, held_out, nearest, projected_covariances, valid
from mmlab.core.errors import CheckpointError, MmlabError
from mmlab.core.options import as_dict, build
from mmlab.core.parent_watch import end_with_parent
from mmlab.core.process_end import end_quickly
from mmlab.core.results import Projection, Sweep
from mmlab.core.storage_errors import storage_errors
from mmlab.inference.device import one_thread
from mmlab.storage import checkpoints, sweep_file

Progress = Callable[[float], None]
TICKS = 2  # reports of progress per layout
ASKED = 2000  # points whose neighbours are compared between seeds


def build_map(
    folder: Path, settings: MapSettings | None = None, on_progress: Progress | None = None, into: Path | None = None
) -> Path:
    """Make `map.npz` from the sweep of the checkpoint in `folder`, in a new process, and return its path.

    It lies in the folder `into`, or beside the checkpoint. What `on_progress` raises ends the process. Raises
    CheckpointError where there is no sweep or it does not belong to the checkpoint.
    """
    chosen = json.dumps(as_dict(settings or MapSettings()))
    words = [str(folder), chosen, str(into or folder), str(os.getpid())]
    command = [sys.executable, "-m", "mmlab.analysis.embedding.umap_worker", *words]
    threads = {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
    source = str(Path(__file__).resolve().parents[3])
    paths = os.pathsep.join(filter(None, (source, os.environ.get("PYTHONPATH", ""))))
    worker = subprocess.Popen(
        command,
        env={**os.environ, **threads, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert worker.stdout is not None
        for line in worker.stdout:
            if on_progress is not None:
                on_progress(float(line))
        _, said = worker.communicate()
    finally:
        if worker.poll() is None:
            worker.kill()
            worker.wait()
    if worker.returncode:
        raise _problem(said)
    return (into or folder) / MAP


def fit(found: Sweep, settings: MapSettings, on_progress: Progress = lambda _: None) -> Map:
    """One UMAP of all combinations together. Imports umap; seeded, on one thread, so that it can be repeated.

    Neighbours are exact, by a table of distances: umap's own search costs 30 s of compilation above 4,096 points
    and is approximate. The layout starts from PCA.
    """
    there = valid(found)
    known = found.mean[there].astype(np.float32)
    count = min(settings.neighbours, len(known) - 1)
    compared = _unit(known) if settings.metric == "cosine" else known
    graph = nearest(compared, compared, count)
    tell = _reporting(settings, on_progress)
    tell()
    points = _layout(known, graph, settings, 2, tell)
    flat = _everywhere(points, there)
    spread = None
    if found.variance is not None and settings.draws:
        spread = np.zeros((*there.shape, 2, 2), np.float32)
        spread[there] = projected_covariances(
            known, found.variance[there], known, points, settings.draws, settings.seed
        )
    tell()
    overlap = solid = None
    if settings.again:
        other = _layout(known, graph, replace(settings, seed=settings.seed + 1), 2, tell)
        overlap = neighbour_overlap(points, other, min(NEIGHBOURS, len(points) - 1), most=ASKED)
    quantiles, error = held_out(found, flat)
    if settings.solid:
        deep = _everywhere(_layout(known, graph, settings, 3, tell), there)
        solid = Map(Projection(deep, None, "umap", as_dict(settings), found.digest), *held_out(found, deep))
    return Map(Projection(flat, spread, "umap", as_dict(settings), found.digest), quantiles, error, overlap, solid)


def _reporting(settings: MapSettings, on_progress: Progress) -> Callable[[], None]:
    """Each call says that one more step is done: neighbours, spreads, and TICKS for each layout."""
    total = 2 + TICKS * (1 + settings.solid + settings.again)
    steps = itertools.count(1)
    return lambda: on_progress(min(next(steps) / total, 1.0))


def _everywhere(points: np.ndarray, there: np.ndarray) -> np.ndarray:
    full = np.full((*there.shape, points.shape[1]), np.nan, np.float32)
    full[there] = points
    return full


def _layout(
    known: np.ndarray,
    graph: tuple[np.ndarray, np.ndarray],
    settings: MapSettings,
    dimensions: int,
    tell: Callable[[], None],
) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # umap warns that a precomputed search cannot transform: we never do
        import umap

        _keep_compiled(umap)
        start = _start(known, dimensions, settings.seed)
        tell()
        model = umap.UMAP(
            n_neighbors=graph[0].shape[1],
            n_components=dimensions,
            min_dist=settings.minimum_distance,
            n_epochs=settings.epochs,
            random_state=settings.seed,
            n_jobs=1,
            init=start,
            precomputed_knn=(graph[0], graph[1].astype(np.float32)),
        )
        points = np.asarray(model.fit_transform(known), np.float32)
        tell()
        return points


def _keep_compiled(umap: ModuleType) -> None:
    """Let numba keep what it compiles of umap, as it does for pynndescent: 9 of the 10 seconds of a small map.

    Where no folder can be written to, it is compiled each time.
    """
    layout, graph = umap.layouts, umap.umap_
    for name, module in (
        ("smooth_knn_dist", graph),
        ("compute_membership_strengths", graph),
        ("_nb_optimize_layout_euclidean_single_epoch", layout),
    ):
        keep = getattr(getattr(module, name, None), "enable_caching", None)  # another version may lack the name
        if keep is not None:
            with suppress(RuntimeError):  # numba: "no locator available"
                keep()


def _start(known: np.ndarray, dimensions: int, seed: int) -> np.ndarray:
    """Principal axes scaled to ±10, `[N, dimensions]`; noise on an axis without width, which UMAP would keep flat."""
    points = axes(known, dimensions).points(known)
    points = 10 * points / max(float(np.abs(points).max()), 1e-12)
    flat = points.std(0) == 0
    points[:, flat] = np.random.default_rng(seed).normal(scale=0.01, size=(len(points), int(flat.sum())))
    return points


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


def _problem(said: str) -> MmlabError:
    last = said.strip().splitlines()[-1] if said.strip() else ""
    try:
        message, hint = json.loads(last)
        return CheckpointError(message, hint)
    except ValueError:
        return CheckpointError("The map could not be made.", last)


def main(folder: Path, settings: MapSettings, into: Path) -> None:
    """Read the sweep in `folder`, fit, write to `into`. Prints the progress, one number a line.

    Raises CheckpointError, and StorageError for a disk that is full or read only.
    """
    one_thread()
    digest = checkpoints.digest_of(folder)
    with storage_errors():
        into.mkdir(parents=True, exist_ok=True)
        if not os.access(into, os.W_OK):  # said before a minute of work, not after it
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(into / MAP))
        found = sweep_file.read(folder, digest)
        write_map(into, fit(found, settings, lambda part: print(part, flush=True)))


if __name__ == "__main__":
    try:
        _, place, chosen, target, parent = sys.argv
        end_with_parent(int(parent))
        end_quickly()
        main(Path(place), build(MapSettings, json.loads(chosen)), Path(target))
    except MmlabError as error:
        sys.exit(json.dumps([error.message, error.hint]))
