"""The faces of the task `faces`, drawn larger: what benches of larger pictures and networks learn from."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from mmlab.core.batch import Samples
from mmlab.core.modality import Modalities, Modality
from mmlab.core.task import Split, TaskInfo
from mmlab.tasks.faces import Faces, as_input
from mmlab.tasks.generators.faces import cameras, captures

SIZES: dict[Split, float] = {"train": 1.0, "valid": 0.4, "test": 0.6}  # people of each split, by those to learn from
CHUNK = 16


def drawn_faces(side: int, drawings: Path) -> type[Faces]:
    """The task of pictures of `side` pixels; every process reads from `drawings` what `draw` put there."""

    class DrawnFaces(Faces):
        name = f"faces_{side}"
        title = f"Faces at {side} pixels"
        plan: ClassVar[dict[str, Any]] = {"source": "built-in", "epochs": 20, "batch_size": 32}
        info = TaskInfo(
            f"faces_{side}",
            Modalities(
                Modality(each.name, each.kind, (each.shape[0], side, side), each.label, each.letter)
                for each in Faces.info.modalities
            ),
            Faces.info.output,
        )

        def samples(self, split: Split, source: str = "built-in") -> Samples:
            with np.load(drawings / f"{split}.npz", allow_pickle=False) as found:
                names = self.info.modalities.names
                inputs = {name: torch.from_numpy(found[name]) for name in names}
                target, ids, groups = torch.from_numpy(found["target"]), tuple(found["ids"]), tuple(found["groups"])
            return Samples(inputs, torch.ones(len(ids), len(names), dtype=torch.bool), target, ids, groups)

        def gallery(self) -> tuple[str, ...]:
            return ()

    return DrawnFaces


def draw(side: int, people: int, drawings: Path) -> None:
    """The samples of all splits, into files that stay; people: in the training split, each with 8 captures."""
    drawings.mkdir(parents=True, exist_ok=True)
    cameras.SIDE, captures.CHUNK = side, CHUNK
    captures.PEOPLE = {each: round(share * people) for each, share in SIZES.items()}
    for split in SIZES:
        if (drawings / f"{split}.npz").is_file():
            continue
        parts = list(captures.recordings(split))
        arrays = {
            name: np.concatenate([as_input(part.pictures[name]).astype(np.float16) for part in parts])
            for name in Faces.info.modalities.names
        }
        arrays["target"] = np.concatenate([part.live for part in parts]).astype(np.int64)
        arrays["ids"] = np.array([name for part in parts for name in part.ids])
        arrays["groups"] = np.array([name for part in parts for name in part.people])
        np.savez(drawings / f"{split}-new.npz", allow_pickle=False, **arrays)
        (drawings / f"{split}-new.npz").rename(drawings / f"{split}.npz")
