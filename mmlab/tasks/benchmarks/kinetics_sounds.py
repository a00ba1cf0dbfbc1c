"""Kinetics-Sounds (Arandjelović & Zisserman, ICCV 2017): the audio-visual actions of Kinetics."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from mmlab.core.errors import DataError
from mmlab.tasks.official.benchmark import BENCHMARKS, Benchmark, Protocol, Sample, lines_of, with_validation
from mmlab.tasks.official.lists import frames_in, middle_file
from mmlab.tasks.official.stand_ins import drifting, jpeg, pictures_with_sounds, put

CLASSES = (  # of DMRNet, in the order of its class.txt
    "blowing nose",
    "bowling",
    "chopping wood",
    "ripping paper",
    "shuffling cards",
    "singing",
    "tapping pen",
    "tying_tie",
    "blowing_out_candles",
    "dribbling_basketball",
    "laughing",
    "mowing lawn",
    "shoveling snow",
    "stomping grapes",
    "tap dancing",
    "tapping guitar",
    "tickling",
    "finger snapping",
    "playing accordion",
    "playing bagpipes",
    "playing bass guitar",
    "playing clarinet",
    "playing drums",
    "playing guitar",
    "playing harmonica",
    "playing keyboard",
    "playing organ",
    "playing piano",
    "playing saxophone",
    "playing trombone",
    "playing trumpet",
    "playing violin",
    "playing xylophone",
)
FOLDERS = {name.replace(" ", "_"): name.replace("_", " ") for name in CLASSES}
ONLY_IN_33 = ("tying tie", "finger snapping")
LABELS = tuple(map(str, range(31)))
LISTS = {"train": "my_train.txt", "test": "my_test.txt"}
FRAMES = {"train": "visual/train_img/Image-01-FPS", "test": "visual/val_img/Image-01-FPS"}
SOUNDS = {"train": "audio/train", "test": "audio/test"}
LEAST_FRAMES = 3
INPUTS = (
    {"name": "frame", "kind": "image", "size": 64, "colour": True, "label": "Frame"},
    {"name": "sound", "kind": "sound", "rate": 16_000, "seconds": 5.0, "bands": 64, "label": "Sound"},
)
CLIP = {"kind": "frames", "frames": LEAST_FRAMES, "size": 64, "colour": True, "label": "Frames"}
HEARD = "A log-mel spectrogram of 64 bands of the loudest 5 s"
OWN_EPOCH = "the epoch is chosen on a tenth of the training clips"
HERE = f"{HEARD}; one frame (the middle one) of 64 × 64; {OWN_EPOCH}."


def _asked(classes: list[str]) -> Mapping[str, Any]:
    return {"kind": "classification", "classes": classes}


@BENCHMARKS.register("kinetics_sounds")
class KineticsSounds(Benchmark):
    """Folders by class, each clip a folder of frames and a WAV of the same name; pairs are made by name."""

    title = "Kinetics-Sounds"
    about = "Which action a clip shows, from a frame and its sound."
    licence = "Lists of Kinetics CC BY 4.0; the videos are those of YouTube's users"
    origin = "https://github.com/cvdfoundation/kinetics-dataset"
    output: ClassVar[Mapping[str, Any]] = _asked(list(FOLDERS.values()))
    protocols: ClassVar[tuple[Protocol, ...]] = (
        Protocol(
            "dmrnet",
            "33 classes by folder; clips of fewer than 3 frames left out; a random 5 s at 16 kHz, STFT 256/128; the "
            "test clips choose the epoch.",
            HERE,
            "shicaiwei123/ECCV2024-DMRNet",
            INPUTS,
        ),
        Protocol(
            "adamml",
            "31 classes by folder: without tying tie and finger snapping.",
            f"{HERE} Clips as in dmrnet.",
            "IBM/AdaMML, thread 3",
            INPUTS,
            output=_asked([name for name in FOLDERS.values() if name not in ONLY_IN_33]),
        ),
        Protocol(
            "ogm-ge",
            "my_train.txt and my_test.txt, lines name,seconds,label with 31 labels that have no names; log-mel of "
            "128 bands, 1,024 steps; three frames (its --use_video_frames 3).",
            f"{HEARD}; three frames of 64 × 64 at even distances; {OWN_EPOCH}.",
            "GeWu-Lab/OGM-GE_CVPR2022",
            ({**INPUTS[0], **CLIP}, INPUTS[1]),
            {"train": 14_799, "test": 2_597},
            _asked(list(LABELS)),
        ),
    )

    def find(self, folder: Path, protocol: Protocol) -> list[Sample]:
        """The clips in the folders, or those of the lists, wherever among the folders they lie."""
        for place in FRAMES.values():
            if not (folder / place).is_dir():
                hint = "Name the folder kinect_sound, with visual/ and audio/ in it; videos are not read themselves."
                raise DataError(f"There is no '{place}' in '{folder}'.", hint)
        found = [clip for split in LISTS for clip in _clips(folder, split)]
        if protocol.name == "ogm-ge":
            return with_validation([each for split in LISTS for each in _listed(folder, split, found)])
        return with_validation(
            [each for each in found if each.target in protocol.output.get("classes", (each.target,))]
        )

    def miniature(self, folder: Path) -> None:
        """Four classes of nine clips, among them one with two frames; the lists name those that have three."""
        lists: dict[str, list[str]] = {split: [] for split in LISTS}
        for turn, (number, pixels, sound) in enumerate(pictures_with_sounds(4, 9)):
            split, place = "test" if turn % 9 > 6 else "train", list(FOLDERS)[number * 5]
            clip = f"-mini{turn:02d}-KS_{turn}" if split == "test" else f"-mini{turn:02d}-KS_000010_000020"
            frames = 2 if turn == 1 else LEAST_FRAMES
            for frame, drawn in enumerate(drifting(pixels, frames)):
                put(folder / FRAMES[split] / place / clip / f"{frame:05d}.jpg", jpeg(drawn))
            put(folder / SOUNDS[split] / place / f"{clip}.wav", sound)
            if frames == LEAST_FRAMES:
                lists[split].append(f"{clip},10,{number}")
        for split, lines in lists.items():
            put(folder / LISTS[split], "\n".join(lines) + "\n")


def _clips(folder: Path, split: str) -> list[Sample]:
    """Every clip of a split with enough frames, named after its class and itself."""
    found = []
    for place in sorted(each for each in (folder / FRAMES[split]).iterdir() if each.is_dir()):
        if place.name not in FOLDERS:
            path = f"{FRAMES[split]}/{place.name[:60]}"
            raise DataError(f"'{path}' is no class of Kinetics-Sounds.", "Take it out of the folder.")
        for clip in sorted(each.name for each in place.iterdir() if each.is_dir()):
            where = f"{FRAMES[split]}/{place.name}/{clip}"
            if sum(1 for _ in (folder / where).glob("*.jpg")) >= LEAST_FRAMES:
                sound = f"{SOUNDS[split]}/{place.name}/{clip}.wav"
                cells = {"sound": sound, "frame": middle_file(folder, where)}
                found.append(Sample(f"{split}/{clip}", split, FOLDERS[place.name], cells))
    return found


def _listed(folder: Path, split: str, clips: list[Sample]) -> list[Sample]:
    """The samples of a list with its numbers as classes. Raises DataError for a clip that is nowhere."""
    there = {each.id: each for each in clips}
    found, name = [], LISTS[split]
    for number, line in lines_of(folder, name):
        clip, *_, label = line.split(",")
        if label.strip() not in LABELS:
            raise DataError(f"{name}, line {number}: '{label[:20]}' is no label.", "They go from 0 to 30.")
        where = f"{split}/{clip}"
        if where not in there:
            hint = "Clips whose videos are gone from YouTube can be taken out of the list."
            raise DataError(f"{name}, line {number}: there are no frames of '{clip[:60]}' in '{folder}'.", hint)
        place = there[where].cells["frame"].rpartition("/")[0]
        frames = {"frame": frames_in(folder, place, LEAST_FRAMES)}
        found.append(Sample(where, split, label.strip(), {**there[where].cells, "frame": place}, frames=frames))
    return found
