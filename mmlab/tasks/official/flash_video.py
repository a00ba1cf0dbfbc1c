"""Writes small Flash videos (.flv), for miniatures of data sets that ship them, without an installed codec.

A picture is packed as Sorenson H.263 (the codec `flv1`) of single brightnesses, one for each square of 16 pixels; the
sound as plain samples. Any player of Flash video plays them.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SQUARE = 16  # pixels of a macroblock
DARKEST, LIGHTEST = 16, 235  # that video allows
GREY = 128
RATES = {5512: 0, 11_025: 1, 22_050: 2, 44_100: 3}
AUDIO, VIDEO, SCRIPT = 8, 9, 18
PLAIN_SAMPLES, SIXTEEN_BITS = 3, 2
KEY_FRAME, SORENSON = 1, 2


def flash_video(
    frames: Sequence[NDArray[np.uint8]], seconds: float, wave: NDArray[np.floating], rate: int, step: float = 0.0
) -> bytes:
    """Frames `[H, W]`, each pixel a square, and a wave in [-1, 1], as a video of so many seconds.

    rate: one of `RATES`. step: seconds between frames; by default they are spread over all of it.
    """
    height, width = (SQUARE * side for side in frames[0].shape)
    parts = [b"FLV\1", bytes([0b101]), struct.pack(">I", 9), bytes(4)]
    parts.append(_tag(SCRIPT, 0, _about({"duration": seconds, "width": width, "height": height})))
    step, chunk = step or seconds / len(frames), -(-len(wave) // len(frames))
    samples = np.round(np.clip(wave, -1, 1) * 32_767).astype("<i2")
    for place, frame in enumerate(frames):
        time = round(1000 * place * step)
        parts.append(_tag(VIDEO, time, bytes([KEY_FRAME << 4 | SORENSON]) + _picture(frame, place)))
        head = bytes([PLAIN_SAMPLES << 4 | RATES[rate] << 2 | SIXTEEN_BITS])
        parts.append(
            _tag(
                AUDIO, round(1000 * place * chunk / rate), head + samples[place * chunk : (place + 1) * chunk].tobytes()
            )
        )
    return b"".join(parts)


def _tag(kind: int, time: int, body: bytes) -> bytes:
    head = bytes([kind]) + struct.pack(">I", len(body))[1:] + struct.pack(">I", time)[1:] + bytes(4)
    return head + body + struct.pack(">I", len(head) + len(body))


def _about(facts: dict[str, float]) -> bytes:
    """The script tag that says how long the video is and how large."""
    name = b"onMetaData"
    pairs = b"".join(
        struct.pack(">H", len(key)) + key.encode() + b"\0" + struct.pack(">d", facts[key]) for key in facts
    )
    return b"\2" + struct.pack(">H", len(name)) + name + b"\x08" + struct.pack(">I", len(facts)) + pairs + b"\0\0\x09"


def _picture(frame: NDArray[np.uint8], number: int) -> bytes:
    """A key frame: the header of a picture, then each square by the mean brightness of its blocks alone."""
    rows, columns = frame.shape
    bits = [f"{1:017b}", f"{0:05b}", f"{number % 256:08b}", f"{1:03b}"]  # a size of two bytes a side follows
    bits += [f"{SQUARE * columns:016b}", f"{SQUARE * rows:016b}", "00", "0", f"{8:05b}", "0"]
    grey = _level(GREY)
    for value in frame.ravel().tolist():
        light = _level(round(DARKEST + (LIGHTEST - DARKEST) * value / 255))
        bits.append("1" + "0011" + 4 * light + 2 * grey)  # nothing but means, in neither brightness nor colour
    whole = "".join(bits)
    padded = whole.ljust(-(-len(whole) // 8) * 8, "0")
    return int(padded, 2).to_bytes(len(padded) // 8, "big")


def _level(value: int) -> str:
    """The mean of a block in eight bits, of which 128 is written as 255."""
    return f"{255 if value == GREY else value:08b}"
