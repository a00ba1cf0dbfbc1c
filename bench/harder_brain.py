"""The task `brain` from a harder simulator, all methods over seeds.

    python bench/harder_brain.py --write docs/tables --fill docs/results.md

Scans are noisier, tumours smaller and fainter after contrast agent, more spots look like them, and their texture and
the coil's shading are stronger (`HARDER`), so that no contrast is near its ceiling. A plain run trains what is lacking
one after the other, and goes on where an earlier one was cut off; several at a time share the work.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import of_one_task
from mmlab.core.batch import Samples
from mmlab.core.modality import Modalities
from mmlab.core.task import Split, TaskInfo
from mmlab.modalities.scan.preprocess import prepare_scan
from mmlab.tasks.brain import VERSION, Brain
from mmlab.tasks.cached_splits import Sample, cached_split, stacked
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
    info = TaskInfo(NAME, Modalities(Brain.info.modalities), Brain.info.output)

    def samples(self, split: Split, source: str = "built-in") -> Samples:
        """A split, drawn once and kept in the cache."""
        modalities = self.info.modalities

        def build() -> dict[str, Any]:
            with _harder():
                cases = range(slices.PLANS[split].cases)
                items = (item for case in cases for item in slices.case_items(split, case))
                samples = (Sample(item.id, item.case, item.labels, item.raw) for item in items)
                return stacked(samples, modalities, dict.fromkeys(modalities.names, prepare_scan))

        values = [
            f"{module.__name__}.{name}={value}" for module, some in HARDER.items() for name, value in some.items()
        ]
        return cached_split(f"{NAME}-{split}", (VERSION, split, slices.PLANS[split], *values), modalities, build)

    def gallery(self) -> tuple[str, ...]:
        """Nothing to look at."""
        return ()


@contextmanager
def _harder() -> Iterator[None]:
    usual = {module: {name: getattr(module, name) for name in values} for module, values in HARDER.items()}
    _put(HARDER)
    try:
        yield
    finally:
        _put(usual)


def _put(constants: Mapping[ModuleType, Mapping[str, Any]]) -> None:
    for module, values in constants.items():
        for name, value in values.items():
            setattr(module, name, value)


if __name__ == "__main__":
    of_one_task.run(of_one_task.parser(__doc__, seeds=5).parse_args(), NAME, lambda _: HarderBrain)
