"""Files that people bring: every kind that is promised, and hostile ones, which end in one sentence."""

from __future__ import annotations

import io
import json
import struct
import zlib
from contextlib import suppress

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from mmlab.core.errors import DataError
from mmlab.core.recordings import Picture, Sound, Strokes
from mmlab.modalities import files
from mmlab.modalities.audio.decode import encode_sound, encode_wav, read_sound
from mmlab.modalities.audio.folder_input import SoundInput
from mmlab.modalities.audio.spectrogram import prepare_sound
from mmlab.modalities.image.decode import PICTURE_BYTES, PICTURE_SIDE, encode_picture, read_picture
from mmlab.modalities.path.decode import draw_strokes, encode_strokes, read_strokes

TONE = (0.4 * np.sin(np.arange(8000) * 0.6)).astype(np.float32)


def grey_ramp() -> np.ndarray:
    return np.tile(np.arange(0, 256, 4, dtype=np.uint8), (48, 1))


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def sound_file(wave: np.ndarray, rate: int = 8000, kind: str = "WAV", subtype: str | None = None) -> bytes:
    target = io.BytesIO()
    soundfile.write(target, wave, rate, format=kind, subtype=subtype)
    return target.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG that announces a size and holds next to nothing."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_every_promised_kind_of_picture(kind: str) -> None:
    found = read_picture(saved(Image.fromarray(grey_ramp()), kind)).pixels
    assert found.dtype == np.uint8
    assert found.shape[:2] == (48, 64)
    assert np.abs(found.reshape(48, 64, -1).mean(-1) - grey_ramp()).mean() < 4


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I;16", "F"])
def test_every_mode_keeps_light_and_dark(mode: str) -> None:
    image = Image.fromarray(grey_ramp())
    if mode == "I;16":
        image = Image.fromarray(grey_ramp().astype(np.uint16) * 256)
    elif mode == "F":
        image = Image.fromarray(grey_ramp().astype(np.float32) / 255)
    else:
        image = image.convert(mode)
    kind = "TIFF" if mode in ("CMYK", "YCbCr", "F") else "PNG"
    found = read_picture(saved(image, kind)).pixels.reshape(48, 64, -1).mean(-1)
    assert found[:, -8:].mean() > 200
    assert found[:, :8].mean() < 50


def test_a_cmyk_photo() -> None:
    found = read_picture(saved(Image.fromarray(grey_ramp()).convert("CMYK"), "JPEG")).pixels
    assert found.shape == (48, 64, 3)


def test_transparency_is_flattened_against_the_ink() -> None:
    for ink in (0, 255):
        pixels = np.zeros((40, 40, 4), np.uint8)
        pixels[10:30, 18:22] = (ink, ink, ink, 255)
        found = read_picture(saved(Image.fromarray(pixels), "PNG")).pixels.astype(int)
        assert abs(int(found[20, 20, 0]) - int(found[0, 0, 0])) == 255


def test_the_first_frame_of_a_moving_picture() -> None:
    frames = [Image.fromarray(np.full((20, 20), shade, np.uint8)) for shade in (10, 120, 250)]
    for kind in ("GIF", "PNG", "WEBP"):
        content = saved(frames[0].convert("RGB"), kind, save_all=True, append_images=frames[1:])
        assert abs(float(read_picture(content).pixels.mean()) - 10) < 6


def test_a_photo_is_turned_upright() -> None:
    image = Image.fromarray(grey_ramp())
    exif = Image.Exif()
    exif[0x0112] = 6
    assert read_picture(saved(image, "JPEG", exif=exif)).pixels.shape[:2] == (64, 48)


def test_a_large_photo_is_made_smaller() -> None:
    found = read_picture(saved(Image.new("RGB", (4000, 3000), "white"), "JPEG")).pixels
    assert max(found.shape) <= PICTURE_SIDE


@pytest.mark.parametrize("size", [(20_000, 20_000), (6_000, 6_000), (2**31 - 1, 2**31 - 1), (1, 1), (0, 5)])
def test_a_size_is_refused_before_decoding(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda picture: pytest.fail("it is decoded"))
    with pytest.raises(DataError) as caught:
        read_picture(png_header(*size), "huge.png")
    if size[0] in (20_000, 6_000):
        assert "pixels" in caught.value.message


