"""UCF101 (Soomro et al., 2012): the human action in a clip, from a frame and from optical flow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from mmlab.core.errors import DataError
from mmlab.tasks.official.benchmark import BENCHMARKS, Benchmark, Protocol, Sample, lines_of, with_validation
from mmlab.tasks.official.lists import frames_in
from mmlab.tasks.official.stand_ins import drifting, jpeg, pictures_with_sounds, put

CLASSES = [
    "ApplyEyeMakeup",
    "ApplyLipstick",
    "Archery",
    "BabyCrawling",
    "BalanceBeam",
    "BandMarching",
    "BaseballPitch",
    "Basketball",
    "BasketballDunk",
    "BenchPress",
    "Biking",
    "Billiards",
    "BlowDryHair",
    "BlowingCandles",
    "BodyWeightSquats",
    "Bowling",
    "BoxingPunchingBag",
    "BoxingSpeedBag",
    "BreastStroke",
    "BrushingTeeth",
    "CleanAndJerk",
    "CliffDiving",
    "CricketBowling",
    "CricketShot",
    "CuttingInKitchen",
    "Diving",
    "Drumming",
    "Fencing",
    "FieldHockeyPenalty",
    "FloorGymnastics",
    "FrisbeeCatch",
    "FrontCrawl",
    "GolfSwing",
    "Haircut",
    "Hammering",
    "HammerThrow",
    "HandstandPushups",
    "HandstandWalking",
    "HeadMassage",
    "HighJump",
    "HorseRace",
    "HorseRiding",
    "HulaHoop",
    "IceDancing",
    "JavelinThrow",
    "JugglingBalls",
    "JumpingJack",
    "JumpRope",
    "Kayaking",
    "Knitting",
    "LongJump",
    "Lunges",
    "MilitaryParade",
    "Mixing",
    "MoppingFloor",
    "Nunchucks",
    "ParallelBars",
    "PizzaTossing",
    "PlayingCello",
    "PlayingDaf",
    "PlayingDhol",
    "PlayingFlute",
    "PlayingGuitar",
    "PlayingPiano",
    "PlayingSitar",
    "PlayingTabla",
    "PlayingViolin",
    "PoleVault",
    "PommelHorse",
    "PullUps",
    "Punch",
    "PushUps",
    "Rafting",
    "RockClimbingIndoor",
    "RopeClimbing",
    "Rowing",
    "SalsaSpin",
    "ShavingBeard",
    "Shotput",
    "SkateBoarding",
    "Skiing",
    "Skijet",
    "SkyDiving",
    "SoccerJuggling",
    "SoccerPenalty",
    "StillRings",
    "SumoWrestling",
    "Surfing",
    "Swing",
    "TableTennisShot",
    "TaiChi",
    "TennisSwing",
    "ThrowDiscus",
    "TrampolineJumping",
    "Typing",
    "UnevenBars",
    "VolleyballSpiking",
    "WalkingWithDog",
    "WallPushups",
    "WritingOnBoard",
    "YoYo",
]
LISTS = "ucfTrainTestlist"
FRAMES, FLOW, SECOND = "jpegs_256", "tvl1_flow/u", "tvl1_flow/v"
INPUTS = (
    {"name": "frame", "kind": "image", "size": 64, "colour": True, "label": "Frame"},
    {"name": "flow", "kind": "flow", "size": 64, "beside": "u/v", "label": "Flow", "letter": "O"},
)
MOST_FRAMES = 8
CLIP = {"kind": "frames", "frames": MOST_FRAMES, "size": 64, "colour": True, "label": "Frames"}


SIZES = {"train": 9_537, "test": 3_783}
OWN_EPOCH = "a tenth of the training videos, not clips, chooses the epoch."


def _of_split(number: int) -> Protocol:
    """The lists of one of the three official splits; DI-MML takes the first."""
    return Protocol(
        "di-mml" if number == 1 else f"split-{number}",
        f"trainlist0{number} and testlist0{number}; crops of 224 of a stretch of frames and of its flow.",
        f"One frame, the middle one by the number of flow pictures, and the flow at it, of 64 × 64; {OWN_EPOCH}",
        "fanyunfeng-bit/DI-MML",
        INPUTS,
        SIZES if number == 1 else {},
    )


@BENCHMARKS.register("ucf101")
class UCF101(Benchmark):
    """Lists of videos by class; of each a folder of frames and two of flow, numbered from 1."""

    title = "UCF101"
    about = "Which of 101 things somebody does, from a frame and the optical flow at it."
    licence = "For research; the videos are those of YouTube's users"
    origin = "https://www.crcv.ucf.edu/data/UCF101.php; frames and flow as in feichtenhofer/twostreamfusion"
    grouped_by = "video"
    output: ClassVar[Mapping[str, Any]] = {"kind": "classification", "classes": CLASSES}
    protocols: ClassVar[tuple[Protocol, ...]] = (
        *(_of_split(number) for number in (1, 2, 3)),
        Protocol(
            "frames",
            "trainlist01 and testlist01; frames from the whole clip, as temporal segment networks take them.",
            f"{MOST_FRAMES} frames at even distances, and the flow at the middle one, of 64 × 64; {OWN_EPOCH}",
            "mmlab",
            ({**INPUTS[0], **CLIP}, INPUTS[1]),
            SIZES,
        ),
    )

    def find(self, folder: Path, protocol: Protocol) -> list[Sample]:
        """The clips of both lists; clips of one video stay in one split."""
        number = protocol.name[-1] if protocol.name.startswith("split") else "1"
        for place in (FRAMES, FLOW):
            if not (folder / place).is_dir():
                hint = "Take frames and flow of two-stream networks; videos are not read themselves."
                raise DataError(f"There is no '{place}' in '{folder}'.", hint)
        lists = {split: f"{LISTS}/{split}list0{number}.txt" for split in ("train", "test")}
        found = [_sample(folder, split, *each) for split, name in lists.items() for each in _listed(folder, name)]
        found = [_with_frames(folder, sample) for sample in found] if protocol.name == "frames" else found
        return with_validation(found, lambda sample: sample.group)

    def miniature(self, folder: Path) -> None:
        """Four classes, ten clips of five videos each, in all three lists; the test lists have no labels."""
        lists: dict[str, list[str]] = {"train": [], "test": []}
        for turn, (number, pixels, _) in enumerate(pictures_with_sounds(4, 10)):
            name, video, clip = CLASSES[number * 12], turn % 10 // 2 + 7, turn % 2 + 1
            stem = f"v_{name}_g{video:02d}_c{clip:02d}"
            slope = np.hypot(*np.gradient(pixels.astype(float)))
            for frame, drawn in enumerate(drifting(pixels, 3), 1):
                put(folder / FRAMES / stem / f"frame{frame:06d}.jpg", jpeg(drawn))
                for place, values in ((FLOW, 128 + slope), (SECOND, 128 - slope)):
                    put(folder / place / stem / f"frame{frame:06d}.jpg", jpeg(values.clip(0, 255).astype(np.uint8)))
            line = f"{name}/{stem}.avi"
            lists["test" if video == 7 else "train"].append(line if video == 7 else f"{line} {number * 12 + 1}")
        for split, lines in lists.items():
            for number in (1, 2, 3):
                put(folder / LISTS / f"{split}list0{number}.txt", "\n".join(lines) + "\n")


def _listed(folder: Path, name: str) -> list[tuple[str, str]]:
    """Class and clip of each line. Raises DataError."""
    found = []
    for number, line in lines_of(folder, name):
        path, _, label = line.partition(" ")
        kind, _, video = path.partition("/")
        if kind not in CLASSES or not video.startswith("v_") or "/" in video:
            raise DataError(f"{name}, line {number}: '{line[:60]}' is no class and video of UCF101.", "There are 101.")
        if label and label.strip() != str(CLASSES.index(kind) + 1):
            raise DataError(f"{name}, line {number}: '{label[:20]}' is not the number of {kind}.", "They go from 1.")
        found.append((kind, video.rpartition(".")[0] or video))
    return found


def _sample(folder: Path, split: str, kind: str, clip: str) -> Sample:
    count = sum(1 for _ in (folder / FLOW / clip).glob("*.jpg"))
    frame = f"frame{count // 2 + 1:06d}.jpg"
    cells = {"frame": f"{FRAMES}/{clip}/{frame}", "flow": f"{FLOW}/{clip}/{frame}"}
    return Sample(clip, split, kind, cells, clip.rpartition("_")[0])


def _with_frames(folder: Path, sample: Sample) -> Sample:
    """The same with the folder of its frames in the place of one."""
    place = f"{FRAMES}/{sample.id}"
    frames = {"frame": frames_in(folder, place, MOST_FRAMES)}
    return replace(sample, cells={**sample.cells, "frame": place}, frames=frames)
