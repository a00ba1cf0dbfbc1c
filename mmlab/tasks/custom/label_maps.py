"""Label maps of a folder: of an image or a slice, or of a whole scan, aligned with its inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.core.errors import DataError
from mmlab.core.recordings import Picture, Raw, ScanVolume
from mmlab.modalities.files import numbered, shown_name
from mmlab.modalities.image.folder_input import fitted
from mmlab.modalities.scan.folder_input import SlicesInput, read_labels
from mmlab.modalities.scan.volume_grids import common_shape
from mmlab.modalities.volume.decode import read_label_volume
from mmlab.modalities.volume.folder_input import VolumeInput, fitted_labels, places_in
from mmlab.tasks.custom.manifest import Row
from mmlab.tasks.custom.safe_paths import content_of
from mmlab.tasks.custom.targets import regions_of
from mmlab.tasks.custom.task_json import Description

ALIKE = 0.02  # share that the proportions of a picture and of its label map may differ by: rounding
LabelMap = NDArray[np.uint8] | ScanVolume


def label_map(description: Description, row: Row) -> LabelMap:
    """Labels as they lie in the file of a row: `[H, W]` of a picture, voxels of a scan. Raises DataError."""
    cell = str(row.target)
    path, number = numbered(cell)
    kind = description.inputs[0].kind
    if isinstance(kind, VolumeInput):
        if number:
            message = f"{shown_name(cell, 'The label map')} names a slice, and scans are taken as a whole here."
            raise DataError(message, f"Leave '#{number[:12]}' out.")
        return read_label_volume(content_of(description.folder, path), path, kind.most)
    axis = next((item.kind.axis for item in description.inputs if isinstance(item.kind, SlicesInput)), "axial")
    return read_labels(content_of(description.folder, path), cell, axis)


def regions(description: Description, row: Row, labels: LabelMap) -> NDArray[np.bool_ | np.int8]:
    """Regions `[R, H, W]`, or `[R, D, H, W]`, as large as the model's inputs. Raises DataError.

    What lies beside a picture that is no square is none of the regions; where labels may be ignored, it is.
    """
    shape, ignored = description.info.places, description.ignored
    beside = ignored[-1] if ignored else 0
    if isinstance(labels, ScanVolume):
        placed = fitted_labels(labels, shape, beside)
    else:
        placed = fitted(labels, shape[-1], smooth=False, beside=beside)
    return regions_of(placed, description.regions, str(row.target), ignored)


def unlabelled(description: Description, labels: LabelMap) -> tuple[int, int]:
    """How many pixels of a file nobody labelled, and how many there are."""
    values = labels.voxels if isinstance(labels, ScanVolume) else labels
    return int(np.isin(values, description.ignored).sum()), values.size


def region_pixels(description: Description, labels: LabelMap) -> tuple[int, ...]:
    """How many pixels of a file each region has."""
    values = labels.voxels if isinstance(labels, ScanVolume) else labels
    counts = np.bincount(values.reshape(-1), minlength=1)
    return tuple(
        int(sum(counts[label] for label in set(region) if label < len(counts))) for region in description.regions
    )


def check_alike(description: Description, row: Row, path: str, raw: Raw, labels: LabelMap) -> None:
    """Raise DataError where an input, the file at `path`, and its label map do not lie on each other."""
    if isinstance(labels, ScanVolume):
        common_shape(description.folder, (numbered(str(row.target))[0], path))
        _check_boxes(raw, labels, description.info.places)
    else:
        _check_proportions(raw, labels)


def _check_boxes(raw: Raw, labels: ScanVolume, shape: tuple[int, ...]) -> None:
    if not isinstance(raw, ScanVolume):
        return
    ours, theirs = (" × ".join(map(str, reversed(each.voxels.shape))) for each in (raw, labels))
    if ours != theirs:
        message = f"It is {ours} voxels and the label map {theirs}: they do not lie on each other."
        raise DataError(message, "Resample one to the other's grid.")
    if places_in(raw, shape) != places_in(labels, shape):
        message = "It and the label map do not say the same of how far their voxels lie apart."
        raise DataError(message, "Give both as NIfTI files, or both as arrays.")


def _check_proportions(raw: Raw, labels: NDArray[Any]) -> None:
    """A picture and its label map may differ in size, not in proportions: both are fitted into the same square."""
    (height, width), (down, across) = labels.shape, raw.pixels.shape[:2] if isinstance(raw, Picture) else labels.shape
    if abs(width * down - across * height) > ALIKE * width * down:
        sizes = f"It is {across} × {down} and the label map {width} × {height}"
        raise DataError(f"{sizes}: they do not lie on each other.", "Give both the same proportions.")
