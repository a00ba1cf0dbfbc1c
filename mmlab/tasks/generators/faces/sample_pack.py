"""The sample pack of the task `faces`: the first samples of its test split as real files."""

from __future__ import annotations

from mmlab.core.recordings import Picture
from mmlab.modalities.image.decode import encode_picture, read_depth, read_picture
from mmlab.tasks.generators.faces.captures import recordings
from mmlab.tasks.generators.sample_packs import SAMPLES, Format, Pack, PackItem

COUNT = 180
PACK = Pack(
    SAMPLES / "faces" / "pack.zip",
    {
        "color": Format("-color.png", read_picture, encode_picture),
        "depth": Format("-depth.png", read_depth, encode_picture),
        "infrared": Format("-infrared.png", read_picture, encode_picture),
    },
    "python tools/make_faces.py",
)


def items() -> list[PackItem]:
    """The samples of the pack, from the simulator."""
    found = next(recordings("test"))
    return [
        PackItem(
            {"id": found.ids[row], "kind": found.kinds[row], "person": found.people[row]},
            {name: Picture(pixels[row]) for name, pixels in found.pictures.items()},
        )
        for row in range(COUNT)
    ]
