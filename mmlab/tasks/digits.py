"""The task `digits`: a picture, the sound and the pen path of one digit; which digit is it?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar

import torch
from numpy.typing import NDArray
from torch import Tensor

from mmlab.core.batch import Samples
from mmlab.core.errors import DataError
from mmlab.core.modality import Modalities, Modality
from mmlab.core.modality_kinds import modality_kind
from mmlab.core.options import NO_OPTIONS, NoOptions, build
from mmlab.core.outputs import Classification
from mmlab.core.phrases import say
from mmlab.core.recordings import Raw
from mmlab.core.task import TASKS, GallerySample, PreparedInput, Source, Split, TaskInfo
from mmlab.modalities.audio.spectrogram import BANDS, FRAMES, prepare_sound
from mmlab.modalities.image.decode import read_picture
from mmlab.modalities.image.digit_crop import SIDE, prepare_digit
from mmlab.modalities.path.resample import PATH_POINTS, prepare_strokes
from mmlab.tasks.cached_splits import Sample, cached_split, stacked
from mmlab.tasks.generators.digits import real_recordings, recordings, synthetic_voices
from mmlab.tasks.generators.digits.sample_pack import PACK
from mmlab.tasks.generators.digits.sensor_noise import Noise

VERSION = 2  # of what a split holds; raise it when a source, the noise or the preparation changes
CLASSES = tuple("0123456789")
PREPARE: dict[str, Callable[[Raw], PreparedInput]] = {
    "image": prepare_digit,
    "sound": prepare_sound,
    "pen": prepare_strokes,
}
MODALITIES = Modalities(
    [
        Modality("image", "image", (1, SIDE, SIDE), "Image", "I"),
        Modality("sound", "sound", (1, BANDS, FRAMES), "Sound", "S"),
        Modality("pen", "path", (2, PATH_POINTS), "Pen", "P"),
    ]
)


@TASKS.register("digits")
class Digits:
    """Ten digits, three modalities, each made so noisy that none is enough alone.

    noise:    how bad the recordings are; `Noise().none()` for clean ones.
    held_out: the speaker whom only the real test split hears (the next in the alphabet is heard in validation only).
    folder:   where the real recordings lie; without it, `MMLAB_DATA`.
    """

    name = "digits"
    title = "Digits"
    about = (
        "A picture, a spoken word and a pen path of the same digit. The pictures are real handwriting; the built-in "
        "voices are synthetic and the pen paths simulated, and noise is added to all three."
    )
    info = TaskInfo("digits", MODALITIES, Classification(CLASSES))
    plan: ClassVar[Mapping[str, Any]] = {}
    grouped_by: ClassVar[str] = "voice"

    def __init__(self, noise: Noise | None = None, held_out: str = "theo", folder: str | None = None) -> None:
        if held_out not in real_recordings.SPEAKERS:
            raise DataError(f"There is no speaker '{held_out}'.", f"There are: {', '.join(real_recordings.SPEAKERS)}.")
        self.noise = noise or Noise()
        self.held_out = held_out
        self._folder = folder

    def sources(self) -> tuple[Source, ...]:
        """The sources that exist on this machine."""
        return ("built-in", "real", "both") if real_recordings.data_folder(self._folder) else ("built-in",)

    def samples(self, split: Split, source: Source = "built-in") -> Samples:
        """A split as stacked tensors, stored in half precision. `both` takes turns between the two sources."""
        if source == "both":
            return _interleaved(self.samples(split, "built-in"), self.samples(split, "real"))
        if source == "built-in":
            return _split(split, self.noise, "", None)
        folder = real_recordings.data_folder(self._folder)
        if source != "real" or folder is None:
            raise DataError("There are no real recordings of digits here.", real_recordings.HINT)
        return _split(split, self.noise, self.held_out, folder)

    def augment(self, inputs: Mapping[str, Tensor], seed: int) -> dict[str, Tensor]:
        """Training-time variation of a batch, a function of `seed`."""
        generator = torch.Generator().manual_seed(seed)
        return {name: modality_kind(MODALITIES[name].kind).augment(value, generator) for name, value in inputs.items()}

    def gallery(self) -> tuple[str, ...]:
        """Ids of the shipped samples, in order."""
        return tuple(PACK.index)

    def example(self, sample: str) -> GallerySample:
        """One shipped sample, decoded from its files. Raises UnknownName."""
        raw, row = PACK.recordings(sample), PACK.row(sample)
        worst = max(zip(row["levels"], MODALITIES, strict=True), key=lambda pair: float(pair[0]))[1]
        note = say("Synthetic voice {voice}; noisiest: {input}.", voice=row["speaker"], input=worst.spoken)
        return GallerySample(sample, raw, row["digit"], str(row["digit"]), note)

    def read(self, modality: str, content: bytes, name: str = "", options: Mapping[str, Any] = NO_OPTIONS) -> Raw:
        """Decode a file that a user uploaded; the ink of a picture is found by its own contrast. Raises DataError."""
        build(NoOptions, options)
        if modality == "image":
            return read_picture(content, name, white=None)
        return modality_kind(MODALITIES[modality].kind).read(content, name)

    def prepare(self, modality: str, raw: Raw) -> PreparedInput:
        """Preprocess a recording into a model input: ink on nothing, a second of spectrogram, 16 points of path."""
        return PREPARE[MODALITIES[modality].name](raw)

    def describe(self) -> dict[str, Any]:
        """Sources, sizes and noise, for a card."""
        voice_counts = {split: len(found) for split, found in synthetic_voices.bank_index()["splits"].items()}
        return {
            "sources": {
                "built-in": {
                    "image": "scikit-learn's digits (real handwriting, 8 x 8), in training also drawn strokes",
                    "sound": "synthetic voices (espeak-ng), whole voices held out",
                    "pen": "our stroke generator",
                },
                "real": {
                    "image": "MNIST, pictures held out",
                    "sound": "Free Spoken Digit Dataset (CC BY-SA 4.0), whole speakers held out",
                    "pen": "UCI pendigits (CC BY 4.0), paths held out",
                },
            },
            "sizes": dict(recordings.SIZES),
            "voices": voice_counts,
            "speakers": {split: list(real_recordings.speakers_of(split, self.held_out)) for split in recordings.SIZES},
            "noise": asdict(self.noise),
            "simulated": [
                "built-in voices",
                "built-in pen paths",
                "the noise of all recordings",
                "which recordings go together",
            ],
            "version": VERSION,
        }


def _split(split: Split, noise: Noise, held_out: str, folder: Path | None) -> Samples:
    """A split of one origin. `held_out` and `folder` for real ones."""
    origin: recordings.Origin = "real" if folder else "built-in"

    def build() -> dict[str, NDArray[Any]]:
        makers = recordings.Recorded(split, folder, held_out) if folder else recordings.BuiltIn(split)
        recorder = recordings.Recorder(split, origin, makers, noise)
        made = zip(map(recorder.item, range(len(recorder))), recorder.digits, strict=True)
        samples = (Sample(item.id, item.speaker, int(digit), item.raw) for item, digit in made)
        return stacked(samples, MODALITIES, PREPARE)

    depends_on = (VERSION, split, noise, held_out, recordings.SIZES[split], _fingerprint(split, folder))
    return cached_split(f"digits-{origin}-{split}", depends_on, MODALITIES, build)


def _fingerprint(split: Split, folder: Path | None) -> tuple[object, ...]:
    """What tells one version of the files behind a split from another."""
    files = [folder / file for file in real_recordings.FILES] if folder else [synthetic_voices.bank_file(split)]
    return tuple((file.name, file.stat().st_size, file.stat().st_mtime_ns if folder else 0) for file in files)


def _interleaved(first: Samples, second: Samples) -> Samples:
    """Two splits of the same size, taking turns."""
    inputs = {name: torch.stack([value, second.inputs[name]], 1).flatten(0, 1) for name, value in first.inputs.items()}
    present = torch.stack([first.present, second.present], 1).flatten(0, 1)
    target = torch.stack([first.target, second.target], 1).flatten()
    ids = tuple(name for pair in zip(first.ids, second.ids, strict=True) for name in pair)
    groups = tuple(name for pair in zip(first.groups, second.groups, strict=True) for name in pair)
    return Samples(inputs, present, target, ids, groups)
