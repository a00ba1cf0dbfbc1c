"""What a task is: its modalities, its output, its samples, and the preprocessing from recordings to model inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

from torch import Tensor

from mmlab.core.backbone import Backbone
from mmlab.core.batch import Samples
from mmlab.core.errors import PluginError, TaskMismatch
from mmlab.core.modality import NAME, Modalities, Modality
from mmlab.core.options import NO_OPTIONS, build
from mmlab.core.outputs import Output, output_from_card
from mmlab.core.prepared_input import PreparedInput as PreparedInput
from mmlab.core.recordings import Raw
from mmlab.core.registry import Registry

Split = Literal["train", "valid", "test"]
Source = Literal["built-in", "real", "both"]


@dataclass(frozen=True)
class TaskInfo:
    """Everything that a model needs to know about its task, without data.

    embedding: the dimension of features and embeddings in a run that sets it; 0 for the default.
    window: the side in voxels of the windows that a run learned whole scans from, and answers them in; 0 for none.
    """

    name: str
    modalities: Modalities
    output: Output
    embedding: int = field(default=0, compare=False)
    window: int = field(default=0, compare=False)

    @property
    def places(self) -> tuple[int, ...]:
        """The spatial size of the first input, in pixels or voxels."""
        return next(iter(self.modalities)).shape[1:]

    @property
    def window_sides(self) -> tuple[int, ...]:
        """The size of a window; no side is longer than that of the scan."""
        return tuple(min(self.window, side) for side in self.places)

    @property
    def has_windows(self) -> bool:
        """Whether a scan is larger than a window."""
        return self.window > 0 and self.window_sides != self.places

    def card(self) -> dict[str, Any]:
        """What a checkpoint stores about its task."""
        modalities = [{**vars(item), "shape": list(item.shape)} for item in self.modalities]
        for item in modalities:
            for usual in ("encoder", "tokens"):
                if not item[usual]:
                    del item[usual]  # is not worth a word
            if item["backbone"] is None:
                del item["backbone"]
            else:
                item["backbone"] = asdict(item["backbone"])
        size = {name: value for name in ("embedding", "window") if (value := getattr(self, name))}
        return {"name": self.name, "modalities": modalities, "output": self.output.card(), **size}

    def read_by(self, encoder: str) -> TaskInfo:
        """The same task, its vectors read by such an encoder: "hidden" (one hidden layer) or "linear"."""
        if encoder == "hidden":
            return self
        items = [replace(item, encoder=encoder) if len(item.shape) == 1 else item for item in self.modalities]
        return replace(self, modalities=Modalities(items))

    def with_backbones(self, backbones: Mapping[str, Backbone | None]) -> TaskInfo:
        """The same task with these backbones for these inputs."""
        items = [replace(item, backbone=backbones.get(item.name, item.backbone)) for item in self.modalities]
        return replace(self, modalities=Modalities(items))

    def from_state(self) -> TaskInfo:
        """The task for a model with stored weights, which include those of fine-tuned backbones."""
        tuned = {name: each for name, each in self.backbones.items() if not each.frozen}
        return self.with_backbones({name: replace(each, pretrained="no") for name, each in tuned.items()})

    def unlearned(self) -> TaskInfo:
        """The task for an untrained model: frozen backbones are random, too."""
        found = self.backbones.items()
        return self.with_backbones({name: replace(each, pretrained="no", digest="") for name, each in found})

    @property
    def backbones(self) -> dict[str, Backbone]:
        """The backbone of each input that has one."""
        return {item.name: item.backbone for item in self.modalities if item.backbone is not None}

    @classmethod
    def from_card(cls, card: Mapping[str, Any]) -> TaskInfo:
        """The task that `card` described. Raises TaskMismatch where something is missing."""
        try:
            items = [_modality(item) for item in card["modalities"]]
            sizes = (int(card.get(name, 0)) for name in ("embedding", "window"))
            return cls(card["name"], Modalities(items), output_from_card(card["output"]), *sizes)
        except (KeyError, TypeError) as error:
            raise TaskMismatch("The card does not describe its task.", "Train the model again.") from error


def _modality(card: Mapping[str, Any]) -> Modality:
    found = {**card, "shape": tuple(card["shape"])}
    if (backbone := found.pop("backbone", None)) is not None:
        found["backbone"] = build(Backbone, backbone)
    return Modality(**found)


@dataclass(frozen=True)
class GallerySample:
    """One sample as displayed: the recordings of its sensors, and the target.

    stack: ids of the samples that it lies among, itself one of them, such as the slices of a volume from below.
    """

    id: str
    raw: Mapping[str, Raw]
    target: Any
    answer: str
    note: str = ""
    stack: tuple[str, ...] = ()


@runtime_checkable
class Task(Protocol):
    """One task in one file under `mmlab/tasks/`, built without arguments and cheap to build.

    title: a few words; about: one or two sentences for the screen, saying which parts are simulated.
    plan: deviations from the default training plan for this task, such as `{"epochs": 30}`; usually empty.
    sources: the sources of `samples` available here ("built-in" always, "real" if the user has the recordings).
    `Samples.groups` says which samples are not independent; `grouped_by` may name what a group is, in the singular,
    such as "person" (`mmlab.core.group_name`). `whole_files` may list the endings of files that hold every input at
    once, without the dot.
    """

    name: str
    title: str
    about: str
    info: TaskInfo
    plan: ClassVar[Mapping[str, Any]]

    def sources(self) -> tuple[Source, ...]:
        """The sources that exist on this machine."""

    def samples(self, split: Split, source: Source = "built-in") -> Samples:
        """A split as stacked tensors. Deterministic; raises DataError where the source is not there."""

    def augment(self, inputs: Mapping[str, Tensor], seed: int) -> dict[str, Tensor]:
        """Augmentation of a training batch `[B, *shape]`, a deterministic function of `seed`.

        Rows of what is absent may be varied, too: the training loop puts zeros there afterwards.
        """

    def gallery(self) -> tuple[str, ...]:
        """Ids of the samples that the app offers: the shipped pack, in order."""

    def example(self, sample: str) -> GallerySample:
        """One sample of the gallery. Raises UnknownName."""

    def read(self, modality: str, content: bytes, name: str = "", options: Mapping[str, Any] = NO_OPTIONS) -> Raw:
        """Decode a file that a user uploaded, safely. Raises DataError with a sentence and a hint.

        options: what the user stated about it that the file does not, such as `{"rate": 100}` for a table without
        times or `{"height": 40}` for a volume. Raises UnknownName for one that this input does not have.
        """

    def prepare(self, modality: str, raw: Raw) -> PreparedInput:
        """Preprocess a recording into a model input. The same path for shipped samples and uploads."""

    def describe(self) -> dict[str, Any]:
        """What a card says about the data: sources, sizes, noise, which parts are simulated."""


def takes_files(task: Task, modality: str) -> bool:
    """Whether a visitor can bring a file of this input: unless the task says otherwise (`takes_files`)."""
    says = getattr(task, "takes_files", None)
    return says is None or bool(says(modality))


def upload_kind(task: Task, modality: Modality) -> str:
    """The kind whose files a visitor brings for this input: its own unless the task says otherwise; empty for any."""
    says = getattr(task, "brought_as", None)
    return modality.kind if says is None else str(says(modality.name))


def holds_every_input(task: Task | type[Task], name: str) -> bool:
    """Whether a file of this name may hold all inputs: where the task names such endings (`whole_files`)."""
    return name.lower().endswith(tuple(f".{each}" for each in getattr(task, "whole_files", ())))


def is_trained_here(task: Task) -> bool:
    """Whether mmlab trains models on it: unless the task says otherwise (`trained_here`)."""
    return bool(getattr(task, "trained_here", True))


def of_source(task: Task, source: str) -> str:
    """` (real)`, behind a number of samples, where a task has several sources; nothing where there is one only."""
    return f" ({source})" if len(task.sources()) > 1 else ""


def advice(task: Task | type[Task], command: str, what: str = "Train one") -> str:
    """The hint for a missing model: run `command`, or the advice of a task that is not trained here."""
    if getattr(task, "trained_here", True):
        return f"{what}: {command}"
    return str(getattr(task, "missing_hint", "")) or "Measure it: python -m mmlab measure FILE"


@runtime_checkable
class Versioned(Protocol):
    """A task whose data may change under a running program: a folder that a person works on."""

    def version(self, sample: str) -> object:
        """The version of a sample and of how it is read; hashable and cheap to compute."""

    def fingerprint(self) -> str:
        """A digest of the contents of all its data: ids, splits, answers, groups and files."""


def check_task(name: str, task: type[Task]) -> None:
    """Raise PluginError for a class that pages or commands could not use; it is instantiated to find out."""
    if not NAME.fullmatch(name):
        raise PluginError(f"'{name}' cannot name a task.", "Use a-z, 0-9 and _ only; title is for people.")
    try:
        made = task()
    except Exception as error:
        raise PluginError(f"The task '{name}' cannot be built: {error!r}", "It takes no arguments.") from error
    if not isinstance(made, Task):
        asked = (*Task.__annotations__, *(part for part in vars(Task) if not part.startswith("_")))
        lacking = sorted({part for part in asked if not hasattr(made, part)})
        raise PluginError(f"The task '{name}' lacks {', '.join(lacking)}.", "Write what mmlab.core.task.Task asks for.")
    if not isinstance(made.info, TaskInfo) or not made.name == made.info.name == name:
        raise PluginError(f"The task '{name}' calls itself otherwise.", "Give it, and its TaskInfo, this name.")


TASKS: Registry[type[Task]] = Registry("task", "mmlab.tasks", ["mmlab.foreign.supplying"], check_task)
