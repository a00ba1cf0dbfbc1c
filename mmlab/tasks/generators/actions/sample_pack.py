"""The sample pack of the task `actions`: the first samples of its test split as real files."""

from __future__ import annotations

from itertools import islice

from mmlab.modalities.flow.decode import read_flow
from mmlab.modalities.image.decode import encode_picture, read_picture
from mmlab.tasks.generators.actions.clips import recordings
from mmlab.tasks.generators.sample_packs import SAMPLES, Format, Pack, PackItem

COUNT = 80
PACK = Pack(
    SAMPLES / "actions" / "pack.zip",
    {
        "frame": Format("-frame.png", read_picture, encode_picture),
        "flow": Format("-flow.png", read_flow, encode_picture),
    },
    "python tools/make_actions.py",
)


def items() -> list[PackItem]:
    """The samples of the pack, from the renderer and the estimate of flow."""
    return [
        PackItem(
            {"id": found.id, "action": found.action, "video": found.video},
            {"frame": found.frame, "flow": found.flow},
        )
        for found in islice(recordings("test"), COUNT)
    ]
