"""The task `pendulum`: a picture and three microphones; where will the swinging tip be in a quarter of a second?

The scene is that of GMC (Poklukar et al., ICML 2022), on which M3ixup is measured, too: Pendulum-v1 of Gymnasium, whose
tip hums. One picture cannot tell how fast it swings; the pitch can (the Doppler effect).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmlab.core.batch import Samples
from mmlab.core.environment import Environment
from mmlab.core.errors import DataError
from mmlab.core.modality import Modalities, Modality
from mmlab.core.options import NO_OPTIONS, NoOptions, build
from mmlab.core.outputs import Regression
from mmlab.core.phrases import say
from mmlab.core.recordings import Raw, Vector
from mmlab.core.task import TASKS, GallerySample, PreparedInput, Source, Split, TaskInfo
from mmlab.modalities.image.augment import vary_brightness
from mmlab.modalities.image.decode import read_picture
from mmlab.modalities.image.scene_crop import as_input, prepare_square
from mmlab.modalities.random_draws import shaken
from mmlab.modalities.reading import reading
from mmlab.tasks.cached_splits import cached_split
from mmlab.tasks.generators.pendulum import episodes
from mmlab.tasks.generators.pendulum.sample_pack import PACK, read_sound
from mmlab.tasks.generators.pendulum.senses import NAMES, SIDE, SOUND_SPEED, TONE
from mmlab.tasks.generators.pendulum.swing_up import SwingUp

VERSION = 1  # of what a split holds; raise it when the simulation or the preparation changes
MODALITIES = Modalities(
    [
        Modality("image", "image", (1, SIDE, SIDE), "Image", "I"),
        Modality("sound", "vector", (len(NAMES),), "Sound", "S"),
    ]
)
HERTZ = 100.0  # of pitch: a usual swing moves it by as much
QUIET, LOUDER = -1.6, 0.8  # of the logarithm of the loudness: its middle and its spread
READ: dict[str, Callable[[bytes, str], Raw]] = {"image": read_picture, "sound": read_sound}


def prepare_image(picture: Raw) -> PreparedInput:
    """A picture as `[1, 32, 32]` greys in [0, 1]: the square in its middle, made small."""
    said = f"Took the square in the middle, {SIDE} by {SIDE} pixels, with the axle in its centre."
    return prepare_square(picture, SIDE, "Use a picture of a bright pendulum on black.", said)


def prepare_sound(sound: Raw) -> PreparedInput:
    """What three microphones measure as `[6]`: pitch above 440 Hz in 100 Hz, and the logarithm of the loudness."""
    if not isinstance(sound, Vector) or len(sound.values) != len(NAMES):
        hint = f"Give {len(NAMES)} numbers: {', '.join(NAMES)}."
        raise DataError("This is not what three microphones measure.", hint)
    pitch, loudness = np.split(sound.values.astype(np.float64), 2)
    if min(pitch.min(), loudness.min()) <= 0:
        raise DataError("A pitch or a loudness is not above 0.", f"Give, in this order: {', '.join(NAMES)}.")
    notes = []
    if pitch.max() > TONE * 2 or pitch.min() < TONE / 2:
        notes.append(f"The pitch lies far from the {TONE:.0f} Hz that the pendulum hums: no swing is as fast.")
    return reading(scaled_sounds(sound.values.astype(np.float64)[None])[0], notes)


def scaled_sounds(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """What microphones measure `[N, 6]` as the models take it."""
    pitch, loudness = np.split(values, 2, 1)
    scaled = np.concatenate([(pitch - TONE) / HERTZ, (np.log(loudness) - QUIET) / LOUDER], 1)
    return scaled.astype(np.float32)


def _recorded(pixels: NDArray[np.uint8], sounds: NDArray[np.float64]) -> dict[str, NDArray[np.float32]]:
    found = {"image": as_input(pixels), "sound": scaled_sounds(sounds)}
    return {name: value.astype(np.float16).astype(np.float32) for name, value in found.items()}  # as samples are kept


PREPARE: dict[str, Callable[[Raw], PreparedInput]] = {"image": prepare_image, "sound": prepare_sound}


@TASKS.register("pendulum")
class Pendulum:
    """Where a pendulum will be, from what is seen and heard of it at one moment."""

    name = "pendulum"
    title = "Pendulum"
    about = (
        "Where will the tip be in a quarter of a second, from −1 (left) to 1 (right), if nobody pushes? One picture "
        "shows where it is and cannot show how fast it swings; three microphones hear the speed in its pitch, and "
        "only roughly where it is. All of it is simulated."
    )
    info = TaskInfo("pendulum", MODALITIES, Regression(-1.0, 1.0))
    plan: ClassVar[Mapping[str, Any]] = {"epochs": 16}
    grouped_by: ClassVar[str] = "episode"

    def sources(self) -> tuple[Source, ...]:
        """What is built in: there is no other."""
        return ("built-in",)

    def samples(self, split: Split, source: Source = "built-in") -> Samples:
        """A split as stacked tensors, stored in half precision. Raises DataError for other sources."""
        if source != "built-in":
            raise DataError("There are no real recordings of this pendulum.", "Use the built-in ones.")
        depends_on = (VERSION, split, str(episodes.about()))
        return cached_split(f"pendulum-{split}", depends_on, MODALITIES, lambda: _arrays(split))

    def augment(self, inputs: Mapping[str, Tensor], seed: int) -> dict[str, Tensor]:
        """Lighter or darker pictures, a little noise on what is heard; nothing that would turn the scene."""
        generator = torch.Generator().manual_seed(seed)
        return {
            "image": vary_brightness(inputs["image"], 0.2, 0.0, generator),
            "sound": shaken(inputs["sound"], generator),
        }

    def gallery(self) -> tuple[str, ...]:
        """Ids of the shipped samples, in order."""
        return tuple(PACK.index)

    def example(self, sample: str) -> GallerySample:
        """One shipped sample, decoded from its files. Raises UnknownName."""
        raw, row = PACK.recordings(sample), PACK.row(sample)
        side = say("on the left") if row["ahead"] < 0 else say("on the right")
        speed = f"{abs(row['speed']):.1f}"
        if np.sin(row["angle"]) > 0:
            note = say("Simulated. It is left of the axle now and swings at {speed} radians a second.", speed=speed)
        else:
            note = say("Simulated. It is right of the axle now and swings at {speed} radians a second.", speed=speed)
        return GallerySample(sample, raw, row["ahead"], f"{row['ahead']:+.2f} ({side})", note)

    def read(self, modality: str, content: bytes, name: str = "", options: Mapping[str, Any] = NO_OPTIONS) -> Raw:
        """Decode a file that a user uploaded. Raises DataError."""
        build(NoOptions, options)
        return READ[MODALITIES[modality].name](content, name)

    def prepare(self, modality: str, raw: Raw) -> PreparedInput:
        """Preprocess a recording into a model input."""
        return PREPARE[MODALITIES[modality].name](raw)

    def environment(self) -> Environment:
        """The same pendulum to act in: swing it up and keep it there."""
        return SwingUp(_recorded)

    def describe(self) -> dict[str, Any]:
        """Source, sizes and noise, for a card."""
        simulated = "our simulation of Pendulum-v1 (Gymnasium), whole episodes held out"
        return {
            "sources": {"built-in": dict.fromkeys(MODALITIES.names, simulated)},
            **episodes.about(),
            "scene": f"a tip that hums at {TONE:.0f} Hz, sound at {SOUND_SPEED:.0f} lengths a second (GMC's scene)",
            "simulated": ["pictures", "sounds", "the swing"],
            "version": VERSION,
        }


def _arrays(split: Split) -> dict[str, NDArray[Any]]:
    """The split as it is kept: prepared as one sample at a time would be."""
    found = episodes.moments(split)
    return {
        **_recorded(found.pictures, found.sounds),
        "target": found.ahead.astype(np.float32),
        "ids": np.array(found.ids),
        "groups": np.array(found.episodes),
    }
