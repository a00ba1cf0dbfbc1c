"""The sample pack of the task `rooms`: the first samples of its test split as real files, with their label maps."""

from __future__ import annotations

from functools import partial
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from mmlab.core.recordings import Picture
from mmlab.modalities.image.decode import encode_picture, read_distance, read_picture
from mmlab.tasks.generators.rooms.cameras import NEAR, RANGE
from mmlab.tasks.generators.rooms.captures import Capture, recordings
from mmlab.tasks.generators.rooms.furniture import REGIONS
from mmlab.tasks.generators.sample_packs import SAMPLES, Format, Pack, PackItem

COUNT = 96
TRUTH = "truth"
STEP = 25  # of grey from one region to the next
read_depth = partial(read_distance, near=1000 * NEAR, far=1000 * RANGE)
PACK = Pack(
    SAMPLES / "rooms" / "pack.zip",
    {
        "color": Format("-color.png", read_picture, encode_picture),
        "depth": Format("-depth.png", read_depth, encode_picture),
        TRUTH: Format(f"-{TRUTH}.png", read_picture, encode_picture),
    },
    "python tools/make_rooms.py",
)


def labels_of(regions: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Where each region is, bool `[10, H, W]`, from the region of each pixel `[H, W]`."""
    return np.asarray(regions[None] == np.arange(len(REGIONS))[:, None, None])


def regions_of(truth: Picture) -> NDArray[np.integer]:
    """The region of each pixel, from the picture of it in the pack."""
    return np.asarray(truth.pixels // STEP)


def items() -> list[PackItem]:
    """The samples of the pack, from the renderer."""
    return [_packed(found) for found in islice(recordings("test"), COUNT)]


def _packed(found: Capture) -> PackItem:
    seen = found.pictures
    pictures = {"color": seen.color, "depth": seen.depth, TRUTH: (seen.regions * STEP).astype(np.uint8)}
    row = {"id": found.id, "kind": found.kind, "room": found.room}
    return PackItem(row, {name: Picture(pixels) for name, pixels in pictures.items()})
