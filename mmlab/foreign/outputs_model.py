"""A file of outputs as a task and a method: everything that reads a sweep works, and what needs a model says so."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, cast

import torch
from torch import Tensor

from mmlab.core.batch import Batch, Samples
from mmlab.core.errors import CheckpointError, UnknownName, Unsupported
from mmlab.core.method import Features, Fused, Method, Run
from mmlab.core.recordings import Raw
from mmlab.core.task import GallerySample, PreparedInput, Source, Split, TaskInfo
from mmlab.foreign.outputs_file import Outputs, digest_of
from mmlab.foreign.registration import Registration, reading

ONLY = "Only the answers of this model are here, not the model."
INSTEAD = "See Robustness, Compare, Embed and the measures of Dominance that read answers."


class OutputsTask:
    """The samples behind a file of answers: their right answers are known, their inputs are not."""

    registration: ClassVar[Registration]
    name: ClassVar[str]
    title: ClassVar[str]
    about: ClassVar[str]
    info: ClassVar[TaskInfo]
    plan: ClassVar[Mapping[str, Any]] = {}
    trained_here: ClassVar[bool] = False
    missing_hint: ClassVar[str] = ""

    @property
    def outputs(self) -> Outputs:
        """What the file holds."""
        return cast(Outputs, self.registration.model)

    def sources(self) -> tuple[Source, ...]:
        """One source."""
        return ("built-in",)

    def samples(self, split: Split, source: Source = "built-in") -> Samples:
        """The samples without their inputs. Raises Unsupported for another split than test."""
        if split != "test":
            raise Unsupported(f"There are no {split} samples. {ONLY}", INSTEAD)
        found = self.outputs.found
        inputs = {name: torch.zeros(len(found.ids), 1) for name in self.info.modalities.names}
        target = torch.from_numpy(found.target)
        return Samples(inputs, torch.from_numpy(found.present), target, found.ids, found.groups)

    def augment(self, inputs: Mapping[str, Tensor], seed: int) -> dict[str, Tensor]:
        """Nothing is varied."""
        return dict(inputs)

    def gallery(self) -> tuple[str, ...]:
        """None: there is nothing to see of the samples."""
        return ()

    def takes_files(self, modality: str) -> bool:
        """Never."""
        return False

    def example(self, sample: str) -> GallerySample:
        """Raises UnknownName."""
        raise UnknownName(ONLY, INSTEAD)

    def read(self, modality: str, content: bytes, name: str = "") -> Raw:
        """Raises Unsupported."""
        raise Unsupported(ONLY, INSTEAD)

    def prepare(self, modality: str, raw: Raw) -> PreparedInput:
        """Raises Unsupported."""
        raise Unsupported(ONLY, INSTEAD)

    def version(self, sample: str) -> object:
        """Another one whenever a file was read again."""
        return reading()

    def fingerprint(self) -> str:
        """None: the card has the digest of the file."""
        return ""

    def describe(self) -> dict[str, Any]:
        """For a card."""
        found = self.outputs.found
        return {
            "sources": {"built-in": {"file": Path(self.registration.file).name}},
            "sizes": {"test": len(found.ids)},
            "groups": len(set(found.groups)),
        }


class OutputsModel(Method):
    """Answers without a model."""

    about: ClassVar[str] = "Answers that were brought as a file: there is no model behind them."
    trained_here: ClassVar[bool] = False
    one_at_a_time: ClassVar[bool] = True
    registration: ClassVar[Registration]

    @classmethod
    def unsupported_reason(cls, info: TaskInfo) -> str:
        """Never trained."""
        return ONLY

    @classmethod
    def rebuild(cls, info: TaskInfo, card: Mapping[str, Any], state: Mapping[str, Tensor], place: Any) -> Method:
        """Nothing to rebuild; raises CheckpointError where the file changed."""
        if card.get("registered", {}).get("fingerprint") != {"file": digest_of(Path(cls.registration.file))}:
            raise CheckpointError(f"{Path(cls.registration.file).name} changed since it was read.", cls.missing_hint)
        return cls(info, Method.Config())

    def encode(self, inputs: Mapping[str, Tensor], there: Tensor | None = None) -> Features:
        """Raises Unsupported."""
        raise Unsupported(ONLY, INSTEAD)

    def fuse(self, features: Features, present: Tensor) -> Fused:
        """Raises Unsupported."""
        raise Unsupported(ONLY, INSTEAD)

    def losses(self, batch: Batch, run: Run) -> dict[str, Tensor]:
        """Raises Unsupported."""
        raise Unsupported(ONLY, INSTEAD)

    def modality_parameters(self, name: str) -> list[Any]:
        """None."""
        return []


def outputs_task(registration: Registration) -> type[OutputsTask]:
    """The task of a file of answers, built without arguments."""
    outputs = cast(Outputs, registration.model)
    info = TaskInfo(registration.name, outputs.modalities, outputs.output)
    texts = {"name": registration.name, "title": registration.title, "about": registration.about}
    texts["missing_hint"] = registration.command
    return type("OneOutputsTask", (OutputsTask,), {"registration": registration, "info": info, **texts})


def outputs_method(registration: Registration) -> type[OutputsModel]:
    """The method of a file of answers."""
    return type(
        "OneOutputsModel",
        (OutputsModel,),
        {
            "registration": registration,
            "title": registration.title,
            "missing_hint": registration.command,
        },
    )
