"""Sound files to samples, safely; and back."""

from __future__ import annotations

import io

import numpy as np
import soundfile
from numpy.typing import NDArray

from mmlab.core.errors import DataError
from mmlab.core.recordings import Sound
from mmlab.modalities.audio.channels import to_mono
from mmlab.modalities.audio.video_sound import holds_sound_of_video, wave_of
from mmlab.modalities.files import check_bytes, shown_name

SOUND_FORMATS = ("WAV", "WAVEX", "RF64", "FLAC", "OGG", "MP3")
SOUND_BYTES = 16_000_000
SOUND_SECONDS = 30
SOUND_RATES = (4_000, 192_000)
SOUND_CHANNELS = 8
SILENCE = 1e-4
SOUND_HINT = f"Use a WAV, FLAC, OGG or MP3 recording of at most {SOUND_SECONDS} seconds."


def read_sound(content: bytes, name: str = "") -> Sound:
    """A recording of any rate and channel count as mono float32, see `to_mono`; of a video its sound (with PyAV).

    Raises DataError.
    """
    label = shown_name(name, "The recording")
    check_bytes(content, label, SOUND_BYTES, SOUND_HINT)
    if holds_sound_of_video(content):
        wave, rate = wave_of(content, label, SOUND_SECONDS)
        _check_header(rate, wave.shape[1], len(wave), label)
    else:
        wave, rate = _opened(content, label)
    if not np.isfinite(wave).all():
        raise DataError(
            f"{label} holds values that are not numbers (NaN or infinite).", "Save it again, such as a 16-bit WAV file."
        )
    mixed, note = to_mono(wave, rate)
    mono = (mixed / max(1.0, float(np.abs(mixed).max(initial=0.0)))).astype(np.float32)
    return check_audible(Sound(mono, rate, note), label)


def _opened(content: bytes, label: str) -> tuple[NDArray[np.float32], int]:
    """The channels `[T, channels]` of a file of sound, and its rate. Raises DataError."""
    try:
        with soundfile.SoundFile(io.BytesIO(_to_its_end(content))) as opened:
            _check_sound(opened, label)
            # one frame more than allowed: a header that understates the length is found out here
            wave = opened.read(SOUND_SECONDS * opened.samplerate + 1, dtype="float32", always_2d=True)
            rate = int(opened.samplerate)
    except DataError:
        raise
    except Exception as error:  # soundfile raises LibsndfileError, RuntimeError, MemoryError and more
        raise DataError(f"{label} is not a recording that can be read, or it is damaged.", SOUND_HINT) from error
    if len(wave) > SOUND_SECONDS * rate:
        raise DataError(f"{label} is longer than {SOUND_SECONDS} seconds.", SOUND_HINT)
    return wave, rate


def _to_its_end(content: bytes) -> bytes:
    """A WAV file whose length field is 0, as a program leaves it that writes a stream, with the length that it has."""
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        return content
    place = 12
    while place + 8 <= len(content):
        size = int.from_bytes(content[place + 4 : place + 8], "little")
        if content[place : place + 4] == b"data":
            whole = len(content) - place - 8
            is_open = size == 0 and whole and not _are_chunks(content, place + 8)
            return content[: place + 4] + whole.to_bytes(4, "little") + content[place + 8 :] if is_open else content
        place += 8 + size + size % 2
    return content


def _are_chunks(content: bytes, place: int) -> bool:
    """Whether what follows is made of chunks to the end, and so no sound."""
    while place + 8 <= len(content) and content[place : place + 4].strip().isalnum():
        size = int.from_bytes(content[place + 4 : place + 8], "little")
        place += 8 + size + size % 2
    return place == len(content)


def _check_sound(opened: soundfile.SoundFile, label: str) -> None:
    """Refuse by the header, before a single frame is decoded."""
    if opened.format not in SOUND_FORMATS:
        raise DataError(f"{label} is of a kind that is not read here ({opened.format}).", SOUND_HINT)
    _check_header(opened.samplerate, opened.channels, opened.frames, label)


def _check_header(rate: int, channels: int, count: int, label: str) -> None:
    if not SOUND_RATES[0] <= rate <= SOUND_RATES[1]:
        raise DataError(f"{label} has {rate:,} samples a second.", "Use 4,000 to 192,000 Hz.")
    if channels > SOUND_CHANNELS:
        raise DataError(f"{label} has {channels} channels.", f"Use at most {SOUND_CHANNELS}.")
    if count > SOUND_SECONDS * rate:
        minutes, seconds = divmod(count // rate, 60)
        length = f"{minutes:,} min {seconds} s" if minutes else f"{seconds} s"
        raise DataError(f"{label} is {length} long; the limit is {SOUND_SECONDS} seconds.", SOUND_HINT)


def check_audible(sound: Sound, label: str = "The recording") -> Sound:
    """The same sound. Raises DataError where it holds nothing but silence."""
    if len(sound.wave) < sound.rate // 50:
        raise DataError(f"{label} is empty or shorter than 0.02 seconds.", "Record some speech.")
    if float(np.ptp(sound.wave)) < 2 * SILENCE:
        raise DataError(f"{label} is silent.", "Check the microphone, and record some speech.")
    return sound


def encode_wav(sound: Sound) -> bytes:
    """A WAV file of 16 bits, which every browser plays, however short it is."""
    target = io.BytesIO()
    soundfile.write(target, sound.wave, sound.rate, format="WAV", subtype="PCM_16")
    return target.getvalue()


def encode_sound(sound: Sound, subtype: str = "PCM_S8") -> bytes:
    """A FLAC file; lossless where the wave lies on the grid of `subtype` (1/128 for eight bits)."""
    target = io.BytesIO()
    soundfile.write(target, sound.wave, sound.rate, format="FLAC", subtype=subtype, compression_level=1.0)
    return target.getvalue()
