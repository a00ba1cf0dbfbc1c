"""The sample pack of the task `opinion`: the first samples of its built-in test split as real files."""

from __future__ import annotations

from mmlab.tasks.packs import Format, Pack, PackItem
from mmlab.tasks.readers import encode_picture, encode_sound, read_picture, read_sound
from mmlab.tasks.sources.opinion import Recorder
from mmlab.tasks.sources.sentences import FOLDER
from mmlab.tasks.text import encode_text, read_text

COUNT = 140
PACK = Pack(
    FOLDER / "pack",
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
