"""A custom data set as a task: its samples, their display, and files uploaded by visitors."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from mmlab.core.batch import Samples
from mmlab.core.errors import DataError, UnknownName
from mmlab.core.modality import Modalities, Modality
from mmlab.core.options import NO_OPTIONS, NoOptions, build
from mmlab.core.recordings import Raw
from mmlab.core.task import GallerySample, PreparedInput, Source, Split, TaskInfo
from mmlab.foreign import data, recordings
from mmlab.foreign.packing import Packing, letters_of, packing_of
from mmlab.foreign.registration import Registration, reading

MOST_SHOWN = 200
MOST_AVERAGED = 1000
LOOKED_AT = 32  # samples that shapes are taken from; all of them where there are lengths that differ


@dataclass(frozen=True)
class Layout:
    """The modalities of a task, and how each is packed."""

    modalities: Modalities
    packings: tuple[Packing, ...]

    def packing(self, name: str) -> Packing:
        """That of one modality."""
        return next(each for each in self.packings if each.name == name)


_lock = threading.RLock()


def layout_of(registration: Registration) -> Layout:
    """Looked at once: kinds and shapes from the samples themselves. Raises DataError."""
    with _lock:
        if "layout" not in registration.kept:
            registration.kept["layout"] = _look(registration)
        found: Layout = registration.kept["layout"]
        return found


def _look(registration: Registration) -> Layout:
    rows = data.split_of(registration, "test")
    if not len(rows):
        raise DataError("There are no test samples.", "Give at least one sample.")
    found = [rows[row] for row in range(min(LOOKED_AT, len(rows)))]
    if _has_lengths(registration, found):
        found += [rows[row] for row in range(len(found), len(rows))]
        for split in data.splits_of(registration):
            if split != "test":
                other = data.split_of(registration, split)
                found += [other[row] for row in range(len(other))]
    packings = tuple(packing_of(name, given, found) for name, given in registration.inputs.items())
    _check_channels(packings)
    letters = letters_of([each.name for each in packings])
    items = [p.modality(registration.inputs[p.name], letter) for p, letter in zip(packings, letters, strict=True)]
    return Layout(Modalities(items), packings)


def _has_lengths(registration: Registration, found: list[dict[str, Any]]) -> bool:
    """Whether a key comes in several lengths, or is missing in all that was looked at: then all samples count."""
    for key in (key for given in registration.inputs.values() for key in given.keys):
        shapes = {tuple(data.as_tensor(each[key], key).shape) for each in found if each[key] is not None}
        if len(shapes) != 1:
            return True
    return False


def _check_channels(packings: tuple[Packing, ...]) -> None:
    """Every plane of a shared tensor is one modality's."""
    owned: dict[str, list[int]] = {}
    for packing in packings:
        if packing.channels:
            owned.setdefault(packing.parts[0].key, []).extend(packing.channels)
    for packing in packings:
        key = packing.parts[0].key
        if key not in owned:
            continue
        if not packing.channels:
            raise DataError(f"'{key}' is one input, and its channels are others.", "Give every input its channel=.")
        axis = packing.order[0] if packing.order else 0
        wanted, given = list(range(packing.parts[0].shape[axis])), sorted(owned[key])
        if given != wanted:
            free = sorted(set(wanted) - set(given))
            what = f"Channel {free[0]} belongs to no input" if free else "A channel belongs to two inputs"
            raise DataError(f"'{key}' has {len(wanted)} channels. {what}.", "Give each channel to one input.")


def samples_of(registration: Registration, split: str) -> Samples:
    """A split as tensors, read once. Raises DataError."""
    with _lock:
        if ("samples", split) not in registration.kept:
            rows = data.split_of(registration, split)
            registration.kept["samples", split] = data.stacked(rows, layout_of(registration).packings, split)
        found: Samples = registration.kept["samples", split]
        return found


class _Info:
    """The modalities and the answer, of the class or of an instance. Raises DataError where samples cannot be read."""

    def __get__(self, _: object, owner: type[RegisteredTask]) -> TaskInfo:
        return TaskInfo(owner.name, layout_of(owner.registration).modalities, owner.registration.output)


