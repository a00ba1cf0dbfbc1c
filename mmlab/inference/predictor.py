"""A trained model with its task: from a user's files to predictions for every combination of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor

from mmlab.core.errors import DataError, NothingPresent, TaskMismatch
from mmlab.core.method import Method
from mmlab.core.modality import Combination
from mmlab.core.options import NO_OPTIONS
from mmlab.core.outputs import Prediction
from mmlab.core.recordings import Raw
from mmlab.core.reference import Reference
from mmlab.core.task import TASKS, Task, holds_every_input
from mmlab.inference.device import device
from mmlab.inference.sweep import fuse_all
from mmlab.inference.windows import in_groups
from mmlab.storage.checkpoints import load

Input = str | Path | bytes | Raw | Tensor
LARGEST_FILE = 64 * 2**20


@dataclass(frozen=True)
class Model:
    """A method in eval mode on its device, and the task that reads its inputs. Safe to share between threads."""

    task: Task
    method: Method
    card: Mapping[str, Any]
    digest: str

    @classmethod
    def open(cls, reference: Reference) -> Self:
        """Load a checkpoint and check it against its task. Raises CheckpointError or TaskMismatch."""
        loaded = load(Path(reference.path), device())
        task = TASKS[reference.task]()
        info = loaded.method.info
        if (info.modalities, info.output) != (task.info.modalities, task.info.output):
            command = f"Train it again: python -m mmlab train --task {reference.task} --method {reference.method}"
            raise TaskMismatch(
                f"{reference.name} was made for other inputs or answers than '{task.name}' has now.",
                command if loaded.method.trained_here else loaded.method.missing_hint,
            )
        return cls(task, loaded.method, loaded.card, loaded.digest)

    def is_current(self) -> bool:
        """Whether what it was built from is still there and the same, see `Method.is_current`."""
        return not isinstance(self.method, Method) or self.method.is_current()

    def prepare(
        self, inputs: Mapping[str, Input] | str | Path, options: Mapping[str, Any] = NO_OPTIONS
    ) -> dict[str, Tensor]:
        """Preprocess each given input: `[*shape]` tensors by modality.

        A path alone is a file that holds every input, where the task has such (`whole_files`). options: what is
        said of the files that they do not say themselves (`Task.read`), such as `{"azimuth": 30}`.

        Raises NothingPresent for no input, UnknownName for a modality the task lacks, DataError for a bad file.
        """
        if isinstance(inputs, str | Path):
            if not holds_every_input(self.task, str(inputs)):
                raise DataError(f"{Path(inputs).name} alone does not say for which input it is.", "Name the input.")
            inputs = dict.fromkeys(self._names, inputs)
        if not inputs:
            raise NothingPresent("No input was given.", f"Give one of: {', '.join(self._names)}.")
        return {name: self._tensor(name, value, options) for name, value in inputs.items()}

    def answer(self, tensors: Mapping[str, Tensor]) -> dict[str, Prediction]:
        """The answer of every combination of the given tensors `[*shape]`, in the order of `subsets`."""
        return self.answer_many([tensors])[0]

    def answer_many(self, samples: Sequence[Mapping[str, Tensor]]) -> list[dict[str, Prediction]]:
        """The same for several samples, with one pass for all that have the same inputs."""
        found: list[dict[str, Prediction]] = [{} for _ in samples]
        for row, key, logits in self._stream(samples):
            found[row][key] = self.method.output.read(logits)
        return found

    def answers(self, tensors: Mapping[str, Tensor]) -> Iterator[tuple[str, Prediction]]:
        """What `answer` gives, one combination after the other: nobody has to hold those of a large scan at once."""
        for _, key, logits in self._stream([tensors]):
            yield key, self.method.output.read(logits)

    def logits_many(self, samples: Sequence[Mapping[str, Tensor]]) -> list[dict[str, Tensor]]:
        """The logits `[...]` of every combination, as `answer_many` reads them, on the processor."""
        found: list[dict[str, Tensor]] = [{} for _ in samples]
        for row, key, logits in self._stream(samples):
            found[row][key] = logits
        return found

    def _stream(self, samples: Sequence[Mapping[str, Tensor]]) -> Iterator[tuple[int, str, Tensor]]:
        """The logits of each sample and combination: of scans that take windows, as many at a time as memory holds."""
        for names in dict.fromkeys(frozenset(each) for each in samples):
            alike = [row for row, each in enumerate(samples) if names == frozenset(each)]
            for rows in [[row] for row in alike] if self.method.info.has_windows else [alike]:
                complete = [self._complete(samples[row]) for row in rows]
                batch = {
                    name: torch.stack([each[name].float() for each in complete]).to(self.method.device)
                    for name in self._names
                }
                for some in in_groups(self.method.info, self.combinations(samples[rows[0]])):
                    yield from self._of_group(batch, some, rows)

    def _of_group(
        self, batch: Mapping[str, Tensor], some: Sequence[Combination], rows: Sequence[int]
    ) -> Iterator[tuple[int, str, Tensor]]:
        for combination, fused in zip(some, fuse_all(self.method, batch, some), strict=True):
            for row, logits in zip(rows, fused.logits.float().cpu(), strict=True):
                yield row, combination.key, logits

    def predict(
        self, inputs: Mapping[str, Input] | str | Path, options: Mapping[str, Any] = NO_OPTIONS
    ) -> dict[str, Prediction]:
        """Answers by combination key, from paths, file contents, recordings or tensors; any may be left out.

        A path alone is a file that holds every input. options: what is said of the files, see `prepare`.
        """
        return self.answer(self.prepare(inputs, options))

    def combinations(self, given: Mapping[str, object]) -> list[Combination]:
        """Every combination of the given modalities."""
        return [c for c in self.method.modalities.subsets() if all(name in given for name in c.names)]

    @property
    def _names(self) -> tuple[str, ...]:
        return self.method.modalities.names

    def _complete(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Zeros where a modality was not given: its row of `present` is False, so it has no influence."""
        modalities = self.method.modalities
        return {m.name: tensors.get(m.name, torch.zeros(m.shape)) for m in modalities}

    def _tensor(self, name: str, value: Input, options: Mapping[str, Any]) -> Tensor:
        modality = self.method.modalities[name]
        if isinstance(value, Tensor):
            if tuple(value.shape) != modality.shape:
                raise DataError(
                    f"{modality.label} has shape {tuple(value.shape)}.", f"The model takes {modality.shape}."
                )
            return value
        shown = ""
        if isinstance(value, str | Path):
            shown, value = Path(value).name, _content(Path(value))
        said = [options] if options else []  # a task that knows of no options need not take any
        raw = self.task.read(name, value, shown, *said) if isinstance(value, bytes) else value
        return self.task.prepare(name, raw).tensor


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise DataError(f"{path.name} is larger than 64 MB.", "Cut it to the part that matters.")
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path.name} cannot be read.", "Check the path and the permissions.") from error
