"""The task `objects`: an image of the front of an object and one of its rear; which kind is it?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmlab.core.batch import Samples
from mmlab.core.errors import DataError
from mmlab.core.modality import Modalities, Modality
from mmlab.core.options import NO_OPTIONS, NoOptions, build
from mmlab.core.outputs import Classification
from mmlab.core.phrases import say
from mmlab.core.recordings import Picture, Raw
from mmlab.core.task import TASKS, GallerySample, PreparedInput, Source, Split, TaskInfo
from mmlab.modalities.image.augment import move_together, vary_brightness
from mmlab.modalities.image.decode import read_picture
from mmlab.modalities.image.scene_crop import as_input, prepare_grey
from mmlab.modalities.mesh_file import ENDINGS, is_mesh
from mmlab.tasks.cached_splits import cached_split
from mmlab.tasks.generators.objects import captures
from mmlab.tasks.generators.objects.catalogue import KINDS
from mmlab.tasks.generators.objects.meshes import ViewOptions, views_of
from mmlab.tasks.generators.objects.obj_file import as_obj
from mmlab.tasks.generators.objects.sample_pack import PACK
from mmlab.tasks.generators.objects.views import SIDE

VERSION = 1  # of what a split holds; raise it when the renderer or the preparation changes
CLASSES = captures.CLASSES
FURTHEST = 2  # pixels that a picture is shifted in training
FOREIGN = "The models were trained on rendered solids only, so a prediction for a real photo means little."
MODALITIES = Modalities(
    [
        Modality("front", "image", (1, SIDE, SIDE), "Front", "F"),
        Modality("rear", "image", (1, SIDE, SIDE), "Rear", "R"),
    ]
)


@TASKS.register("objects")
class Objects:
    """Eight kinds of furniture and machines, some alike in front and some at the rear. Everything is rendered."""

    name = "objects"
    title = "Objects"
    about = (
        "What is it? One picture shows the front of a thing, the other its rear. A washing machine and a tumble dryer "
        "look alike from the front, a washing machine and a dishwasher from the rear. All are simple solids, rendered."
    )
    info = TaskInfo("objects", MODALITIES, Classification(CLASSES))
    plan: ClassVar[Mapping[str, Any]] = {"source": "built-in", "epochs": 16}
    grouped_by: ClassVar[str] = "object"
    whole_files: ClassVar[tuple[str, ...]] = ENDINGS

    def sources(self) -> tuple[Source, ...]:
        """Only what is built in."""
        return ("built-in",)

    def samples(self, split: Split, source: Source = "built-in") -> Samples:
        """A split as stacked tensors, stored in half precision. Raises DataError for real recordings."""
        if source != "built-in":
            raise DataError("There are no real pictures of objects here.", "Use the built-in samples.")
        return _split(split)

    def augment(self, inputs: Mapping[str, Tensor], seed: int) -> dict[str, Tensor]:
        """Mirrored and shifted alike, as the object itself would be; brighter or darker each on its own."""
        generator = torch.Generator().manual_seed(seed)
        moved = move_together({name: inputs[name] for name in MODALITIES.names}, FURTHEST, generator)
        return {name: vary_brightness(value, 0.2, 0.0, generator) for name, value in moved.items()}

    def gallery(self) -> tuple[str, ...]:
        """Ids of the shipped samples, in order."""
        return tuple(PACK.index)

    def example(self, sample: str) -> GallerySample:
        """One shipped sample, decoded from its files. Raises UnknownName."""
        raw, kind = PACK.recordings(sample), PACK.row(sample)["kind"]
        front, rear = KINDS[kind]
        note = say("Front: {front}; rear: {rear}. Rendered.", front=say(front), rear=say(rear))
        return GallerySample(sample, raw, CLASSES.index(kind), kind, note)

    def read(self, modality: str, content: bytes, name: str = "", options: Mapping[str, Any] = NO_OPTIONS) -> Raw:
        """Decode a picture that a user uploaded, or render an OBJ or OFF file as this input. Raises DataError."""
        MODALITIES[modality]  # raises UnknownName
        if is_mesh(content, name):
            return views_of(content, name, build(ViewOptions, options), modality == "rear")
        build(NoOptions, options)
        return read_picture(content, name)

    def example_mesh(self, sample: str) -> bytes:
        """The object of a shipped sample as an OBJ file, which `read` takes for both inputs. Raises UnknownName."""
        row = PACK.row(sample)
        return as_obj(captures.parts("test", row["kind"], int(row["object"].rpartition("-")[2])))

    def prepare(self, modality: str, raw: Raw) -> PreparedInput:
        """Preprocess an image into a model input: see `mmlab.modalities.image.scene_crop`."""
        MODALITIES[modality]  # raises UnknownName
        found = prepare_grey(raw, SIDE)
        ours = isinstance(raw, Picture) and raw.pixels.shape == (SIDE, SIDE)
        return found if ours else PreparedInput(found.tensor, (*found.notes, FOREIGN))

    def describe(self) -> dict[str, Any]:
        """Sources and sizes, for a card."""
        return {
            "sources": {"built-in": {"all inputs": "our own solids, rendered"}},
            "sizes": {split: things * captures.CAPTURES for split, things in captures.OBJECTS.items()},
            "objects": dict(captures.OBJECTS),
            "kinds": {kind: f"front: {front}, rear: {rear}" for kind, (front, rear) in KINDS.items()},
            "simulated": ["the objects", "the light", "both cameras"],
            "version": VERSION,
        }


def _split(split: Split) -> Samples:
    depends_on = (VERSION, split, captures.SEED, captures.OBJECTS[split], captures.CAPTURES, SIDE)
    return cached_split(f"objects-{split}", depends_on, MODALITIES, lambda: _build(split))


def _build(split: Split) -> dict[str, NDArray[Any]]:
    """As the renderer gives them, of the right size already: `prepare` would change nothing."""
    found = list(captures.recordings(split))
    inputs = {name: as_input(np.stack([each.pictures[name] for each in found])) for name in MODALITIES.names}
    return {
        **inputs,
        "target": np.array([CLASSES.index(each.kind) for each in found], np.int64),
        "ids": np.array([each.id for each in found]),
        "groups": np.array([each.thing for each in found]),
    }
