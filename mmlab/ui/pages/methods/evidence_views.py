"""What an evidence view is: a computation on a method's models, a sentence on what to see, figures, numbers.

A view is one file under `mmlab/ui/pages/methods/evidence/`, found because it is there. It is made from a `Source`, and
raises an MmlabError with the reason where a checkpoint or a log is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import plotly.graph_objects as go

from mmlab.analysis.methods import method_evidence
from mmlab.core.errors import CheckpointError
from mmlab.core.method import Method
from mmlab.core.modality import spoken
from mmlab.core.phrases import phrase, say
from mmlab.core.reference import Reference
from mmlab.core.registry import Registry
from mmlab.core.results import Sweep
from mmlab.core.task import Task, advice
from mmlab.storage import progress_file
from mmlab.ui.components import pickers
from mmlab.ui.session import cache
from mmlab.ui.text import refusals
from mmlab.ui.text.markdown import plain
from mmlab.viz.base import theme

Columns = Mapping[str, Sequence[object]]
PLAIN = phrase("same layers, no clouds")  # the rung of DMRNet's ladder that is plain dropout with its layers


@dataclass(frozen=True)
class Shown:
    """A view that was made: one sentence, figures by caption, and its numbers as columns of one length."""

    sentence: str
    figures: Mapping[str, go.Figure]
    numbers: Columns


@dataclass(frozen=True)
class Source:
    """A trained model and the others of its task and run, by method; `PLAIN` where DMRNet's ladder was trained."""

    task: Task
    reference: Reference
    others: Mapping[str, Reference]

    @property
    def sweep(self) -> Sweep:
        """Its answers and embeddings on the test samples."""
        return cache.sweep(self.reference)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The lines of its training log."""
        try:
            return progress_file.read(Path(self.reference.path), self.task.info.modalities.names)
        except CheckpointError as error:
            raise CheckpointError(
                say(
                    "The training log of {model} is missing or damaged: {problem}",
                    model=self.reference.name,
                    problem=refusals.translated(error.message),
                ),
                error.hint,
            ) from error

    def other(self, method: str) -> Reference:
        """The model to compare with. Raises CheckpointError."""
        if method not in self.others:
            raise CheckpointError(
                say("This view needs a trained model of “{method}”, too.", method=cache.title(method)),
                advice(self.task, f"python -m mmlab train --task {self.task.name} --method {method}", say("Train it")),
            )
        return self.others[method]

    def letters(self, key: str) -> str:
        """A combination in letters: `ISP`."""
        found = pickers.letters(self.task.info.modalities)
        return "".join(found[name] for name in key.split("-"))

    def label(self, name: str) -> str:
        """A modality for people."""
        return pickers.labels(self.task.info.modalities).get(name, name)

    def named(self, name: str) -> str:
        """A modality in a sentence that is read as Markdown."""
        return plain(spoken(self.label(name)))


Maker = Callable[[Source, str], Shown]
Choices = Callable[[Source], Mapping[str, str]]


@dataclass(frozen=True)
class View:
    """A view to be made. choices: what can be switched in it (values and labels), the first is the default."""

    title: str
    make: Maker
    choices: Choices | None = None
    asks: str = ""


EVIDENCE: Registry[View] = Registry("evidence view", "mmlab.ui.pages.methods.evidence")


def evidence_view(name: str, title: str, choices: Choices | None = None, asks: str = "") -> Callable[[Maker], Maker]:
    """Decorator that files a view under the name by which methods ask for it, see `View`."""

    def decorate(make: Maker) -> Maker:
        EVIDENCE.register(name)(View(title, make, choices, asks))
        return make

    return decorate


def model(reference: Reference) -> Method:
    """The method of a checkpoint. Only read from: its buffers, or a pass without hooks in eval mode."""
    with cache.pool().lend(reference) as lent:
        return lent.method


def directions(reference: Reference) -> method_evidence.Directions:
    """How the embeddings of a model turn as inputs leave."""
    return method_evidence.directions(cache.sweep(reference), method_evidence.class_weights(model(reference)))


def palette(names: Mapping[str, object]) -> dict[str, str]:
    """A colour for each name, in order."""
    return {name: theme.METHODS[i % len(theme.METHODS)] for i, name in enumerate(names)}