def bad_pictures() -> list[tuple[str, bytes]]:
    whole = saved(Image.fromarray(grey_ramp()), "PNG")
    return [
        ("empty.png", b""),
        ("text.png", b"just a letter, not a picture"),
        ("cut.png", whole[: len(whole) // 2]),
        ("cut.jpg", saved(Image.fromarray(grey_ramp()), "JPEG")[:200]),
        ("sound.png", sound_file(TONE)),
        ("vector.png", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("script.png", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n"),
        ("large.png", b"\x89PNG\r\n\x1a\n" + bytes(PICTURE_BYTES)),
    ]


@pytest.mark.parametrize(("name", "content"), bad_pictures(), ids=[name for name, _ in bad_pictures()])
def test_a_bad_picture_ends_in_a_sentence(name: str, content: bytes) -> None:
    with pytest.raises(DataError) as caught:
        read_picture(content, name)
    assert name in caught.value.message
    assert caught.value.message.endswith(".")
    assert caught.value.hint


def test_names_are_only_shown_and_shortened() -> None:
    assert files.shown_name("../../etc/passwd", "x") == "'passwd'"
    assert files.shown_name("C:\\secret\\a.png", "x") == "'a.png'"
    assert files.shown_name("", "The picture") == "The picture"
    assert len(files.shown_name("a" * 500 + ".png", "x")) < 45
    assert "\n" not in files.shown_name("a\nb.png", "x")


@pytest.mark.parametrize(
    ("kind", "subtype", "rate", "channels"),
    [
        ("WAV", "PCM_U8", 8_000, 1),
        ("WAV", "PCM_16", 48_000, 2),
        ("WAV", "PCM_24", 44_100, 2),
        ("WAV", "FLOAT", 96_000, 1),
        ("WAV", "ULAW", 8_000, 1),
        ("FLAC", "PCM_S8", 8_000, 1),
        ("FLAC", "PCM_24", 192_000, 6),
        ("OGG", "VORBIS", 22_050, 2),
        ("OGG", "OPUS", 48_000, 1),
        ("MP3", "MPEG_LAYER_III", 44_100, 2),
        ("MP3", "MPEG_LAYER_III", 8_000, 1),
    ],
)
def test_every_promised_kind_of_sound(kind: str, subtype: str, rate: int, channels: int) -> None:
    wave = 0.5 * np.sin(2 * np.pi * 440 * np.arange(rate) / rate)
    found = read_sound(sound_file(np.tile(wave[:, None], (1, channels)), rate, kind, subtype))
    assert found.rate == rate
    assert found.wave.dtype == np.float32
    assert found.wave.ndim == 1
    assert abs(len(found.wave) - rate) < 0.1 * rate
    assert 0.3 < float(np.abs(found.wave).max()) <= 1


@pytest.mark.parametrize("hum", [0.0, 0.3])
def test_channels_out_of_phase_are_not_lost(hum: float) -> None:
    low = hum * np.sin(2 * np.pi * 50 * np.arange(8000) / 8000)
    quiet, loud = low + 0.4 * TONE, low - 0.5 * TONE
    found = read_sound(sound_file(np.stack([quiet, loud], 1)))
    assert np.abs(found.wave - loud).max() < 1e-3
    assert "the loudest was taken, channel 2 of 2" in found.note
    assert prepare_sound(found).notes[0] == found.note
    assert SoundInput().prepare(found).notes[0] == found.note
    alike = read_sound(sound_file(np.stack([quiet, 0 * quiet], 1)))
    assert np.abs(alike.wave - quiet / 2).max() < 1e-3
    assert not alike.note


@pytest.mark.parametrize("size", [0, 0x7FFFF000, 2**32 - 1])
def test_a_wav_file_of_a_stream_is_read_to_its_end(size: int) -> None:
    content = bytearray(sound_file(TONE))
    content[4:8] = content[40:44] = struct.pack("<I", size)
    assert len(read_sound(bytes(content)).wave) == len(TONE)
    empty = bytes(content[:40]) + bytes(4) + b"LIST" + struct.pack("<I", 4) + b"INFO"
    with pytest.raises(DataError, match="empty"):
        read_sound(empty)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_no_numbers_are_said(value: float) -> None:
    wave = TONE.copy()
    wave[300] = value
    with pytest.raises(DataError, match=r"'torn\.wav' holds values that are not numbers"):
        read_sound(sound_file(wave, subtype="FLOAT"), "torn.wav")


def test_loud_floats_are_brought_to_one() -> None:
    found = read_sound(sound_file(100 * TONE, subtype="FLOAT")).wave
    assert float(np.abs(found).max()) == pytest.approx(1)


def test_an_hour_of_silence_is_refused_before_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    target = io.BytesIO()
    with soundfile.SoundFile(target, "w", 8000, 1, "PCM_16", format="FLAC") as file:
        for _ in range(60):
            file.write(np.zeros(8000 * 60, np.int16))
    for name in ("read", "buffer_read", "blocks"):
        monkeypatch.setattr(soundfile.SoundFile, name, lambda *all, **named: pytest.fail("it is decoded"))
    with pytest.raises(DataError, match="60 min 0 s long; the limit is 30 seconds"):
        read_sound(target.getvalue(), "hour.flac")


def test_a_header_that_lies_about_its_length() -> None:
    content = bytearray(sound_file(np.tile(TONE, 40)))
    content[40:44] = struct.pack("<I", 2**32 - 1)
    with pytest.raises(DataError):
        read_sound(bytes(content))
    content[22:24] = struct.pack("<H", 60_000)
    with pytest.raises(DataError):
        read_sound(bytes(content))


def bad_sounds() -> list[tuple[str, bytes]]:
    flac = sound_file(TONE, kind="FLAC")
    return [
        ("empty.wav", b""),
        ("text.wav", b"seven seven seven"),
        ("picture.wav", saved(Image.fromarray(grey_ramp()), "PNG")),
        ("cut.flac", flac[:40]),
        ("head.wav", sound_file(TONE)[:44]),
        ("silent.wav", sound_file(np.zeros(8000))),
        ("constant.wav", sound_file(np.full(8000, 0.4))),
        ("short.wav", sound_file(TONE[:20])),
        ("nan.wav", sound_file(np.full(8000, np.nan, np.float32), subtype="FLOAT")),
        ("slow.wav", sound_file(TONE, 100)),
        ("wide.wav", sound_file(np.zeros((800, 40)))),
        ("long.wav", sound_file(np.tile(TONE, 31))),
        ("other.aiff", sound_file(TONE, kind="AIFF")),
    ]


@pytest.mark.parametrize(("name", "content"), bad_sounds(), ids=[name for name, _ in bad_sounds()])
def test_a_bad_sound_ends_in_a_sentence(name: str, content: bytes) -> None:
    with pytest.raises(DataError) as caught:
        read_sound(content, name)
    assert name in caught.value.message
    assert caught.value.message.endswith(".")
    assert caught.value.hint


def test_strokes() -> None:
    found = read_strokes(b'{"strokes": [[[0, 1], [2.5, 3]], [], [[4, 5]]], "unit": "px"}')
    assert [stroke.shape for stroke in found.strokes] == [(2, 2), (1, 2)]
    assert found.strokes[0].dtype == np.float32


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b"[[[0,1],[2,3]]]",
        b"{}",
        b'{"strokes": []}',
        b'{"strokes": 7}',
        b'{"strokes": [7]}',
        b'{"strokes": [[[0, 1], [2',
        b'{"strokes": [[[0, 1]]]}',
        b'{"strokes": [[[3, 3], [3, 3]]]}',
        b'{"strokes": [[[0, NaN], [1, 2]]]}',
        b'{"strokes": [[[0, 1e999], [1, 2]]]}',
        b'{"strokes": [[[0, true], [1, 2]]]}',
        b'{"strokes": [[["0", "1"], [1, 2]]]}',
        b'{"strokes": [[[0, 1, 2], [1, 2, 3]]]}',
        b"[" * 100_000,
        b'{"strokes": [[[' + b"9" * 5000 + b", 1], [1, 2]]]}",
        json.dumps({"strokes": [[[0, 1]] * 30_000]}).encode(),
        b" " * 2_000_000,
    ],
)
def test_bad_strokes_end_in_a_sentence(content: bytes) -> None:
    with pytest.raises(DataError) as caught:
        read_strokes(content, "pen.json")
    assert "pen.json" in caught.value.message
    assert caught.value.hint


def test_what_is_encoded_comes_back() -> None:
    rng = np.random.default_rng(0)
    picture = Picture(rng.integers(0, 256, (30, 20), dtype=np.uint8))
    np.testing.assert_array_equal(read_picture(encode_picture(picture)).pixels, picture.pixels)
    sound = Sound((rng.integers(-60, 60, 4000) / 128).astype(np.float32), 8000)
    np.testing.assert_array_equal(read_sound(encode_sound(sound)).wave, sound.wave)
    strokes = Strokes((np.array([[0, 1], [2.25, 3.5]], np.float32), np.array([[7, 7]], np.float32)))
    again = read_strokes(encode_strokes(strokes))
    for ours, theirs in zip(strokes.strokes, again.strokes, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_drawing_makes_a_picture() -> None:
    strokes = Strokes((np.array([[0, 0], [0, 90]], np.float32),))
    pixels = draw_strokes(strokes, 64).pixels
    assert pixels.shape == (64, 64)
    assert pixels[32, 32] > 200
    assert not pixels[:, :20].any()


WHOLE = {
    "png": saved(Image.fromarray(grey_ramp()), "PNG"),
    "jpeg": saved(Image.fromarray(grey_ramp()), "JPEG"),
    "gif": saved(Image.fromarray(grey_ramp()), "GIF"),
    "wav": sound_file(TONE[:2000]),
    "flac": sound_file(TONE[:2000], kind="FLAC"),
    "ogg": sound_file(TONE[:2000], kind="OGG"),
    "json": b'{"strokes": [[[0, 1], [2, 3], [4, 9]]]}',
}


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(WHOLE)), st.data())
def test_mutated_files_are_read_or_refused(kind: str, data: st.DataObject) -> None:
    content = bytearray(WHOLE[kind])
    for _ in range(data.draw(st.integers(0, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(content[: data.draw(st.integers(0, len(content)))])
    for reader in (read_picture, read_sound, read_strokes):
        with suppress(DataError):
            assert isinstance(reader(cut, "f"), Picture | Sound | Strokes)


def test_sounds_go_to_the_browser_as_wav_however_short() -> None:
    sound = Sound(np.linspace(-0.5, 0.5, 80, dtype=np.float32), 8000)
    content = encode_wav(sound)
    assert content[:4] == b"RIFF"
    again, rate = soundfile.read(io.BytesIO(content), dtype="float32")
    assert rate == 8000
    assert np.abs(again - sound.wave).max() <= 1 / 32768
