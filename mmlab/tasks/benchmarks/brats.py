"""BraTS (Menze et al., IEEE TMI 2015; Baid et al., 2021): tumour regions in four contrasts, as slices or scans."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mmlab.core.errors import DataError
from mmlab.modalities.scan.volume_grids import common_shape
from mmlab.tasks.generators.brain.slices import case_items
from mmlab.tasks.official.benchmark import BENCHMARKS, Benchmark, Protocol, Sample, chance
from mmlab.tasks.official.stand_ins import put

NAMES = {  # of the contrasts and the labels, by what marks a FLAIR file of that year
    "_flair": {"flair": "_flair", "t1": "_t1", "t1ce": "_t1ce", "t2": "_t2", "seg": "_seg"},
    "-t2f": {"flair": "-t2f", "t1": "-t1n", "t1ce": "-t1c", "t2": "-t2w", "seg": "-seg"},
}
LABELS = {"flair": "FLAIR", "t1": "T1", "t1ce": "T1ce", "t2": "T2"}
BOX = {"size": 120, "slices": 78}  # half of the voxels of a file along each side
WHOLE = "volumes"  # the protocol that takes a case as one sample
LOW, HIGH, STEP, FEW = 0.2, 0.85, 5, 40  # share of a volume that slices are taken from, every STEP-th of them
CASES = 12


@BENCHMARKS.register("brats")
class BraTS(Benchmark):
    """A folder per case, at any depth, with four contrasts and the labels, keyed by their names and not by an order."""

    title = "BraTS"
    about = "Regions of a tumour in FLAIR, T1, contrast-enhanced T1 and T2. Not for clinical use."
    licence = "For research, on registration; the years 2021 and later CC BY 4.0 or CC BY-NC"
    origin = "https://www.synapse.org (BraTS), https://www.med.upenn.edu/cbica (2018 to 2020)"
    grouped_by = "case"
    output: ClassVar[Mapping[str, Any]] = {
        "kind": "segmentation",  # enhancing tumour is 4 up to 2021 and 3 since 2023; no file has the other number
        "regions": {"whole": [1, 2, 3, 4], "core": [1, 3, 4], "enhancing": [3, 4]},
    }
    protocols: ClassVar[tuple[Protocol, ...]] = (
        Protocol(
            "slices",
            "70, 10 and 20 % of the cases, drawn by their names; each fifth axial slice from 20 to 85 % of the height.",
            "Not of a paper: slices of 96 × 96 instead of windows of 128 × 128 × 128; Dice over the slices of a case.",
            "mmlab",
            tuple({"name": name, "kind": "slices", "size": 96, "label": label} for name, label in LABELS.items()),
        ),
        Protocol(
            WHOLE,
            "The same cases, each as a whole.",
            "Not of a paper: voxels of 2 mm (--size 120) unless another size is asked for, learned and answered in "
            "windows that a step has room for; others take voxels of 1 mm in windows of 128 × 128 × 128.",
            "mmlab",
            tuple({"name": name, "kind": "volume", **BOX, "label": label} for name, label in LABELS.items()),
        ),
        Protocol(
            "mmformer",
            "2018: three splits of 199, 29 and 57 cases; 15 combinations; windows of 128 × 128 × 128, half overlap; "
            "Dice by case, 1 where both are empty; a second score drops enhancing tumour of under 500 voxels.",
            "Cannot be run here: its splits are lists of its repository. `volumes` takes whole scans.",
            "YaoZhang93/mmFormer, Jun-Jie-Shi/M2FTrans",
        ),
        Protocol(
            "m2ftrans",
            "2020: 219, 50 and 100 cases; 2021: 876, 125 and 250; otherwise as mmformer.",
            "Cannot be run here: its splits are lists of its repository. `volumes` takes whole scans.",
            "Jun-Jie-Shi/M2FTrans",
        ),
    )

    def find(self, folder: Path, protocol: Protocol) -> list[Sample]:
        """The slices of every case, or the case. Raises DataError where two of its files are not on one grid."""
        cases = dict(_cases(folder))
        if not cases:
            hint = "Name the folder that holds a folder per case, such as MICCAI_BraTS2020_TrainingData."
            raise DataError(f"There is no file '*_flair.nii.gz' or '*-t2f.nii.gz' under '{folder}'.", hint)
        splits = _splits(list(cases))
        found = []
        for name, files in cases.items():
            depth = _depth(folder, files)
            if protocol.name == WHOLE:
                found.append(Sample(name, splits[name], files["seg"], {each: files[each] for each in LABELS}, name))
                continue
            for height in range(depth) if depth < FEW else range(round(LOW * depth), round(HIGH * depth), STEP):
                cells = {contrast: f"{files[contrast]}#{height}" for contrast in LABELS}
                found.append(Sample(f"{name}-{height:03d}", splits[name], f"{files['seg']}#{height}", cells, name))
        return found

    def miniature(self, folder: Path) -> None:
        """Twelve cases of six slices with the names of 2020; the labels of one have another name, as those of 355."""
        import nibabel

        for number in range(CASES):
            items = list(case_items("train", number))
            name = f"BraTS20_Training_{number + 1:03d}"
            volumes = {contrast: np.stack([_turned(i.raw[contrast].pixels) for i in items], 2) for contrast in LABELS}
            volumes["seg"] = np.stack([_turned(_labels(item.labels)) for item in items], 2)
            for part, values in volumes.items():
                title = "W39_1998.09.19_Segm" if part == "seg" and number == CASES - 1 else f"{name}_{part}"
                content = nibabel.Nifti1Image(np.ascontiguousarray(values, np.uint8), np.eye(4)).to_bytes()
                put(folder / name / f"{title}.nii.gz", gzip.compress(content, mtime=0))


def _cases(folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Each case with the path of each of its files, as its name should be where there is none."""
    for names in NAMES.values():
        known: dict[Path, tuple[str, str]] = {}
        for part in LABELS:  # by whichever contrast is there: what is lost is named, and no case disappears
            for file in folder.rglob(f"*{names[part]}.nii*"):
                end = file.name[file.name.rindex(".nii") :]
                known.setdefault(file.parent, (file.name.removesuffix(f"{names[part]}{end}"), end))
        for parent, (case, end) in sorted(known.items()):
            place = parent.relative_to(folder)
            found = {part: (place / f"{case}{tail}{end}").as_posix() for part, tail in names.items()}
            other = next(parent.glob("*Segm.nii*"), None)
            if other is not None and not (folder / found["seg"]).is_file():
                found["seg"] = (place / other.name).as_posix()
            yield case, found


def _splits(cases: list[str]) -> dict[str, str]:
    ordered = sorted(cases, key=lambda case: chance(f"brats case {case}"))
    test, valid = max(1, round(0.2 * len(ordered))), max(1, round(0.1 * len(ordered)))
    return {
        case: "test" if place < test else "valid" if place < test + valid else "train"
        for place, case in enumerate(ordered)
    }


def _depth(folder: Path, files: Mapping[str, str]) -> int:
    """How many slices the files of a case have. Raises DataError where they are not on one grid."""
    shape = common_shape(folder, files.values())
    return 1 if shape is None else shape[2]


def _turned(picture: NDArray[Any]) -> NDArray[Any]:
    """A picture `[H, W]` as a slice `[X, Y]` of a volume."""
    return np.rot90(picture, -1)


def _labels(regions: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Labels `[H, W]` as BraTS has them, of the regions whole, core and enhancing."""
    whole, core, enhancing = regions
    return np.select([enhancing, core, whole], [4, 1, 2], 0).astype(np.uint8)
