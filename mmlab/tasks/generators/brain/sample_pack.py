"""The sample pack of the task `brain`: the first slices of its test split as real files, whole small volumes first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mmlab.core.recordings import Picture
from mmlab.modalities.image.decode import encode_picture, read_picture
from mmlab.modalities.scan.preprocess import read_scan
from mmlab.tasks.generators.brain.anatomy import FOLDER
from mmlab.tasks.generators.brain.mri_signal import SEQUENCES
from mmlab.tasks.generators.brain.slices import Item, case_items
from mmlab.tasks.generators.brain.tumours import REGIONS
from mmlab.tasks.generators.sample_packs import Format, Pack, PackItem

CASES = 11  # the small volumes and seven stacks of few slices
TRUTH = "truth"
STEP = 80  # of grey per region that a pixel lies in


def truth_picture(labels: NDArray[np.bool_]) -> Picture:
    """Nested regions, bool `[3, H, W]`, as one grey picture."""
    return Picture((labels.sum(0) * STEP).astype(np.uint8))


def labels_of(truth: Picture) -> NDArray[np.bool_]:
    """Back to bool `[3, H, W]`."""
    depth = truth.pixels // STEP
    return depth >= np.arange(1, len(REGIONS) + 1)[:, None, None]


FORMATS = {name: Format(f"-{name}.png", read_scan, encode_picture) for name in SEQUENCES}
TRUTHS = {TRUTH: Format(f"-{TRUTH}.png", read_picture, encode_picture)}
PACK = Pack(FOLDER / "pack.zip", FORMATS | TRUTHS, "python tools/make_brain.py")


def items() -> list[PackItem]:
    """The slices of the pack, from the generators."""
    return [_packed(item) for case in range(CASES) for item in case_items("test", case)]


def _packed(item: Item) -> PackItem:
    row = {"id": item.id, "case": item.case, "apart": item.apart}
    return PackItem(row, {**item.raw, TRUTH: truth_picture(item.labels)})