class RegisteredTask:
    """The data of one or several registered models. Subclasses are made by `task_class`, built without arguments."""

    registration: ClassVar[Registration]
    name: ClassVar[str]
    title: ClassVar[str]
    about: ClassVar[str]
    plan: ClassVar[Mapping[str, Any]] = {}
    trained_here: ClassVar[bool] = False
    missing_hint: ClassVar[str] = ""
    info: ClassVar[_Info] = _Info()

    @property
    def layout(self) -> Layout:
        """How its inputs are packed. Raises DataError."""
        return layout_of(self.registration)

    def sources(self) -> tuple[Source, ...]:
        """One source: what was registered is `built-in`."""
        return ("built-in",)

    def samples(self, split: Split, source: Source = "built-in") -> Samples:
        """A split as stacked tensors. Raises DataError."""
        if source != "built-in":
            raise DataError(f"'{self.name}' has no other source than what was registered.", "Leave the source out.")
        return samples_of(self.registration, split)

    def augment(self, inputs: Mapping[str, Tensor], seed: int) -> dict[str, Tensor]:
        """Nothing is varied: nothing is trained here."""
        return dict(inputs)

    def gallery(self) -> tuple[str, ...]:
        """Ids of the first test samples."""
        return self.samples("test").ids[:MOST_SHOWN]

    def example(self, sample: str) -> GallerySample:
        """One test sample. Raises UnknownName."""
        samples = self.samples("test")
        if sample not in samples.ids:
            raise UnknownName(
                f"There is no sample '{sample[:40]}'.", f"There are {len(samples)}, such as {samples.ids[0]}."
            )
        row = samples.ids.index(sample)
        on = samples.present[row].tolist()
        raw = {
            item.name: self._recording(item, samples.inputs[item.name][row])
            for item, is_there in zip(self.layout.modalities, on, strict=True)
            if is_there
        }
        lacking = [item.label for item, is_there in zip(self.layout.modalities, on, strict=True) if not is_there]
        target, answer = self._answer(samples.target[row])
        return GallerySample(sample, raw, target, answer, f"Without {', '.join(lacking)}." if lacking else "")

    def takes_files(self, modality: str) -> bool:
        """Whether visitors can bring a file of this input: it has a `transform`."""
        return self.registration.inputs[modality].transform is not None

    def brought_as(self, modality: str) -> str:
        """The kind of the files that `transform` gets: pictures, sounds, texts; empty for files of any kind."""
        return recordings.file_kind(self.layout.modalities[modality], self.registration.inputs[modality])

    def read(self, modality: str, content: bytes, name: str = "", options: Mapping[str, Any] = NO_OPTIONS) -> Raw:
        """Decode a file that a visitor brought. Raises DataError."""
        build(NoOptions, options)
        item, given = self.layout.modalities[modality], self.registration.inputs[modality]
        return recordings.read(content, name, item, given, self.layout.packing(modality))

    def prepare(self, modality: str, raw: Raw) -> PreparedInput:
        """A recording as what enters the model: its own tensor where it was made of one. Raises DataError."""
        given, packing = self.registration.inputs[modality], self.layout.packing(modality)
        known = self._made.get((modality, recordings.digest_of(raw))) if not hasattr(raw, "array") else None
        tensor = recordings.prepared(raw, given, packing) if known is None else known
        words: tuple[str, ...] = ()
        if self.layout.modalities[modality].kind == "text":
            words = recordings.words_of(tensor, given, packing)
        return PreparedInput(tensor, (), words)

    def version(self, sample: str) -> object:
        """Another one whenever a registered file was read again: data, `transform` or model may be others."""
        return reading()

    def fingerprint(self) -> str:
        """None: a card of a registered model says itself which samples it was measured on."""
        return ""

    def describe(self) -> dict[str, Any]:
        """What a card says about the data: which splits, how many samples, what is missing."""
        samples = self.samples("test")
        missing = {
            name: round(1 - float(samples.present[:, place].float().mean()), 4)
            for place, name in enumerate(self.layout.modalities.names)
        }
        return {
            "sources": {"built-in": {"registered": "what was given to mmlab.register"}},
            "sizes": {"test": len(samples)},
            "groups": len(set(samples.groups)),
            "missing": missing,
        }

    def _recording(self, item: Modality, world: Tensor) -> Raw:
        given, packing = self.registration.inputs[item.name], self.layout.packing(item.name)
        made = recordings.shown(world, item, given, packing)
        if not recordings.is_invertible(given, item, made.array):
            return made
        raw = recordings.plain(made)
        kept = self._made
        kept[item.name, recordings.digest_of(raw)] = world.float().clone()
        while len(kept) > 4 * MOST_SHOWN:
            kept.pop(next(iter(kept)))
        return raw

    @property
    def _made(self) -> dict[tuple[str, str], Tensor]:
        """Of recordings that can be corrupted, the tensor of the intact one."""
        found: dict[tuple[str, str], Tensor] = self.registration.kept.setdefault("made", {})
        return found

    def _answer(self, target: Tensor) -> tuple[Any, str]:
        output = self.registration.output
        return output.value_of(target), output.in_words(target)


def task_class(registration: Registration, name: str, titles: tuple[str, ...]) -> type[RegisteredTask]:
    """The task of a registration as a class that is built without arguments, the same one each time.

    titles: of the models that share it.
    """
    key = ("task", name, titles)
    if key not in registration.kept:
        spoken = name.replace("_", " ").capitalize()
        texts = {
            "name": name,
            "missing_hint": registration.command,
            "title": (registration.title if len(titles) == 1 else "") or spoken,
            "about": registration.about or f"Samples that were registered with {', '.join(titles)}.",
        }
        kind = type("OneRegisteredTask", (RegisteredTask,), {"registration": registration, **texts})
        registration.kept[key] = kind
    found: type[RegisteredTask] = registration.kept[key]
    return found


def complete_inputs(registration: Registration, count: int) -> dict[str, Tensor]:
    """The first complete test samples `[count, *shape]`, two of them different where that can be. Raises DataError."""
    samples = samples_of(registration, "test")
    rows = samples.present.all(1).nonzero()[:count, 0]
    if not len(rows):
        raise DataError("No test sample has every input.", "At least one complete sample is needed.")
    return {name: value[rows].float() for name, value in samples.inputs.items()}


def seen_of(registration: Registration, name: str, place: int, count: int) -> Tensor:
    """Samples of one input, for donors `[n, *shape]`: of training where there are any, else of the test set."""
    values, rows = _there(registration, name, place)
    return values[rows[:count]].float() if len(rows) else torch.zeros(1, *values.shape[1:])


def mean_of(registration: Registration, name: str, place: int) -> Tensor:
    """The mean of up to a thousand of them `[*shape]`, one after the other: they need not fit into memory."""
    values, rows = _there(registration, name, place)
    total = torch.zeros(values.shape[1:], dtype=torch.float64)
    for row in rows[:MOST_AVERAGED].tolist():
        total += values[row]
    return (total / max(1, min(len(rows), MOST_AVERAGED))).float()


def _there(registration: Registration, name: str, place: int) -> tuple[Tensor, Tensor]:
    """All values of an input, and the rows that have one."""
    split = "train" if "train" in data.splits_of(registration) else "test"
    samples = samples_of(registration, split)
    return samples.inputs[name], samples.present[:, place].nonzero()[:, 0]
