"""A camera and three microphones observing a pendulum. The scene is that of GMC (Poklukar et al., ICML 2022).

The tip of the pendulum hums at 440 Hz. What comes nearer sounds higher (the Doppler effect, with a slow sound of 20
lengths a second as in GMC's released code), and what is near sounds louder (the inverse square law). The camera takes
one picture, so it sees where the pendulum is and cannot see how fast it swings.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mmlab.core.phrases import phrase
from mmlab.tasks.generators.pendulum.dynamics import Floats, place, velocity

SIDE = 32  # pixels
REACH = 1.3  # lengths that the picture shows to each side of the axle
THICK = 0.14
PICTURE_NOISE = 0.16
TONE, SOUND_SPEED = 440.0, 20.0
MICROPHONES = np.array([[-2.2, -2.2], [2.2, -2.2], [0.0, 2.2]])
NAMES = (
    *(phrase("left pitch (Hz)"), phrase("right pitch (Hz)"), phrase("top pitch (Hz)")),
    *(phrase("left loudness"), phrase("right loudness"), phrase("top loudness")),
)
PITCH_NOISE, LOUDNESS_NOISE = 20.0, 0.5  # Hz, and of the logarithm


def seen(angle: Floats, random: np.random.Generator | None = None) -> NDArray[np.uint8]:
    """Pictures uint8 `[N, SIDE, SIDE]` of a bright rod with a ball at its tip, under the noise of a dark room.

    random: None for a picture without noise.
    """
    steps = (np.arange(SIDE) + 0.5) / SIDE * 2 - 1
    across, up = np.meshgrid(steps * REACH, -steps * REACH)
    tip = place(angle)[:, :, None, None]
    along = np.clip(across * tip[:, 0] + up * tip[:, 1], 0, 1)
    from_rod = np.hypot(across - along * tip[:, 0], up - along * tip[:, 1])
    from_ball = np.hypot(across - tip[:, 0], up - tip[:, 1])
    pixel = 2 * REACH / SIDE
    rod = np.clip((THICK / 2 - from_rod) / pixel + 0.5, 0, 1)
    ball = np.clip((THICK * 1.4 - from_ball) / pixel + 0.5, 0, 1)
    light = np.maximum(0.75 * rod, ball)
    if random is not None:
        strength = random.uniform(0.45, 1.0, (len(angle), 1, 1))
        light = light * strength + random.normal(0, PICTURE_NOISE, light.shape)
    return np.round(np.clip(light, 0, 1) * 255).astype(np.uint8)


def heard(angle: Floats, speed: Floats, random: np.random.Generator | None = None) -> Floats:
    """What the microphones measure `[N, 6]`: pitch in Hz, then loudness (1 at one length), of each.

    Rounded as `NAMES` are written down: to tenths of a Hz, and to four decimals. random: None for exact numbers.
    """
    towards = MICROPHONES - place(angle)[:, None]
    distance = np.linalg.norm(towards, axis=-1)
    nearing = (velocity(angle, speed)[:, None] * towards).sum(-1) / distance
    pitch, loudness = TONE * SOUND_SPEED / (SOUND_SPEED - nearing), distance**-2
    if random is not None:
        pitch = pitch + random.normal(0, PITCH_NOISE, pitch.shape)
        loudness = loudness * np.exp(random.normal(0, LOUDNESS_NOISE, loudness.shape))
    return np.concatenate([np.round(pitch, 1), np.round(loudness, 4)], -1)
