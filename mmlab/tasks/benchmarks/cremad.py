"""CREMA-D (Cao et al., IEEE TAC 2014): 91 actors say 12 sentences with six emotions; a picture and a sound of each."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from mmlab.core.errors import DataError
from mmlab.tasks.official.benchmark import BENCHMARKS, Benchmark, Protocol, Sample, chance, lines_of, with_validation
from mmlab.tasks.official.lists import frames_in
from mmlab.tasks.official.stand_ins import as_flash, drifting, jpeg, pictures_with_sounds, put, resized

EMOTIONS = ("NEU", "HAP", "SAD", "FEA", "DIS", "ANG")
SENTENCES = ("IEO", "TIE", "IOM", "IWW", "TAI", "MTI", "IWL", "ITH", "DFA", "ITS", "TSI", "WSI")
FRAMES, SOUNDS, VIDEOS = "Image-01-FPS", "AudioWAV", "VideoFlash"
INPUTS = (
    {"name": "picture", "kind": "image", "size": 64, "colour": True, "label": "Picture"},
    {"name": "sound", "kind": "sound", "rate": 22_050, "seconds": 3.0, "bands": 64, "label": "Sound"},
)
MOST_FRAMES = 4
SQUARES = 8  # a side, of the videos of the miniature
CLIP = {"kind": "frames", "frames": MOST_FRAMES, "size": 64, "colour": True, "label": "Frames"}
LOG_MEL = "a log-mel spectrogram of 64 bands, standardised by sample, of the loudest 3 s"
ONE_FRAME = "one frame (the middle one) of 64 × 64"
OWN_EPOCH = "the epoch is chosen on a tenth of the training list"


@BENCHMARKS.register("cremad")
class CremaD(Benchmark):
    """Clips `<actor>_<sentence>_<emotion>_<level>`; the lists `train.csv` and `test.csv` are those of OGM-GE."""

    title = "CREMA-D"
    about = "Which of six emotions an actor plays, from a picture and the sound of a clip."
    licence = "Open Database License (ODbL) 1.0, contents under the Database Contents License"
    origin = "https://github.com/CheyneyComputerScience/CREMA-D (with Git LFS)"
    grouped_by = "actor"
    output: ClassVar[Mapping[str, Any]] = {"kind": "classification", "classes": list(EMOTIONS)}
    protocols: ClassVar[tuple[Protocol, ...]] = (
        Protocol(
            "ogm-ge",
            "train.csv and test.csv of OGM-GE; 3 s at 22,050 Hz, STFT 512/353 (257 × 188), not standardised; all 91 "
            "actors are in both lists; the epoch that is best on the test list is kept.",
            f"{LOG_MEL}; {ONE_FRAME}; {OWN_EPOCH}, never on the test list.",
            "GeWu-Lab/OGM-GE_CVPR2022",
            INPUTS,
            {"train": 6_698, "test": 744},
        ),
        Protocol(
            "speakers",
            "No actor is in two splits: 70, 10 and 20 % of the actors, drawn by their numbers.",
            "Not of a paper: what the published lists cannot say, whether a model knows emotions or actors.",
            "mmlab",
            INPUTS,
        ),
        Protocol(
            "frames",
            "The lists of OGM-GE; more frames than the one that its --fps 1 takes.",
            f"{LOG_MEL}; {MOST_FRAMES} frames of 64 × 64 at even distances; {OWN_EPOCH}, never on the test list.",
            "mmlab",
            ({**INPUTS[0], **CLIP}, INPUTS[1]),
            {"train": 6_698, "test": 744},
        ),
        Protocol(
            "videos",
            "The lists of OGM-GE; the videos themselves, as they are downloaded.",
            f"{LOG_MEL}, of the recordings or, where there are none, of the videos; {MOST_FRAMES} frames of 64 × 64 at "
            f"even distances; {OWN_EPOCH}, never on the test list.",
            "mmlab",
            ({**INPUTS[0], **CLIP}, INPUTS[1]),
            {"train": 6_698, "test": 744},
            package="av",
            extra="video",
        ),
        Protocol(
            "dmrnet",
            "The lists of OGM-GE; 3 s at 22,050 Hz, STFT 512/353 (257 × 188), standardised.",
            "Cannot be run here: take ogm-ge, whose lists are the same.",
            "shicaiwei123/ECCV2024-DMRNet",
        ),
        Protocol(
            "di-mml",
            "The lists of OGM-GE; log spectrogram of 257 × 1,004 stored as a pickle per clip.",
            "Cannot be run here: pickles are not read. Take ogm-ge, whose lists are the same.",
            "fanyunfeng-bit/DI-MML",
        ),
    )

    def find(self, folder: Path, protocol: Protocol) -> list[Sample]:
        """The clips of the lists, or all recordings where splits go by actor."""
        _check_layout(folder, protocol.name == "videos")
        if protocol.name == "speakers":
            clips = [(file.stem, _emotion(file.stem, file.name)) for file in sorted((folder / SOUNDS).glob("*.wav"))]
            splits = _splits_of_actors({clip[:4] for clip, _ in clips})
            return [_sample(folder, clip, emotion, splits[clip[:4]]) for clip, emotion in clips]
        made = {"frames": _clip, "videos": _video}.get(protocol.name, _sample)
        return with_validation(
            [
                made(folder, clip, emotion, split)
                for split in ("train", "test")
                for clip, emotion in _listed(folder, f"{split}.csv")
            ]
        )

    def miniature(self, folder: Path) -> None:
        """Twelve actors, six emotions, with both lists; the videos are of coarse squares."""
        lists: dict[str, list[str]] = {"train": [], "test": []}
        for turn, (emotion, pixels, sound) in enumerate(pictures_with_sounds(len(EMOTIONS), 12)):
            name = EMOTIONS[emotion]
            clip = f"{1001 + turn % 12}_{SENTENCES[turn % 12]}_{name}_XX"
            put(folder / SOUNDS / f"{clip}.wav", sound)
            frames = drifting(pixels, 3)
            for place, frame in enumerate(frames):
                put(folder / FRAMES / clip / f"{place:05d}.jpg", jpeg(frame))
            put(folder / VIDEOS / f"{clip}.flv", as_flash([resized(frame, SQUARES) for frame in frames], sound))
            lists["test" if (turn + emotion) % 6 == 5 else "train"].append(f"{clip},{name}")
        for split, lines in lists.items():
            put(folder / f"{split}.csv", "\n".join(lines) + "\n")


def _check_layout(folder: Path, takes_videos: bool) -> None:
    if takes_videos:
        if not (folder / VIDEOS).is_dir():
            raise DataError(
                f"There is no '{VIDEOS}' in '{folder}'.", "Name the folder CREMA-D of the official download."
            )
        return
    if not (folder / SOUNDS).is_dir():
        raise DataError(f"There is no '{SOUNDS}' in '{folder}'.", "Name the folder CREMA-D of the official download.")
    if not (folder / FRAMES).is_dir():
        hint = f"Take a frame a second: ffmpeg -i {VIDEOS}/CLIP.flv -r 1 -start_number 0 {FRAMES}/CLIP/%05d.jpg"
        if (folder / VIDEOS).is_dir():
            hint = f"The videos themselves are read by --protocol videos. Or take frames: {hint.partition(': ')[2]}"
        raise DataError(f"There is no '{FRAMES}' in '{folder}'.", hint)


def _listed(folder: Path, name: str) -> list[tuple[str, str]]:
    found = []
    for number, line in lines_of(folder, name):
        clip, _, emotion = line.partition(",")
        if emotion.strip() != _emotion(clip, f"{name}, line {number}"):
            raise DataError(f"{name}, line {number}: '{line[:60]}' gives a clip another emotion than its name.", "")
        found.append((clip, emotion.strip()))
    return found


def _emotion(clip: str, place: str) -> str:
    parts = clip.split("_")
    if len(parts) != 4 or "/" in clip or not parts[0].isdigit():
        raise DataError(f"{place}: '{clip[:60]}' is no clip of CREMA-D.", "Clips are named as 1001_DFA_ANG_XX.")
    if parts[2] not in EMOTIONS:
        raise DataError(f"{place}: '{parts[2][:20]}' is no emotion.", f"There are: {', '.join(EMOTIONS)}.")
    return parts[2]


def _splits_of_actors(actors: set[str]) -> dict[str, str]:
    """The split of each actor: a fifth is for the test, a tenth for validation, the rest for training."""
    ordered = sorted(actors, key=lambda actor: chance(f"cremad actor {actor}"))
    test, valid = max(1, round(0.2 * len(ordered))), max(1, round(0.1 * len(ordered)))
    return {
        actor: "test" if place < test else "valid" if place < test + valid else "train"
        for place, actor in enumerate(ordered)
    }


def _sample(folder: Path, clip: str, emotion: str, split: str) -> Sample:
    frames = sorted(file.name for file in (folder / FRAMES / clip).glob("*.jpg"))
    frame = frames[len(frames) // 2] if frames else "00000.jpg"
    cells = {"picture": f"{FRAMES}/{clip}/{frame}", "sound": f"{SOUNDS}/{clip}.wav"}
    return Sample(clip, split, emotion, cells, clip[:4])


def _clip(folder: Path, clip: str, emotion: str, split: str) -> Sample:
    """The same with the folder of its frames in the place of one."""
    place = f"{FRAMES}/{clip}"
    cells = {"picture": place, "sound": f"{SOUNDS}/{clip}.wav"}
    return Sample(clip, split, emotion, cells, clip[:4], {"picture": frames_in(folder, place, MOST_FRAMES)})


def _video(folder: Path, clip: str, emotion: str, split: str) -> Sample:
    """The video, and the recording or, where there are none, the sound of the video."""
    video, sound = f"{VIDEOS}/{clip}.flv", f"{SOUNDS}/{clip}.wav"
    cells = {"picture": video, "sound": sound if (folder / SOUNDS).is_dir() else video}
    return Sample(clip, split, emotion, cells, clip[:4])
