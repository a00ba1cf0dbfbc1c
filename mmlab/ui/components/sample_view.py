"""What Explain and Embed share: one sample as the models see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mmlab.core.modality import Combination
from mmlab.core.task import Task
from mmlab.ui.components import pickers
from mmlab.ui.session import cache, url_state


@dataclass(frozen=True)
class SampleView:
    """A sample of a task as the models see it, its corruptions, and what is switched on (None: nothing)."""

    task: Task
    item: cache.Item
    world: cache.ModelInputs
    corruptions: tuple[url_state.InputCorruption, ...]
    on: Combination | None

    @property
    def given(self) -> tuple[str, ...]:
        """The inputs that can be used, in the task's order."""
        return tuple(name for name in self.task.info.modalities.names if name in self.world.arrays)


def current_view(task_name: str, sample: str) -> SampleView:
    """The current sample with its corruptions and active inputs."""
    task = cache.task(task_name)
    corruptions = pickers.current_corruptions(task.info.modalities)
    world = cache.model_inputs(task_name, sample, corruptions)
    given = [name for name in task.info.modalities.names if name in world.arrays]
    on = pickers.current(task.info.modalities, given)
    return SampleView(task, cache.item(task_name, sample), world, corruptions, on)


def go_to(given: Sequence[str], key: str) -> None:
    """Switch to a combination. For callbacks."""
    url_state.put(on=None if key == "-".join(given) else key)
