"""The task `faces`: a colour, a depth and an infrared picture of a face; is a person there, or a print of one?"""

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
from mmlab.core.outputs import Detection
from mmlab.core.phrases import say
from mmlab.core.recordings import Picture, Raw
from mmlab.core.task import TASKS, GallerySample, PreparedInput, Source, Split, TaskInfo
from mmlab.modalities.image.augment import move_together, vary_brightness, vary_depth
from mmlab.modalities.image.decode import read_depth, read_picture
from mmlab.modalities.image.scene_crop import as_input, prepare_colour, prepare_depth, prepare_grey
from mmlab.tasks.cached_splits import cached_split
from mmlab.tasks.generators.faces import captures
from mmlab.tasks.generators.faces.cameras import SIDE
from mmlab.tasks.generators.faces.sample_pack import PACK

VERSION = 1  # of what a split holds; raise it when the simulator or the preparation changes
CLASSES = captures.CLASSES
READ: dict[str, Callable[[bytes, str], Picture]] = {
    "color": read_picture,
    "depth": read_depth,
    "infrared": read_picture,
}
PREPARE: dict[str, Callable[[Raw, int], PreparedInput]] = {
    "color": prepare_colour,
    "depth": prepare_depth,
    "infrared": prepare_grey,
}
FURTHEST = 3  # pixels that a picture is shifted in training
FOREIGN = "The models were trained on simulated faces only, so a prediction for a real photo means little."
MODALITIES = Modalities(
    [
        Modality("color", "image", (3, SIDE, SIDE), "Colour", "C"),
        Modality("depth", "image", (1, SIDE, SIDE), "Depth", "D"),
        Modality("infrared", "image", (1, SIDE, SIDE), "Infrared", "I"),
    ]
)


@TASKS.register("faces")
class Faces:
    """A live face or a print of one. Built in only: everything is simulated."""

    name = "faces"
    title = "Faces"
    about = (
        "A colour, a depth and an infrared camera look at a face: is a person there, or a print of one, as when "
        "somebody tries to unlock another's phone? People, prints and cameras are all simulated."
    )
    info = TaskInfo("faces", MODALITIES, Detection(CLASSES, accept="live"))
    plan: ClassVar[Mapping[str, Any]] = {"source": "built-in", "epochs": 12}
    grouped_by: ClassVar[str] = "person"

    def sources(self) -> tuple[Source, ...]:
        """Only what is built in."""
        return ("built-in",)

    def samples(self, split: Split, source: Source = "built-in") -> Samples:
        """A split as stacked tensors, stored in half precision. Raises DataError for real recordings."""
        if source != "built-in":
            raise DataError("There are no real recordings of faces here.", "Use the built-in samples.")
        return _split(split)

    def augment(self, inputs: Mapping[str, Tensor], seed: int) -> dict[str, Tensor]:
        """Mirrored and shifted alike in all three; brighter or darker, tinted, noisier each on its own."""
        generator = torch.Generator().manual_seed(seed)
        moved = move_together({name: inputs[name] for name in MODALITIES.names}, FURTHEST, generator)
        return {
            "color": vary_brightness(moved["color"], 0.2, 0.04, generator),
            "depth": vary_depth(moved["depth"], 0.05, generator),
            "infrared": vary_brightness(moved["infrared"], 0.2, 0.0, generator),
        }

    def gallery(self) -> tuple[str, ...]:
        """Ids of the shipped samples, in order."""
        return tuple(PACK.index)

    def example(self, sample: str) -> GallerySample:
        """One shipped sample, decoded from its files. Raises UnknownName."""
        raw, row = PACK.recordings(sample), PACK.row(sample)
        answer = "live" if row["kind"] == "live" else "attack"
        return GallerySample(sample, raw, CLASSES.index(answer), answer, _in_words(row["kind"]))

    def read(self, modality: str, content: bytes, name: str = "", options: Mapping[str, Any] = NO_OPTIONS) -> Raw:
        """Decode a picture that a user uploaded. Raises DataError."""
        build(NoOptions, options)
        return READ[MODALITIES[modality].name](content, name)

    def prepare(self, modality: str, raw: Raw) -> PreparedInput:
        """Preprocess an image into a model input: see `mmlab.modalities.image.scene_crop`."""
        found = PREPARE[MODALITIES[modality].name](raw, SIDE)
        ours = isinstance(raw, Picture) and raw.pixels.shape[:2] == (SIDE, SIDE)
        return found if ours else PreparedInput(found.tensor, (*found.notes, FOREIGN))

    def describe(self) -> dict[str, Any]:
        """Sources and sizes, for a card."""
        sizes = {split: people * captures.CAPTURES for split, people in captures.PEOPLE.items()}
        return {
            "sources": {"built-in": {"all inputs": "our simulator of people, prints and cameras"}},
            "sizes": sizes,
            "people": dict(captures.PEOPLE),
            "attacks": ["flat and curved prints", "whole, or with eyes, nose and mouth cut out"],
            "simulated": ["the people", "the prints", "all three cameras"],
            "version": VERSION,
        }


def _in_words(kind: str) -> str:
    """`A live person, simulated.`, or `A curved print, cut out: eyes, nose. Simulated.`"""
    if kind == "live":
        return say("A live person, simulated.")
    shape, *cut = kind.split("-")
    printed = {"flat": say("A flat print"), "curved": say("A curved print")}.get(shape, shape)
    named = {"eyes": say("eyes"), "nose": say("nose"), "mouth": say("mouth"), "whole": say("nothing")}
    parts = ", ".join(named.get(part, part) for part in cut)
    return say("{print}, cut out: {parts}. Simulated.", print=printed, parts=parts)


def _split(split: Split) -> Samples:
    depends_on = (VERSION, split, captures.SEED, captures.PEOPLE[split], captures.CAPTURES, SIDE)
    return cached_split(f"faces-{split}", depends_on, MODALITIES, lambda: _build(split))


def _build(split: Split) -> dict[str, NDArray[Any]]:
    """As the simulator gives them, many at once and of the right size already: `prepare` would change nothing."""
    parts = list(captures.recordings(split))
    inputs = {name: np.concatenate([as_input(part.pictures[name]) for part in parts]) for name in MODALITIES.names}
    return {
        **inputs,
        "target": np.concatenate([part.live for part in parts]).astype(np.int64),
        "ids": np.array([name for part in parts for name in part.ids]),
        "groups": np.array([name for part in parts for name in part.people]),
    }
