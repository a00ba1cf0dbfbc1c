"""AVE (Tian et al., ECCV 2018): events that are both seen and heard, 28 classes of ten-second clips from YouTube."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from mmlab.core.errors import DataError
from mmlab.tasks.official.benchmark import BENCHMARKS, Benchmark, Protocol, Sample, lines_of
from mmlab.tasks.official.lists import middle_file
from mmlab.tasks.official.stand_ins import jpeg, pictures_with_sounds, put

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
            "A log-mel spectrogram of 64 bands of the loudest 8 s of the whole clip, where DI-MML repeats the stretch "
            "from start to end; one frame (the middle one) of 64 × 64.",
            "fanyunfeng-bit/DI-MML",
            (
                {"name": "frame", "kind": "image", "size": 64, "colour": True, "label": "Frame"},
                {"name": "sound", "kind": "sound", "rate": 16_000, "seconds": 8.0, "bands": 64, "label": "Sound"},
            ),
            {"train": 3_311, "valid": 402, "test": 402},
        ),
    )

    def find(self, folder: Path, protocol: Protocol) -> list[Sample]:
        """The clips of the lists."""
        _check_layout(folder)
        return [sample for split, name in LISTS.items() for sample in _listed(folder, name, split)]

    def miniature(self, folder: Path) -> None:
        """Four classes, nine clips of each, with an id that stands twice in the training list."""
        lists: dict[str, list[str]] = {split: [] for split in LISTS}
        for turn, (number, pixels, sound) in enumerate(pictures_with_sounds(4, 9)):
            clip = f"-mini{turn:02d}-AVE"
            put(folder / SOUNDS / f"{clip}.wav", sound)
            put(folder / FRAMES / clip / "00000.jpg", jpeg(pixels))
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
