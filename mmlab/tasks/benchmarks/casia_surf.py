"""CASIA-SURF (Zhang et al., CVPR 2019): live faces and printed ones in colour, depth and infrared."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

from mmlab.core.errors import DataError
from mmlab.tasks.generators.faces.captures import recordings
from mmlab.tasks.official.benchmark import BENCHMARKS, Benchmark, Protocol, Sample, lines_of, with_validation
from mmlab.tasks.official.stand_ins import jpeg, put

KINDS = ("color", "depth", "ir")
CAMERAS = ("color", "depth", "infrared")  # of the generator of faces
TRAIN, VALID, TEST = "train_list.txt", "val_private_list.txt", "test_private_list.txt"
LABELS = {"1": "live", "0": "attack"}


def _inputs(size: int) -> tuple[dict[str, object], ...]:
    return (
        {"name": "colour", "kind": "image", "size": size, "colour": True, "label": "Colour", "letter": "C"},
        {"name": "depth", "kind": "image", "size": size, "label": "Depth", "letter": "D"},
        {"name": "infrared", "kind": "image", "size": size, "label": "Infrared", "letter": "I"},
    )


@BENCHMARKS.register("casia_surf")
class CasiaSurf(Benchmark):
    """List files with a line `color depth ir label` per sample; 1 is a live face."""

    title = "CASIA-SURF"
    about = "Whether a face is live or a print, from colour, depth and infrared."
    licence = "For research only, on a signed agreement"
    origin = "https://sites.google.com/view/face-anti-spoofing-challenge"
    grouped_by = "person"
    output: ClassVar[Mapping[str, Any]] = {"kind": "detection", "classes": ["live", "attack"], "accept": "live"}
    protocols: ClassVar[tuple[Protocol, ...]] = (
        Protocol(
            "mmanet",
            "Train on train_list, measured on val_private_list; resized to 144, turned by up to 30°, cropped to 112, "
            "(x - 127.5) / 128; ACER at argmax, averaged over 7 combinations and 3 runs.",
            "Fitted into 112 × 112 with greys in [0, 1]; the epoch is chosen on a tenth of the people in train_list, "
            "never on the list that is measured; run three seeds and take the mean ACER of `evaluate`.",
            "shicaiwei123/MMANet-CVPR2023",
            _inputs(112),
        ),
        Protocol(
            "lists",
            "All three lists: train_list, val_private_list to choose the epoch, test_private_list to measure.",
            "Fitted into 64 × 64 with greys in [0, 1].",
            "the challenge's own lists",
            _inputs(64),
        ),
    )

    def find(self, folder: Path, protocol: Protocol) -> list[Sample]:
        """The lines of the lists."""
        training = _listed(folder, TRAIN, "train")
        if protocol.name == "lists":
            return [*training, *_listed(folder, VALID, "valid"), *_listed(folder, TEST, "test")]
        return [*with_validation(training, lambda sample: sample.group), *_listed(folder, VALID, "test")]

    def miniature(self, folder: Path) -> None:
        """Captures of drawn faces: 72 to train, 36 in each of the other lists."""
        for split, name, count in (("train", TRAIN, 72), ("valid", VALID, 36), ("test", TEST, 36)):
            lines = []
            found = recordings(split)  # type: ignore[arg-type]
            for number, (part, row) in enumerate(islice(((p, r) for p in found for r in range(len(p.ids))), count)):
                stem = _stem(split, number, part.people[row], bool(part.live[row]))
                paths = [f"{stem[0]}{kind}{stem[1]}" for kind in KINDS]
                for path, modality in zip(paths, CAMERAS, strict=True):
                    put(folder / path, jpeg(part.pictures[modality][row]))
                lines.append(" ".join([*paths, "1" if part.live[row] else "0"]))
            put(folder / name, "\n".join(lines) + "\n")


def _stem(split: str, number: int, person: str, live: bool) -> tuple[str, str]:
    """What stands before and after the kind of picture in a path of the official layout."""
    if split != "train":
        return f"{'Val' if split == 'valid' else 'Testing'}/{number:04d}/{number:06d}-", ".jpg"
    who = f"CLKJ_AS{int(person.rpartition('-')[2]):04d}"
    part = f"real_part/{who}/real.rssdk" if live else f"fake_part/{who}/04_en_b.rssdk"
    return f"Training/{part}/", f"/{number}.jpg"


def _listed(folder: Path, name: str, split: str) -> list[Sample]:
    found = []
    for number, line in lines_of(folder, name):
        parts = line.split()
        if len(parts) != 4:
            raise DataError(f"{name}, line {number}: '{line[:60]}' is not three paths and a label.", "")
        *paths, label = parts
        if label not in LABELS:
            raise DataError(f"{name}, line {number}: '{label[:20]}' is no label.", "1 is live, 0 an attack.")
        for kind, path in zip(KINDS, paths, strict=True):
            if kind not in PurePosixPath(path).parts and f"-{kind}" not in path:
                raise DataError(f"{name}, line {number}: '{path[:80]}' is not of the kind {kind}.", "")
        cells = dict(zip(("colour", "depth", "infrared"), paths, strict=True))
        found.append(Sample(_id(paths[0]), split, LABELS[label], cells, _person(paths[0])))
    return found


def _id(path: str) -> str:
    """A name that differs for each line: the path of the colour picture without what is the same in all."""
    return path.removeprefix("Training/").replace("/color/", "/").replace("-color", "").rpartition(".")[0]


def _person(path: str) -> str:
    """The person in a path of the training part; the other parts do not say who it is."""
    return next((part for part in PurePosixPath(path).parts if part.startswith("CLKJ")), "")
