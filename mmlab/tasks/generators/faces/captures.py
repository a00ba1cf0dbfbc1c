"""The subjects of the task `faces`: synthetic people, live or as printed images of them.

Laid out as CASIA-SURF is (Zhang et al., A Dataset and Benchmark for Large-scale Multi-modal Face Anti-spoofing, CVPR
2019): a person appears live and in attacks by printed pictures, flat or curved, from which eyes, nose and mouth may be
cut out, and whole people are kept apart between the splits. What cameras make of it stands in `cameras`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmlab.core.task import Split
from mmlab.tasks.generators.faces import cameras
from mmlab.tasks.generators.faces.scenes import Flags, Floats, Scenes

Generator = np.random.Generator
SEED = 41
PEOPLE: dict[Split, int] = {"train": 500, "valid": 64, "test": 150}
CODES: dict[Split, int] = {"train": 0, "valid": 1, "test": 2}
CAPTURES = 8  # of each person: half of them live
CHUNK = 240  # captures that are drawn and recorded together
CLASSES = ("attack", "live")
CUTS = ("whole", "eyes", "eyes-nose", "eyes-nose-mouth")  # what is cut out of a print
CUT_SHARES = (0.2, 0.35, 0.2, 0.25)
CURVED = 2 / 3  # of the prints are bent around the vertical


# Red, green, blue of light to dark skin
SKINS = np.array([[0.95, 0.76, 0.65], [0.80, 0.58, 0.44], [0.55, 0.37, 0.27], [0.35, 0.23, 0.17]])


@dataclass(frozen=True)
class Recordings:
    """Captures of a split in a row: their names, the person and the kind of each, and what the cameras recorded.

    kinds: `live`, `flat-whole`, `curved-eyes-nose`, ...; pictures: uint8 `[N, H, W, 3]` in colour, `[N, H, W]` else.
    """

    ids: tuple[str, ...]
    people: tuple[str, ...]
    kinds: tuple[str, ...]
    live: Flags
    pictures: dict[str, NDArray[np.uint8]]


def recordings(split: Split) -> Iterator[Recordings]:
    """The captures of a split, `CHUNK` at a time, always the same. Each person comes once before any comes again."""
    scenes, named = _scenes(split)
    people = PEOPLE[split]
    for number, start in enumerate(range(0, people * CAPTURES, CHUNK)):
        rows = np.arange(start, min(start + CHUNK, people * CAPTURES))
        taken = scenes.take(rows)
        yield Recordings(
            ids=tuple(f"{split}-{row:04d}" for row in rows),
            people=tuple(f"{split}-person-{row % people:03d}" for row in rows),
            kinds=tuple(named[row] for row in rows),
            live=taken.live,
            pictures=cameras.record(taken, np.random.default_rng([SEED, CODES[split], 1, number])),
        )


def kinds(split: Split) -> dict[str, str]:
    """What each capture of a split is, by id: `live`, or the kind of print, to slice results by."""
    _, found = _scenes(split)
    return {f"{split}-{row:04d}": kind for row, kind in enumerate(found)}


def _scenes(split: Split) -> tuple[Scenes, list[str]]:
    """Everything about the captures of a split, and their kinds."""
    rng, people = np.random.default_rng([SEED, CODES[split], 0]), PEOPLE[split]
    count = people * CAPTURES
    live = rng.permuted(np.tile([True, False], (people, CAPTURES // 2)), axis=1).T.reshape(count)
    curved, cuts = rng.random(count) < CURVED, rng.choice(len(CUTS), count, p=CUT_SHARES)
    scenes = Scenes(
        live=live,
        **{name: np.tile(values, (CAPTURES, *[1] * (values.ndim - 1))) for name, values in _people(rng, people)},
        **dict(_captures(rng, count)),
        **dict(_prints(rng, count, curved)),
        cut=cuts[:, None] > np.arange(3),
    )
    named = [f"{'curved' if bent else 'flat'}-{CUTS[cut]}" for bent, cut in zip(curved, cuts, strict=True)]
    return scenes, ["live" if real else kind for real, kind in zip(live, named, strict=True)]


def _people(rng: Generator, count: int) -> Iterator[tuple[str, Floats]]:
    yield "size", rng.uniform((0.70, 0.82), (0.84, 0.96), (count, 2))
    yield "eyes", rng.normal((0.38, -0.20), (0.03, 0.02), (count, 2))
    yield "mouth", rng.normal(0.52, 0.025, count)
    tone = rng.uniform(0, len(SKINS) - 1, count)
    skin = np.stack([np.interp(tone, np.arange(len(SKINS)), channel) for channel in SKINS.T], 1)
    yield "skin", skin * rng.uniform(0.85, 1.1, (count, 1))
    # Melanin hardly absorbs in the near infrared, so light and dark skin are alike there
    yield "infrared", rng.normal(0.72, 0.08, count)
    yield "hairline", rng.normal(0, 1, count)


def _captures(rng: Generator, count: int) -> Iterator[tuple[str, Floats]]:
    yield "middle", rng.normal(0, (0.06, 0.05), (count, 2))
    yield "yaw", rng.normal(0, 0.25, count)
    light = np.concatenate([rng.normal((0, -0.3), (0.5, 0.4), (count, 2)), np.ones((count, 1))], 1)
    yield "light", light / np.linalg.norm(light, axis=1, keepdims=True)


def _prints(rng: Generator, count: int, curved: Flags) -> Iterator[tuple[str, Floats]]:
    yield "curl", rng.uniform(0.3, 1.3, count) * curved
    yield "mould", rng.random(count) ** 2 * curved
    yield "tilt", rng.normal(0, (0.12, 0.1), (count, 2))
    yield "tint", rng.normal(0, 0.016, (count, 3))
    yield "brightness", rng.uniform(0.82, 1.05, count)
    yield "behind", rng.normal(0.85, 0.12, (count, 1)) * rng.normal(1, 0.05, (count, 3))
    yield "blur", rng.uniform(0.2, 0.5, count)
    yield "contrast", rng.uniform(0.25, 1.0, count)
    yield "falloff", rng.uniform(0.15, 0.75, count)
    yield "fidelity", rng.uniform(0.45, 1.0, count)
    yield "gap", rng.uniform(0.7, 1.3, count)
