"""NYU Depth v2 (Silberman et al., ECCV 2012): indoor scenes in colour and depth, with labels of 40 or 13 classes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from mmlab.core.errors import DataError
from mmlab.tasks.official.benchmark import BENCHMARKS, Benchmark, Protocol, Sample, lines_of, with_validation
from mmlab.tasks.official.stand_ins import deep_png, png, put, scenes

CLASSES = [
    "wall",
    "floor",
    "cabinet",
    "bed",
    "chair",
    "sofa",
    "table",
    "door",
    "window",
    "bookshelf",
    "picture",
    "counter",
    "blinds",
    "desk",
    "shelves",
    "curtain",
    "dresser",
    "pillow",
    "mirror",
    "floor_mat",
    "clothes",
    "ceiling",
    "books",
    "refridgerator",
    "television",
    "paper",
    "towel",
    "shower_curtain",
    "box",
    "whiteboard",
    "person",
    "night_stand",
    "toilet",
    "sink",
    "lamp",
    "bathtub",
    "bag",
    "otherstructure",
    "otherfurniture",
    "otherprop",
]
CLASSES_13 = [
    "bed",
    "books",
    "ceiling",
    "chair",
    "floor",
    "furniture",
    "objects",
    "picture",
    "sofa",
    "table",
    "tv",
    "wall",
    "window",
]
OF_SCENE = {40: (0, 1, 2, 31), 13: (0, 12, 5, 7)}  # labels of what the miniature shows, by its own; 0 is no label
MILLIMETRES = 10_000.0
FRAME = 2  # pixels about a picture of the miniature that nobody labelled, as the edge of the official ones
INPUTS = (
    {"name": "colour", "kind": "image", "size": 96, "colour": True, "label": "Colour", "letter": "C"},
    {"name": "depth", "kind": "image", "size": 96, "white": MILLIMETRES, "label": "Depth", "letter": "D"},
)
ASKED = {"kind": "segmentation", "measured_by": "iou", "ignore": 0}
HERE = (
    "Fitted into 96 × 96 with black beside; each kind is found or not for itself, where others choose one for each "
    "pixel; a tenth of the training pictures chooses the epoch. Pixels without a label (0) are neither learned from "
    "nor counted, as published."
)


@BENCHMARKS.register("nyuv2")
class NYUv2(Benchmark):
    """Folders as ESANet's and MMANet's script prepares them: a picture, its depth in millimetres and its labels."""

    title = "NYU Depth v2"
    about = "Which things are where in a room, from colour and depth."
    licence = "For research; the pictures are those of New York University"
    origin = "https://cs.nyu.edu/~fergus/datasets/nyu_depth_v2.html, prepared by prepare_dataset.py of ESANet"
    output: ClassVar[Mapping[str, Any]] = {**ASKED, "regions": CLASSES}
    protocols: ClassVar[tuple[Protocol, ...]] = (
        Protocol(
            "mmanet",
            "795 pictures to train and 654 to measure, 480 × 640, 40 kinds, mIoU; the epoch that is best on the test "
            "pictures is kept.",
            HERE,
            "shicaiwei123/MMANet-CVPR2023 (after TUI-NICR/ESANet)",
            INPUTS,
            {"train": 795, "test": 654},
        ),
        Protocol(
            "classes-13",
            "The same pictures with 13 kinds.",
            HERE,
            "TUI-NICR/ESANet",
            INPUTS,
            {"train": 795, "test": 654},
            {**ASKED, "regions": CLASSES_13},
        ),
    )

    def find(self, folder: Path, protocol: Protocol) -> list[Sample]:
        """The pictures of both lists."""
        labels = f"labels_{len(self.asks(protocol)['regions'])}"
        found = []
        for split in ("train", "test"):
            for number, line in lines_of(folder, f"{split}.txt"):
                if not line.isdecimal():
                    raise DataError(
                        f"{split}.txt, line {number}: '{line[:40]}' is no number of a picture.", "Such as 0002."
                    )
                cells = {name: f"{split}/{part}/{line}.png" for name, part in (("colour", "rgb"), ("depth", "depth"))}
                found.append(Sample(f"{split}-{line}", split, f"{split}/{labels}/{line}.png", cells))
        return with_validation(found)

    def miniature(self, folder: Path) -> None:
        """Twenty-four pictures to train and six to measure, of a wall, a floor and a person."""
        lists: dict[str, list[str]] = {"train": [], "test": []}
        for turn, (colour, near, labels) in enumerate(scenes(30), 1):
            split, name = "test" if turn % 5 == 0 else "train", f"{turn:04d}"
            put(folder / split / "rgb" / f"{name}.png", png(colour))
            put(folder / split / "depth" / f"{name}.png", deep_png(4000 - near.astype(int) * 10))
            labels[:FRAME] = labels[-FRAME:] = labels[:, :FRAME] = labels[:, -FRAME:] = 0
            for count, known in OF_SCENE.items():
                put(folder / split / f"labels_{count}" / f"{name}.png", png(np.array(known, np.uint8)[labels]))
            lists[split].append(name)
        for split, names in lists.items():
            put(folder / f"{split}.txt", "\n".join(names) + "\n")
