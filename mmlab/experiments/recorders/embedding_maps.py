"""The embedding during training: a small map at each of a handful of epochs, and its cohesion.

Only a record, like `mmlab.experiments.recorders.attribution_maps`: nothing of it reaches the training, and no epoch is
chosen by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.analysis.base.sampling import FEWEST, complete_samples
from mmlab.analysis.embedding.alignment import align, alignment
from mmlab.analysis.embedding.point_attributes import MAIN, Labels, Property, main, neighbour_score, properties
from mmlab.analysis.embedding.projection import axes
from mmlab.core.batch import Samples
from mmlab.core.errors import CheckpointError
from mmlab.core.method import Method
from mmlab.core.results import Floats, Sweep
from mmlab.experiments.recorders.attribution_maps import recorded_epochs
from mmlab.inference.sweep import sweep
from mmlab.storage import packed_arrays

EPOCH_MAPS = "epochs.npz"
VERSION = 1
KINDS = {"epochs": "iu", "combinations": "U", "about": "U", "points": "u", "shown": "u"}
KINDS |= dict.fromkeys(("explained", "told", "cosine"), "f")
MEASURED, DENSE, DRAWN = 256, 64, 64  # complete validation samples: measured, where answers are pictures, and drawn
LEVELS = 256  # steps of a coordinate, and of what a dot is coloured by


@dataclass(frozen=True)
class EpochMaps:
    """E epochs, K combinations, S validation samples that have every modality.

    epochs: `[E]`, from 0; combinations: their keys; measured: how many samples the numbers are of.
    points: `[E, K, S, 2]`, a PCA of each epoch's embeddings of all combinations together, each laid over the next one
    (Procrustes), so that only what changed moves; explained: `[E]`, which part of the spread each picture shows.
    about: what `shown` `[E, K, S]` is, the name of a property (`mmlab.analysis.embedding.point_attributes.MAIN`):
    codes of classes, or numbers.
    told: `[E, K]`, how well the neighbours of a sample tell that; cosine: `[E, K]`, with the complete embedding of the
    same sample, the middle taken away; variance: `[E, K]`, the mean, None for a method without variance.
    """

    epochs: NDArray[np.int64]
    combinations: tuple[str, ...]
    measured: int
    points: NDArray[np.float32]
    explained: NDArray[np.float32]
    about: str
    shown: NDArray[np.float32]
    told: NDArray[np.float32]
    cosine: NDArray[np.float32]
    variance: NDArray[np.float32] | None


class EmbeddingRecorder:
    """Adds to `epochs.npz` of a run after each of a handful of epochs; resumes where an interrupted run stopped."""

    def __init__(self, method: Method, validation: Samples, epochs: int, folder: Path) -> None:
        self.method, self.file = method, folder / EPOCH_MAPS
        self.wanted = recorded_epochs(epochs)
        enough = int(validation.present.all(1).sum()) >= FEWEST
        count = method.output.affordable(MEASURED, DENSE)
        self.samples = complete_samples(validation, count) if enough else None

    def record(self, epoch: int) -> dict[str, Any]:
        """Record the map of this epoch, if it is one of the handful. Leaves the method in eval mode."""
        if epoch not in self.wanted or self.samples is None:
            return {}
        found = sweep(self.method, self.samples, distances=False)
        there = properties(found, self.method.output)
        if not np.isfinite(found.mean).all() or not set(MAIN) & set(there):
            return {}  # nothing to draw, and the training itself says what is wrong
        page: dict[str, Any] = {name: value[None] for name, value in self._page(found, *main(there)).items()}
        page["epochs"] = np.array([epoch])
        known: dict[str, Any] = {
            "version": VERSION,
            "combinations": np.array(found.combinations),
            "measured": len(found.ids),
        }
        packed_arrays.write(self.file, known | packed_arrays.after(self.file, page, epoch))
        return {}

    def _page(self, found: Sweep, about: str, kind: Property) -> dict[str, NDArray[Any]]:
        values = kind.codes if isinstance(kind, Labels) else kind.values
        fitted = axes(found.mean.reshape(-1, found.mean.shape[2]))
        everyone = np.ones(len(found.ids), bool)
        rows = range(len(found.combinations))
        close = alignment(found)
        cosines = dict(zip(close.combinations, np.nanmean(close.own, 1), strict=True))
        page: dict[str, NDArray[Any]] = {
            **_packed("points", fitted.points(_drawn(found.mean))),
            **_packed("shown", _drawn(values.astype(np.float64))[..., None]),
            "about": np.array(about),
            "explained": np.array(fitted.explained.sum(), np.float32),
            "told": np.array([neighbour_score(found.mean[row], kind, row, everyone) for row in rows], np.float32),
            "cosine": np.array([cosines.get(key, 1.0) for key in found.combinations], np.float32),
        }
        if found.variance is not None:
            page["variance"] = found.variance.mean((1, 2)).astype(np.float32)
        return page


def read(folder: Path) -> EpochMaps:
    """The maps beside a checkpoint. Raises CheckpointError where there are none, or the file is damaged."""
    again = "Train the model again."
    try:
        arrays = packed_arrays.read(folder / EPOCH_MAPS, packed_arrays.at_most(packed_arrays.MOST_OF_A_RECORD))
        if packed_arrays.whole(arrays["version"]) != VERSION:
            raise CheckpointError("The embeddings of earlier epochs were stored by another version of mmlab.", again)
        packed_arrays.check_kinds(arrays, KINDS)
        found = EpochMaps(
            arrays["epochs"],
            tuple(arrays["combinations"].tolist()),
            packed_arrays.whole(arrays["measured"]),
            _steady(_unpacked("points", arrays)),
            arrays["explained"],
            str(arrays["about"][-1]),
            _unpacked("shown", arrays)[..., 0],
            arrays["told"],
            arrays["cosine"],
            arrays.get("variance"),
        )
        _check(found)
        return found
    except FileNotFoundError as error:
        raise CheckpointError("The embeddings of earlier epochs were not stored in this training.", again) from error
    except (OSError, KeyError, ValueError, TypeError, IndexError) as error:
        raise CheckpointError("The embeddings of earlier epochs are damaged.", again) from error


def _check(found: EpochMaps) -> None:
    """Raises ValueError where the parts are not of one size, or not what they should be."""
    shape = (len(found.epochs), len(found.combinations))
    tables = [found.cosine, *([] if found.variance is None else [found.variance])]
    fits = found.points.shape == (*shape, found.points.shape[2], 2) and found.shown.shape == found.points.shape[:3]
    if not fits or found.explained.shape != shape[:1] or any(table.shape != shape for table in (found.told, *tables)):
        raise ValueError("not of one size")
    finite = all(np.isfinite(table).all() for table in (found.points, *tables))
    if found.about not in MAIN or not finite or np.isinf(found.told).any():  # NaN: of what is constant nothing is told
        raise ValueError("not a record")


def _steady(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each picture turned, mirrored and resized to lie over the one after it; the last one stays."""
    laid = [points[-1]]
    for earlier in points[-2::-1]:
        laid.append(align(earlier, laid[-1])[0])
    return np.stack(laid[::-1])


def _drawn(values: Floats) -> Floats:
    """`[K, N, ...]` of the samples that are drawn, of all that are measured: evenly spread."""
    count = values.shape[1]
    return values[:, np.linspace(0, count - 1, min(count, DRAWN)).astype(int)]


def _packed(name: str, values: Floats) -> dict[str, NDArray[Any]]:
    """`[..., d]` in `LEVELS` steps between the extremes of each column; whole numbers stay what they are."""
    steps, low, scale = packed_arrays.in_steps(values, LEVELS)
    if bool((values == np.round(values)).all()) and float(np.ptp(values)) < LEVELS:
        steps, scale = values - low, np.ones_like(low)
    codes = np.round(steps).astype(np.uint8)
    return {name: codes, f"{name}_span": np.stack([low, scale]).astype(np.float32)}


def _unpacked(name: str, arrays: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
    codes, span = (arrays[key].astype(np.float32) for key in (name, f"{name}_span"))
    spare = (slice(None), *(None,) * (codes.ndim - 2))
    return codes * span[:, 1][spare] + span[:, 0][spare]
