"""The objects of the task `objects` and the pairs of images taken of each.

Laid out as the front and rear views of ModelNet40 are in DI-MML (Fan et al., Detached and Interactive Multimodal
Learning, ACM MM 2024): an object is in one split only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmlab.core.task import Split
from mmlab.tasks.generators.objects.catalogue import KINDS, build
from mmlab.tasks.generators.objects.solids import Solid
from mmlab.tasks.generators.objects.views import Camera, render

SEED = 53
OBJECTS: dict[Split, int] = {"train": 800, "valid": 120, "test": 320}
CODES: dict[Split, int] = {"train": 0, "valid": 1, "test": 2}
CAPTURES = 2  # pairs of pictures of an object
CLASSES = tuple(KINDS)
MODALITIES = ("front", "rear")


@dataclass(frozen=True)
class Capture:
    """A front and a rear view of an object: uint8 `[SIDE, SIDE]` by modality; `kind` is the class."""

    id: str
    thing: str
    kind: str
    pictures: dict[str, NDArray[np.uint8]]


def parts(split: Split, kind: str, thing: int) -> list[Solid]:
    """An object of a split, by its number among them: always the same."""
    return build(kind, np.random.default_rng([SEED, CODES[split], 0, thing]))


def recordings(split: Split) -> Iterator[Capture]:
    """The captures of a split, always the same: all classes in turn, each object once before any comes again."""
    things = OBJECTS[split]
    for number in range(things * CAPTURES):
        thing = number % things
        kind = CLASSES[thing % len(CLASSES)]
        solids = parts(split, kind, thing)
        rng = np.random.default_rng([SEED, CODES[split], 1, number])
        pictures = {name: render(solids, Camera.drawn(rng), name == "rear", rng) for name in MODALITIES}
        yield Capture(f"{split}-{number:04d}", f"{split}-object-{thing:03d}", kind, pictures)
