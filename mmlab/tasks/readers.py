"""Bytes that a person brought -> raw recordings, by kind; and back, for the files that are shipped.

Every file is taken as hostile: sizes are checked from the header before anything is decoded, decoding is bounded,
nothing is unpickled, and a file's name is only ever shown, never opened. Whatever goes wrong ends in a DataError.
"""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Callable
from math import isfinite
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageOps

from mmlab.core.errors import DataError
from mmlab.core.raw import Picture, Sound, Strokes

PICTURE_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
PICTURE_BYTES = 8_000_000
PICTURE_PIXELS = 24_000_000
PICTURE_SIDE = 1024
MORE_BITS = ("I;16", "I;16L", "I;16B", "I;16N", "I", "F")  # modes of more than eight bits
NEARNESS, PER_MILLIMETRE = 128, 2  # of a depth picture: the grey of its middle, and steps of grey
SOUND_FORMATS = ("WAV", "WAVEX", "RF64", "FLAC", "OGG", "MP3")
SOUND_BYTES = 16_000_000
SOUND_SECONDS = 30
SOUND_RATES = (4_000, 192_000)
SOUND_CHANNELS = 8
SILENCE = 1e-4
STROKES_BYTES = 1_000_000
STROKES_POINTS = 20_000
STROKES_SPAN = 1e6
PICTURE_HINT = "Bring a PNG, JPEG, WebP, GIF, BMP or TIFF picture."
SOUND_HINT = f"Bring a WAV, FLAC, OGG or MP3 recording of at most {SOUND_SECONDS} seconds."
_PIXEL_LIMIT = f"the limit is {PICTURE_PIXELS // 1_000_000} megapixels"
STROKES_HINT = 'Bring JSON like {"strokes": [[[10, 20], [12, 25]]]}: strokes of x, y points, y downwards.'

# Pillow's own guard, which looks at the header too; ours is stricter and gives the size in its sentence
Image.MAX_IMAGE_PIXELS = min(Image.MAX_IMAGE_PIXELS or PICTURE_PIXELS, 250_000_000)


def shown_name(name: str, otherwise: str) -> str:
    """What may stand in a sentence for a file: its last part, printable, at most 40 characters, in quotes."""
    last = PurePosixPath(name.replace("\\", "/")).name
    clean = "".join(letter for letter in last if letter.isprintable())
    if not clean:
        return otherwise
    return f"'{clean}'" if len(clean) <= 40 else f"'{clean[:24]}…{clean[-12:]}'"


def read_picture(content: bytes, name: str = "") -> Picture:
    """A picture of any mode as uint8 grey or colour: first frame, turned upright, flattened, at most 1024 px wide."""
    return _decoded(content, name, lambda image: (_plain(image), ""))


def read_depth(content: bytes, name: str = "") -> Picture:
    """A depth picture as uint8 grey: nearer is brighter, 0 is nothing measured, `NEARNESS` the picture's middle.

    Sixteen bits hold millimetres, and become two steps of grey each. Eight bits are taken as nearness already.
    """
    return _decoded(content, name, _nearness)


def _decoded(content: bytes, name: str, plain: Callable[[Image.Image], tuple[Image.Image, str]]) -> Picture:
    """The first frame, upright, made `plain` (with a sentence about it), at most 1024 px wide. Raises DataError."""
    label = shown_name(name, "The picture")
    _check_bytes(content, label, PICTURE_BYTES, PICTURE_HINT)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=PICTURE_FORMATS) as opened:
                _check_pixels(opened, label)
                opened.seek(0)
                opened.draft("RGB" if opened.mode not in ("1", "L") else "L", (PICTURE_SIDE, PICTURE_SIDE))
                opened.load()
                image, note = plain(ImageOps.exif_transpose(opened))
    except DataError:
        raise
    except Image.DecompressionBombError as error:
        raise DataError(f"{label} has too many pixels; {_PIXEL_LIMIT}.", "Make it smaller and try again.") from error
    except Exception as error:  # pillow raises OSError, ValueError, SyntaxError and more for broken files
        raise DataError(f"{label} is not a picture that can be read, or it is damaged.", PICTURE_HINT) from error
    image.thumbnail((PICTURE_SIDE, PICTURE_SIDE), Image.Resampling.BOX)
    return Picture(np.array(image, dtype=np.uint8), note)


def _check_bytes(content: bytes, label: str, limit: int, hint: str) -> None:
    if not content:
        raise DataError(f"{label} is empty.", hint)
    if len(content) > limit:
        raise DataError(f"{label} has {len(content) / 1e6:.0f} MB; the limit is {limit / 1e6:.0f} MB.", hint)


