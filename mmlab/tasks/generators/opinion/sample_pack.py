"""The sample pack of the task `opinion`: the first samples of its built-in test split as real files."""

from __future__ import annotations

from mmlab.modalities.audio.decode import encode_sound, read_sound
from mmlab.modalities.image.decode import encode_picture, read_picture
from mmlab.modalities.text.tokenize import encode_text, read_text
from mmlab.tasks.generators.opinion.recordings import Recorder
from mmlab.tasks.generators.opinion.sentences import FOLDER
from mmlab.tasks.generators.sample_packs import Format, Pack, PackItem

COUNT = 140
PACK = Pack(
    FOLDER / "pack.zip",
    {
        "text": Format(".txt", read_text, encode_text),
        "voice": Format(".flac", read_sound, encode_sound),
        "face": Format(".png", read_picture, encode_picture),
    },
    "python tools/make_opinion.py",
)


def items() -> list[PackItem]:
    """The samples of the pack, from the generators."""
    recorder = Recorder("test")
    made = (recorder.item(index) for index in range(COUNT))
    return [
        PackItem(
            {"id": item.id, "opinion": item.opinion, "shown": list(item.shown.values()), "voice": item.voice}, item.raw
        )
        for item in made
    ]
