"""Raw recordings -> the model's world, by kind of modality. The same path for shipped samples and for uploads.

Pictures become 28 x 28 ink on nothing, sounds a log-mel spectrogram of the second around the word, strokes 16 points
along the path."""

from __future__ import annotations

from collections.abc import Callable

from mmlab.core.recordings import Raw
from mmlab.core.task import PreparedInput
from mmlab.modalities.audio.spectrogram import prepare_sound
from mmlab.modalities.image.digit_crop import find_ink
from mmlab.modalities.path.resample import prepare_strokes
from mmlab.modalities.reading import reading


def prepare_picture(picture: Raw) -> PreparedInput:
    """A picture of a digit as `[1, 28, 28]` in [0, 1], ink 1: see `mmlab.modalities.image.digit_crop`."""
    values, notes = find_ink(picture)
    return reading(values[None], notes)


PREPARE: dict[str, Callable[[Raw], PreparedInput]] = {
    "image": prepare_picture,
    "sound": prepare_sound,
    "path": prepare_strokes,
}