def _check_pixels(opened: Image.Image, label: str) -> None:
    width, height = opened.size
    if width * height > PICTURE_PIXELS:
        message = f"{label} is {width:,} × {height:,} pixels; {_PIXEL_LIMIT}."
        raise DataError(message, "Make it smaller and try again.")
    if min(width, height) < 2:
        raise DataError(f"{label} is only {width} × {height} pixels.", "Bring a picture with something on it.")


def _plain(image: Image.Image) -> Image.Image:
    """`L` or `RGB` of any mode. Transparency is flattened against the contrary of the ink."""
    if image.mode in MORE_BITS:
        return Image.fromarray(_eight_bits(np.asarray(image, dtype=np.float64)))
    if image.has_transparency_data:
        return _flatten(image.convert("RGBA"))
    if image.mode in ("1", "L", "LA"):
        return image.convert("L")
    return image.convert("RGB")


def _eight_bits(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Sixteen-bit and floating-point greys, stretched to 0..255 from the range they use."""
    values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(values.min()), float(values.max())
    return np.round((values - low) * (255 / max(high - low, 1e-9))).astype(np.uint8)


def _nearness(image: Image.Image) -> tuple[Image.Image, str]:
    """A depth picture as nearness about the median of its middle; what is far from that is left out."""
    if image.mode not in MORE_BITS:
        coloured = "Colours hold no distances: their brightness was taken as nearness."
        told = "Eight bits: brightness was taken as nearness, black as nothing measured."
        return _plain(image).convert("L"), coloured if _plain(image).mode == "RGB" else told
    distance = np.nan_to_num(np.asarray(image, dtype=np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    height, width = distance.shape
    centre = distance[height // 4 : height - height // 4, width // 4 : width - width // 4]
    if not (centre > 0).any():
        raise DataError("The depth picture has nothing measured in its middle.", "Bring distances in millimetres.")
    middle = float(np.median(centre[centre > 0]))
    nearness = np.round(NEARNESS + PER_MILLIMETRE * (middle - distance))
    kept = (distance > 0) & (nearness >= 1) & (nearness <= 255)
    note = f"Read as millimetres: the middle is {middle:,.0f} mm away, and what is far from it was left out."
    return Image.fromarray(np.where(kept, nearness, 0).astype(np.uint8)), note


def _flatten(image: Image.Image) -> Image.Image:
    """Opaque parts on white, or on black where they are light themselves (white ink on nothing)."""
    pixels = np.asarray(image, dtype=np.float32)
    alpha = pixels[..., 3:]
    weight = max(float(alpha.sum()), 1.0)
    light = float((pixels[..., :3].mean(-1, keepdims=True) * alpha).sum()) / weight > 128
    mostly_clear = float(alpha.mean()) < 128
    paper = Image.new("RGBA", image.size, (0, 0, 0, 255) if light and mostly_clear else (255, 255, 255, 255))
    return Image.alpha_composite(paper, image).convert("RGB")


def read_sound(content: bytes, name: str = "") -> Sound:
    """A recording of any rate and channel count as mono float32, channels averaged. Raises DataError."""
    label = shown_name(name, "The recording")
    _check_bytes(content, label, SOUND_BYTES, SOUND_HINT)
    try:
        with soundfile.SoundFile(io.BytesIO(content)) as opened:
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
    if not np.isfinite(wave).all():
        raise DataError(
            f"{label} holds values that are not numbers (NaN or infinite).", "Save it again, such as a 16-bit WAV file."
        )
    mono = wave.mean(axis=1, dtype=np.float64)
    mono = (mono / max(1.0, float(np.abs(mono).max(initial=0.0)))).astype(np.float32)
    return check_audible(Sound(mono, rate), label)


def _check_sound(opened: soundfile.SoundFile, label: str) -> None:
    """Refuse by the header, before a single frame is decoded."""
    if opened.format not in SOUND_FORMATS:
        raise DataError(f"{label} is of a kind that is not read here ({opened.format}).", SOUND_HINT)
    if not SOUND_RATES[0] <= opened.samplerate <= SOUND_RATES[1]:
        raise DataError(f"{label} has {opened.samplerate:,} samples a second.", "Use 4,000 to 192,000 Hz.")
    if opened.channels > SOUND_CHANNELS:
        raise DataError(f"{label} has {opened.channels} channels.", f"Use at most {SOUND_CHANNELS}.")
    if opened.frames > SOUND_SECONDS * opened.samplerate:
        minutes, seconds = divmod(opened.frames // opened.samplerate, 60)
        length = f"{minutes:,} min {seconds} s" if minutes else f"{seconds} s"
        raise DataError(f"{label} is {length} long; the limit is {SOUND_SECONDS} seconds.", SOUND_HINT)


def check_audible(sound: Sound, label: str = "The recording") -> Sound:
    """The same sound. Raises DataError where it holds nothing but silence."""
    if len(sound.wave) < sound.rate // 50:
        raise DataError(f"{label} is empty or shorter than 0.02 seconds.", "Record somebody who speaks.")
    if float(np.ptp(sound.wave)) < 2 * SILENCE:
        raise DataError(f"{label} is silent.", "Check the microphone, and record somebody who speaks.")
    return sound


def read_strokes(content: bytes, name: str = "") -> Strokes:
    """Pen strokes from `{"strokes": [[[x, y], ...], ...]}`, in any unit, y downwards."""
    label = shown_name(name, "The drawing")
    _check_bytes(content, label, STROKES_BYTES, STROKES_HINT)
    try:
        found: Any = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{label} is not JSON, or it is cut off.", STROKES_HINT) from error
    lines = found.get("strokes") if isinstance(found, dict) else None
    if not isinstance(lines, list) or not all(isinstance(line, list) for line in lines):
        raise DataError(f"{label} holds no list of strokes.", STROKES_HINT)
    if sum(len(line) for line in lines) > STROKES_POINTS:
        raise DataError(f"{label} has more than {STROKES_POINTS:,} points.", "Draw it with fewer.")
    if not all(_is_point(point) for line in lines for point in line):
        raise DataError(f"{label} has points that are not two finite numbers.", STROKES_HINT)
    strokes = Strokes(tuple(np.array(line, np.float32).reshape(-1, 2) for line in lines if line))
    return check_drawn(strokes, label)


def _is_point(point: Any) -> bool:
    if not isinstance(point, list) or len(point) != 2:
        return False
    return all(type(value) in (int, float) and isfinite(value) and abs(value) <= STROKES_SPAN for value in point)


def check_drawn(strokes: Strokes, label: str = "The drawing") -> Strokes:
    """The same strokes. Raises DataError where nothing is drawn, or only a dot."""
    if not strokes.strokes or sum(len(stroke) for stroke in strokes.strokes) < 2:
        raise DataError(f"{label} is empty.", "Draw a digit with at least one stroke.")
    if float(np.ptp(np.concatenate(strokes.strokes), axis=0).max()) <= 0:
        raise DataError(f"{label} is only a dot.", "Draw a digit with at least one stroke.")
    return strokes


def encode_picture(picture: Picture) -> bytes:
    """A PNG of exactly these pixels."""
    target = io.BytesIO()
    Image.fromarray(picture.pixels).save(target, "PNG", optimize=True)
    return target.getvalue()


def encode_sound(sound: Sound, subtype: str = "PCM_S8") -> bytes:
    """A FLAC file; lossless where the wave lies on the grid of `subtype` (1/128 for eight bits)."""
    target = io.BytesIO()
    soundfile.write(target, sound.wave, sound.rate, format="FLAC", subtype=subtype, compression_level=1.0)
    return target.getvalue()


def encode_strokes(strokes: Strokes) -> bytes:
    """JSON with coordinates to two decimals."""
    lines = [[[_short(x), _short(y)] for x, y in stroke.tolist()] for stroke in strokes.strokes]
    return json.dumps({"strokes": lines}, separators=(",", ":")).encode()


def _short(value: float) -> float | int:
    return int(value) if value == int(value) else round(value, 2)


def draw_strokes(strokes: Strokes, side: int = 112, width: float = 0.08) -> Picture:
    """White strokes on black, `[side, side]`: the picture of a drawn path. `width` as a share of `side`."""
    points = np.concatenate(strokes.strokes)
    low, span = points.min(0), max(float(np.ptp(points, axis=0).max()), 1e-6)
    middle = (np.ptp(points, axis=0) / span) / 2
    canvas = Image.new("L", (2 * side, 2 * side), 0)
    pen, thick = ImageDraw.Draw(canvas), max(2, round(2 * side * width))
    for stroke in strokes.strokes:
        path = ((stroke - low) / span - middle) * 1.5 * side + side
        dots = [(float(x), float(y)) for x, y in path]
        pen.line(dots, fill=255, width=thick, joint="curve")
        for x, y in (dots[0], dots[-1]):
            pen.ellipse((x - thick / 2, y - thick / 2, x + thick / 2, y + thick / 2), fill=255)
    return Picture(np.array(canvas.resize((side, side), Image.Resampling.BOX), dtype=np.uint8))
