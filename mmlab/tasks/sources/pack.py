"""The sample pack of the task `digits`: the first samples of its built-in test split as real files."""

from __future__ import annotations

from mmlab.tasks.packs import Format, Pack, PackItem
from mmlab.tasks.readers import encode_picture, encode_sound, encode_strokes, read_picture, read_sound, read_strokes
from mmlab.tasks.sources.digits import BuiltIn, Recorder
from mmlab.tasks.sources.noise import Noise
from mmlab.tasks.sources.voices import FOLDER

COUNT = 200
PACK = Pack(
    FOLDER / "pack",
    {
        "image": Format(".png", read_picture, encode_picture),
        "sound": Format(".flac", read_sound, encode_sound),
        "pen": Format(".json", read_strokes, encode_strokes),
    },
    "python tools/make_digits.py",
)


def items() -> list[PackItem]:
    """The samples of the pack, from the generators."""
    recorder = Recorder("test", "built-in", BuiltIn("test"), Noise())
    made = (recorder.item(index) for index in range(COUNT))
    return [
        PackItem(
            {
                "id": item.id,
                "digit": item.digit,
                "speaker": item.speaker,
                "levels": [round(level, 2) for level in item.levels],
            },
            item.raw,
        )
        for item in made
    ]
