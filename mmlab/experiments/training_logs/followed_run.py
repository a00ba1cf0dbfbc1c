"""What every training log contains: the numbers of each epoch with their names, the settings, and two images."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from mmlab.core.errors import MmlabError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mmlab.core.task import TaskInfo

MOST_PICTURES = 20  # of a training: drawing takes as long as a short epoch
SHOWN = ("mean", "seconds", "losses", "metrics", "variance", "gradient_norm", "logs")
Row = Mapping[str, Any]


class TrackerError(MmlabError):
    """A tracker does not take what is written to it: its server is away, or does not let one in."""


class TrainingLog(Protocol):
    """Follows one run."""

    def follow(self, folder: Path) -> None:
        """Write what the log of the run in `folder` has that was not written yet. Raises TrackerError.

        What could not be written is written by the next call.
        """

    def close(self) -> None:
        """Write the rest."""


@dataclass(frozen=True)
class FollowedRun:
    """One run of the library. root: the folder of all logs; settings: every option of its method and plan, flat."""

    root: Path
    task: str
    method: str
    name: str
    settings: Mapping[str, Any]
    info: TaskInfo

    @property
    def target(self) -> Path:
        """The folder for what is written of this run."""
        return self.root / self.task / self.method / self.name

    @property
    def title(self) -> str:
        """`digits/dmrnet/seed0`."""
        return f"{self.task}/{self.method}/{self.name}"

    def pictures(self, rows: Sequence[Row]) -> dict[str, NDArray[np.uint8]]:
        """`lattice` and `dominance` after these epochs as RGB `[H, W, 3]`, each where the epochs have its numbers.

        None between the epochs that have one: about MOST_PICTURES of a training, and the last.
        """
        from mmlab.viz.dominance.training_pictures import Frame, pictures

        done, epochs = rows[-1]["epoch"] + 1, rows[-1]["epochs"]
        if done < epochs and done % -(-epochs // MOST_PICTURES):
            return {}
        return pictures(rows, Frame.of(self.info), f"{self.title}, epoch {done}")


def numbers(row: Row) -> Iterator[tuple[str, float]]:
    """The finite numbers of an epoch with their places, `metrics/image-sound/accuracy`; lists are no curves."""
    for name in SHOWN:
        yield from _numbers((name,), row.get(name))


def _numbers(place: Sequence[str], value: Any) -> Iterator[tuple[str, float]]:
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from _numbers((*place, str(name)), each)
    elif isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        yield "/".join(place), float(value)
