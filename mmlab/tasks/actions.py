"""The task `actions`: a colour frame of a clip and the optical flow at it; which action is it?"""

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
from mmlab.core.outputs import Classification
from mmlab.core.phrases import say
from mmlab.core.recordings import Picture, Raw
from mmlab.core.task import TASKS, GallerySample, PreparedInput, Source, Split, TaskInfo
from mmlab.modalities.flow.augment import move_clips, vary_speed
from mmlab.modalities.flow.decode import read_flow
from mmlab.modalities.flow.prepare import prepare_flow
from mmlab.modalities.flow.vectors import shares_of
from mmlab.modalities.image.augment import vary_brightness
from mmlab.modalities.image.decode import read_picture
from mmlab.modalities.image.scene_crop import as_input, prepare_colour
from mmlab.tasks.cached_splits import cached_split
from mmlab.tasks.generators.actions import clips
from mmlab.tasks.generators.actions.catalogue import ACTIONS, MOTIONS, SCENES
from mmlab.tasks.generators.actions.filming import SIDE
from mmlab.tasks.generators.actions.sample_pack import PACK

VERSION = 1  # of what a split holds; raise it when the renderer, the estimate of flow or the preparation changes
CLASSES = clips.CLASSES
FURTHEST = 2  # pixels that a clip is shifted in training
FOREIGN = "The models were trained on rendered figures only, so a prediction for a real clip means little."
MODALITIES = Modalities(
    [
        Modality("frame", "image", (3, SIDE, SIDE), "Frame", "F"),
        Modality("flow", "flow", (2, SIDE, SIDE), "Flow", "O"),
    ]
)
READ: dict[str, Callable[[bytes, str], Raw]] = {"frame": read_picture, "flow": read_flow}
PREPARE: dict[str, Callable[[Raw, int], PreparedInput]] = {"frame": prepare_colour, "flow": prepare_flow}


@TASKS.register("actions")
class Actions:
    """Ten things that somebody does, some alike in the scene and some in the motion. Everything is rendered."""

    name = "actions"
    title = "Actions"
    about = (
        "What does somebody do? One colour frame shows the scene, optical flow the motion to the next frame. "
        "Weight lifting and squats are in the same gym, a basketball shot is the same motion as weight lifting. "
        "All clips are rendered; the flow is estimated from two frames."
    )
    info = TaskInfo("actions", MODALITIES, Classification(CLASSES))
    plan: ClassVar[Mapping[str, Any]] = {"source": "built-in", "epochs": 16}
    grouped_by: ClassVar[str] = "video"

    def sources(self) -> tuple[Source, ...]:
        """Only what is built in."""
        return ("built-in",)

    def samples(self, split: Split, source: Source = "built-in") -> Samples:
        """A split as stacked tensors, stored in half precision. Raises DataError for real recordings."""
        if source != "built-in":
            raise DataError("There are no real clips of actions here.", "Use the built-in samples, or ucf101.")
        return _split(split)

    def augment(self, inputs: Mapping[str, Tensor], seed: int) -> dict[str, Tensor]:
        """Mirrored and shifted alike, as the clip would be; a frame brighter or darker, flow faster or slower."""
        generator = torch.Generator().manual_seed(seed)
        moved = move_clips({name: inputs[name] for name in MODALITIES.names}, "flow", FURTHEST, generator)
        return {
            "frame": vary_brightness(moved["frame"], 0.2, 0.1, generator),
            "flow": vary_speed(moved["flow"], generator),
        }

    def gallery(self) -> tuple[str, ...]:
        """Ids of the shipped samples, in order."""
        return tuple(PACK.index)

    def example(self, sample: str) -> GallerySample:
        """One shipped sample, decoded from its files. Raises UnknownName."""
        raw, action = PACK.recordings(sample), PACK.row(sample)["action"]
        scene, motion = ACTIONS[action]
        note = say(
            "Scene: {scene}; motion: {motion}. Rendered. Colours of the flow are directions: red is to the right, cyan "
            "to the left, and white is still.",
            scene=say(SCENES[scene]),
            motion=say(MOTIONS[motion]),
        )
        return GallerySample(sample, raw, CLASSES.index(action), action, note)

    def read(self, modality: str, content: bytes, name: str = "", options: Mapping[str, Any] = NO_OPTIONS) -> Raw:
        """Decode a picture or flow that a user uploaded. Raises DataError."""
        build(NoOptions, options)
        return READ[MODALITIES[modality].name](content, name)

    def prepare(self, modality: str, raw: Raw) -> PreparedInput:
        """Preprocess a recording into a model input: its middle square."""
        found = PREPARE[MODALITIES[modality].name](raw, SIDE)
        ours = isinstance(raw, Picture) and raw.pixels.shape == (SIDE, SIDE, 3)
        return found if ours else PreparedInput(found.tensor, (*found.notes, FOREIGN))

    def describe(self) -> dict[str, Any]:
        """Sources and sizes, for a card."""
        return {
            "sources": {"built-in": {"all inputs": "our own figures, rendered; flow estimated from two frames"}},
            "sizes": {split: videos * clips.CLIPS for split, videos in clips.VIDEOS.items()},
            "videos": dict(clips.VIDEOS),
            "kinds": {name: f"{SCENES[scene]}; {MOTIONS[motion]}" for name, (scene, motion) in ACTIONS.items()},
            "flow": "Lucas and Kanade's method on a pyramid, from the frame and the next one",
            "simulated": ["the figures", "the scenes", "the camera"],
            "version": VERSION,
        }


def _split(split: Split) -> Samples:
    depends_on = (VERSION, split, clips.SEED, clips.VIDEOS[split], clips.CLIPS, SIDE)
    return cached_split(f"actions-{split}", depends_on, MODALITIES, lambda: _build(split))


def _build(split: Split) -> dict[str, NDArray[Any]]:
    """As the renderer gives them, of the right size already: `prepare` would change nothing."""
    found = list(clips.recordings(split))
    return {
        "frame": as_input(np.stack([each.first for each in found])),
        "flow": np.stack([shares_of(each.flow.pixels) for each in found]),
        "target": np.array([CLASSES.index(each.action) for each in found], np.int64),
        "ids": np.array([each.id for each in found]),
        "groups": np.array([each.video for each in found]),
    }
