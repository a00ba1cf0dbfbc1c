"""The task `brain`: one slice of a head in four MRI contrasts; where is the tumour, its core, its enhancing part?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from numpy.typing import NDArray
from torch import Tensor

from mmlab.core.batch import Samples
from mmlab.core.errors import DataError
from mmlab.core.modality import Modalities, Modality
from mmlab.core.options import NO_OPTIONS, build
from mmlab.core.outputs import Segmentation
from mmlab.core.phrases import say
from mmlab.core.recordings import Picture, Raw
from mmlab.core.task import TASKS, GallerySample, PreparedInput, Source, Split, TaskInfo
from mmlab.modalities.scan.augment import vary_scan
from mmlab.modalities.scan.grid import APART, PIXEL, SIDE
from mmlab.modalities.scan.preprocess import prepare_scan, read_scan
from mmlab.modalities.scan.volume_slice import SliceOptions
from mmlab.tasks.cached_splits import Sample, cached_split, stacked
from mmlab.tasks.generators.brain import slices as items
from mmlab.tasks.generators.brain.anatomy import FILE
from mmlab.tasks.generators.brain.sample_pack import PACK, TRUTH, labels_of

VERSION = 1  # of what a split holds; raise it when the anatomy, the tumours, the scanner or the preparation changes
SLICE = (1, SIDE, SIDE)
MODALITIES = Modalities(
    [
        Modality("flair", "scan", SLICE, "FLAIR", "F"),
        Modality("t1", "scan", SLICE, "T1", "1"),
        Modality("t1ce", "scan", SLICE, "T1ce", "C"),
        Modality("t2", "scan", SLICE, "T2", "2"),
    ]
)
OUTPUT = Segmentation(("wt", "tc", "et"), ("Whole tumour", "Tumour core", "Enhancing tumour"), PIXEL)


@TASKS.register("brain")
class Brain:
    """Simulated tumours and contrasts on the real anatomy of the MNI152 template; slices that belong to cases."""

    name = "brain"
    title = "Brain"
    about = (
        "Slices of a head in four MRI contrasts, with a tumour in three nested regions. The anatomy is real (the "
        "MNI152 template, an average of 152 people); tumours, contrasts and noise are simulated. For research and "
        "teaching: nothing here says anything about a patient."
    )
    info = TaskInfo("brain", MODALITIES, OUTPUT)
    plan: ClassVar[Mapping[str, Any]] = {"epochs": 12, "batch_size": 24, "learning_rate": 4e-3}
    grouped_by: ClassVar[str] = "head"

    def sources(self) -> tuple[Source, ...]:
        """Only the built-in one: the real slices at hand show another disease (`bench/real_brain.py`)."""
        return ("built-in",)

    def samples(self, split: Split, source: Source = "built-in") -> Samples:
        """A split as stacked tensors: the slices of each case one after the other. Raises DataError."""
        if source != "built-in":
            raise DataError("There are no real recordings for the task brain.", "Use the built-in data.")
        return _split(split)

    def augment(self, inputs: Mapping[str, Tensor], seed: int) -> dict[str, Tensor]:
        """Other scanners: contrast, brightness and noise of each slice, a function of `seed`. Shapes stay."""
        generator = torch.Generator().manual_seed(seed)
        return {name: vary_scan(value, generator) for name, value in inputs.items()}

    def gallery(self) -> tuple[str, ...]:
        """Ids of the shipped slices, case by case, from below."""
        return tuple(PACK.index)

    def example(self, sample: str) -> GallerySample:
        """One shipped slice, decoded from its files. Raises UnknownName."""
        raw, row = PACK.recordings(sample), PACK.row(sample)
        truth = raw.pop(TRUTH)
        assert isinstance(truth, Picture)
        labels = labels_of(truth)
        stack = tuple(name for name, other in PACK.index.items() if other["case"] == row["case"])
        note = say(
            "Simulated. Case {case}: slice {place} of {slices}, {apart} mm apart.",
            case=row["case"],
            place=stack.index(sample) + 1,
            slices=len(stack),
            apart=f"{row['apart']:g}",
        )
        return GallerySample(sample, raw, labels, OUTPUT.words(labels), note, stack)

    def read(self, modality: str, content: bytes, name: str = "", options: Mapping[str, Any] = NO_OPTIONS) -> Raw:
        """Decode a picture of a slice or a NIfTI volume, of which `height` says which slice. Raises DataError."""
        _ = MODALITIES[modality]
        return read_scan(content, name, build(SliceOptions, options).height)

    def prepare(self, modality: str, raw: Raw) -> PreparedInput:
        """Preprocess a slice into a model input: see `mmlab.modalities.scan.preprocess`."""
        _ = MODALITIES[modality]
        return prepare_scan(raw)

    def describe(self) -> dict[str, Any]:
        """Sources, sizes and what is simulated, for a card."""
        return {
            "sources": {
                "built-in": {
                    "anatomy": "MNI ICBM152 nonlinear symmetric 2009a, one average head, turned, scaled and warped",
                    "tumours": "our simulator: irregular nested spheres",
                    "contrasts": "spin echo and inversion recovery equations at 3 tesla, Rician noise",
                }
            },
            "sizes": items.sizes(),
            "cases": {split: plan.cases for split, plan in items.PLANS.items()},
            "pixel_mm": PIXEL,
            "slice_mm": APART,
            "simulated": ["tumours", "contrasts", "noise", "the differences between heads"],
            "use": "research and teaching only; nothing here is a medical device or says anything about a patient",
            "version": VERSION,
        }


def drawn(split: Split) -> dict[str, NDArray[Any]]:
    """The arrays of a split for `cached_split`, drawn by the simulator."""
    slices = (item for case in range(items.PLANS[split].cases) for item in items.case_items(split, case))
    samples = (Sample(item.id, item.case, item.labels, item.raw) for item in slices)
    return stacked(samples, MODALITIES, dict.fromkeys(MODALITIES.names, prepare_scan))


def drawn_from(split: Split) -> tuple[object, ...]:
    """What those arrays depend on."""
    return VERSION, split, items.PLANS[split], SIDE, FILE.stat().st_size if FILE.is_file() else 0


def _split(split: Split) -> Samples:
    return cached_split(f"brain-{split}", drawn_from(split), MODALITIES, lambda: drawn(split))
