"""The task `opinion`: a sentence, a voice and a drawn face with one opinion; how good or bad is it, from -3 to 3?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmlab.core.batch import Samples
from mmlab.core.errors import DataError
from mmlab.core.modality import Modalities, Modality
from mmlab.core.options import NO_OPTIONS, NoOptions, build
from mmlab.core.outputs import Regression
from mmlab.core.phrases import say
from mmlab.core.recordings import Raw, Sound, Text
from mmlab.core.task import TASKS, GallerySample, PreparedInput, Source, Split, TaskInfo
from mmlab.modalities.audio.augment import vary_tone
from mmlab.modalities.audio.decode import read_sound
from mmlab.modalities.audio.spectrogram import BANDS, LONG_FRAMES, prepare_sound
from mmlab.modalities.image.augment import vary_face
from mmlab.modalities.image.decode import read_picture
from mmlab.modalities.image.scene_crop import prepare_square
from mmlab.modalities.text.augment import vary_text
from mmlab.modalities.text.tokenize import MOST_WORDS, prepare_text, read_text
from mmlab.tasks.cached_splits import Sample, cached_split, stacked
from mmlab.tasks.generators.audio_bank import RATE
from mmlab.tasks.generators.opinion import film_reviews, recordings, sentences, tone_of_voice, vocabulary
from mmlab.tasks.generators.opinion.drawn_faces import IDENTITIES, SIDE
from mmlab.tasks.generators.opinion.noise_model import HIGH, LOW, WITNESSES, best_answers
from mmlab.tasks.generators.opinion.sample_pack import PACK

VERSION = 4  # of what a split holds; raise it when a source, the noise or the preparation changes
MODALITIES = Modalities(
    [
        Modality("text", "text", (2, MOST_WORDS), "Text", "T"),
        Modality("voice", "sound", (1, BANDS, LONG_FRAMES), "Voice", "V"),
        Modality("face", "image", (1, SIDE, SIDE), "Face", "F"),
    ]
)
FOREIGN_VOICE = (
    "The models were trained on synthetic voices only. "
    "They use the tone, not the words: high, lively and fast is positive."
)
READ: dict[str, Callable[[bytes, str], Raw]] = {"text": read_text, "voice": read_sound, "face": read_picture}


def prepare_face(picture: Raw) -> PreparedInput:
    """A face as `[1, 40, 40]` greys in [0, 1]: the square in the middle of the picture, made small."""
    said = f"Took the square in the middle, {SIDE} by {SIDE} pixels. The models were trained on drawn faces only."
    return prepare_square(picture, SIDE, "Use an image of a face, drawn with few lines.", said)


def prepare_voice(sound: Raw) -> PreparedInput:
    """As `prepare_sound` over two seconds, with a note on voices that are not ours."""
    found = prepare_sound(sound, frames=LONG_FRAMES)
    ours = isinstance(sound, Sound) and sound.rate == RATE
    return found if ours else replace(found, notes=(*found.notes, FOREIGN_VOICE))


def prepare_words(text: Raw) -> PreparedInput:
    """As `prepare_text`, with a note on the words that were not met in training."""
    found = prepare_text(text)
    said = vocabulary.note(found.words)
    return replace(found, notes=(*found.notes, said)) if said else found


PREPARE: dict[str, Callable[[Raw], PreparedInput]] = {
    "text": prepare_words,
    "voice": prepare_voice,
    "face": prepare_face,
}
VARY: dict[str, Callable[[Tensor, torch.Generator], Tensor]] = {
    "text": vary_text,
    "voice": vary_tone,
    "face": vary_face,
}


@TASKS.register("opinion")
class Opinion:
    """One opinion, three witnesses of it, each off by a known amount, so that the true share of each is known.

    folder: where the real reviews lie; without it, `MMLAB_DATA`.
    """

    name = "opinion"
    title = "Opinion"
    about = (
        "How good or bad is a film, from −3 to 3? A sentence, a tone of voice and a drawn face each give it away in "
        "part. All three are simulated, so the best possible answer is known; real reviews, where there are any, have "
        "the text alone."
    )
    info = TaskInfo("opinion", MODALITIES, Regression(LOW, HIGH))
    plan: ClassVar[Mapping[str, Any]] = {"epochs": 12}
    grouped_by: ClassVar[str] = "voice"

    def __init__(self, folder: str | None = None) -> None:
        self._folder = folder

    def sources(self) -> tuple[Source, ...]:
        """The sources that exist on this machine."""
        return ("built-in", "real", "both") if film_reviews.review_file(self._folder) else ("built-in",)

    def samples(self, split: Split, source: Source = "built-in") -> Samples:
        """A split as stacked tensors, stored in half precision; real samples have the text alone."""
        if source == "built-in":
            return _built_in(split)
        file = film_reviews.review_file(self._folder)
        if source not in ("real", "both") or file is None:
            raise DataError("There are no real reviews here.", film_reviews.HINT)
        return _real(split, file) if source == "real" else _joined(_built_in(split), _real(split, file))

    def augment(self, inputs: Mapping[str, Tensor], seed: int) -> dict[str, Tensor]:
        """Training-time variation of a batch, a function of `seed`."""
        generator = torch.Generator().manual_seed(seed)
        return {name: VARY[name](value, generator) for name, value in inputs.items()}

    def gallery(self) -> tuple[str, ...]:
        """Ids of the shipped samples, in order."""
        return tuple(PACK.index)

    def example(self, sample: str) -> GallerySample:
        """One shipped sample, decoded from its files. Raises UnknownName."""
        raw, row = PACK.recordings(sample), PACK.row(sample)
        shown = ", ".join(f"{item.spoken} {level:+.1f}" for item, level in zip(MODALITIES, row["shown"], strict=True))
        note = say("Simulated, synthetic voice {voice}. What each shows: {shown}.", voice=row["voice"], shown=shown)
        return GallerySample(sample, raw, row["opinion"], f"{row['opinion']:+.2f}", note)

    def read(self, modality: str, content: bytes, name: str = "", options: Mapping[str, Any] = NO_OPTIONS) -> Raw:
        """Decode a file that a user uploaded. Raises DataError."""
        build(NoOptions, options)
        return READ[MODALITIES[modality].name](content, name)

    def prepare(self, modality: str, raw: Raw) -> PreparedInput:
        """Preprocess a recording into a model input."""
        return PREPARE[MODALITIES[modality].name](raw)

    def known_values(self) -> dict[str, dict[str, float]]:
        """How well the best possible model does on built-in samples: `mae`, `r2`, `r`, `sign_accuracy` by combination.

        The key of nothing at all is empty. By construction, not by measurement: see
        `mmlab.tasks.generators.opinion.noise_model`.
        """
        return {key: asdict(best) for key, best in best_answers().items()}

    def describe(self) -> dict[str, Any]:
        """Sources, sizes and noise, for a card."""
        return {
            "sources": {
                "built-in": {
                    "text": "our grammar over words with human ratings (VADER lexicon, MIT), scaled to [-3, 3]",
                    "voice": "synthetic voices (espeak-ng) in 13 tones, whole voices held out",
                    "face": "our drawn faces, identities held out",
                },
                "real": {"text": "10,605 rated film reviews (from -4..4, times 0.75), text only, reviews held out"},
            },
            "sizes": dict(recordings.SIZES),
            "voices": {split: len(found) for split, found in tone_of_voice.bank_index()["splits"].items()},
            "faces": {split: last - first for split, (first, last) in IDENTITIES.items()},
            "noise": {name: witness.noise for name, witness in WITNESSES.items()},
            "simulated": ["sentences", "voices", "faces", "the opinion behind them"],
            "version": VERSION,
        }


def _built_in(split: Split) -> Samples:
    def build() -> dict[str, NDArray[Any]]:
        recorder = recordings.Recorder(split)
        made = zip(map(recorder.item, range(len(recorder))), recorder.opinions.astype(np.float32), strict=True)
        samples = (Sample(item.id, item.voice, opinion, item.raw) for item, opinion in made)
        return stacked(samples, MODALITIES, PREPARE)

    files = (sentences.FOLDER / sentences.WORDS, tone_of_voice.bank_file(split))
    depends_on = (VERSION, split, recordings.SIZES[split], *(file.stat().st_size for file in files))
    return cached_split(f"opinion-built-in-{split}", depends_on, MODALITIES, build)


def _real(split: Split, file: Path) -> Samples:
    """A split of the real reviews, with the text alone."""

    def build() -> dict[str, NDArray[Any]]:
        reviews = ((f"real-{review.id}", review) for review in film_reviews.reviews(file, split))
        samples = (Sample(name, name, np.float32(each.score), {"text": Text(each.text)}) for name, each in reviews)
        return stacked(samples, MODALITIES, PREPARE)

    depends_on = (VERSION, split, file.stat().st_size, file.stat().st_mtime_ns)
    return cached_split(f"opinion-real-{split}", depends_on, MODALITIES, build)


def _joined(first: Samples, second: Samples) -> Samples:
    """All of both, shuffled, so that the first few samples are of both kinds; the same order every time."""
    count = len(first) + len(second)
    order = torch.from_numpy(np.random.default_rng(count).permutation(count))

    def together(ours: Tensor, theirs: Tensor) -> Tensor:
        return torch.cat((ours, theirs))[order]

    ids, groups = (*first.ids, *second.ids), (*first.groups, *second.groups)
    return Samples(
        {name: together(value, second.inputs[name]) for name, value in first.inputs.items()},
        together(first.present, second.present),
        together(first.target, second.target),
        tuple(ids[row] for row in order.tolist()),
        tuple(groups[row] for row in order.tolist()),
    )
