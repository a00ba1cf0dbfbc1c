"""The sample pack of the task `digits`: the first samples of its built-in test split as real files."""

from __future__ import annotations

from mmlab.modalities.audio.decode import encode_sound, read_sound
from mmlab.modalities.image.decode import encode_picture, read_picture
from mmlab.modalities.path.decode import encode_strokes, read_strokes
from mmlab.tasks.generators.digits.recordings import BuiltIn, Recorder
from mmlab.tasks.generators.digits.sensor_noise import Noise
from mmlab.tasks.generators.digits.synthetic_voices import FOLDER
from mmlab.tasks.generators.sample_packs import Format, Pack, PackItem

COUNT = 200
PACK = Pack(
    FOLDER / "pack.zip",
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
