"""Drawings of a recording and of the model's input, by kind. PNG or SVG, small enough to embed in the page.

Every drawing is `bytes` of an image; `data_uri` puts one into HTML or `st.image`. `heat` lays a map in [0, 1] over it
(Grad-CAM): `[H, W]` of any size over pictures and spectrograms, `[T]` along paths and series. How a kind is drawn
stands in its folder under `mmlab/modalities/`.

>>> views.recorded(item.raw["sound"], colour)                       # waveform
>>> views.seen("sound", world.arrays["sound"], colour)              # spectrogram
>>> views.seen("sound", world.arrays["sound"], colour, heat=heat)   # with a map over it
>>> views.thumbnail(item.raw, colours)                              # for a gallery: of the first input that is there
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mmlab.core.drawing import Drawing, Floats
from mmlab.core.modality_kinds import kind_of_recording, modality_kind
from mmlab.core.phrases import say
from mmlab.core.recordings import Raw
from mmlab.viz.base.theme import MODALITIES


def recorded(raw: Raw, colour: str, label: str = "") -> Drawing:
    """What a sensor recorded, or a person brought."""
    return kind_of_recording(raw).drawing().recorded(raw, colour, label or say("The recording"))


def seen(
    kind: str,
    array: Floats,
    colour: str,
    label: str = "",
    heat: Floats | None = None,
    of: Raw | None = None,
    words: Sequence[str] = (),
) -> Drawing:
    """What the model sees of one input: `array` is exactly what enters the encoder, without a batch dimension.

    of: the recording that it was made from, which knows names and seconds. words: of a text, by place. Raises
    UnknownName for a kind that does not exist.
    """
    what = say("What the model sees of {input}", input=label) if label else say("What the model sees of it")
    return modality_kind(kind).drawing().seen(np.asarray(array, np.float32), colour, what, heat, of, words)


def thumbnail(raws: Mapping[str, Raw], colours: Mapping[str, str]) -> Drawing:
    """A small drawing of a sample: of its first input that can be told at a glance, pictures first."""
    kinds = {name: kind_of_recording(raw) for name, raw in raws.items()}
    name = min(raws, key=lambda name: kinds[name].glance)
    return kinds[name].drawing().thumbnail(raws[name], colours.get(name, MODALITIES[0]))


def greys(kind: str, array: Floats) -> Floats:
    """Greys `[H, W]` in [0, 1], or `[D, H, W]` of a whole scan, of what the model sees, to lie under regions.
    Raises Unsupported where it cannot."""
    return modality_kind(kind).drawing().greys(np.asarray(array, np.float32))
