"""What the checks share: the registration, its samples, the module, and a way to run it under a combination."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from mmlab.core.batch import Samples
from mmlab.core.modality import Combination, Modalities
from mmlab.foreign.building import build
from mmlab.foreign.calling import dtype_of
from mmlab.foreign.calls import submodules
from mmlab.foreign.doctor.findings import Finding
from mmlab.foreign.opening import runner_of
from mmlab.foreign.registration import Registration
from mmlab.foreign.running import Answer, Runner
from mmlab.foreign.task import Layout, layout_of, samples_of

SAMPLES = 3
MOST_COMBINATIONS = 15


class StopExamination(Exception):
    """Nothing more can be said by this family."""

    def __init__(self, *findings: Finding) -> None:
        super().__init__()
        self.findings = findings


class ExaminedModel:
    """A model under examination. Families need what earlier ones could establish: `can` says whether they run."""

    def __init__(self, registration: Registration) -> None:
        self.registration = registration
        self.layout: Layout | None = None
        self.samples: Samples | None = None
        self.module: nn.Module | None = None
        self.runner: Runner | None = None
        self.inputs: dict[str, Tensor] = {}
        self.answers = False

    def can(self, family: str) -> bool:
        """Whether what a family needs is there."""
        if family in ("data", "build"):
            return True
        ready = self.layout is not None and self.module is not None and bool(self.inputs)
        return ready and (family == "answer" or self.answers)

    @property
    def modalities(self) -> Modalities:
        """Of the task."""
        assert self.layout is not None
        return self.layout.modalities

    def read(self) -> None:
        """Kinds, shapes and all test samples. Raises DataError."""
        self.layout = layout_of(self.registration)
        self.samples = samples_of(self.registration, "test")
        rows = self.samples.present.all(1).nonzero()[:SAMPLES, 0]
        self.inputs = {name: value[rows].float() for name, value in self.samples.inputs.items()} if len(rows) else {}

    def make(self) -> nn.Module:
        """Build the module. Raises PluginError."""
        self.module = build(self.registration)
        return self.module

    def ready(self) -> Runner:
        """How the module is called. Raises DataError where it cannot be."""
        if self.runner is None:
            assert self.module is not None
            self.runner = runner_of(self.registration, self.module)
        return self.runner

    @torch.no_grad()
    def run(
        self,
        combination: Combination | None = None,
        rows: Iterable[int] | None = None,
        other: Mapping[str, Tensor] | None = None,
    ) -> Answer:
        """The answers of some complete samples; `other` replaces inputs by modality."""
        index = list(range(self.count) if rows is None else rows)
        inputs = {name: (other or {}).get(name, value)[index] for name, value in self.inputs.items()}
        mask = self.modalities.mask(combination or self.modalities.full, len(index))
        return self.ready().direct(inputs, mask)

    @torch.no_grad()
    def returned(self) -> tuple[Any, list[str]]:
        """What forward returns for complete samples, and which of its arguments it changed in place."""
        caller = self.ready().caller
        mask = self.modalities.mask(self.modalities.full, self.count)
        assert self.module is not None
        values = caller.arguments(self.inputs, frozenset(), dtype_of(self.module))
        given = {key: value.clone() for key, value in values.items()}
        kept = {key: value.clone() for key, value in values.items()}
        returned = caller.call(self.module, given, mask)
        same = {key: ((given[key] == kept[key]) | (kept[key] != kept[key])).all() for key in given}
        return returned, [key for key, is_same in same.items() if not bool(is_same)]

    @property
    def count(self) -> int:
        """How many samples are looked at."""
        return len(next(iter(self.inputs.values())))

    @property
    def below(self) -> dict[str, nn.Module]:
        """Its modules by path."""
        assert self.module is not None
        return submodules(self.module)

    def combinations(self) -> list[Combination]:
        """All of them where they are few; else each alone, all but each, and all."""
        every = self.modalities.subsets()
        if len(every) <= MOST_COMBINATIONS:
            return list(every)
        return [c for c in every if len(c) in (1, len(self.modalities) - 1, len(self.modalities))]
