"""Cityscapes (Cordts et al., CVPR 2016): street scenes in colour with disparity or depth, and labels of 19 classes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from mmlab.core.errors import DataError
from mmlab.tasks.official.benchmark import BENCHMARKS, Benchmark, Protocol, Sample, lines_of, with_validation
from mmlab.tasks.official.stand_ins import deep_png, npy, png, put, scenes

CLASSES = [
    "road",
    "sidewalk",
    "building",
    "wall",
    "fence",
    "pole",
    "traffic_light",
    "traffic_sign",
    "vegetation",
    "terrain",
    "sky",
    "person",
    "rider",
    "car",
    "truck",
    "bus",
    "train",
    "motorcycle",
    "bicycle",
]
OF_SCENE = np.array((0, 11, 1, 12), np.uint8)  # void, sky, road and person, by the numbers of the miniature
CITIES = ("aachen", "bochum", "ulm")
SPLITS = {"train": "train", "valid": "test"}  # those of the list, and what they are for here
SIZE = 128
BONNET = 4  # lowest rows of a picture of the miniature, which are void


def _inputs(**depth: object) -> tuple[Mapping[str, Any], ...]:
    return (
        {"name": "colour", "kind": "image", "size": SIZE, "colour": True, "label": "Colour", "letter": "C"},
        {"name": "depth", "kind": "image", "size": SIZE, "letter": "D", **depth},
    )


HERE = (
    f"Fitted into {SIZE} × {SIZE} with black beside; each kind is found or not for itself, where others choose one for "
    "each pixel; a tenth of the training pictures chooses the epoch. Void pixels (0) are neither learned from nor "
    "counted, as published."
)


@BENCHMARKS.register("cityscapes")
class Cityscapes(Benchmark):
    """Folders and lists as ESANet's and MMANet's script prepares them."""

    title = "Cityscapes"
    about = "Which of 19 kinds of things are where in a street, from colour and disparity."
    licence = "Cityscapes licence, for research only, on registration"
    origin = "https://www.cityscapes-dataset.com, prepared by prepare_dataset.py of ESANet"
    grouped_by = "city"
    output: ClassVar[Mapping[str, Any]] = {
        "kind": "segmentation",
        "regions": CLASSES,
        "measured_by": "iou",
        "ignore": 0,  # void: what of the 33 labels is none of the 19
    }
    protocols: ClassVar[tuple[Protocol, ...]] = (
        Protocol(
            "mmanet",
            "2,975 pictures to train, measured on the 500 of valid, 512 × 1,024, 19 kinds, mIoU, with disparity.",
            HERE,
            "shicaiwei123/MMANet-CVPR2023 (after TUI-NICR/ESANet)",
            _inputs(white=32_256.0, label="Disparity"),
            {"train": 2_975, "test": 500},
        ),
        Protocol(
            "depth",
            "The same with depth in metres, baseline * fx / ((d - 1) / 256) of each camera, in place of disparity.",
            f"{HERE} 80 m and more are white.",
            "TUI-NICR/ESANet",
            _inputs(white=80.0, label="Depth"),
            {"train": 2_975, "test": 500},
        ),
    )

    def find(self, folder: Path, protocol: Protocol) -> list[Sample]:
        """The lines of the lists, which have one for each kind of file."""
        kind = "depth_raw" if protocol.name == "depth" else "disparity_raw"
        return with_validation([each for split in SPLITS for each in _listed(folder, split, kind)])

    def miniature(self, folder: Path) -> None:
        """Twenty-four pictures to train and six for validation, of a sky, a road and a person."""
        lists: dict[str, list[str]] = {}
        for turn, (colour, near, labels) in enumerate(scenes(30), 1):
            split, city = "valid" if turn % 5 == 0 else "train", CITIES[turn % 3]
            labels[-BONNET:] = 0
            stem, disparity = f"{city}/{city}_{turn:06d}_000019", near.astype(np.uint16) * 120 + 1
            metres = (2200 * 0.22 / np.maximum((disparity - 1) / 256, 1)).astype(np.float16)
            files = {
                "rgb": (f"{stem}_leftImg8bit.png", png(colour)),
                "disparity_raw": (f"{stem}_disparity.png", deep_png(disparity)),
                "depth_raw": (f"{stem}.npy", npy(metres)),
                "labels_19": (f"{stem}_gtFine_labelIds.png", png(OF_SCENE[labels])),
            }
            for kind, (name, content) in files.items():
                put(folder / split / kind / name, content)
                lists.setdefault(f"{split}_{kind}.txt", []).append(name)
        for name, lines in lists.items():
            put(folder / name, "\n".join(lines) + "\n")


def _listed(folder: Path, split: str, kind: str) -> list[Sample]:
    """The samples of a split. Raises DataError where its lists are not of the same pictures."""
    lists = {each: lines_of(folder, f"{split}_{each}.txt") for each in ("rgb", kind, "labels_19")}
    found = []
    for each, lines in lists.items():
        if len(lines) != len(lists["rgb"]):
            message = f"{split}_{each}.txt has {len(lines):,} lines and {split}_rgb.txt {len(lists['rgb']):,}."
            raise DataError(message, "Prepare the folder again.")
    for (number, colour), (_, depth), (_, labels) in zip(*lists.values(), strict=True):
        if not _frame(colour) == _frame(depth) == _frame(labels):
            message = f"{split}_{kind}.txt, line {number}: '{depth[:80]}' is not of the picture '{colour[:80]}'."
            raise DataError(message, "Prepare the folder again.")
        cells = {"colour": f"{split}/rgb/{colour}", "depth": f"{split}/{kind}/{depth}"}
        name = _frame(colour).replace("/", "-")
        found.append(Sample(name, SPLITS[split], f"{split}/labels_19/{labels}", cells, colour.partition("/")[0]))
    return found


def _frame(path: str) -> str:
    """The city and the number of a picture, as every one of its files is named: `ulm/ulm_000001_000019`."""
    return "_".join(path.rsplit(".", 1)[0].split("_")[:3])
