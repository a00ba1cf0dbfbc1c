"""Samples of a custom data set: a Dataset, a list, a DataLoader, a Hugging Face data set, or these by split."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import singledispatch
from itertools import islice
from typing import Any

import torch
from torch import Tensor

from mmlab.core.batch import Samples
from mmlab.core.errors import DataError
from mmlab.core.outputs import Classification, Multilabel, Output, Regression, Segmentation
from mmlab.core.outputs.label_masks import UNLABELLED
from mmlab.core.outputs.multilabel import SEPARATOR
from mmlab.foreign.packing import Packing, as_tensor
from mmlab.foreign.registration import TARGETS, Registration
from mmlab.storage.atomic_files import temporary_name

SPLITS = ("test", "valid", "train")
ON_DISK = 256 * 2**20  # bytes of one input of a split above which it lies in a file, not in memory
IDS, GROUPS = ("id", "ids", "name"), ("group", "speaker", "person", "subject")


class Rows:
    """The samples of one split by number, each as a mapping by key, its answer under `answer`."""

    def __init__(self, registration: Registration, data: Any) -> None:
        self.registration = registration
        self.keys = tuple(dict.fromkeys(key for each in registration.inputs.values() for key in each.keys))
        self._get, self.count = _reader(data, registration.samples)

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, row: int) -> dict[str, Any]:
        """One sample. Raises DataError where a key is missing."""
        sample = self._get(row)
        if isinstance(sample, Mapping) or hasattr(sample, "keys"):
            return self._of_mapping(sample, row)
        if isinstance(sample, tuple | list) and len(sample) == len(self.keys) + 1:
            return {**dict(zip(self.keys, sample, strict=False)), ANSWER: sample[-1]}
        shown = f"{len(sample)} values" if isinstance(sample, tuple | list) else type(sample).__name__
        raise DataError(
            f"Sample {row} is {shown}, and {len(self.keys)} inputs and an answer are expected.",
            "Give a mapping by key, or (*inputs, answer) in the order of inputs=.",
        )

    def _of_mapping(self, sample: Any, row: int) -> dict[str, Any]:
        there = list(sample.keys())
        for key in self.keys:
            if key not in there:
                where = "No sample" if row == 0 else f"Sample {row} does not"
                has = f"{where} has '{key}'." if row == 0 else f"{where} have '{key}'."
                raise DataError(
                    f"{has} {'The first sample' if row == 0 else 'It'} has: {', '.join(map(str, there))}.",
                    "Correct inputs=, or give None where a sample lacks an input.",
                )
        name = self.registration.target or next((each for each in TARGETS if each in there), "")
        if name not in there:
            raise DataError(
                f"No answer was found in a sample, which has: {', '.join(map(str, there))}.",
                f"Say which it is: target=. Without it, one of {', '.join(TARGETS)}.",
            )
        extra = {
            into: next((sample[each] for each in names if each in there and each not in self.keys), None)
            for into, names in ((ID, IDS), (GROUP, GROUPS))
        }
        return {**{key: sample[key] for key in self.keys}, ANSWER: sample[name], **extra}


ANSWER, ID, GROUP = "\0answer", "\0id", "\0group"


def _reader(data: Any, most: int) -> tuple[Callable[[int], Any], int]:
    """How a sample is read by number, and how many there are: at most `most`, spread evenly."""
    if hasattr(data, "dataset") and hasattr(data, "collate_fn") and hasattr(data.dataset, "__getitem__"):
        loader, get = data, data.dataset.__getitem__
        if getattr(loader, "batch_size", None) is None:
            return _spread(get, len(loader.dataset), most)
        return _spread(lambda row: _single(loader.collate_fn([get(row)])), len(loader.dataset), most)
    if hasattr(data, "__getitem__") and hasattr(data, "__len__"):
        return _spread(data.__getitem__, len(data), most)
    if isinstance(data, Iterable):
        batched = hasattr(data, "collate_fn") and getattr(data, "batch_size", None) is not None
        found = list(islice(_unbatched(data) if batched else data, most))
        return found.__getitem__, len(found)
    raise DataError(f"data= is {type(data).__name__}.", "Give a Dataset, a list, a DataLoader, or these by split.")


def _spread(get: Callable[[int], Any], count: int, most: int) -> tuple[Callable[[int], Any], int]:
    if count <= most:
        return get, count
    places = torch.linspace(0, count - 1, most).long().tolist()
    return (lambda row: get(places[row])), most


def _unbatched(loader: Iterable[Any]) -> Iterable[Any]:
    for batch in loader:
        first = next(iter(batch.values())) if isinstance(batch, Mapping) else batch[0]
        for row in range(len(first)):
            yield _single(batch, row)


def _single(batch: Any, row: int = 0) -> Any:
    """One sample of a collated batch."""
    if isinstance(batch, Mapping) or hasattr(batch, "keys"):
        return {key: None if batch[key] is None else batch[key][row] for key in batch.keys()}  # noqa: SIM118
    return tuple(None if value is None else value[row] for value in batch)


def split_of(registration: Registration, split: str) -> Rows:
    """The samples of a split. Raises DataError where there is none."""
    data = registration.data
    if isinstance(data, Mapping):
        strange = [name for name in data if name not in SPLITS]
        if strange:
            raise DataError(f"data= has a split '{strange[0]}'.", f"They are named {', '.join(SPLITS)}.")
        if split not in data:
            raise DataError(
                f"'{registration.name}' was registered without {WORDS[split]}.",
                f'Give data={{"test": ..., "{split}": ...}} to mmlab.register.',
            )
        return Rows(registration, data[split])
    if split != "test":
        raise DataError(
            f"'{registration.name}' was registered without {WORDS[split]}.",
            f'Give data={{"test": ..., "{split}": ...}} to mmlab.register.',
        )
    return Rows(registration, data)


WORDS = {"test": "test samples", "valid": "validation samples", "train": "training samples"}


def splits_of(registration: Registration) -> tuple[str, ...]:
    """The splits there are."""
    return tuple(registration.data) if isinstance(registration.data, Mapping) else ("test",)


def stacked(rows: Rows, packings: Sequence[Packing], split: str) -> Samples:
    """All samples as tensors `[N, *shape]`, zeros where there is a gap. Raises DataError."""
    if not len(rows):
        raise DataError(f"There are no {WORDS[split]}.", "Give at least one sample.")
    inputs = {each.name: _storage((len(rows), *each.shape)) for each in packings}
    present = torch.zeros(len(rows), len(packings), dtype=torch.bool)
    targets, ids, groups = [], [], []
    for row in range(len(rows)):
        sample = rows[row]
        for position, packing in enumerate(packings):
            value = packing.pack(sample)
            if value is not None:
                inputs[packing.name][row] = value
                present[row, position] = True
        targets.append(answer_of(rows.registration, sample[ANSWER], row))
        ids.append(_text(sample.get(ID)) or f"{split}-{row:04d}")
        groups.append(_text(sample.get(GROUP)) or ids[-1])
    if not present.any(1).all():
        bad = int((~present.any(1)).nonzero()[0])
        raise DataError(f"Sample {bad} has no input at all.", "Leave it out.")
    if len(set(ids)) < len(ids):
        ids = [f"{name}-{row}" for row, name in enumerate(ids)]
    return Samples(inputs, present, torch.stack(targets), tuple(ids), tuple(groups))


def _storage(shape: tuple[int, ...]) -> Tensor:
    """Room for one input of a split: in memory, or in a file of its own that goes with the process."""
    size = 1
    for side in shape:
        size *= side
    if 4 * size <= ON_DISK:
        return torch.zeros(shape)
    with tempfile.NamedTemporaryFile(prefix=temporary_name("samples")) as file:  # stays readable after its name is gone
        return torch.from_file(file.name, shared=True, size=size, dtype=torch.float32).reshape(shape)


def _text(value: Any) -> str:
    if value is None:
        return ""
    text = str(value.item() if isinstance(value, Tensor) and value.numel() == 1 else value)
    return "".join(sign for sign in text if sign.isprintable())[:80]


def answer_of(registration: Registration, value: Any, row: int) -> Tensor:
    """The right answer of a sample as the output holds it. Raises DataError."""
    return _answer(registration.output, value, row)


@singledispatch
def _answer(output: Output, value: Any, row: int) -> Tensor:
    raise DataError(
        f"Answers of the kind {output.kind} cannot be registered.",
        "Use classes=, Multilabel, Regression or Segmentation.",
    )


@_answer.register
def _class(output: Classification, value: Any, row: int) -> Tensor:
    if isinstance(value, str) and value in output.classes:
        return torch.tensor(output.classes.index(value))
    label = as_tensor(value, "the answer")
    if label.numel() != 1:
        raise DataError(
            f"The answer of sample {row} has shape {tuple(label.shape)}.",
            "Give the index of the class, or its name.",
        )
    number = float(label.reshape(()))
    if number != int(number) or not 0 <= number < output.channels:
        hint = "Count classes from 0, in the order of the model's columns."
        raise DataError(f"The answer of sample {row} is {number:g}, and there are {output.channels} classes.", hint)
    return torch.tensor(int(number))


@_answer.register
def _labels(output: Multilabel, value: Any, row: int) -> Tensor:
    """Zeros and ones, or the names of the labels that are there."""
    if isinstance(value, str):
        return torch.tensor(output.parse(value))
    if isinstance(value, list | tuple | set) and all(isinstance(name, str) for name in value):
        return torch.tensor(output.parse(SEPARATOR.join(value)))
    truth = as_tensor(value, "the answer").float().reshape(-1)
    if truth.shape != (output.channels,):
        raise DataError(
            f"The answer of sample {row} has {len(truth)} numbers, and there are {output.channels} labels.",
            "Give a 0 or 1 for each label, in the order of the model's columns, or the names of those that are there.",
        )
    if not bool(((truth == 0) | (truth == 1)).all()):
        raise DataError(f"The answer of sample {row} is not only zeros and ones.", "Give a 0 or 1 for each label.")
    return truth.bool()


@_answer.register
def _number(output: Regression, value: Any, row: int) -> Tensor:
    truth = as_tensor(value, "the answer")
    if truth.numel() != 1:
        raise DataError(f"The answer of sample {row} has shape {tuple(truth.shape)}.", "Give one number.")
    return truth.float().reshape(())


@_answer.register
def _label_map(output: Segmentation, value: Any, row: int) -> Tensor:
    return _regions(output, as_tensor(value, "the answer"), row)


def _regions(output: Segmentation, value: Tensor, row: int) -> Tensor:
    """`[R, H, W]`: of regions as they are, or of a label map `[H, W]` whose label r is region r.

    Truth values; where labels are to be ignored, int8 with `UNLABELLED` in every region of a pixel that has one.
    """
    count, ignored = output.channels, torch.tensor(output.ignored, device=value.device)
    if value.dim() == 3 and len(value) == count:
        there = value > 0.5 if value.is_floating_point() else value.bool()
        return _without(there, torch.isin(value, ignored.to(value.dtype)).any(0)) if output.ignored else there
    if value.dim() == 3 and len(value) == 1:
        value = value[0]
    if value.dim() != 2:
        raise DataError(
            f"The answer of sample {row} has shape {tuple(value.shape)}.",
            f"Give regions ({count}, height, width), or a map of labels (height, width).",
        )
    there = torch.stack([value == region for region in range(count)])
    return _without(there, torch.isin(value, ignored.to(value.dtype))) if output.ignored else there


def _without(there: Tensor, unlabelled: Tensor) -> Tensor:
    return torch.where(unlabelled, UNLABELLED, there.to(torch.int8)).to(torch.int8)
