"""The targets of a folder: the output in task.json, and the cells of the manifest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.core.errors import DataError
from mmlab.core.outputs import Classification, Detection, Multilabel, Output, Regression, Segmentation
from mmlab.core.outputs.label_masks import UNLABELLED
from mmlab.core.outputs.multilabel import SEPARATOR
from mmlab.core.outputs.segmentation import MEASURED_BY
from mmlab.core.plain_text import LONGEST_NAME, NAMES_HINT, is_plain, plain
from mmlab.modalities.files import shown_name

MOST_CLASSES, MOST_REGIONS = 400, 40
IGNORE = "ignore"  # in task.json: the labels of pixels that nobody labelled
FARTHEST_END, LEAST_SCALE = 1e9, 1e-4  # a narrower scale, so far from 0, is beyond single precision
Regions = tuple[tuple[int, ...], ...]


def output_from(found: Any) -> tuple[Output, Regions]:
    """The output that task.json asks for, and for label maps the labels of each region. Raises DataError."""
    kind = found.get("kind") if isinstance(found, Mapping) else None
    makers = {
        "classification": _classification,
        "detection": _detection,
        "multilabel": _multilabel,
        "regression": _regression,
        "segmentation": _segmentation,
    }
    if not isinstance(kind, str) or kind not in makers:
        raise DataError(f"The output is of the unknown kind '{str(kind)[:40]}'.", f"There are: {', '.join(makers)}.")
    keys = {
        "classification": ("classes",),
        "detection": ("classes", "accept"),
        "multilabel": ("classes", "threshold"),
        "regression": ("low", "high", "middle", "whole_steps"),
        "segmentation": ("regions", MEASURED_BY, IGNORE),
    }
    for key in found:
        if key not in ("kind", *keys[kind]):
            raise DataError(f"'{key[:40]}' is no part of a {kind}.", "Remove it.")
    return makers[kind](found)


def _classification(found: Mapping[str, Any]) -> tuple[Output, Regions]:
    return Classification(_classes(found)), ()


def _detection(found: Mapping[str, Any]) -> tuple[Output, Regions]:
    classes, accept = _classes(found), found.get("accept")
    if len(classes) != 2 or accept not in classes:
        raise DataError("A detection has two classes, of which one may pass.", 'Name that one: "accept": "genuine".')
    return Detection(classes, str(accept)), ()


def _multilabel(found: Mapping[str, Any]) -> tuple[Output, Regions]:
    classes, threshold = _classes(found), found.get("threshold", 0.5)
    for name in classes:
        if SEPARATOR in name:
            hint = f"In the manifest '{SEPARATOR}' stands between labels: rename it."
            raise DataError(f"The label '{name[:40]}' has a '{SEPARATOR}' in its name.", hint)
    if type(threshold) is not float or not 0 < threshold < 1:
        raise DataError("The threshold is no probability.", 'Write "threshold": 0.5, above 0 and below 1.')
    return Multilabel(classes, threshold), ()


def _classes(found: Mapping[str, Any]) -> tuple[str, ...]:
    given = found.get("classes")
    hint = f'Write "classes": ["dog", "cat"], 2 to {MOST_CLASSES} names or whole numbers.'
    if not isinstance(given, list):
        raise DataError("The classes are not a list of names.", hint)
    if not 2 <= len(given) <= MOST_CLASSES:
        raise DataError(f"There {'is 1 class' if len(given) == 1 else f'are {len(given)} classes'}.", hint)
    classes = [str(name) if type(name) is int else name for name in given]
    for name in classes:
        if not is_plain(name, LONGEST_NAME):
            raise DataError(f"'{plain(name, LONGEST_NAME)}' cannot name a class.", NAMES_HINT)
    if len(set(classes)) != len(classes):
        raise DataError("Two classes share a name.", "Give each its own.")
    return tuple(classes)


def _regression(found: Mapping[str, Any]) -> tuple[Output, Regions]:
    low, high, middle = (found.get(name, default) for name, default in (("low", ""), ("high", ""), ("middle", 0.0)))
    if not all(type(value) in (int, float) and abs(value) <= FARTHEST_END for value in (low, high, middle)):
        raise DataError("The scale has no ends.", 'Write "low": 0, "high": 10; up to a billion either way.')
    if not low < high or (high - low) < LEAST_SCALE * max(abs(low), abs(high)):
        raise DataError(f"The scale from {low:g} to {high:g} is empty.", "low has to be below high.")
    if "middle" not in found and not low < 0 < high:
        middle = (low + high) / 2
    steps = found.get("whole_steps", False)
    if not isinstance(steps, bool):
        raise DataError("'whole_steps' is neither true nor false.", 'Write "whole_steps": true.')
    return Regression(float(low), float(high), float(middle), steps), ()


def _segmentation(found: Mapping[str, Any]) -> tuple[Output, Regions]:
    regions = found.get("regions")
    if isinstance(regions, list):
        regions = {str(name): [place] for place, name in enumerate(regions, 1)}
    hint = 'Write "regions": ["road", "sky"] for the labels 1 and 2, or {"whole": [1, 2, 4], "core": [1, 4]}.'
    if not isinstance(regions, dict) or not 1 <= len(regions) <= MOST_REGIONS:
        raise DataError("The regions are not a list of names.", hint)
    for name, labels in regions.items():
        good = isinstance(labels, list) and labels and all(type(label) is int and 0 < label < 256 for label in labels)
        if not good or not name.replace("_", "").isalnum():
            raise DataError(f"The region '{name[:40]}' has no labels from 1 to 255.", hint)
    measured_by, known = found.get(MEASURED_BY, Segmentation.headline), _headlines()
    if measured_by not in known:
        message = f"Regions are not measured by '{str(measured_by)[:40]}'."
        raise DataError(message, f'Write "{MEASURED_BY}": one of {", ".join(known)}.')
    ignored = _ignored(found.get(IGNORE, []), regions)
    output = Segmentation.from_card({"regions": tuple(regions), MEASURED_BY: measured_by, IGNORE: ignored})
    return output, tuple(tuple(labels) for labels in regions.values())


def _ignored(found: Any, regions: Mapping[str, list[int]]) -> tuple[int, ...]:
    """The labels that mean that nobody labelled a pixel: one, or a list. Raises DataError."""
    labels = [found] if type(found) is int else found
    hint = f'Write "{IGNORE}": 255, or [0, 255]: labels from 0 to 255 of pixels that nobody labelled.'
    if not isinstance(labels, list) or not all(type(label) is int and 0 <= label < 256 for label in labels):
        raise DataError("What is to be ignored is no label.", hint)
    for name, own in regions.items():
        for label in labels:
            if label in own:
                message = f"The label {label} is to be ignored, and the region '{name[:40]}' is made of it."
                raise DataError(message, "Take it out of one of the two.")
    return tuple(sorted(set(labels)))


def _headlines() -> tuple[str, ...]:
    """By what regions can be measured: Dice per case for nested ones, mIoU where kinds of things share a picture."""
    kinds: list[type[Segmentation]] = [Segmentation, *Segmentation.__subclasses__()]
    return tuple(kind.headline for kind in kinds)


def regions_of(
    labels: NDArray[np.uint8], regions: Regions, name: str, ignored: tuple[int, ...] = ()
) -> NDArray[np.bool_ | np.int8]:
    """Regions `[R, ...]`, which may overlap, from labels per pixel or voxel `[...]` of the file of this name.

    Truth values; where labels may be `ignored`, int8 with `UNLABELLED` in every region of a pixel that has one.
    Raises DataError for labels that no region is made of.
    """
    known = {0, *ignored, *(label for region in regions for label in region)}
    unknown = sorted(set(np.unique(labels).tolist()) - known)
    if unknown:
        listed = ", ".join(map(str, sorted(known)))
        label = shown_name(name, "The label map")
        hint = f'There are: {listed}. If it marks pixels that nobody labelled: "{IGNORE}": {unknown[0]}.'
        raise DataError(f"{label} has the label {unknown[0]}, which belongs to no region.", hint)
    there = np.stack([np.isin(labels, region) for region in regions])
    return np.where(np.isin(labels, ignored), UNLABELLED, there).astype(np.int8) if ignored else there
