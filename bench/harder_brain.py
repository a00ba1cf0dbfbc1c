"""The task `brain` from a harder simulator, all methods over seeds.

    python bench/harder_brain.py --write docs/tables --fill docs/results.md

Scans are noisier, tumours smaller and fainter after contrast agent, more spots look like them, and their texture and
the coil's shading are stronger (`HARDER`), so that no contrast is near its ceiling. A plain run trains what is lacking
one after the other, and goes on where an earlier one was cut off; several at a time share the work.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import of_one_task
from mmlab.core.batch import Samples
from mmlab.core.task import Split
from mmlab.tasks.brain import MODALITIES, Brain, drawn, drawn_from
from mmlab.tasks.cached_splits import cached_split
from mmlab.tasks.generators.brain import mri_signal, slices, tumours

NAME = "brain_harder"
HARDER: Mapping[ModuleType, Mapping[str, Any]] = {
    slices: {"NOISE": (0.09, 0.30), "TEXTURE": 0.12, "BIAS": 0.25},
    mri_signal: {"ENHANCEMENT": (0.25, 0.9), "FAINT_OEDEMA": 0.6},
    tumours: {"RADIUS": (8.0, 20.0), "SPOTS": 18, "PLEXUS_SHARE": 0.8},
}


class HarderBrain(Brain):
    """Slices as the task `brain` has them, from other constants of its simulator."""

    name = NAME
    title = "Brain, harder"
    info = replace(Brain.info, name=NAME)

    def samples(self, split: Split, source: str = "built-in") -> Samples:
        """A split, drawn once and kept in the cache."""
        constants = str({module.__name__: values for module, values in HARDER.items()})
        return cached_split(f"{NAME}-{split}", (*drawn_from(split), constants), MODALITIES, lambda: _drawn(split))

    def gallery(self) -> tuple[str, ...]:
        """Nothing to look at."""
        return ()


def _drawn(split: Split) -> dict[str, NDArray[Any]]:
    with ExitStack() as stack:
        for module, values in HARDER.items():
            stack.enter_context(mock.patch.multiple(module, **values))
        return drawn(split)


if __name__ == "__main__":
    of_one_task.run(of_one_task.parser(__doc__, seeds=5).parse_args(), NAME, lambda _: HarderBrain)
