"""The sample pack of the task `pendulum`: the first moments of its test split as real files."""

from __future__ import annotations

from mmlab.core.errors import DataError
from mmlab.core.recordings import Raw, Vector
from mmlab.modalities.files import shown_name
from mmlab.modalities.image.decode import encode_picture, read_picture
from mmlab.modalities.series.columns import chosen, table_of
from mmlab.tasks.generators.pendulum.episodes import moments
from mmlab.tasks.generators.pendulum.senses import NAMES
from mmlab.tasks.generators.sample_packs import SAMPLES, Format, Pack, PackItem

COUNT = 120


def read_sound(content: bytes, name: str = "") -> Vector:
    """A table of one row with what the three microphones measure. Raises DataError."""
    label = shown_name(name, "The sound")
    values = chosen(table_of(content, label), NAMES, label)
    if len(values) != 1:
        raise DataError(f"{label} has {len(values)} rows.", "Give one row: what is heard at one moment.")
    return Vector(values[0], NAMES)


def encode_sound(raw: Raw) -> bytes:
    """A CSV file: the names, and the numbers below them."""
    assert isinstance(raw, Vector)
    numbers = ",".join(f"{value:g}" for value in raw.values)
    return f"{','.join(raw.names)}\n{numbers}\n".encode()


PACK = Pack(
    SAMPLES / "pendulum" / "pack.zip",
    {"image": Format(".png", read_picture, encode_picture), "sound": Format(".csv", read_sound, encode_sound)},
    "python tools/make_pendulum.py",
)


def items() -> list[PackItem]:
    """The samples of the pack, from the simulator."""
    found = moments("test")
    return [
        PackItem(
            {
                "id": found.ids[row],
                "angle": round(float(found.angle[row]), 4),
                "speed": round(float(found.speed[row]), 4),
                "ahead": round(float(found.ahead[row]), 4),
            },
            found.raw(row),
        )
        for row in range(COUNT)
    ]
