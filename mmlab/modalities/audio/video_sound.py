"""The audio track of a video file, by PyAV (the extra `video`): bounded, and only for common containers and codecs."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmlab.core.errors import DataError
from mmlab.modalities.containers import check_installed, container_of

CODECS = (
    *("aac", "ac3", "adpcm_ima_wav", "adpcm_ms", "adpcm_swf", "alac", "eac3", "flac", "mp1", "mp2", "mp3"),
    *("nellymoser", "opus", "pcm_alaw", "pcm_mulaw", "pcm_s16be", "pcm_s16le", "pcm_u8", "speex", "vorbis"),
    *("wmav1", "wmav2"),
)
HINT = "Give a video with sound that plays, or its sound as WAV, FLAC, OGG or MP3."
NEEDS_NONE = "WAV, FLAC, OGG and MP3 need nothing."
AGAIN = "Take it from where it came from again."
ENOUGH, SLACK = 0.9, 0.5  # share, less seconds, of what a file says it takes that has to be there


def holds_sound_of_video(content: bytes) -> bool:
    """Whether the bytes are a video, whose sound other readers do not know."""
    return container_of(content) not in ("", "ogg")


def wave_of(content: bytes, label: str, longest: int) -> tuple[NDArray[np.float32], int]:
    """The first sound of a video as `[T, channels]`, and its rate: up to `longest` seconds and one sample more.

    Raises DataError where there is none, or where the file says that it takes longer than it does.
    """
    check_installed(label, NEEDS_NONE)
    try:
        return _decoded(content, label, longest)
    except DataError:
        raise
    except Exception as error:  # FFmpeg raises OSError, ValueError, EOFError and some forty kinds of its own
        raise DataError(f"{label} is not a video whose sound can be read, or it is damaged.", HINT) from error


def _decoded(content: bytes, label: str, longest: int) -> tuple[NDArray[np.float32], int]:
    import av

    av.logging.set_level(None)  # what a file says wrong of itself is not for the log of whoever hosts this
    kind, bounds = container_of(content), {"threads": "1"}
    opened: Any = av.open(io.BytesIO(content), format=kind, metadata_errors="ignore", options=bounds)
    with opened as container:
        if not container.streams.audio:
            raise DataError(f"{label} holds no sound.", HINT)
        stream = container.streams.audio[0]
        codec = stream.codec_context.codec.canonical_name
        if codec not in CODECS:
            raise DataError(f"{label}: its sound is packed by '{codec[:20]}', which is not read here.", HINT)
        rate = int(stream.codec_context.sample_rate)
        resampler, count = av.AudioResampler(format="fltp", rate=rate), 0
        pieces: list[NDArray[Any]] = []
        for frame in container.decode(stream):
            parts = [part.to_ndarray() for part in resampler.resample(frame)]
            pieces += parts
            count += sum(part.shape[1] for part in parts)
            if count > longest * rate:
                break
        whole = _said(container, stream)
    if not pieces:
        raise DataError(f"{label} holds no sound that can be decoded.", HINT)
    if min(whole, longest) * ENOUGH - SLACK > count / rate:
        raise DataError(f"{label} is cut off: {count / rate:.1f} of {whole:.1f} seconds are there.", AGAIN)
    wave = np.concatenate(pieces, 1).T[: longest * rate + 1]
    return np.ascontiguousarray(wave, np.float32), rate


def _said(container: Any, stream: Any) -> float:
    """The seconds that the file says it takes; 0 where it does not."""
    if stream.duration:
        return float(stream.duration * stream.time_base)
    return float(container.duration or 0) / 1_000_000
