"""The videos of the task `actions` and the clips of each: a colour frame, and the optical flow to the next.

Laid out as UCF101 is in DI-MML (Fan et al., Detached and Interactive Multimodal Learning, ACM MM 2024): clips of one
video show the same person in the same place, and a video is in one split only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmlab.core.recordings import Flow, Picture
from mmlab.core.task import Split
from mmlab.modalities.flow.estimate import estimated_flow
from mmlab.modalities.flow.vectors import as_flow
from mmlab.tasks.generators.actions.catalogue import ACTIONS
from mmlab.tasks.generators.actions.figures import Floats, Person, Pose
from mmlab.tasks.generators.actions.filming import Camera, frames, true_motion
from mmlab.tasks.generators.actions.motions import next_pose
from mmlab.tasks.generators.actions.scenes import Scene

SEED = 71
VIDEOS: dict[Split, int] = {"train": 1000, "valid": 150, "test": 400}
CODES: dict[Split, int] = {"train": 0, "valid": 1, "test": 2}
CLIPS = 2  # of a video
CLASSES = tuple(ACTIONS)
LUMA = np.array([0.299, 0.587, 0.114])


@dataclass(frozen=True)
class Clip:
    """Both frames uint8 `[SIDE, SIDE, 3]`, and where everything truly went, `[2, SIDE, SIDE]` in pixels."""

    id: str
    video: str
    action: str
    first: NDArray[np.uint8]
    second: NDArray[np.uint8]
    motion: Floats

    @property
    def frame(self) -> Picture:
        """What a model sees of the frames."""
        return Picture(self.first)

    @property
    def flow(self) -> Flow:
        """What it sees of the motion: an estimate from both frames, with its errors."""
        return as_flow(estimated_flow(_grey(self.first), _grey(self.second)))


def recordings(split: Split) -> Iterator[Clip]:
    """The clips of a split, always the same: all classes in turn, each video once before any comes again."""
    videos = VIDEOS[split]
    for number in range(videos * CLIPS):
        video = number % videos
        action = CLASSES[video % len(CLASSES)]
        of_video, of_clip = ([SEED, CODES[split], kind, each] for kind, each in enumerate((video, number)))
        yield _clip(f"{split}-{number:04d}", f"{split}-video-{video:03d}", action, of_video, of_clip)


def _clip(name: str, video: str, action: str, of_video: list[int], of_clip: list[int]) -> Clip:
    kind, motion = ACTIONS[action]
    drawn, rng = np.random.default_rng(of_video), np.random.default_rng(of_clip)
    scene = Scene.drawn(kind, drawn)
    person = Person.drawn(drawn, scene.colours[3])
    pose, camera = Pose.drawn(rng), Camera.drawn(rng)
    poses = pose, next_pose(motion, person, pose, rng)
    first, second = frames(scene, person, poses, camera, rng)
    return Clip(name, video, action, first, second, true_motion(person, poses, camera))


def _grey(pixels: NDArray[np.uint8]) -> Floats:
    return np.asarray(pixels @ LUMA / 255)
