"""The task `rooms`: a colour and a depth image of a furnished room; what is each pixel?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmlab.core.batch import Samples
from mmlab.core.errors import DataError
from mmlab.core.modality import Modalities, Modality
from mmlab.core.options import NO_OPTIONS, NoOptions, build
from mmlab.core.outputs import SemanticSegmentation
from mmlab.core.phrases import phrase, say
from mmlab.core.recordings import Picture, Raw
from mmlab.core.task import TASKS, GallerySample, PreparedInput, Source, Split, TaskInfo
from mmlab.modalities.image.augment import vary_brightness, vary_depth
from mmlab.modalities.image.decode import read_picture
from mmlab.modalities.image.scene_crop import as_input, prepare_colour, prepare_depth
from mmlab.tasks.cached_splits import cached_split
from mmlab.tasks.generators.rooms import captures
from mmlab.tasks.generators.rooms.cameras import RANGE, SIDE
from mmlab.tasks.generators.rooms.sample_pack import PACK, TRUTH, labels_of, read_depth, regions_of

VERSION = 1  # of what a split holds; raise it when the renderer or the preparation changes
READ: dict[str, Callable[[bytes, str], Picture]] = {"color": read_picture, "depth": read_depth}
PREPARE: dict[str, Callable[[Raw, int], PreparedInput]] = {"color": prepare_colour, "depth": prepare_depth}
FOREIGN = "The models were trained on rendered rooms only, so a prediction for a real photo means little."
ROOM_KINDS = {
    "bedroom": phrase("A bedroom, rendered."),
    "study": phrase("A study, rendered."),
    "dining room": phrase("A dining room, rendered."),
    "lounge": phrase("A lounge, rendered."),
}
MODALITIES = Modalities(
    [
        Modality("color", "image", (3, SIDE, SIDE), "Colour", "C"),
        Modality("depth", "image", (1, SIDE, SIDE), "Depth", "D"),
    ]
)
OUTPUT = SemanticSegmentation(
    ("wall", "floor", "ceiling", "picture", "rug", "bed", "chair", "table", "cupboard", "lamp"),
    ("Wall", "Floor", "Ceiling", "Picture", "Rug", "Bed", "Chair", "Table or desk", "Cupboard", "Lamp"),
)


@TASKS.register("rooms")
class Rooms:
    """Ten kinds of things in rendered rooms, in colour and depth. Built in only: everything is simulated."""

    name = "rooms"
    title = "Rooms"
    about = (
        "A colour and a depth camera look at a furnished room: which pixels are wall, floor, bed, chair and so on? "
        "Shadows and things painted like the wall mislead colour; holes, noise and what is flat, such as pictures and "
        "rugs, mislead depth. Rooms and cameras are simulated."
    )
    info = TaskInfo("rooms", MODALITIES, OUTPUT)
    plan: ClassVar[Mapping[str, Any]] = {"epochs": 14, "batch_size": 12, "learning_rate": 4e-3}
    grouped_by: ClassVar[str] = "room"

    def sources(self) -> tuple[Source, ...]:
        """Only what is built in."""
        return ("built-in",)

    def samples(self, split: Split, source: Source = "built-in") -> Samples:
        """A split as stacked tensors, stored in half precision. Raises DataError for real recordings."""
        if source != "built-in":
            raise DataError("There are no real recordings of rooms here.", "Use the built-in samples.")
        return _split(split)

    def augment(self, inputs: Mapping[str, Tensor], seed: int) -> dict[str, Tensor]:
        """Brighter or darker, tinted, noisier each on its own; nothing moves, for the regions stay where they are."""
        generator = torch.Generator().manual_seed(seed)
        return {
            "color": vary_brightness(inputs["color"], 0.2, 0.06, generator),
            "depth": vary_depth(inputs["depth"], 0.03, generator),
        }

    def gallery(self) -> tuple[str, ...]:
        """Ids of the shipped samples, in order."""
        return tuple(PACK.index)

    def example(self, sample: str) -> GallerySample:
        """One shipped sample, decoded from its files. Raises UnknownName."""
        raw, row = PACK.recordings(sample), PACK.row(sample)
        truth = raw.pop(TRUTH)
        assert isinstance(truth, Picture)
        labels = labels_of(regions_of(truth))
        return GallerySample(sample, raw, labels, OUTPUT.words(labels), say(ROOM_KINDS[row["kind"]]))

    def read(self, modality: str, content: bytes, name: str = "", options: Mapping[str, Any] = NO_OPTIONS) -> Raw:
        """Decode a picture that a user uploaded; depth of sixteen bits is in millimetres. Raises DataError."""
        build(NoOptions, options)
        return READ[MODALITIES[modality].name](content, name)

    def prepare(self, modality: str, raw: Raw) -> PreparedInput:
        """Preprocess an image into a model input: see `mmlab.modalities.image.scene_crop`."""
        found = PREPARE[MODALITIES[modality].name](raw, SIDE)
        ours = isinstance(raw, Picture) and raw.pixels.shape[:2] == (SIDE, SIDE)
        return found if ours else PreparedInput(found.tensor, (*found.notes, FOREIGN))

    def describe(self) -> dict[str, Any]:
        """Sources and sizes, for a card."""
        return {
            "sources": {
                "built-in": {
                    "rooms": "our own layouts of boxes and balls; some things are coloured as wall or floor",
                    "color": "ray casting with one lamp, its shadows and the noise of a camera",
                    "depth": f"noise that grows with the square of the distance; nothing from beyond {RANGE:g} m, from "
                    "dark, shiny and slanted surfaces, and beside edges",
                }
            },
            "sizes": {split: rooms * captures.CAPTURES for split, rooms in captures.ROOMS.items()},
            "rooms": dict(captures.ROOMS),
            "kinds": list(captures.KINDS),
            "simulated": ["the rooms", "the light", "both cameras"],
            "version": VERSION,
        }


def _split(split: Split) -> Samples:
    depends_on = (VERSION, split, captures.SEED, captures.ROOMS[split], captures.CAPTURES, SIDE)
    return cached_split(f"rooms-{split}", depends_on, MODALITIES, lambda: _build(split))


def _build(split: Split) -> dict[str, NDArray[Any]]:
    """As the renderer gives them, of the right size already: `prepare` would change nothing."""
    found = list(captures.recordings(split))
    return {
        "color": as_input(np.stack([each.pictures.color for each in found])),
        "depth": as_input(np.stack([each.pictures.depth for each in found])),
        "target": np.stack([labels_of(each.pictures.regions) for each in found]),
        "ids": np.array([each.id for each in found]),
        "groups": np.array([each.room for each in found]),
    }
