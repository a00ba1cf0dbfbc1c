"""The samples: whether they can be read, are deterministic and finite, and have plausible targets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch

from mmlab.core.errors import DataError
from mmlab.core.outputs import Regression
from mmlab.foreign import data as source
from mmlab.foreign.doctor.examined_model import ExaminedModel, StopExamination
from mmlab.foreign.doctor.findings import Finding
from mmlab.foreign.error_location import in_one_line

LOOKED_AT = 8
MARKS = (255, -1, -100)  # of pixels that nobody labelled, in label maps and as PyTorch's `ignore_index`


def check(patient: ExaminedModel) -> Iterator[Finding]:
    """All that can be said of the data alone."""
    try:
        rows = source.split_of(patient.registration, "test")
        first = [rows[row] for row in range(min(LOOKED_AT, len(rows)))]
    except DataError as error:
        raise StopExamination(Finding("data", "error", error.message, error.hint)) from error
    except Exception as error:
        raise StopExamination(
            Finding("data", "error", f"A sample cannot be read: {in_one_line(error)}", "Mend the data set.")
        ) from error
    if len(rows) == 0:
        raise StopExamination(Finding("data", "error", "There are no test samples.", "Give at least one sample."))
    yield from _random(rows, first)
    yield from _regions(patient, first[0])
    try:
        patient.read()
    except DataError as error:
        raise StopExamination(
            _from_one(patient, rows) or Finding("data", "error", error.message, error.hint)
        ) from error
    yield from _scale(patient)
    yield from _complete(patient)
    yield from _finite(patient)
    yield from _lengths(patient, rows)


def _random(rows: source.Rows, first: list[dict[str, Any]]) -> Iterator[Finding]:
    for row, sample in enumerate(first[:3]):
        again = rows[row]
        for key in rows.keys:
            if not _same(sample[key], again[key], key):
                yield Finding(
                    "data",
                    "error",
                    f"'{key}' of sample {row} is another one each time it is read.",
                    "Give the data without random augmentation.",
                    why="Answers, maps and the stored sweep would be about different inputs.",
                )
                return


def _same(one: Any, other: Any, key: str) -> bool:
    if one is None or other is None:
        return one is other
    first, second = source.as_tensor(one, key), source.as_tensor(other, key)
    return first.shape == second.shape and bool(((first == second) | (first != first) & (second != second)).all())


def _from_one(patient: ExaminedModel, rows: source.Rows) -> Finding | None:
    """That classes are counted from 1, where that is why the answers cannot be read."""
    output = patient.registration.output
    if not output.class_names:
        return None
    found = [rows[row][source.ANSWER] for row in range(len(rows))]
    tensors = [source.as_tensor(each, "the answer") for each in found if not isinstance(each, str) and each is not None]
    numbers = [float(each) for each in tensors if each.numel() == 1]
    if not numbers or min(numbers) != 1 or max(numbers) != output.channels:
        return None
    return Finding(
        "data",
        "error",
        f"The answers run from 1 to {output.channels}, and there are {output.channels} classes.",
        "Count classes from 0, in the order of the model's columns.",
        why="Every answer would be compared with the class beside it.",
    )


def _regions(patient: ExaminedModel, first: Mapping[str, Any]) -> Iterator[Finding]:
    output = patient.registration.output
    if output.is_one_target or output.label_names:
        return
    sample = source.as_tensor(first[source.ANSWER], "the answer")
    if sample.dim() != 2:
        return
    ignored = output.card().get("ignore", ())
    labels = [int(label) for label in sample.unique().tolist() if label not in ignored]
    beyond = [label for label in labels if not 0 <= label < output.channels]
    for label in [each for each in beyond if each in MARKS][:1]:
        yield Finding(
            "data",
            "warning",
            f"The map of labels has {label}, which usually marks pixels that nobody labelled, and they count as none.",
            f"Leave them out: Segmentation(regions, ignore={label}).",
            why="What a model finds there counts against it, although nobody knows what is there.",
        )
    for label in [each for each in beyond if each not in MARKS][-1:]:
        yield Finding(
            "data",
            "error",
            f"The map of labels goes up to {label}, and there are {output.channels} regions.",
            "Count regions from 0, or give regions as (regions, height, width).",
            why="A label beyond the last region counts as background.",
        )


def _scale(patient: ExaminedModel) -> Iterator[Finding]:
    output = patient.registration.output
    if not isinstance(output, Regression):  # only a number has a scale that answers can leave
        return
    assert patient.samples is not None
    values = patient.samples.target
    if bool(values.isnan().any()):
        yield Finding("data", "error", "Some right answers are not a number.", "Leave these samples out.")
    elif float(values.min()) < output.low or float(values.max()) > output.high:
        yield Finding(
            "data",
            "error",
            f"The answers run from {float(values.min()):g} to {float(values.max()):g}, "
            f"and the scale from {output.low:g} to {output.high:g}.",
            "Correct the scale: output=Regression(low, high).",
            why="Answers are shown clipped to the scale.",
        )


def _complete(patient: ExaminedModel) -> Iterator[Finding]:
    assert patient.samples is not None
    present = patient.samples.present
    if not bool(present.all(1).any()):
        never = [n for n, on in zip(patient.modalities.names, present.any(0).tolist(), strict=True) if not on]
        what = f"no sample has '{never[0]}'" if never else "each lacks something"
        yield Finding(
            "data",
            "error",
            f"No test sample has every input: {what}.",
            "At least one complete sample is needed, and eight for the measures of dominance.",
        )
    if len(patient.samples) > 1 and patient.samples.target.dim() == 1 and patient.samples.target.unique().numel() == 1:
        yield Finding(
            "data",
            "warning",
            "All samples have the same right answer.",
            "Are they sorted by class? Give samples of several.",
            why="Nothing can be told from scores on one class.",
        )


def _finite(patient: ExaminedModel) -> Iterator[Finding]:
    assert patient.samples is not None
    for place, (name, value) in enumerate(patient.samples.inputs.items()):
        rows = patient.samples.present[:, place].nonzero()[:, 0].tolist()
        bad = [row for row in rows if not bool(torch.isfinite(value[row]).all())]
        if bad:
            yield Finding(
                "data",
                "error",
                f"'{name}' of sample {bad[0]} holds numbers that are not finite ({len(bad)} of {len(rows)} samples).",
                "Fill or leave out what is NaN or infinite.",
                why="One of them makes every answer and every mean of a sweep NaN.",
            )
        elif len(rows) > 1 and all(torch.equal(value[row], value[rows[0]]) for row in rows):
            yield Finding(
                "data",
                "warning",
                f"'{name}' is the same in every sample.",
                "Look at what the data set gives.",
                why="An input that never changes can decide nothing.",
            )


def _lengths(patient: ExaminedModel, rows: source.Rows) -> Iterator[Finding]:
    assert patient.layout is not None
    for packing in patient.layout.packings:
        for part in packing.parts:
            shapes = {tuple(source.as_tensor(sample[part.key], part.key).shape) for sample in _some(rows, part.key)}
            if len(shapes) > 1:
                yield Finding(
                    "data",
                    "warning",
                    f"'{part.key}' comes in several lengths; shorter ones are padded with zeros to {part.shape}.",
                    "Pad them as the model was trained, and give it a mask.",
                    why="Padding that the model takes for content changes its answers.",
                )


def _some(rows: source.Rows, key: str) -> Iterator[Mapping[str, Any]]:
    for row in range(min(len(rows), 32)):
        sample = rows[row]
        if sample[key] is not None:
            yield sample
