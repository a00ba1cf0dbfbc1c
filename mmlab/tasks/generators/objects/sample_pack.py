"""The sample pack of the task `objects`: the first samples of its test split as real files."""

from __future__ import annotations

from itertools import islice

from mmlab.core.recordings import Picture
from mmlab.modalities.image.decode import encode_picture, read_picture
from mmlab.tasks.generators.objects.captures import recordings
from mmlab.tasks.generators.sample_packs import SAMPLES, Format, Pack, PackItem

COUNT = 160
PACK = Pack(
    SAMPLES / "objects" / "pack.zip",
    {
        "front": Format("-front.png", read_picture, encode_picture),
        "rear": Format("-rear.png", read_picture, encode_picture),
    },
    "python tools/make_objects.py",
)


def items() -> list[PackItem]:
    """The samples of the pack, from the renderer."""
    return [
        PackItem(
            {"id": found.id, "kind": found.kind, "object": found.thing},
            {name: Picture(pixels) for name, pixels in found.pictures.items()},
        )
        for found in islice(recordings("test"), COUNT)
    ]
