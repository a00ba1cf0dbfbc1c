"""Where a model looked during training: Grad-CAM maps of a few gallery samples at a handful of epochs, saved with the
run.

Only a record: nothing of it reaches the training, and no epoch is chosen by it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from mmlab.analysis.attribution.registry import find
from mmlab.analysis.base.sampling import FEWEST, complete_samples
from mmlab.analysis.dominance.layer_evidence import evidence_shares
from mmlab.core.batch import Samples
from mmlab.core.errors import CheckpointError
from mmlab.core.method import Method
from mmlab.core.modality import Combination
from mmlab.core.spans import divisor
from mmlab.core.task import Task
from mmlab.storage import packed_arrays

SNAPSHOTS = "snapshots.npz"
KINDS = {"epochs": "iu", "ids": "U", "shares": "f", "score": "f"}
SAMPLES = 4  # gallery samples that are looked at
LONGEST = {1: 64, 2: 16, 3: 16}  # places along each side of a stored map
POOLS = {1: functional.adaptive_avg_pool1d, 2: functional.adaptive_avg_pool2d, 3: functional.adaptive_avg_pool3d}
PROBED = 64  # validation samples for the shares of an epoch


@dataclass(frozen=True)
class Snapshots:
    """E epochs, S samples, M modalities, for everything that a sample has.

    epochs: `[E]`, from 0; ids: `[S]`; shares: `[E, S, M]` of |gradient x activation|, 0 for what a sample lacks; score:
    `[E, S]`, the right class's logit (the first region's sum, or the number); maps: `[E, S, *places]` by modality in
    [0, 1], where 1 is the largest of that map.
    """

    epochs: NDArray[np.int64]
    ids: tuple[str, ...]
    shares: NDArray[np.float32]
    score: NDArray[np.float32]
    maps: Mapping[str, NDArray[np.float32]]


class AttributionRecorder:
    """Adds to `snapshots.npz` of a run after each of a handful of epochs; resumes where an interrupted run stopped."""

    def __init__(self, task: Task, method: Method, epochs: int, folder: Path) -> None:
        self.method, self.folder = method, folder
        self.wanted = recorded_epochs(epochs)
        names = task.gallery()
        apart = max(1, len(names) // SAMPLES)  # neighbours may be slices of one volume
        self.subjects = {name: _Subject.of(task, name) for name in names[apart // 2 :: apart][:SAMPLES]}

    def record(self, epoch: int) -> dict[str, Any]:
        """Record the maps of this epoch, if it is one of the handful; nothing for the log."""
        if epoch not in self.wanted or not self.subjects:
            return {}
        rows = [self._one(subject) for subject in self.subjects.values()]
        page = {name: np.stack([row[name] for row in rows])[None] for name in rows[0]} | {"epochs": np.array([epoch])}
        names = {"ids": np.array(list(self.subjects))}
        packed_arrays.write(self.folder / SNAPSHOTS, names | packed_arrays.after(self.folder / SNAPSHOTS, page, epoch))
        return {}

    def _one(self, subject: _Subject) -> dict[str, NDArray[np.generic]]:
        names = self.method.modalities.names
        seen = find("gradcam").run(self.method, subject.inputs, [subject.combination], subject.target)
        key = subject.combination.key
        maps = {f"map_{name}": _small(seen.maps[key][name]) for name in names}
        shares = np.array([seen.shares[key][name] for name in names], np.float32)
        return {"shares": shares, "score": np.array(seen.score[key], np.float32), **maps}


@dataclass(frozen=True)
class ShareRecorder:
    """Each epoch's mean share of each modality in the evidence, for the log."""

    method: Method
    validation: Samples

    def record(self, epoch: int) -> dict[str, Any]:
        """`shares` by modality, see the function of that name."""
        return {"shares": shares(self.method, self.validation)}


@dataclass(frozen=True)
class _Subject:
    """A gallery sample as the model takes it: what it has, and what is explained."""

    inputs: Mapping[str, Tensor]
    combination: Combination
    target: int

    @classmethod
    def of(cls, task: Task, name: str) -> _Subject:
        example, modalities = task.example(name), task.info.modalities
        inputs = {key: task.prepare(key, raw).tensor for key, raw in example.raw.items()}
        target = task.info.output.class_of(example.target)
        return cls(inputs, modalities.combination(inputs), target)


def recorded_epochs(epochs: int) -> frozenset[int]:
    """The epochs, from 0, after which something is recorded: more of them early, where most happens."""
    return frozenset({0, 1, epochs // 8, epochs // 4, epochs // 2, epochs - 1} & set(range(epochs)))


def read(folder: Path) -> Snapshots:
    """The snapshots beside a checkpoint. Raises CheckpointError where there are none, or the file is damaged."""
    try:
        arrays = packed_arrays.read(folder / SNAPSHOTS, packed_arrays.at_most(packed_arrays.MOST_OF_A_RECORD))
        stored = {name[4:]: value for name, value in arrays.items() if name.startswith("map_")}
        maps = {name: value.astype(np.float32) / np.float32(255) for name, value in stored.items()}
        ids = tuple(str(each) for each in arrays["ids"])
        found = Snapshots(arrays["epochs"], ids, arrays["shares"], arrays["score"], maps)
        packed_arrays.check_kinds(arrays, {**dict.fromkeys((n for n in arrays if n[:4] == "map_"), "u"), **KINDS})
        _check(found)
        return found
    except FileNotFoundError as error:
        raise CheckpointError("No snapshots were stored in this training.", "Train the model again.") from error
    except (OSError, KeyError, ValueError, TypeError, IndexError) as error:
        raise CheckpointError("The snapshots of this training are damaged.", "Train the model again.") from error


def _check(found: Snapshots) -> None:
    """Raises ValueError where the parts are not of one size, or not finite."""
    shape = (len(found.epochs), len(found.ids))
    fits = found.epochs.ndim == 1 and found.score.shape == shape and found.shares.shape == (*shape, len(found.maps))
    if not fits or any(each.shape[:2] != shape or each.ndim < 3 for each in found.maps.values()):
        raise ValueError("not of one size")
    if not all(np.isfinite(each).all() for each in (found.shares, found.score)):
        raise ValueError("not finite")


def shares(method: Method, validation: Samples) -> dict[str, float]:
    """The mean share of each modality in |gradient x activation| on complete validation samples; {} for too few."""
    if int(validation.present.all(1).sum()) < FEWEST:
        return {}
    frozen = [parameter for parameter in method.parameters() if not parameter.requires_grad]
    try:
        for parameter in frozen:
            parameter.requires_grad_(True)
        found = evidence_shares(method, complete_samples(validation, PROBED))[0].mean(0)
    finally:
        for parameter in frozen:
            parameter.requires_grad_(False)
    return dict(zip(method.modalities.names, found.round(5).tolist(), strict=True))


def _small(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """A map in at most `LONGEST` places a side, as averages, 8 bits between 0 and its largest."""
    places = tuple(min(side, LONGEST[values.ndim]) for side in values.shape)
    pool: Callable[..., Tensor] = POOLS[values.ndim]
    small = pool(torch.from_numpy(values)[None], places)[0].numpy()
    return np.round(small / divisor(float(small.max())) * 255).astype(np.uint8)
