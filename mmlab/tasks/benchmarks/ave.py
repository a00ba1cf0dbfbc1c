"""AVE (Tian et al., ECCV 2018): audio-visual events, 28 classes of ten-second clips from YouTube."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from mmlab.core.errors import DataError
from mmlab.tasks.official.benchmark import BENCHMARKS, Benchmark, Protocol, Sample, lines_of
from mmlab.tasks.official.lists import frames_in, middle_file
from mmlab.tasks.official.stand_ins import drifting, jpeg, pictures_with_sounds, put

CLASSES = (
    "Accordion",
    "Acoustic guitar",
    "Baby cry, infant cry",
    "Banjo",
    "Bark",
    "Bus",
    "Cat",
    "Chainsaw",
    "Church bell",
    "Clock",
    "Female speech, woman speaking",
    "Fixed-wing aircraft, airplane",
    "Flute",
    "Frying (food)",
    "Goat",
    "Helicopter",
    "Horse",
    "Male speech, man speaking",
    "Mandolin",
    "Motorcycle",
    "Race car, auto racing",
    "Rodents, rats, mice",
    "Shofar",
    "Toilet flush",
    "Train horn",
    "Truck",
    "Ukulele",
    "Violin, fiddle",
)
LISTS = {"train": "trainSet.txt", "valid": "valSet.txt", "test": "testSet.txt"}
VIDEOS, FRAMES, SOUNDS = "AVE", "Image-01-FPS-SE", "Audios"
MOST_FRAMES = 10
SIZES = {"train": 3_311, "valid": 402, "test": 402}
HEARD = (
    "A log-mel spectrogram of 64 bands of the loudest 8 s of the whole clip, where DI-MML repeats the stretch from "
    "start to end"
)
INPUTS = (
    {"name": "frame", "kind": "image", "size": 64, "colour": True, "label": "Frame"},
    {"name": "sound", "kind": "sound", "rate": 16_000, "seconds": 8.0, "bands": 64, "label": "Sound"},
)
CLIP = {"kind": "frames", "frames": MOST_FRAMES, "size": 64, "colour": True, "label": "Frames"}


@BENCHMARKS.register("ave")
class AVE(Benchmark):
    """Lists of lines `class&id&quality&start&end`; of an id that stands twice in a list, the first line counts."""

    title = "AVE"
    about = "Which of 28 events a clip shows, from a frame and its sound."
    licence = "For research; the videos are those of YouTube's users"
    origin = "https://github.com/YapengTian/AVE-ECCV18"
    output: ClassVar[Mapping[str, Any]] = {"kind": "classification", "classes": list(CLASSES)}
    protocols: ClassVar[tuple[Protocol, ...]] = (
        Protocol(
            "di-mml",
            "The three official lists; log spectrogram of 10 s at 16 kHz (257 × 1,004), standardised; frames of 224.",
            f"{HEARD}; one frame (the middle one) of 64 × 64.",
            "fanyunfeng-bit/DI-MML",
            INPUTS,
            SIZES,
        ),
        Protocol(
            "frames",
            "The three official lists, with all that is seen: a frame a second.",
            f"{HEARD}; {MOST_FRAMES} frames of 64 × 64 at even distances.",
            "mmlab",
            ({**INPUTS[0], **CLIP}, INPUTS[1]),
            SIZES,
        ),
    )

    def find(self, folder: Path, protocol: Protocol) -> list[Sample]:
        """The clips of the lists."""
        _check_layout(folder)
        found = [sample for split, name in LISTS.items() for sample in _listed(folder, name, split)]
        return [_with_frames(folder, sample) for sample in found] if protocol.name == "frames" else found

    def miniature(self, folder: Path) -> None:
        """Four classes, nine clips of each, with an id that stands twice in the training list."""
        lists: dict[str, list[str]] = {split: [] for split in LISTS}
        for turn, (number, pixels, sound) in enumerate(pictures_with_sounds(4, 9)):
            clip = f"-mini{turn:02d}-AVE"
            put(folder / SOUNDS / f"{clip}.wav", sound)
            for place, frame in enumerate(drifting(pixels, 3)):
                put(folder / FRAMES / clip / f"{place:05d}.jpg", jpeg(frame))
            split = "test" if turn % 9 > 6 else "valid" if turn % 9 == 6 else "train"
            lists[split].append(f"{CLASSES[number * 9]}&{clip}&good&0&10")
        lists["train"].append(f"{CLASSES[1]}&{lists['train'][0].split('&')[1]}&good&0&5")
        for split, lines in lists.items():
            put(folder / LISTS[split], "\n".join(lines) + "\n")


def _check_layout(folder: Path) -> None:
    hints = {
        FRAMES: f"Take a frame a second: ffmpeg -i {VIDEOS}/ID.mp4 -r 1 -start_number 0 {FRAMES}/ID/%05d.jpg",
        SOUNDS: f"Take the sounds: ffmpeg -i {VIDEOS}/ID.mp4 -ar 16000 {SOUNDS}/ID.wav",
    }
    for name, hint in hints.items():
        if not (folder / name).is_dir():
            raise DataError(f"There is no '{name}' in '{folder}'; videos are not read themselves.", hint)


def _listed(folder: Path, name: str, split: str) -> list[Sample]:
    found: dict[str, Sample] = {}
    for number, line in lines_of(folder, name):
        parts = line.split("&")
        if len(parts) != 5 or not parts[1] or "/" in parts[1]:
            raise DataError(f"{name}, line {number}: '{line[:60]}' is not class&id&quality&start&end.", "")
        event, clip = parts[:2]
        if event not in CLASSES:
            raise DataError(f"{name}, line {number}: '{event[:40]}' is no class of AVE.", "There are 28.")
        cells = {"frame": middle_file(folder, f"{FRAMES}/{clip}"), "sound": f"{SOUNDS}/{clip}.wav"}
        found.setdefault(clip, Sample(clip, split, event, cells))
    return list(found.values())


def _with_frames(folder: Path, sample: Sample) -> Sample:
    """The same with the folder of its frames in the place of one."""
    place = f"{FRAMES}/{sample.id}"
    frames = {"frame": frames_in(folder, place, MOST_FRAMES)}
    return replace(sample, cells={**sample.cells, "frame": place}, frames=frames)
