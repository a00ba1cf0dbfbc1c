"""ModelNet40 as two views (Wu et al., CVPR 2015; views of Su et al., 2015): each object from the front and the rear."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from mmlab.core.errors import DataError
from mmlab.tasks.official.benchmark import BENCHMARKS, Benchmark, Protocol, Sample, with_validation
from mmlab.tasks.official.stand_ins import pictures_with_sounds, png, put

ROOT, FRONT, REAR = "modelnet40_images_new_12x", "_v001.png", "_v007.png"
CLASSES = (
    "airplane",
    "bathtub",
    "bed",
    "bench",
    "bookshelf",
    "bottle",
    "bowl",
    "car",
    "chair",
    "cone",
    "cup",
    "curtain",
    "desk",
    "door",
    "dresser",
    "flower_pot",
    "glass_box",
    "guitar",
    "keyboard",
    "lamp",
    "laptop",
    "mantel",
    "monitor",
    "night_stand",
    "person",
    "piano",
    "plant",
    "radio",
    "range_hood",
    "sink",
    "sofa",
    "stairs",
    "stool",
    "table",
    "tent",
    "toilet",
    "tv_stand",
    "vase",
    "wardrobe",
    "xbox",
)


@BENCHMARKS.register("modelnet40")
class ModelNet40(Benchmark):
    """Folders `<class>/<train or test>/<object>.obj.shaded_v001.png` to `_v012.png`."""

    title = "ModelNet40 views"
    about = "Which of 40 things an object is, from a picture of its front and one of its rear."
    licence = "For research; the meshes keep the copyrights of their makers"
    origin = "https://modelnet.cs.princeton.edu (meshes), views as in jongchyisu/mvcnn_pytorch"
    output: ClassVar[Mapping[str, Any]] = {"kind": "classification", "classes": list(CLASSES)}
    protocols: ClassVar[tuple[Protocol, ...]] = (
        Protocol(
            "di-mml",
            "Front is view 001, rear is view 007; the official 9,843 objects to train on and 2,468 to measure on.",
            "Grey and fitted into 64 × 64; the epoch is chosen on a tenth of the training objects, drawn by name.",
            "fanyunfeng-bit/DI-MML",
            (
                {"name": "front", "kind": "image", "size": 64, "label": "Front"},
                {"name": "rear", "kind": "image", "size": 64, "label": "Rear"},
            ),
            {"train": 9_843, "test": 2_468},
        ),
    )

    def find(self, folder: Path, protocol: Protocol) -> list[Sample]:
        """Every object of which there is a front or a rear view."""
        root = folder / ROOT
        if not root.is_dir():
            raise DataError(f"There is no '{ROOT}' in '{folder}'.", "Name the folder that it lies in.")
        found: list[Sample] = []
        for place in sorted(each for each in root.iterdir() if each.is_dir()):
            if place.name not in CLASSES:
                raise DataError(f"'{ROOT}/{place.name[:60]}' is no class of ModelNet40.", "Take it out of the folder.")
            for split in ("train", "test"):
                found += _objects(place, split)
        return with_validation(found)

    def miniature(self, folder: Path) -> None:
        """Six classes, eight objects to train on and four to measure on."""
        for turn, (number, pixels, _) in enumerate(pictures_with_sounds(6, 12)):
            name, split = CLASSES[number], "train" if turn % 12 < 8 else "test"
            stem = f"{ROOT}/{name}/{split}/{name}_{turn % 12 + 1:04d}.obj.shaded"
            put(folder / f"{stem}{FRONT}", png(pixels))
            put(folder / f"{stem}{REAR}", png(pixels[:, ::-1].copy()))


def _objects(place: Path, split: str) -> list[Sample]:
    """The objects of a class in one of its two folders."""
    names = {
        file.name.removesuffix(end)
        for end in (FRONT, REAR)
        for file in (place / split).glob(f"*{end}")
        if not file.name.startswith(".")
    }
    start = f"{ROOT}/{place.name}/{split}"
    return [
        Sample(
            f"{split}/{name.partition('.')[0]}",
            split,
            place.name,
            {"front": f"{start}/{name}{FRONT}", "rear": f"{start}/{name}{REAR}"},
        )
        for name in sorted(names)
    ]
