"""UCF101 (Soomro et al., 2012): what somebody does in a clip, from a frame and from optical flow."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from mmlab.core.errors import DataError
from mmlab.tasks.official.benchmark import BENCHMARKS, Benchmark, Protocol, Sample, lines_of, with_validation
from mmlab.tasks.official.stand_ins import jpeg, pictures_with_sounds, put

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
    {"name": "flow", "kind": "image", "size": 64, "colour": True, "beside": "u/v", "label": "Flow", "letter": "O"},
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
    protocols: ClassVar[tuple[Protocol, ...]] = tuple(
        Protocol(
            "di-mml" if number == 1 else f"split-{number}",
            f"trainlist0{number} and testlist0{number}; crops of 224 of a stretch of frames and of its flow.",
            "One frame, the middle one by the number of flow pictures, and the flow at it (u is red, v is green), of "
            "64 × 64; a tenth of the training videos, not clips, chooses the epoch.",
            "fanyunfeng-bit/DI-MML",
            INPUTS,
            {"train": 9_537, "test": 3_783} if number == 1 else {},
        )
        for number in (1, 2, 3)
    )

    def find(self, folder: Path, protocol: Protocol) -> list[Sample]:
        """The clips of both lists; clips of one video stay in one split."""
        number = "1" if protocol.name == "di-mml" else protocol.name[-1]
        for place in (FRAMES, FLOW):
            if not (folder / place).is_dir():
                hint = "Take frames and flow of two-stream networks; videos are not read themselves."
                raise DataError(f"There is no '{place}' in '{folder}'.", hint)
        lists = {split: f"{LISTS}/{split}list0{number}.txt" for split in ("train", "test")}
        found = [_sample(folder, split, *each) for split, name in lists.items() for each in _listed(folder, name)]
        return with_validation(found, lambda sample: sample.group)

    def miniature(self, folder: Path) -> None:
        """Four classes, ten clips of five videos each, in all three lists; the test lists have no labels."""
        lists: dict[str, list[str]] = {"train": [], "test": []}
        for turn, (number, pixels, _) in enumerate(pictures_with_sounds(4, 10)):
            name, video, clip = CLASSES[number * 12], turn % 10 // 2 + 7, turn % 2 + 1
            stem = f"v_{name}_g{video:02d}_c{clip:02d}"
            slope = np.hypot(*np.gradient(pixels.astype(float)))
            for frame in (1, 2, 3):
                put(folder / FRAMES / stem / f"frame{frame:06d}.jpg", jpeg(pixels))
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
